"""Neural-network layers on one code path for the CPU and for CUDA.

Layers call an array module that is NumPy with scipy.signal on the CPU and CuPy with
cupyx.scipy.signal on CUDA: the same forward and backward mathematics on both.

>>> import onepath as op
>>> model = op.Sequential([op.layers.Conv2D(8, 3), op.layers.ReLU(), op.layers.Flatten(),
...                        op.layers.Dense(10)])
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from . import (
        backends,
        datasets,
        interop,
        layers,
        losses,
        metrics,
        optimizers,
        schedules,
        testing,
        training,
        tuning,
    )
    from .backends import (
        OutOfMemoryError,
        available_backends,
        backend_of,
        conv,
        conv_input_gradient,
        conv_kernel_gradient,
        get_backend,
        get_deterministic,
        get_tf32,
        get_threads,
        memory,
        register_backend,
        set_deterministic,
        set_seed,
        set_tf32,
        set_threads,
        transfers,
    )
    from .layers import get_dtype_policy, initializers, regularizers, set_dtype_policy
    from .training import Model, Sequential, load_model, plot_model
    from .tuning import autotune, explain

__all__ = [
    "Model",
    "OutOfMemoryError",
    "Sequential",
    "__version__",
    "autotune",
    "available_backends",
    "backend_of",
    "backends",
    "conv",
    "conv_input_gradient",
    "conv_kernel_gradient",
    "datasets",
    "explain",
    "get_backend",
    "get_deterministic",
    "get_dtype_policy",
    "get_tf32",
    "get_threads",
    "initializers",
    "interop",
    "layers",
    "load_model",
    "losses",
    "memory",
    "metrics",
    "optimizers",
    "plot_model",
    "register_backend",
    "regularizers",
    "schedules",
    "set_deterministic",
    "set_dtype_policy",
    "set_seed",
    "set_tf32",
    "set_threads",
    "testing",
    "training",
    "transfers",
    "tuning",
]

_ROOMS = (
    "backends",
    "datasets",
    "interop",
    "layers",
    "losses",
    "metrics",
    "optimizers",
    "schedules",
    "testing",
    "training",
    "tuning",
)
_HOMES = {
    "Model": "training",
    "Sequential": "training",
    "load_model": "training",
    "plot_model": "training",
    "autotune": "tuning",
    "explain": "tuning",
    "get_dtype_policy": "layers",
    "initializers": "layers",
    "regularizers": "layers",
    "set_dtype_policy": "layers",
}


def __getattr__(name: str) -> Any:
    """Import a room when it is asked for: a program waits for what it uses alone."""
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name in __all__:
        room = _HOMES.get(name, "backends")
        return getattr(import_module(f".{room}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
