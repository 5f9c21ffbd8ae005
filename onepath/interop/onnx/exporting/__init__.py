"""Layers as ONNX models; importing the families fills the table of layers."""

from . import (
    activations,
    attention,
    augmentation,
    composition,
    convolutions,
    dense,
    merging,
    normalization,
    pooling,
    rectifiers,
    recurrent,
    shapes,
    spatial,
)
from .model import save, to_onnx

__all__ = [
    "activations",
    "attention",
    "augmentation",
    "composition",
    "convolutions",
    "dense",
    "merging",
    "normalization",
    "pooling",
    "rectifiers",
    "recurrent",
    "save",
    "shapes",
    "spatial",
    "to_onnx",
]
