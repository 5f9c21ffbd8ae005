"""All that differs between devices, and nothing else."""

from .base import Backend, Memory
from .convolution import Geometry, Window
from .errors import BackendUnavailableError, DeviceMismatchError, OutOfMemoryError
from .functions import conv, conv_input_gradient, conv_kernel_gradient
from .numerics import get_deterministic, get_tf32, set_deterministic, set_tf32
from .random import Random, set_seed
from .registry import (
    available_backends,
    backend_of,
    get_backend,
    memory,
    register_backend,
    registered_backends,
)
from .threads import get_threads, set_threads
from .transfers import Transfers, transfers
from .types import Array

__all__ = [
    "Array",
    "Backend",
    "BackendUnavailableError",
    "DeviceMismatchError",
    "Geometry",
    "Memory",
    "OutOfMemoryError",
    "Random",
    "Transfers",
    "Window",
    "available_backends",
    "backend_of",
    "conv",
    "conv_input_gradient",
    "conv_kernel_gradient",
    "get_backend",
    "get_deterministic",
    "get_tf32",
    "get_threads",
    "memory",
    "register_backend",
    "registered_backends",
    "set_deterministic",
    "set_seed",
    "set_tf32",
    "set_threads",
    "transfers",
]
