"""Exchange of arrays through DLPack, between the simulated device's own arrays alone."""

from typing import Any

import numpy as np

from .array import ndarray, wrap

HOST, CUDA = (1, 0), 2
"""DLPack's numbers for devices."""


class _AsHost:
    """An array of the simulated device, which NumPy is to take for one of the host's."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return HOST


def from_dlpack(array: Any, *, device: Any = None, copy: bool | None = None) -> ndarray:
    """Take an array over that is on the device already."""
    if array.__dlpack_device__()[0] != CUDA:
        raise TypeError(
            "CPU arrays cannot be directly imported to CuPy. "
            "Use `cupy.array(numpy.from_dlpack(input))` instead."
        )
    host = np.from_dlpack(_AsHost(array))
    return wrap(host.copy() if copy else host)
