"""Normalization."""

from typing import Any

import numpy as np

from ....layers import (
    BatchNormalization,
    GroupNormalization,
    InstanceNormalization,
    LayerNormalization,
    RMSNormalization,
)
from ....layers.base import Shape
from .layouts import channels_on
from .table import exports
from .writer import Writer


@exports(BatchNormalization)
def batch_normalization(w: Writer, layer: BatchNormalization, x: str, shape: Shape) -> str:
    """Write a BatchNormalization by the moving mean and variance."""
    ndim = len(shape) + 1
    channel = layer.axis % ndim
    moving = [w.parameter(layer, name) for name in ("moving_mean", "moving_variance")]
    weights = [*_scale_and_shift(w, layer, (shape[channel - 1],)), *moving]
    options = {"epsilon": layer.epsilon, "momentum": layer.momentum}
    return channels_on(
        w, channel, ndim, x, lambda x: w.node("BatchNormalization", x, *weights, **options)
    )


@exports(GroupNormalization, InstanceNormalization)
def group_normalization(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a GroupNormalization, or an InstanceNormalization where each channel is a group."""
    ndim = len(shape) + 1
    channel = layer.axis % ndim
    channels = shape[channel - 1]
    weights = _scale_and_shift(w, layer, (channels,))
    op, options = "InstanceNormalization", {"epsilon": layer.epsilon}
    if layer.groups not in (-1, channels):
        op, options = "GroupNormalization", {**options, "num_groups": layer.groups}

    def write(x: str) -> str:
        if len(shape) > 1:
            return w.node(op, x, *weights, **options)
        wide = w.node("Unsqueeze", x, w.ints("axes", (2,)))  # these operators want a spatial axis
        return w.node("Flatten", w.node(op, wide, *weights, **options), axis=1)

    return channels_on(w, channel, ndim, x, write)


@exports(LayerNormalization)
def layer_normalization(w: Writer, layer: LayerNormalization, x: str, shape: Shape) -> str:
    """Write a LayerNormalization, over the last axes."""
    axes = _axes(layer, len(shape) + 1)
    weights = _scale_and_shift(w, layer, tuple(shape[axis - 1] for axis in axes))
    others = [axis for axis in range(len(shape) + 1) if axis not in axes]
    there = (*others, *axes)
    y = w.node(
        "LayerNormalization",
        w.transpose(x, there),
        *weights,
        axis=-len(axes),
        epsilon=layer.epsilon,
    )
    return w.transpose(y, sorted(range(len(there)), key=there.__getitem__))


@exports(RMSNormalization)
def rms_normalization(w: Writer, layer: RMSNormalization, x: str, shape: Shape) -> str:
    """Write the formula: the operator of that name is younger than the version written."""
    axes = _axes(layer, len(shape) + 1)
    mean = w.node("ReduceMean", w.node("Mul", x, x), w.ints("axes", axes), keepdims=1)
    root = w.node("Sqrt", w.node("Add", mean, w.number(x, layer.epsilon)))
    gamma = w.array(layer, "gamma")
    wide = [n if axis in axes else 1 for axis, n in enumerate(shape, 1)]
    return w.node("Mul", w.node("Div", x, root), w.constant("gamma", gamma.reshape(wide)))


def _scale_and_shift(w: Writer, layer: Any, shape: Shape) -> list[str]:
    """Scale and shift; ones and zeros for a layer that has none, as ONNX wants both."""
    names = []
    for name, neutral in (("gamma", 1), ("beta", 0)):
        if name in layer.parameters:
            names.append(w.parameter(layer, name))
        else:
            names.append(w.constant(name, np.full(shape, neutral, dtype=layer.variable_dtype)))
    return names


def _axes(layer: Any, ndim: int) -> Shape:
    axes = layer.axis if isinstance(layer.axis, tuple) else (layer.axis,)
    return tuple(sorted(axis % ndim for axis in axes))
