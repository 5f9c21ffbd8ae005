"""What the module ``cupy`` has that is no function of NumPy's."""

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import creation, dlpack, memory, signatures
from .array import ndarray, unwrap
from .flat import flatiter
from .functions import on_device
from .graphs import captured
from .ufuncs import ufunc


def _fuse(*args: Any, **kwargs: Any) -> Any:
    """Leave a function as it is, with arguments or without: here are no kernels to be fused."""
    return args[0] if args and callable(args[0]) else lambda function: function


def _memoize(for_each_device: bool = False) -> Any:
    """Remember the results of a function."""
    return cache


class _Broadcast:
    """``cupy.broadcast``: arrays that fit together, and their common shape."""

    def __init__(self, *arrays: Any) -> None:
        hosts = [unwrap(x) for x in arrays]
        self.shape = np.broadcast_shapes(*(host.shape for host in hosts))
        self.values = on_device(tuple(np.broadcast_to(h, self.shape) for h in hosts), 0, arrays)
        self.nd, self.size = len(self.shape), int(np.prod(self.shape))


class _Indexed:
    """``mgrid`` and the like, which are called with brackets; strings are for NumPy's alone."""

    def __init__(self, host: Any) -> None:
        self._numpy = host

    @captured
    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        if any(isinstance(each, str) for each in keys):
            raise NotImplementedError("CuPy has no special directives here")
        arrays = [each for each in keys if isinstance(each, ndarray)]
        hosts = tuple(unwrap(each) if isinstance(each, ndarray) else each for each in keys)
        return on_device(self._numpy[hosts if len(hosts) > 1 else hosts[0]], 0, arrays)


CONTENTS: dict[str, Any] = {
    **creation.FUNCTIONS,
    "_core": SimpleNamespace(get_compute_type=lambda dtype: 1),
    "__simulated__": True,
    "__version__": signatures.version(),
    "broadcast": _Broadcast,
    "flatiter": flatiter,
    "from_dlpack": dlpack.from_dlpack,
    "fuse": _fuse,
    "get_default_memory_pool": memory.get_default_memory_pool,
    "get_default_pinned_memory_pool": memory.get_default_pinned_memory_pool,
    "memoize": _memoize,
    "ndarray": ndarray,
    "ufunc": ufunc,
    **{name: _Indexed(getattr(np, name)) for name in ("c_", "mgrid", "ogrid", "r_")},
}
"""By CuPy's names."""
