"""Which of the simulated devices is the current one, and what may be used there."""

import threading
from typing import Any

from .ledger import ledger

COUNT = 2
"""How many devices are simulated: with two, mixing them can be refused."""

_local = threading.local()


def current() -> int:
    """Return the number of the current device."""
    return _entered()[-1]


def _entered() -> list[int]:
    if not hasattr(_local, "entered"):
        _local.entered = [0]
    entered: list[int] = _local.entered
    return entered


class Device:
    """``cupy.cuda.Device``: a number, which a ``with`` statement makes the current device."""

    def __init__(self, device: "int | Device | None" = None) -> None:
        self.id = current() if device is None else int(device)
        if not 0 <= self.id < COUNT:
            raise RuntimeError(
                f"cudaErrorInvalidDevice: there is no simulated device {self.id}; "
                f"they are 0 to {COUNT - 1}"
            )

    def __int__(self) -> int:
        return self.id

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Device) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<CUDA Device {self.id}>"

    def __enter__(self) -> "Device":
        _entered().append(self.id)
        return self

    def __exit__(self, *error: object) -> None:
        _entered().pop()

    def use(self) -> None:
        """Make this the current device for good."""
        _entered()[-1] = self.id

    def synchronize(self) -> None:
        """Wait for the device."""
        ledger.waited("Device.synchronize")

    @property
    def mem_info(self) -> tuple[int, int]:
        """Free and total memory in bytes, of a device that is no larger than a laptop's."""
        return 6 << 30, 8 << 30

    @property
    def compute_capability(self) -> str:
        """That of no device in particular."""
        return "90"


def check_device(device: int) -> None:
    """Raise CuPy's error if an array lives on another device than the current one.

    GPUs that reach each other's memory let CuPy go on with a warning; these do not.
    """
    if device != current():
        raise ValueError(
            f"The device where the array resides ({device}) is different from the current device "
            f"({current()}). Peer access is unavailable between these devices."
        )
