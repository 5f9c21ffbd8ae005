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
from .node import Node, by_channel
from .table import reads
from .values import Value


@reads("BatchNormalization")
def batch_normalization(node: Node) -> Value:
    """Read a BatchNormalization by a moving mean and variance."""
    x = node.x
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    weights = {name: node.constant(index) for index, name in enumerate(names, 1)}
    if (node.opset < 7 and not node.integer("is_test", 0)) or node.integer("training_mode", 0):
        raise node.refusal("takes its statistics from the batch: export the model for inference")
    if not node.integer("spatial", 1) or not x.shape:
        raise node.refusal("has statistics for each position, not for each channel")
    for array in weights.values():
        node.expect("channels", x.shape[0], array.size)
    _take_in(node, weights, x)
    layer = BatchNormalization(
        momentum=node.number("momentum", 0.9),
        epsilon=node.number("epsilon", 1e-5),
        dtype=str(weights["gamma"].dtype),
    )
    return node.apply(layer, x, **weights)


def _take_in(node: Node, weights: dict[str, Any], x: Value) -> None:
    """Take a scale and a shift of each channel in that follow: Caffe had them in a layer apart."""
    channels, rank = x.shape[0], len(x.shape) - 1
    scale = node.followed_by("Mul")
    if by_channel(scale, channels, rank):
        node.absorb()
        for name in ("gamma", "beta"):
            weights[name] = weights[name] * scale.reshape(-1)
    shift = node.followed_by("Add")
    if by_channel(shift, channels, rank):
        node.absorb()
        weights["beta"] = weights["beta"] + shift.reshape(-1)


@reads("InstanceNormalization")
def instance_normalization(node: Node) -> Value:
    """Read an InstanceNormalization."""
    return _by_channel(node, lambda **options: InstanceNormalization(**options))


@reads("GroupNormalization")
def group_normalization(node: Node) -> Value:
    """Read a GroupNormalization; before opset 21 a group had one scale."""
    groups = node.integer("num_groups", 1)
    repeats = 1 if node.opset >= 21 or not node.x.shape else node.x.shape[0] // groups
    node.integer("stash_type", 1)
    return _by_channel(node, lambda **options: GroupNormalization(groups, **options), repeats)


@reads("LayerNormalization")
def layer_normalization(node: Node) -> Value:
    """Read a LayerNormalization over the last axes."""
    x, axes, weights = _last_axes(node)
    if node.has(2):
        weights["beta"] = _fitted(node, 2, weights["gamma"].shape)
    layer = LayerNormalization(
        axes,
        node.number("epsilon", 1e-5),
        center=node.has(2),
        dtype=str(weights["gamma"].dtype),
    )
    return node.apply(layer, x, **weights)


@reads("RMSNormalization")
def rms_normalization(node: Node) -> Value:
    """Read an RMSNormalization over the last axes."""
    x, axes, weights = _last_axes(node)
    layer = RMSNormalization(axes, node.number("epsilon", 1e-5), dtype=str(weights["gamma"].dtype))
    return node.apply(layer, x, **weights)


def _by_channel(node: Node, make: Any, repeats: int = 1) -> Value:
    """Normalization with a scale and a shift for each channel."""
    x = node.x
    if not x.shape:
        raise node.refusal("takes samples without channels")
    gamma, beta = (np.repeat(node.constant(index), repeats) for index in (1, 2))
    node.expect("channels", x.shape[0], gamma.size)
    layer = make(epsilon=node.number("epsilon", 1e-5), dtype=str(gamma.dtype))
    return node.apply(layer, x, gamma=gamma, beta=beta)


def _last_axes(node: Node) -> tuple[Value, tuple[int, ...], dict[str, Any]]:
    """The input, its axes from one on, and the scale along them."""
    x = node.x
    if node.integer("stash_type", 1) != 1:
        raise node.refusal("takes means in another dtype than float32")
    first = node.axis(x, node.integer("axis", -1))
    axes = tuple(range(first, x.ndim))
    return x, axes, {"gamma": _fitted(node, 1, x.shape[first - 1 :])}


def _fitted(node: Node, index: int, shape: tuple[int, ...]) -> Any:
    """A constant of a shape, or that can be broadcast to one as long."""
    array = node.constant(index)
    if array.size != np.prod(shape, dtype=object):
        raise node.refusal(f"has an array of shape {array.shape} for axes of {shape}")
    return array.reshape(shape)
