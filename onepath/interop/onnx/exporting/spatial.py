"""What enlarges the spatial axes, or cuts them."""

from typing import Any

import numpy as np

from ....layers import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from ....layers.base import Shape
from ....layers.layout import shape_from_first, shape_to_first
from .layouts import channels_first
from .table import exports
from .writer import Writer


@exports(ZeroPadding1D, ZeroPadding2D, ZeroPadding3D)
def zero_padding(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a Pad with zeros."""
    before, after = _borders(layer._pads, layer.data_format)
    return w.node("Pad", x, w.ints("pads", (0, *before, 0, *after)))


@exports(Cropping1D, Cropping2D, Cropping3D)
def cropping(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a Slice."""
    return sliced(w, x, shape, layer._pads, layer.data_format)


def sliced(w: Writer, x: str, shape: Shape, pads: Any, data_format: str) -> str:
    """Write a Slice that cuts so much off each spatial axis."""
    before, after = _borders(pads, data_format)
    ends = [n - cut for n, cut in zip(shape, after, strict=True)]
    axes = range(1, len(shape) + 1)
    return w.node("Slice", x, w.ints("starts", before), w.ints("ends", ends), w.ints("axes", axes))


@exports(UpSampling1D, UpSampling2D, UpSampling3D)
def up_sampling(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a Resize by whole factors."""
    old = shape_to_first(shape, layer.data_format)[1:]
    new = shape_to_first(layer.compute_output_shape(shape), layer.data_format)[1:]
    scales = [1.0, 1.0, *(m / n for n, m in zip(old, new, strict=True))]
    if getattr(layer, "interpolation", "nearest") == "nearest":
        options = {
            "mode": "nearest",
            "coordinate_transformation_mode": "asymmetric",
            "nearest_mode": "floor",
        }
    else:
        options = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    factors = w.constant("scales", np.array(scales, dtype=np.float32))
    return channels_first(w, layer, x, shape, lambda x: w.node("Resize", x, "", factors, **options))


def _borders(pads: Any, data_format: str) -> tuple[Shape, Shape]:
    """What is before and after each axis of a sample; nothing beside the channels."""
    before, after = zip(*pads, strict=True)
    return shape_from_first((0, *before), data_format), shape_from_first((0, *after), data_format)
