"""Exchange of arrays through DLPack, between the simulated device's own arrays alone."""

from typing import Any

HOST, CUDA = 1, 2
"""DLPack's numbers for where memory is."""


class Lent:
    """Stands for DLPack's capsule, which other libraries would take for memory of CUDA's.

    Parameters
    ----------
    array : ndarray
        The array that is lent out.
    """

    def __init__(self, array: Any) -> None:
        self.array = array


def from_dlpack(array: Any, *, device: Any = None, copy: bool | None = None) -> Any:
    """Share the memory of an array that is on a simulated device already."""
    if device is not None:
        raise NotImplementedError("from_dlpack() does not support device yet.")
    if array.__dlpack_device__()[0] == HOST:
        raise TypeError(
            "CPU arrays cannot be directly imported to CuPy. "
            "Use `cupy.array(numpy.from_dlpack(input))` instead."
        )
    lent = array.__dlpack__(copy=copy)
    if not isinstance(lent, Lent):
        raise BufferError(f"{type(array)} is on no simulated device")
    return lent.array.view()
