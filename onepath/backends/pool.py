"""A pool of threads that counts who is at work."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue


class _Here(threading.local):
    """Whether this thread is at work already."""

    at_work = False


_here = _Here()


class Task:
    """Work for another thread, which either begins it or finds it called off."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._work = work
        self._begun = threading.Lock()
        self._done = threading.Lock()
        self._done.acquire()

    def begin(self) -> bool:
        """Take the task, if nobody has."""
        return self._begun.acquire(blocking=False)

    def run(self) -> None:
        """Do the work, and keep its error."""
        try:
            self._work()
        except BaseException as error:
            self.error = error

    def finish(self) -> None:
        """Let those go on that wait for it."""
        self._done.release()

    def wait(self) -> None:
        """Wait until it is done."""
        self._done.acquire()


class Worker(threading.Thread):
    """A thread that waits for tasks; as long as it has one, it is not among the idle."""

    def __init__(self, idle: deque["Worker"]) -> None:
        super().__init__(name="onepath", daemon=True)
        self.tasks: SimpleQueue[Task] = SimpleQueue()
        self._idle = idle

    def run(self) -> None:
        """Do one task after the other."""
        _here.at_work = True
        while True:
            task = self.tasks.get()
            if task.begin():
                task.run()
                # before whoever waits goes on, who may have another task
                self._idle.append(self)
                task.finish()
            del task


class Pool:
    """The threads beside the caller's own; they begin to exist when work comes.

    A thread has scratch memory of its own, so none is begun while another is idle, which
    `concurrent.futures` does not promise.
    """

    lock: threading.Lock
    idle: deque[Worker]
    busy: int

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.forget()

    def submit(self, works: Iterable[Callable[[], None]]) -> list[tuple[Task, Worker]]:
        """Give each piece of work to an idle thread, the last one at work, or to a new one."""
        given = []
        for task in map(Task, works):
            try:
                worker = self.idle.pop()
            except IndexError:
                worker = Worker(self.idle)
                worker.start()
            worker.tasks.put(task)
            given.append((task, worker))
        return given

    def call_off(self, task: Task, worker: Worker) -> bool:
        """Whether a task was not begun, and will not be."""
        if not task.begin():
            return False
        self.idle.append(worker)
        return True

    @contextmanager
    def company(self, wanted: int) -> Iterator[int]:
        """Give as many idle threads as are wanted and allowed, for a ``with`` statement.

        Whoever asks is at work from then on, and so is not idle.
        """
        outermost, _here.at_work = not _here.at_work, True
        with self.lock:
            self.busy += outermost
            granted = max(min(wanted, self.threads - self.busy), 0)
            self.busy += granted
        try:
            yield granted
        finally:
            _here.at_work = not outermost
            with self.lock:
                self.busy -= granted + outermost

    def forget(self) -> None:
        """After a fork the threads are the parent's."""
        self.idle = deque()
        self.lock = threading.Lock()
        self.busy = 0
