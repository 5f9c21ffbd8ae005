"""A module of the simulated device: what CuPy's has, and nothing else."""

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from . import signatures, unsimulated
from .counting import TERMS
from .departures import computing
from .functions import Function, Sum
from .kinds import ANSWERS, UNSIMULATED
from .ufuncs import ufunc


class Namespace(ModuleType):
    """A module that makes its contents when they are asked for.

    Parameters
    ----------
    name : str
        The dotted name of CuPy's module.
    host : str
        The host's module that computes.
    own : dict of str to object, optional
        What is not simply computed by the host.
    """

    def __init__(self, name: str, host: str, own: Mapping[str, Any] | None = None) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None, is_package=True)
        self.__path__: list[str] = []
        self._host_name = host
        vars(self).update(own or {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = self._make(name)
        setattr(self, name, made)
        return made

    def __dir__(self) -> list[str]:
        names = {*vars(self), *self._offered()}
        return sorted(name for name in names if not name.startswith("_") or name.endswith("__"))

    def _offered(self) -> set[str]:
        kinds: tuple[Callable[[str], Any], ...] = (
            signatures.functions,
            signatures.ufuncs,
            signatures.values,
            signatures.classes,
        )
        return {name for kind in kinds for name in kind(self.__name__)}

    def _counterpart(self, name: str) -> Any:
        """What computes a function on the host, None if nothing does."""
        sparse = self.__name__.startswith("cupyx.scipy.sparse")
        if name in UNSIMULATED or (sparse and name not in ANSWERS):
            return None
        return computing(self.__name__, name, import_module(self._host_name))

    def _make(self, name: str) -> Any:
        section = self.__name__
        if name not in self._offered():
            raise AttributeError(f"module {section!r} has no attribute {name!r}")
        if name in signatures.values(section):
            return signatures.values(section)[name]
        if name in signatures.classes(section):
            return unsimulated.cls(f"{section}.{name}")
        compute = self._counterpart(name)
        if compute is None:
            signature = signatures.functions(section).get(name)
            return unsimulated.function(f"{section}.{name}", signature)
        if name in signatures.ufuncs(section):
            return ufunc(name, signatures.ufuncs(section)[name], compute)
        return function(section, name, compute)


def function(section: str, name: str, compute: Any) -> Function:
    """Make a function or method of CuPy's out of what computes it."""
    kind = Sum if name in TERMS else Function
    return kind(name, signatures.functions(section)[name], compute)
