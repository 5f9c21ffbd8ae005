"""Counts the bytes that are copied between the host and devices."""

from typing import NamedTuple


class Transfers(NamedTuple):
    """Bytes copied between the host and devices.

    Attributes
    ----------
    host_to_device : int
        Bytes copied from host memory to a device.
    device_to_host : int
        Bytes copied from a device to host memory.
    """

    host_to_device: int
    device_to_host: int


_counted = Transfers(0, 0)


def transfers() -> Transfers:
    """Bytes copied between the host and devices since the program began.

    Every copy that onepath makes is counted; subtract two readings to count those of a passage.

    Returns
    -------
    Transfers
        ``host_to_device`` and ``device_to_host``, in bytes. Both stay 0 on the CPU.
    """
    return _counted


def count(host_to_device: int = 0, device_to_host: int = 0) -> None:
    """Add a copy of so many bytes to the count."""
    global _counted
    _counted = Transfers(
        _counted.host_to_device + host_to_device, _counted.device_to_host + device_to_host
    )
