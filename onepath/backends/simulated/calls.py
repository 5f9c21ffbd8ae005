"""Calls by CuPy's parameters, handed on to a function of the host's that has other ones."""

import inspect
from collections.abc import Callable
from functools import cache
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from .kinds import SHAPES

_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def bind(name: str, signature: Signature, args: Any, kwargs: Any) -> inspect.BoundArguments:
    """Bind arguments to CuPy's parameters, or raise TypeError as its function does.

    Parameters
    ----------
    name : str
        The function's name, for the message.
    signature : inspect.Signature
        CuPy's.
    args, kwargs
        What the function was called with.

    Returns
    -------
    inspect.BoundArguments
        By CuPy's names.
    """
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{name}() {error}; CuPy's is called as {name}{signature}") from None
    for parameter, value in bound.arguments.items():
        if parameter in SHAPES:
            bound.arguments[parameter] = _numbers(value)
    return bound


def call(compute: Callable[..., Any], bound: inspect.BoundArguments) -> Any:
    """Call a host function with arguments that are bound to CuPy's parameters.

    Parameters are known by their places at first, as ``concatenate(tup)`` and NumPy's
    ``concatenate(arrays)`` have the same one, and by their names from the first one on that the two
    have in different places.

    Parameters
    ----------
    compute : callable
        The host's function.
    bound : inspect.BoundArguments
        The arguments.

    Returns
    -------
    object
        What it returns.

    Raises
    ------
    NotImplementedError
        If an argument was given that the host's function has no parameter for.
    """
    theirs = _parameters(compute)
    if theirs is None:
        return compute(*bound.args, **bound.kwargs)
    places = [p for p in theirs if p.kind in _POSITIONAL]
    named = {p.name for p in theirs if p.kind in _NAMED}
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for i, (name, value) in enumerate(bound.arguments.items()):
        ours = bound.signature.parameters[name]
        place = places[i].name if i == len(positional) and i < len(places) else None
        if ours.kind is Parameter.VAR_POSITIONAL:
            positional.extend(value)
        elif ours.kind is Parameter.VAR_KEYWORD:
            keywords.update(value)
        elif place == name or (place is not None and name not in named and not keywords):
            positional.append(value)
        elif name in named:
            keywords[name] = value
        elif not _is(value, ours.default):
            raise NotImplementedError(
                f"the simulated device computes {compute.__name__} by the host's function, which "
                f"has no parameter {name!r}, and {name}={value!r} was given"
            )
    return compute(*positional, **keywords)


def _numbers(value: Any) -> Any:
    """Arrays of the host as lists, also those in a tuple of arguments."""
    if isinstance(value, tuple):
        return tuple(map(_numbers, value))
    return value.tolist() if isinstance(value, np.ndarray) else value


@cache
def _parameters(compute: Callable[..., Any]) -> tuple[Parameter, ...] | None:
    """The host function's parameters, unless it does not tell them or takes whatever comes."""
    try:
        found = tuple(inspect.signature(compute).parameters.values())
    except (TypeError, ValueError):
        return None
    variadic = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return None if any(p.kind in variadic for p in found) else found


def _is(value: Any, default: Any) -> bool:
    """Whether an argument says no more than its default."""
    return value is default or (isinstance(value, type(default)) and value == default)
