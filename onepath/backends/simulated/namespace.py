"""A module of the simulated device: what CuPy's has, and nothing else."""

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from . import signatures, unsimulated
from .functions import Function, reversed_order
from .kinds import OLD_NAMES, REDUCTIONS, UNSIMULATED
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
        return sorted({*vars(self), *self._offered()})

    def _offered(self) -> set[str]:
        kinds: tuple[Callable[[str], Any], ...] = (
            signatures.functions,
            signatures.ufuncs,
            signatures.values,
            signatures.classes,
        )
        return {name for kind in kinds for name in kind(self.__name__)}

    def _counterpart(self, name: str) -> Any:
        """The host's object that computes, or None."""
        if name in UNSIMULATED or self.__name__.startswith("cupyx.scipy.sparse"):
            return None
        return getattr(import_module(self._host_name), OLD_NAMES.get(name, name), None)

    def _make(self, name: str) -> Any:
        section = self.__name__
        if name not in self._offered():
            raise AttributeError(f"module {section!r} has no attribute {name!r}")
        if name in signatures.values(section):
            return signatures.values(section)[name]
        if name in signatures.classes(section):
            return unsimulated.cls(f"{section}.{name}")
        theirs = self._counterpart(name)
        if theirs is None:
            return unsimulated.function(f"{section}.{name}")
        if name in signatures.ufuncs(section):
            return ufunc(name, signatures.ufuncs(section)[name], theirs)
        compute = reversed_order(theirs) if name in REDUCTIONS else theirs
        return Function(name, signatures.functions(section)[name], compute)
