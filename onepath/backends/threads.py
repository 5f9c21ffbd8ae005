"""Threads: one setting, one pool, and a BLAS that does not multiply them.

Work is handed out in pieces that do not depend on the number of threads, and each piece is computed
by one thread alone, with a BLAS that uses one thread. So results are the same for any number.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from ..arguments import whole
from . import blas

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Pool:
    """The threads beside the caller's own; they begin to exist when work comes."""

    def __init__(self) -> None:
        self.threads = _from_environment()
        self.executor: ThreadPoolExecutor | None = None
        self.lock = threading.Lock()

    def submit(self, work: Callable[[], None], count: int) -> list[Future[None]]:
        """Ask ``count`` threads to do the work."""
        with self.lock:
            if self.executor is None:
                self.executor = ThreadPoolExecutor(self.threads, thread_name_prefix="onepath")
            return [self.executor.submit(work) for _ in range(count)]

    def resize(self, threads: int) -> None:
        """Let the next work be done by so many; work under way ends as it began."""
        with self.lock:
            old, self.executor, self.threads = self.executor, None, threads
        if old is not None:
            old.shutdown(wait=False)

    def forget(self) -> None:
        """After a fork the threads are the parent's."""
        self.executor, self.lock = None, threading.Lock()


class _Here(threading.local):
    """Whether this thread works on a piece already."""

    at_work = False


def set_threads(threads: int) -> None:
    """Say how many threads the CPU backend may use; results do not depend on it.

    Parameters
    ----------
    threads : int
        At least 1. Until this is called it is ``ONEPATH_THREADS`` of the environment, or else the
        number of CPUs that the process may use.

    Raises
    ------
    TypeError, ValueError
        If it is not a positive integer.
    """
    _pool.resize(whole("threads", threads))


def get_threads() -> int:
    """Return how many threads the CPU backend may use.

    Returns
    -------
    int
        See `set_threads`.
    """
    return _pool.threads


def usable_cpus() -> int:
    """Return how many CPUs this process may use, as far as the system tells."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def spread(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do the work on each item, on several threads; within work that is spread, on one.

    Parameters
    ----------
    work : callable
        Called once for each item. An error of one ends the whole, and is raised when no thread is
        at work any more.
    items : iterable
        The items.

    Returns
    -------
    list
        What `work` returned, in the order of the items.
    """
    pieces = list(items)
    if _here.at_work or len(pieces) < 2:
        return [work(piece) for piece in pieces]
    results: list[Any] = [None] * len(pieces)
    waiting = deque(enumerate(pieces))

    def take() -> None:
        _here.at_work = True
        try:
            while waiting:
                try:
                    place, piece = waiting.popleft()
                except IndexError:  # another thread was faster
                    return
                results[place] = work(piece)
        finally:
            _here.at_work = False
            waiting.clear()

    with blas.single_thread:
        others = _pool.submit(take, min(_pool.threads, len(pieces)) - 1)
        try:
            take()
        finally:
            # those that have not begun find nothing to do; the others use this caller's arrays
            begun = [each for each in others if not each.cancel()]
            errors = [error for each in begun if (error := each.exception()) is not None]
    if errors:
        raise errors[0]
    return results


def _from_environment() -> int:
    text = os.environ.get("ONEPATH_THREADS")
    if text is None:
        return usable_cpus()
    try:
        return whole("threads", int(text))
    except ValueError:
        raise ValueError(f"ONEPATH_THREADS must be a positive integer, got {text!r}") from None


_pool = _Pool()
_here = _Here()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.forget)
