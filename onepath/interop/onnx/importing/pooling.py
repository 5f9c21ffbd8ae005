"""Pooling."""

from typing import Any

from ....backends import Window
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
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from .convolutions import padding_of
from .node import Node
from .table import reads
from .values import Value

Classes = dict[int, Any]

_MAX: Classes = {1: MaxPooling1D, 2: MaxPooling2D, 3: MaxPooling3D}
_AVERAGE: Classes = {1: AveragePooling1D, 2: AveragePooling2D, 3: AveragePooling3D}
_GLOBAL_AVERAGE: Classes = {
    1: GlobalAveragePooling1D,
    2: GlobalAveragePooling2D,
    3: GlobalAveragePooling3D,
}
_GLOBAL_MAX: Classes = {1: GlobalMaxPooling1D, 2: GlobalMaxPooling2D, 3: GlobalMaxPooling3D}
_PADDING: Classes = {1: ZeroPadding1D, 2: ZeroPadding2D, 3: ZeroPadding3D}


@reads("MaxPool")
def max_pooling(node: Node) -> Value:
    """Read a MaxPool; in which order it would number its elements does not matter."""
    node.integer("storage_order", 0)
    return _pool(node, node.x, _MAX)


@reads("AveragePool")
def average_pooling(node: Node) -> Value:
    """Read an AveragePool; one that counts padding is made to by zeros put there before."""
    x, pads = node.x, node.integers("pads")
    rank = len(x.shape) - 1
    counted = node.integer("count_include_pad", 0)
    if not counted or not any(pads) or rank not in _PADDING:
        return _pool(node, x, _AVERAGE)
    if node.integer("ceil_mode", 0):
        raise node.refusal("counts padding as zeros, and lets windows reach past it (ceil_mode)")
    surround = _PADDING[rank](tuple(zip(pads[:rank], pads[rank:], strict=True)))
    return _pool(node, node.apply(surround, x), _AVERAGE, padded=True)


@reads("GlobalAveragePool")
def global_average_pooling(node: Node) -> Value:
    """Read a GlobalAveragePool."""
    return node.apply(_of_rank(node, node.x, _GLOBAL_AVERAGE)(keepdims=True), node.x)


@reads("GlobalMaxPool")
def global_max_pooling(node: Node) -> Value:
    """Read a GlobalMaxPool."""
    return node.apply(_of_rank(node, node.x, _GLOBAL_MAX)(keepdims=True), node.x)


@reads("ReduceMean")
def mean(node: Node) -> Value:
    """Read a ReduceMean over all spatial axes."""
    return _over_space(node, _GLOBAL_AVERAGE)


@reads("ReduceMax")
def largest(node: Node) -> Value:
    """Read a ReduceMax over all spatial axes."""
    return _over_space(node, _GLOBAL_MAX)


def _over_space(node: Node, classes: Classes) -> Value:
    """What is left of each channel; axes came as an attribute before they came as an input."""
    x = node.x
    if node.opset < 18:
        axes = node.integers("axes")
    else:
        axes = tuple(node.constant(1).tolist()) if node.has(1) else ()
    keepdims = bool(node.integer("keepdims", 1))
    node.integer("noop_with_empty_axes", 0)
    taken = {axis % x.ndim for axis in axes}
    for data_format, channel in (("channels_first", 1), ("channels_last", len(x.shape))):
        if taken and taken == set(range(1, x.ndim)) - {channel}:
            return node.apply(_of_rank(node, x, classes)(data_format, keepdims), x)
    raise node.refusal(f"is over the axes {axes} of {x.ndim}; layers go over all spatial ones")


def _pool(node: Node, x: Value, classes: Classes, padded: bool = False) -> Value:
    """Pooling with a window that ends where the input does."""
    cls, size = _of_rank(node, x, classes), x.shape[1:]
    pool, ones = node.integers("kernel_shape"), (1,) * len(size)
    strides = node.integers("strides", ones)
    if node.integers("dilations", ones) != ones:
        raise node.refusal("has a window with holes (dilations)")
    padding = "valid" if padded else padding_of(node, size, pool, strides, ones)
    window = Window.over(size, pool, strides, padding)
    left = [(n - e) % s for n, e, s in zip(window.padded_size, pool, strides, strict=True)]
    if node.integer("ceil_mode", 0) and padding != "same" and any(left):
        raise node.refusal(f"lets windows reach past the end of {size} (ceil_mode)")
    return node.apply(cls(pool, strides, padding), x)


def _of_rank(node: Node, x: Value, classes: Classes) -> Any:
    """The class for as many spatial axes as there are."""
    rank = len(x.shape) - 1
    if rank not in classes:
        raise node.refusal(f"has {rank} spatial axes; there are layers for {sorted(classes)}")
    return classes[rank]
