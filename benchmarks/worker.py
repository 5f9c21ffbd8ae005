"""``python -m benchmarks.worker NAME DEVICE THREADS``: one side, in a process of its own.

It builds cases and runs them when told to, over its standard input and output. Each answer is a
pair: whether all went well, and the result or else the reason. The first says whether the library
is ready.
"""

import os
import signal
import sys
from typing import Any

from . import peers
from .channel import Channel
from .suites import Case
from .suites.case import Array
from .timing import Block


class Worker:
    """A library, and the case that it works on."""

    def __init__(self, name: str, device: str, threads: int) -> None:
        self.peer = peers.load(name, device, threads)
        self._task: peers.Task | None = None

    def describe(self) -> dict[str, str]:
        """Return the versions of all that computes."""
        return {**self.peer.versions(), **_libraries()}

    def prepare(self, case: Case) -> dict[str, Array]:
        """Build a case and return its results."""
        self._task = None  # the memory of the last case is free before the next needs some
        self._task = self.peer.task(case)
        return self._task.results()

    def block(self, seconds: float) -> Block:
        """Measure the case that was prepared."""
        if self._task is None:
            raise RuntimeError("no case is prepared")
        return self._task.measure(self._task.run, seconds)


def serve(channel: Channel, name: str, device: str, threads: int) -> None:
    """Answer until the other end is gone."""
    try:
        worker = Worker(name, device, threads)
        channel.send((True, worker.describe()))
    except peers.MissingError as error:
        channel.send((False, str(error)))
        return
    while True:
        try:
            method, argument = channel.receive()
        except EOFError:
            return
        channel.send(_answer(worker, method, argument))


def _answer(worker: Worker, method: str, argument: Any) -> tuple[bool, Any]:
    try:
        return True, getattr(worker, method)(argument)
    except Exception as error:  # whatever a library raises is the other end's to report
        return False, f"{type(error).__name__}: {error}"


def _libraries() -> dict[str, str]:
    """What runs threads, with its kernels, as far as threadpoolctl is there to tell."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return {}
    found = [
        (
            each["internal_api"],
            each["version"],
            each.get("architecture"),
            f"{each['num_threads']} threads",
        )
        for each in threadpool_info()
    ]
    return {"with": "; ".join(" ".join(filter(None, words)) for words in found)}


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    serve(Channel(sys.stdin.buffer, outgoing), sys.argv[1], sys.argv[2], int(sys.argv[3]))
