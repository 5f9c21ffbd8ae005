"""Convolutions."""

from typing import Any

from ....layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from ....layers.base import Shape
from ....layers.layout import shape_from_first
from ...errors import UnsupportedLayerError
from ..entry import DEPTHWISE, KERNEL, Around, Entry, Options, Weight

BIAS = Weight("bias")
WEIGHTS = (Weight("kernel", KERNEL), BIAS)
SEPARATE = (Weight("depthwise_kernel", DEPTHWISE), Weight("pointwise_kernel", KERNEL), BIAS)


def padding(layer: Any, shape: Shape) -> list[Around]:
    """Return a layer that pads, for what Keras's convolutions have no word."""
    if layer.padding in ("valid", "same"):
        return []
    geometry = layer.geometry(shape)
    pads = [list(each) for each in geometry.window.pads]
    options = {"padding": pads[0] if len(pads) == 1 else pads, "data_format": layer.data_format}
    size = [n + sum(pad) for n, pad in zip(geometry.input_shape[1:], pads, strict=True)]
    padded = shape_from_first((geometry.channels, *size), layer.data_format)
    return [Around("padding", f"ZeroPadding{len(pads)}D", options, padded)]


def unpadded(options: Options, shape: Any) -> Options:
    """Say "valid" where a layer before has padded."""
    if options["padding"] not in ("valid", "same"):
        return {**options, "padding": "valid"}
    return options


def transposed(options: Options, shape: Any) -> Options:
    """Refuse what Keras's transposed convolutions have not."""
    options = dict(options)
    if options["padding"] not in ("valid", "same") or options.pop("groups") != 1:
        raise UnsupportedLayerError(
            "Keras has transposed convolutions with padding 'valid' or 'same', and without groups"
        )
    return options


ENTRIES = (
    *(
        Entry(cls.__name__, cls, WEIGHTS, write=unpadded, before=padding)
        for cls in (Conv1D, Conv2D, Conv3D)
    ),
    *(
        Entry(cls.__name__, cls, WEIGHTS, write=transposed)
        for cls in (Conv1DTranspose, Conv2DTranspose, Conv3DTranspose)
    ),
    *(
        Entry(
            cls.__name__, cls, (Weight("kernel", DEPTHWISE), BIAS), write=unpadded, before=padding
        )
        for cls in (DepthwiseConv1D, DepthwiseConv2D)
    ),
    *(
        Entry(cls.__name__, cls, SEPARATE, write=unpadded, before=padding)
        for cls in (SeparableConv1D, SeparableConv2D)
    ),
)
