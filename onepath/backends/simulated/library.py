"""The modules ``cupy`` and ``cupyx`` of the simulated device.

They offer what CuPy's own do, by the list in ``signatures.txt``, and nothing else; the host's
function of the same name computes.
"""

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from . import cuda, cupyx, own, random, signal, signatures, testing
from .array import ndarray
from .dtypes import SCALARS
from .methods import COMPARISONS, add_methods, add_operators, number
from .namespace import Namespace


@cache
def modules() -> dict[str, ModuleType]:
    """Return the simulated modules by name, as ``sys.modules`` would hold them.

    Returns
    -------
    dict of str to module
        ``cupy``, ``cupyx`` and the modules within them.
    """
    contents: dict[str, dict[str, Any]] = {
        "cupy": {**own.CONTENTS, "get_array_module": get_array_module},
        "cupy.cuda": cuda.CONTENTS,
        "cupy.random": random.CONTENTS,
        "cupyx": cupyx.CONTENTS,
        "cupyx.scipy": {"get_array_module": get_array_module},
        "cupyx.scipy.signal": signal.CONTENTS,
    }
    made: dict[str, ModuleType] = {}
    for section in signatures.sections():
        if section[section.rfind(".") + 1 :].islower() and section not in _CLASSES:
            made[section] = Namespace(section, _host(section), contents.get(section))
    for name, inner in _WITHOUT_LIST.items():
        made[name] = ModuleType(name)
        vars(made[name]).update(inner, __path__=[])
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


def cupy() -> ModuleType:
    """Return the module ``cupy``."""
    return modules()["cupy"]


def get_array_module(*args: Any) -> Any:
    """Return the module that computes with the arguments: CuPy if one is the device's."""
    return cupy() if any(isinstance(x, ndarray) for x in args) else np


# NumPy's own functions lead to CuPy's


def _array_ufunc(self: ndarray, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Call CuPy's ufunc of that name; what CuPy does not look at is left to others."""
    special = modules()["cupyx.scipy.special"]
    ours = getattr(cupy(), ufunc.__name__, None) or getattr(special, ufunc.__name__, None)
    ours = ours if method == "__call__" else getattr(ours, method, None)
    operands = inputs + kwargs.get("out", ())
    if ours is None or not all(isinstance(x, (ndarray, np.ndarray, *SCALARS)) for x in operands):
        return NotImplemented
    if "out" in kwargs:
        if len(kwargs["out"]) != 1:
            raise ValueError("The 'out' parameter must have exactly one array value")
        (kwargs["out"],) = kwargs["out"]
    if ufunc.__name__ in COMPARISONS:
        inputs = tuple(map(number, inputs))
    return ours(*inputs, **kwargs)


def _array_function(self: ndarray, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """Call CuPy's function of that name in the module of that name."""
    try:
        ours: Any = cupy()
        for name in (*func.__module__.split(".")[1:], func.__name__):
            ours = getattr(ours, name)
    except AttributeError:
        return NotImplemented
    if ours is func or not all(issubclass(t, (ndarray, np.ndarray)) for t in types):
        return NotImplemented
    return ours(*args, **kwargs)


add_methods()
add_operators()
ndarray.__array_ufunc__ = _array_ufunc  # type: ignore[attr-defined]
ndarray.__array_function__ = _array_function  # type: ignore[attr-defined]
