"""Names for types that differ from device to device."""

from typing import Any, TypeAlias

Array: TypeAlias = Any
"""An array of any backend: ``numpy.ndarray`` on the CPU, ``cupy.ndarray`` on CUDA."""

DType: TypeAlias = Any
"""Anything that ``numpy.dtype`` accepts."""
