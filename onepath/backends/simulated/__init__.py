"""A strict look-alike of a CUDA device, in the host's memory.

`SimulatedBackend` is the CUDA backend over stand-ins for ``cupy`` and ``cupyx``. They are made when
they are asked for, so that importing onepath costs nothing.
"""

from typing import TYPE_CHECKING, Any

from .backend import SimulatedBackend
from .ledger import Event, ledger

if TYPE_CHECKING:
    from .array import roundings
    from .library import modules

__all__ = ["Event", "SimulatedBackend", "ledger", "modules", "roundings"]


def __getattr__(name: str) -> Any:
    if name == "modules":
        from .library import modules

        return modules
    if name == "roundings":
        from .array import roundings

        return roundings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
