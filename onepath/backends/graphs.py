"""Work that a device takes down once and does again at one call, as CUDA graphs allow."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from .types import Array, DType

Number = TypeVar("Number")
Result = TypeVar("Result")


class CaptureError(RuntimeError):
    """Something cannot be captured; the message says what."""


class Tape(Protocol):
    """Work that is captured and replayed, with the memory that it takes."""

    def rehearse(self, work: Callable[[], Result]) -> Result:
        """Do the work as it will be captured: kernels are compiled, plans and handles are made."""

    def record(self, work: Callable[[], Result]) -> Result:
        """Capture the work; nothing is computed.

        Parameters
        ----------
        work : callable
            Called once. It must not wait for the device, nor copy from or to the host.

        Returns
        -------
        object
            What it returned. Arrays in it have content after each `replay`, until the next.

        Raises
        ------
        Exception
            Whatever is in the way of a capture; the device and the host are as they were.
        """

    def replay(self) -> None:
        """Do what was captured: numbers are brought up to date, and everything is launched."""


class Captures:
    """The part of a backend that has to do with captures; by default there are none."""

    uncapturable: str | None = "it computes at once, and no launches can be saved"
    """Why this device captures nothing; None if it does."""

    def tape(self) -> Tape:
        """Return an empty tape.

        Raises
        ------
        CaptureError
            If the device captures nothing.
        """
        raise CaptureError(f"{self!r} captures nothing: {self.uncapturable}")

    def varying(
        self, compute: Callable[[], Number], dtype: DType, size: int | None = None
    ) -> Number | Array:
        """Return a number that is another one each time the same work is done.

        A capture holds on to Python's numbers. So while work is captured, this is an array on the
        device, into which the number is written before each replay.

        Parameters
        ----------
        compute : callable
            Returns the number, or a tuple of numbers. It is called now, and before each replay
            instead where work is captured. Functions that are equal, such as the same method of
            the same object, share one array and one call.
        dtype : dtype
            Of the array: that of the arrays with which the number is to be combined.
        size : int, optional
            How many numbers there are in the tuple.

        Returns
        -------
        number, tuple of numbers, or array of shape () or (size,)
            What `compute` returned, or the array.
        """
        return compute()

    def afterwards(self, action: Callable[[], None]) -> None:
        """Do something on the host: now, or after each replay where work is captured.

        Parameters
        ----------
        action : callable
            Such as one that counts.
        """
        action()

    def refuse_capture(self, reason: str) -> None:
        """Say that what follows must not be captured.

        Raises
        ------
        CaptureError
            With the reason, where work is captured; otherwise nothing happens.
        """
