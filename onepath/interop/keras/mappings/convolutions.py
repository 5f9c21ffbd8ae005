"""Convolutions."""

from typing import Any

from ....layers import Conv1D, Conv2D, Conv3D
from ....layers.base import Shape
from ....layers.layout import shape_from_first
from ..entry import KERNEL, Around, Entry, Options, Weight

WEIGHTS = (Weight("kernel", KERNEL), Weight("bias"))


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


ENTRIES = tuple(
    Entry(layer.__name__, layer, WEIGHTS, write=unpadded, before=padding)
    for layer in (Conv1D, Conv2D, Conv3D)
)
