"""What is measured: suites of cases, each case plain data that every library can read."""

from collections.abc import Callable

from . import conv, imports, memory, signal, training
from .case import Case

SUITES: dict[str, Callable[[str], list[Case]]] = {
    "signal": signal.cases,
    "conv": conv.cases,
    "training": training.cases,
    "memory": memory.cases,
    "import": imports.cases,
}
"""By name: a function that returns the cases for a device, ``"cpu"`` or ``"cuda"``."""

__all__ = ["SUITES", "Case"]
