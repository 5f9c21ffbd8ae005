"""What computes, by name: times of one machine do not hold for another."""

from functools import cache
from typing import Any

from ..cpuinfo import processor_name
from ..version import __version__


@cache
def machine_of(device: str, xp: Any) -> str:
    """Name the processor of a device, and what runs on it.

    Parameters
    ----------
    device : str
        A backend's name.
    xp : module
        Its array module.

    Returns
    -------
    str
        As in ``"cpu, AMD EPYC 7763, onepath 0.1.0, numpy 2.4.6"``.
    """
    kind, _, index = device.partition(":")
    processor = _gpu(xp, int(index or 0)) if hasattr(xp, "cuda") else processor_name()
    library = f"{xp.__name__} {getattr(xp, '__version__', 'of an unknown version')}"
    return f"{kind}, {processor}, onepath {__version__}, {library}"


def _gpu(xp: Any, index: int) -> str:
    name: bytes = xp.cuda.runtime.getDeviceProperties(index)["name"]
    return name.decode()
