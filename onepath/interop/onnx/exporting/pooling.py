"""Pooling."""

from typing import Any

from ....layers import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from ....layers.base import Shape
from ....layers.layout import shape_to_first
from .convolutions import window_of
from .layouts import channels_first
from .table import exports
from .writer import Writer


@exports(MaxPooling1D, MaxPooling2D, MaxPooling3D)
def max_pooling(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a MaxPool."""
    return _pooling(w, "MaxPool", layer, x, shape)


@exports(AveragePooling1D, AveragePooling2D, AveragePooling3D)
def average_pooling(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write an AveragePool, which leaves padding out of its means as ours do."""
    return _pooling(w, "AveragePool", layer, x, shape)


@exports(GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D)
def global_average_pooling(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a GlobalAveragePool, which keeps the axes."""
    return _global(w, "GlobalAveragePool", layer, x, shape)


@exports(GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D)
def global_max_pooling(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a GlobalMaxPool, which keeps the axes."""
    return _global(w, "GlobalMaxPool", layer, x, shape)


def _pooling(w: Writer, op: str, layer: Any, x: str, shape: Shape) -> str:
    window = layer.window(shape_to_first(shape, layer.data_format)[1:])
    options = window_of(window)
    return channels_first(w, layer, x, shape, lambda x: w.node(op, x, **options))


def _global(w: Writer, op: str, layer: Any, x: str, shape: Shape) -> str:
    """One number for each channel; the axes that are left have length 1, and may be taken off."""
    if layer.keepdims:
        return channels_first(w, layer, x, shape, lambda x: w.node(op, x))
    if layer.data_format == "channels_last":
        x = w.transpose(x, (0, len(shape), *range(1, len(shape))))
    return w.node("Flatten", w.node(op, x), axis=1)
