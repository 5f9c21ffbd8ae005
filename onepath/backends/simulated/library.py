"""The modules ``cupy`` and ``cupyx`` of the simulated device.

They offer what CuPy's own do, by the list in ``signatures.txt``, and nothing else; the host's
function of the same name computes.
"""

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from . import creation, cuda, cupyx, dlpack, random, signal, signatures, testing
from .array import ndarray
from .functions import Function, decorator, method, reversed_order
from .kinds import REDUCTIONS
from .namespace import Namespace


@cache
def modules() -> dict[str, ModuleType]:
    """Return the simulated modules by name, as ``sys.modules`` would hold them.

    Returns
    -------
    dict of str to module
        ``cupy``, ``cupyx`` and the modules within them.
    """
    own: dict[str, dict[str, Any]] = {
        "cupy": _cupy(),
        "cupy.cuda": cuda.CONTENTS,
        "cupy.random": random.CONTENTS,
        "cupyx": cupyx.CONTENTS,
        "cupyx.scipy.signal": signal.CONTENTS,
    }
    made: dict[str, ModuleType] = {}
    for section in signatures.sections():
        if section[section.rfind(".") + 1 :].islower() and section not in _CLASSES:
            made[section] = Namespace(section, _host(section), own.get(section))
    for name, contents in _WITHOUT_LIST.items():
        made[name] = ModuleType(name)
        vars(made[name]).update(contents, __path__=[])
    for name, module in made.items():
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(made[parent], child, module)
    return made


_CLASSES = ("cupy.ndarray", "cupy.ufunc")
_WITHOUT_LIST: dict[str, dict[str, Any]] = {"cupy.lib": {}, "cupy.testing": testing.CONTENTS}


def _host(section: str) -> str:
    """The host's module that computes for one of CuPy's."""
    if section in ("cupy", "cupy.cuda", "cupyx"):
        return "numpy"
    return section.replace("cupyx.", "").replace("cupy.", "numpy.")


def _cupy() -> dict[str, Any]:
    """What is not simply NumPy's."""
    listed = signatures.functions("cupy")
    return {
        **creation.FUNCTIONS,
        "ndarray": ndarray,
        "__simulated__": True,
        "__version__": signatures.version(),
        "allclose": Function("allclose", listed["allclose"], _as_array(np.allclose)),
        "array_equal": Function("array_equal", listed["array_equal"], _as_array(np.array_equal)),
        "array_equiv": Function("array_equiv", listed["array_equiv"], _as_array(np.array_equiv)),
        "can_cast": _can_cast,
        "from_dlpack": dlpack.from_dlpack,
        "take": Function("take", listed["take"], _take),
        "get_default_memory_pool": cuda.get_default_memory_pool,
        "get_default_pinned_memory_pool": cuda.get_default_memory_pool,
        "fuse": decorator,
        "memoize": decorator,
        "mgrid": _Grid(np.mgrid),
        "ogrid": _Grid(np.ogrid),
    }


def _can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """CuPy's `can_cast` takes arrays for their dtypes, on both sides."""
    from_, to = (x.dtype if isinstance(x, ndarray) else x for x in (from_, to))
    return np.can_cast(from_, to, casting)


def _as_array(answer: Any) -> Any:
    """A yes or no as a 0-d array, as CuPy gives it."""
    return lambda *args, **kwargs: np.asarray(answer(*args, **kwargs))


def _take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "wrap") -> Any:
    """CuPy's `take` wraps indices around."""
    return np.take(a, indices, axis, out, "clip" if mode == "clip" else "wrap")


class _Grid:
    """``mgrid`` and ``ogrid``."""

    def __init__(self, grid: Any) -> None:
        self._grid = grid

    def __getitem__(self, key: Any) -> Any:
        from .functions import on_device

        return on_device(self._grid[key])


_TO_FILES = ("dump", "dumps", "tofile")


def _add_methods() -> None:
    """Give the array its methods, by CuPy's list of them."""
    for name, signature in signatures.functions("cupy.ndarray").items():
        compute = getattr(np.ndarray, name, None) or getattr(np, name, None)
        if name.startswith("_") or name in (*vars(ndarray), *_TO_FILES) or compute is None:
            continue
        if name in REDUCTIONS:
            compute = reversed_order(getattr(np, name))
        setattr(
            ndarray, name, method(Function(name, signature, _take if name == "take" else compute))
        )


_add_methods()


def cupy() -> ModuleType:
    """Return the module ``cupy``."""
    return modules()["cupy"]


def special() -> ModuleType:
    """Return the module ``cupyx.scipy.special``."""
    return modules()["cupyx.scipy.special"]
