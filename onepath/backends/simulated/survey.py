"""Write down what the real CuPy offers: ``python -m onepath.backends.simulated.survey``.

CuPy imports without a GPU, and more is not needed. The modules of `FROM_SOURCE` load CUDA's
libraries when they are imported, so their signatures are read from their files, on any machine.
"""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .signatures import Written

SECTIONS = (
    "cupy",
    "cupy.ndarray",
    "cupy.ufunc",
    "cupy.cuda",
    "cupy.cuda.Device",
    "cupy.cuda.Event",
    "cupy.cuda.Stream",
    "cupy.fft",
    "cupy.lib.stride_tricks",
    "cupy.linalg",
    "cupy.random",
    "cupy.random.Generator",
    "cupy.random.RandomState",
    "cupyx",
    "cupyx.scipy",
    "cupyx.scipy.fft",
    "cupyx.scipy.interpolate",
    "cupyx.scipy.linalg",
    "cupyx.scipy.ndimage",
    "cupyx.scipy.signal",
    "cupyx.scipy.signal.windows",
    "cupyx.scipy.sparse",
    "cupyx.scipy.sparse.linalg",
    "cupyx.scipy.special",
    "cupyx.scipy.stats",
)
FROM_SOURCE = (
    "cupyx.scipy.interpolate",
    "cupyx.scipy.linalg",
    "cupyx.scipy.signal",
    "cupyx.scipy.signal.windows",
    "cupyx.scipy.sparse.linalg",
)
HEADER = """\
# The public names of CuPy {version} with their parameters. Written, not edited:
#     python -m onepath.backends.simulated.survey > onepath/backends/simulated/signatures.txt
# def name(parameters)       a function or method; (...) where CuPy does not tell its parameters
# ufunc name nin nout loops  a ufunc, and its loops in the order in which they are tried
# value name = object        a number, or an object of NumPy's
# class name                 a class of CuPy's own
# attribute name             a class's data, or a module's other object
"""
# what makes, stores and ends an object; Python 3.12 shows the buffer's part, 3.11 does not
INTERNAL = re.compile(
    r"__(del|dict|doc|module|new|reduce|setstate|slots|weakref|\w*buffer)__"
    r"|__pyx_.*|__.*_cython__"
)

Definition = ast.FunctionDef | ast.ClassDef


def survey() -> str:
    """Return the text of ``signatures.txt`` for the installed CuPy.

    Returns
    -------
    str
        A header, then the sections, each with its lines sorted by name.

    Raises
    ------
    ImportError
        If CuPy is not installed.
    """
    import cupy

    # all at first: cupy.random has Generator among its names only when someone has asked for it
    owners = {name: pkgutil.resolve_name(name) for name in SECTIONS if name not in FROM_SOURCE}
    parts = [HEADER.format(version=cupy.__version__)]
    for name in SECTIONS:
        lines = _source_lines(name) if name in FROM_SOURCE else _lines(owners[name])
        parts.append("\n".join([f"[{name}]", *lines]) + "\n")
    return "\n".join(parts)


def _lines(owner: Any) -> Iterator[str]:
    """Describe what a class or module has."""
    if isinstance(owner, type):
        return (_member_line(name, getattr(owner, name)) for name in _members(owner))
    things = ((name, getattr(owner, name)) for name in _public(dir(owner)))
    return (_line(name, thing) for name, thing in things if _belongs(thing))


def loops(thing: Any) -> list[str]:
    """Give a ufunc's loops but those of bfloat16, which are there where ml_dtypes is installed."""
    return [types for types in thing.types if "E" not in types]


def _public(names: Iterable[str]) -> list[str]:
    """Sort names and leave out private ones."""
    return sorted(name for name in names if not name.startswith("_"))


def _members(owner: type) -> list[str]:
    """Give the names that a class has beyond those of every object, special methods included."""
    names = {name for ancestor in owner.__mro__[:-1] for name in vars(ancestor)}
    special = {name for name in names if name.startswith("__") and not INTERNAL.fullmatch(name)}
    return sorted(special.union(_public(names)))


def _belongs(thing: Any) -> bool:
    """Whether a module offers an object, and did not just import it for its own use."""
    home = getattr(thing, "__module__", None) or type(thing).__module__
    known = home.split(".")[0] in ("builtins", "cupy", "cupyx", "numpy")
    return known and not isinstance(thing, ModuleType)


def _line(name: str, thing: Any) -> str:
    """Describe one object of a module."""
    import cupy

    if isinstance(thing, cupy.ufunc):
        return " ".join(["ufunc", name, str(thing.nin), str(thing.nout), *loops(thing)])
    if isinstance(thing, float):
        return f"value {name} = {thing!r}"
    if vars(np).get(name, cupy) is thing:
        return f"value {name} = numpy.{name}"
    if isinstance(thing, type):
        path = _path(thing)
        return f"value {name} = {path}" if path.startswith("numpy.") else f"class {name}"
    return _member_line(name, thing)


def _member_line(name: str, thing: Any) -> str:
    """Describe a function, a method, or data."""
    return f"def {name}{_parameters(name, thing)}" if callable(thing) else f"attribute {name}"


def _parameters(name: str, function: Any) -> str:
    """Give a function's parameters without annotations."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        return _documented(name, function)
    parameters = [
        parameter.replace(annotation=parameter.empty, default=_printable(parameter.default))
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(parameters))


def _printable(default: Any) -> Any:
    """Let a type print as its name."""
    is_type = isinstance(default, type) and default is not inspect.Parameter.empty
    return Written(_path(default)) if is_type else default


def _path(thing: type) -> str:
    """Give a type's dotted name."""
    return f"{thing.__module__}.{thing.__qualname__}".removeprefix("builtins.")


def _documented(name: str, function: Any) -> str:
    """Give the parameters that compiled code has in its text's first line, without C's types."""
    first = (function.__doc__ or "").partition("\n")[0]
    found = re.match(rf"(?:\w+\.)?{name}(\(.*\))", first)
    return re.sub(r"([(,] ?)\w+ (?=\w)", r"\1", found[1]) if found else "(...)"


def _source_lines(package: str) -> Iterator[str]:
    """Describe what a package offers by the definitions in its files."""
    for name, definition in sorted(_exported(package).items()):
        if isinstance(definition, ast.ClassDef):
            yield f"class {name}"
        else:
            yield f"def {name}({ast.unparse(definition.args)})"


def _exported(package: str) -> dict[str, Definition]:
    """Find the definitions of the names that a package imports from its own files."""
    found: dict[str, Definition] = {}
    for statement in _statements(package):
        match statement:
            case ast.ImportFrom(module=str(module), names=names) if module.startswith(package):
                there = {x.name: x for x in _statements(module) if isinstance(x, Definition)}
                wanted = there if names[0].name == "*" else [x.name for x in names]
                found |= {name: there[name] for name in _public(wanted) if name in there}
    return found


def _statements(module: str) -> list[ast.stmt]:
    """Parse a file of CuPy's without importing the packages above it."""
    package, *inner = module.split(".")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ImportError(f"{package} is not installed, and its files are to be read")
    path = Path(spec.origin).parent.joinpath(*inner)
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(source.read_text(encoding="utf-8")).body


if __name__ == "__main__":
    print(survey(), end="")
