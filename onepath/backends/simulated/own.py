"""What of the module ``cupy`` is not simply NumPy's function of the same name."""

from typing import Any

import numpy as np

from . import creation, cuda, dlpack, signatures
from .array import ndarray
from .functions import Function, decorator, on_device


def _can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """CuPy's `can_cast` takes arrays for their dtypes, on both sides."""
    from_, to = (x.dtype if isinstance(x, ndarray) else x for x in (from_, to))
    return np.can_cast(from_, to, casting)


def _as_array(name: str) -> Function:
    """A yes or no as a 0-d array, as CuPy gives it."""
    answer = getattr(np, name)
    return _listed(name, lambda *args, **kwargs: np.asarray(answer(*args, **kwargs)))


def take(a: Any, indices: Any, axis: Any = None, out: Any = None) -> Any:
    """``take``, which wraps indices around in CuPy."""
    return np.take(a, indices, axis, out, "wrap")


def _listed(name: str, compute: Any) -> Function:
    return Function(name, signatures.functions("cupy")[name], compute)


class _Grid:
    """``mgrid`` and ``ogrid``."""

    def __init__(self, grid: Any) -> None:
        self._grid = grid

    def __getitem__(self, key: Any) -> Any:
        return on_device(self._grid[key])


CONTENTS: dict[str, Any] = {
    **creation.FUNCTIONS,
    "ndarray": ndarray,
    "__simulated__": True,
    "__version__": signatures.version(),
    "allclose": _as_array("allclose"),
    "array_equal": _as_array("array_equal"),
    "array_equiv": _as_array("array_equiv"),
    "can_cast": _can_cast,
    "from_dlpack": dlpack.from_dlpack,
    "fuse": decorator,
    "get_default_memory_pool": cuda.get_default_memory_pool,
    "get_default_pinned_memory_pool": cuda.get_default_memory_pool,
    "memoize": decorator,
    "mgrid": _Grid(np.mgrid),
    "ogrid": _Grid(np.ogrid),
    "take": _listed("take", take),
}
