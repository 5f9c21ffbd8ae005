"""Layers from ONNX models; importing the families fills the table of operators."""

from . import (
    activations,
    constants,
    convolutions,
    dense,
    merging,
    normalization,
    pooling,
    recurrent,
    shapes,
    spatial,
    transposed_convolutions,
)
from .model import from_onnx, load

__all__ = [
    "activations",
    "constants",
    "convolutions",
    "dense",
    "from_onnx",
    "load",
    "merging",
    "normalization",
    "pooling",
    "recurrent",
    "shapes",
    "spatial",
    "transposed_convolutions",
]
