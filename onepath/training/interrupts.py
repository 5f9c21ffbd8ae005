"""Ctrl-C that ends a run between two batches instead of inside one."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class CleanInterrupt:
    """While it is entered, the first Ctrl-C only sets `requested`; the second raises.

    Outside the main thread, where Python delivers no signals, it changes nothing, nor in a process
    that ignores Ctrl-C, as those do that a shell started in the background.

    Attributes
    ----------
    requested : bool
        Whether Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.requested = False
        self._earlier: Any = None

    def __enter__(self) -> Self:
        ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        if threading.current_thread() is threading.main_thread() and not ignored:
            self._earlier = signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._restore()

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        if self._earlier is not None:
            signal.signal(signal.SIGINT, self._earlier)
            self._earlier = None
