"""What a CUDA device does behind a program's back, counted and located."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

TO_DEVICE = "copy to the device"
TO_HOST = "copy to the host"
SYNCHRONISATION = "synchronisation"
UNDEFINED = "undefined result"

_HERE = Path(__file__).parent
_OWN = tuple(str(_HERE.with_name(name)) for name in ("simulated", "cuda", "base.py"))
"""The device's own files, and the backend's through which its users come."""


class Event(NamedTuple):
    """Something that the device did.

    Attributes
    ----------
    kind : str
        "copy to the device", "copy to the host", "synchronisation" or "undefined result".
    what : str
        The operation that made it do so.
    nbytes : int
        Bytes copied.
    place : str
        ``file:line`` of the program.
    """

    kind: str
    what: str
    nbytes: int
    place: str


class DeviceSynchronized(RuntimeError):  # noqa: N818 - CuPy's name
    """``cupyx.DeviceSynchronized``: the host waited where it was told not to."""


class CUDARuntimeError(RuntimeError):
    """``cupy.cuda.runtime.CUDARuntimeError``: CUDA refuses."""


class Ledger:
    """Counts events by kind; those of a passage are kept one by one while it is watched."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._watchers: list[list[Event]] = []
        self._may_wait = True
        self.capturing: Any = None
        """What a stream notes for a graph, if one does."""

    def copied_in(self, nbytes: int, what: str) -> None:
        """Note a copy from the host's memory."""
        self._note(TO_DEVICE, what, nbytes)

    def copied_out(self, nbytes: int, what: str) -> None:
        """Note a copy to the host's memory, for which the device is waited for."""
        self._note(TO_HOST, what, nbytes)
        self.synchronized(what)

    def synchronized(self, what: str) -> None:
        """Note that the host waits for the device."""
        if not self._may_wait:
            raise DeviceSynchronized("Device synchronization is not allowed")
        self._note(SYNCHRONISATION, what, 0)

    def waited(self, what: str) -> None:
        """Note that the program lets the host wait; a capture that it does so in is spoiled."""
        if self.capturing is not None and self.capturing.is_current():
            self.capturing.valid = False
        self.synchronized(what)

    def called(self, library: str) -> None:
        """Refuse a library of CUDA's that CuPy keeps out of captures."""
        if self.capturing is not None and self.capturing.is_current():
            raise NotImplementedError(
                f"calling {library} API during stream capture is currently unsupported"
            )

    def undefined(self, what: str) -> None:
        """Note a result that CUDA leaves undefined."""
        self._note(UNDEFINED, what, 0)

    @contextmanager
    def watch(self) -> Iterator[list[Event]]:
        """Collect the events within a ``with`` statement, in their order."""
        events: list[Event] = []
        self._watchers.append(events)
        try:
            yield events
        finally:
            self._watchers = [each for each in self._watchers if each is not events]

    @contextmanager
    def allow_synchronize(self, allow: bool) -> Iterator[None]:
        """``cupyx.allow_synchronize``: say whether the host may wait, for a ``with`` statement."""
        before, self._may_wait = self._may_wait, allow
        try:
            yield
        finally:
            self._may_wait = before

    def _note(self, kind: str, what: str, nbytes: int) -> None:
        if self.capturing is not None and self.capturing.is_current():
            if kind == UNDEFINED:
                return  # what is tried out is undefined altogether
            raise CUDARuntimeError(
                "cudaErrorStreamCaptureUnsupported: operation not permitted when stream is "
                f"capturing: {what}"
            )
        self.counts[kind] += 1
        if self._watchers:
            event = Event(kind, what, nbytes, _place())
            for events in self._watchers:
                events.append(event)


def _place() -> str:
    """Where the program called the device: the first frame that is not the device's own."""
    frame = sys._getframe(2)
    while frame.f_back is not None and _internal(frame.f_code.co_filename):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _internal(filename: str) -> bool:
    return filename.startswith((*_OWN, "<")) or f"{Path('numpy', '_core')}" in filename


ledger = Ledger()
"""The ledger of the simulated devices of this process."""
