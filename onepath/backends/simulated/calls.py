"""How a call by CuPy's names, order and defaults becomes one that the host's function takes."""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from .signatures import Written

REST = "*"
"""The key of the positional arguments of a function that takes any number of them."""

_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


class Call:
    """The way from CuPy's parameters of a function to the host's.

    Both libraries have nearly the same parameters, so the way is found by comparing the two
    signatures: what has the same name is passed by name, what has another name by position, what
    CuPy leaves out with None is left out, and a default of CuPy's own is passed along.

    Parameters
    ----------
    name : str
        The function's name, for messages.
    signature : inspect.Signature or None
        CuPy's; if it is not known, arguments are passed as they come.
    compute : callable
        The host's function.
    """

    def __init__(self, name: str, signature: Signature | None, compute: Callable[..., Any]) -> None:
        theirs = [] if signature is None else list(signature.parameters.values())
        kinds = {parameter.kind for parameter in theirs}
        self._name, self._signature = name, signature
        self._open = signature is None or Parameter.VAR_POSITIONAL in kinds
        self._names = tuple(p.name for p in theirs if p.kind in _POSITIONAL)
        self.first = self._names[0] if self._names else REST
        self._keywords = {p.name for p in theirs if p.kind in _NAMED}
        self._required = {p.name for p in theirs if p.default is Parameter.empty}
        self._omitted = {p.name for p in theirs if p.default is None}
        self._compare(theirs, _parameters(compute, theirs))

    def _compare(self, theirs: list[Parameter], hosts: list[Parameter]) -> None:
        """Find out where each parameter goes."""
        by_name = {parameter.name: parameter for parameter in hosts}
        by_place = [parameter for parameter in hosts if parameter.kind in _POSITIONAL]
        own = {parameter.name for parameter in theirs}
        any_name = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in hosts)
        self._places: dict[str, int] = {}
        self._hosts: dict[str, str] = {}
        self._defaults: dict[str, Any] = {}
        for i, parameter in enumerate(theirs):
            host = by_name.get(parameter.name)
            if i < len(by_place) and parameter.kind in _POSITIONAL:
                beside = by_place[i]
                renamed = host is None and beside.name not in own
                if renamed or beside is host:
                    host, self._places[parameter.name] = beside, i
            if host is not None and host.kind in _NAMED:
                self._hosts[parameter.name] = host.name
            elif host is None and any_name:
                self._hosts[parameter.name] = parameter.name
            if host is not None and _is_own(parameter.default, host.default):
                self._defaults[parameter.name] = parameter.default
        self.own = {
            parameter.name: parameter.default
            for parameter in theirs
            if parameter.name not in self._places and parameter.name not in self._hosts
        }
        """CuPy's parameters that the host does not have, with their defaults."""

    def bound(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments by CuPy's names, or raise TypeError as Python does."""
        if self._open:
            if self._signature is not None:
                self._bind(args, kwargs)
            return {REST: args, **kwargs}
        given = dict(zip(self._names, args, strict=False))
        fits = len(args) <= len(self._names)
        if fits and kwargs:
            fits = self._keywords >= kwargs.keys() and given.keys().isdisjoint(kwargs)
            given.update(kwargs)
        if not fits or not self._required <= given.keys():
            self._bind(args, kwargs)
        return given

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        assert self._signature is not None
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(
                f"cupy.{self._name}() {error}; it is called as {self._signature}"
            ) from None

    def for_host(self, values: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Turn arguments by CuPy's names into positional and named ones of the host's."""
        if self._open:
            return list(values.pop(REST)), values
        places: list[Any] = []
        named = {self._hosts[name]: value for name, value in self._defaults.items()}
        for name, value in values.items():
            if value is None and name in self._omitted:
                continue
            if self._places.get(name) == len(places):
                places.append(value)
                named.pop(self._hosts.get(name, ""), None)
            elif name in self._hosts:
                named[self._hosts[name]] = value
            elif name in self._places:
                raise ValueError(f"cupy.{self._name}() got {name} without what comes before it")
        return places, named


def _parameters(compute: Callable[..., Any], otherwise: list[Parameter]) -> list[Parameter]:
    """The host's parameters; CuPy's if they cannot be read or are any number."""
    found = _readable(compute)
    if found is None or any(p.kind is Parameter.VAR_POSITIONAL for p in found):
        return otherwise
    return found


@cache
def _readable(compute: Callable[..., Any]) -> list[Parameter] | None:
    try:
        return list(inspect.signature(compute).parameters.values())
    except (TypeError, ValueError):
        return None


def _is_own(theirs: Any, host: Any) -> bool:
    """Whether CuPy's default says something else than the host's."""
    if theirs in (None, Parameter.empty) or isinstance(theirs, Written):
        return False
    return host not in (theirs, np._NoValue)
