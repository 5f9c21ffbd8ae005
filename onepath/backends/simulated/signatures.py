"""What CuPy offers and how it is called: ``signatures.txt``, read once. `survey` writes it."""

import ast
import math
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any, TypeVar

FILE = Path(__file__).with_name("signatures.txt")
NAMED = {"float": float, "int": int, "inf": math.inf, "-inf": -math.inf, "nan": math.nan}

T = TypeVar("T")


@dataclass(frozen=True)
class UfuncEntry:
    """One of CuPy's ufuncs.

    Parameters
    ----------
    nin, nout : int
        The numbers of its inputs and outputs.
    types : tuple of str
        Its loops in the order in which CuPy tries them, such as ``"ff->f"``.
    """

    nin: int
    nout: int
    types: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """A default of which only the text is known; it prints as that text.

    Parameters
    ----------
    text : str
        The expression.
    """

    text: str

    def __repr__(self) -> str:
        return self.text


@cache
def sections() -> Mapping[str, list[str]]:
    """Return the file's lines by section, in its order.

    Returns
    -------
    mapping of str to list of str
        By dotted name of a module or class, such as ``"cupy.linalg"`` or ``"cupy.ndarray"``.
    """
    found: dict[str, list[str]] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            lines = found[line.strip("[]")] = []
        elif line and not line.startswith("#"):
            lines.append(line)
    return found


@cache
def functions(section: str) -> Mapping[str, Signature | None]:
    """Return the functions or methods of one section, by name.

    Parameters
    ----------
    section : str
        A key of `sections`.

    Returns
    -------
    mapping of str to inspect.Signature or None
        None for a function whose parameters CuPy does not tell. Methods have their ``self``.
        Defaults are Python's and NumPy's objects, or else `Written`.

    Raises
    ------
    KeyError
        If there is no such section.
    """
    return _entries(section, "def", r"(\w+)(\(.*\))", _signature)


@cache
def ufuncs(section: str) -> Mapping[str, UfuncEntry]:
    """Return the ufuncs of one section by name; see `functions`."""
    return _entries(section, "ufunc", r"(\w+) (.*)", _ufunc)


@cache
def values(section: str) -> Mapping[str, Any]:
    """Return by name the numbers of one section and what is NumPy's own; see `functions`."""
    return _entries(section, "value", r"(\w+) = (.*)", _object)


@cache
def classes(section: str) -> frozenset[str]:
    """Return the names of one section's classes that are CuPy's own; see `functions`."""
    return frozenset(_entries(section, "class", r"(\w+)()", str))


@cache
def attributes(section: str) -> frozenset[str]:
    """Return the names of a class's data, or of a module's other objects; see `functions`."""
    return frozenset(_entries(section, "attribute", r"(\w+)()", str))


def _entries(section: str, kind: str, pattern: str, read: Callable[[str], T]) -> dict[str, T]:
    """Read by name what the lines of one kind say."""
    found = (re.fullmatch(f"{kind} {pattern}", line) for line in sections()[section])
    return {match[1]: read(match[2]) for match in found if match}


def _ufunc(text: str) -> UfuncEntry:
    """Read the numbers of operands, and the loops."""
    nin, nout, *types = text.split()
    return UfuncEntry(int(nin), int(nout), tuple(types))


def _object(text: str) -> Any:
    """Give the object that an expression stands for, as far as it is Python's or NumPy's."""
    if text.startswith("numpy."):
        return pkgutil.resolve_name(text)
    if text in NAMED:
        return NAMED[text]
    try:
        return ast.literal_eval(text)
    except ValueError:
        return Written(text)


def _signature(text: str) -> Signature | None:
    """Read a parenthesised list of parameters."""
    if text == "(...)":
        return None
    found = ast.parse(f"lambda {text[1:-1]}: None", mode="eval").body
    assert isinstance(found, ast.Lambda)
    return Signature(list(_parameters(found.args)))


def _parameters(found: ast.arguments) -> Iterator[Parameter]:
    """Give the parameters in their order."""
    names = found.posonlyargs + found.args
    required: list[ast.expr | None] = [None] * (len(names) - len(found.defaults))
    defaults = [*required, *found.defaults]
    for i, (name, default) in enumerate(zip(names, defaults, strict=True)):
        positional = i < len(found.posonlyargs)
        kind = Parameter.POSITIONAL_ONLY if positional else Parameter.POSITIONAL_OR_KEYWORD
        yield _parameter(name, kind, default)
    if found.vararg:
        yield _parameter(found.vararg, Parameter.VAR_POSITIONAL)
    for name, default in zip(found.kwonlyargs, found.kw_defaults, strict=True):
        yield _parameter(name, Parameter.KEYWORD_ONLY, default)
    if found.kwarg:
        yield _parameter(found.kwarg, Parameter.VAR_KEYWORD)


def _parameter(name: ast.arg, kind: Any, default: ast.expr | None = None) -> Parameter:
    """Make one parameter; without an expression it has no default."""
    value = Parameter.empty if default is None else _object(ast.unparse(default))
    return Parameter(name.arg, kind, default=value)


def version() -> str:
    """Return the version of the CuPy that the file was made from."""
    match = re.search(r"CuPy ([\w.]+\w)", FILE.read_text(encoding="utf-8"))
    assert match
    return match[1]
