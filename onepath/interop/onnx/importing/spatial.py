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
from .node import Node
from .table import reads
from .values import Operand, Value

_PADDING = {1: ZeroPadding1D, 2: ZeroPadding2D, 3: ZeroPadding3D}
_CROPPING = {1: Cropping1D, 2: Cropping2D, 3: Cropping3D}
_UPSAMPLING = {1: UpSampling1D, 2: UpSampling2D, 3: UpSampling3D}


@reads("Pad")
def padding(node: Node) -> Value:
    """Read a Pad with zeros around the spatial axes; less than none is a cut."""
    x = node.x
    if node.opset < 11:
        pads, value = list(node.integers("pads")), node.number("value", 0.0)
    else:
        pads, value = node.constant(1).tolist(), float(node.constant(2, 0.0))
    if node.text("mode", "constant") != "constant" or value != 0:
        raise node.refusal("pads with something else than zeros")
    axes = [axis % x.ndim for axis in (node.constant(3).tolist() if node.has(3) else range(x.ndim))]
    borders: list[Any] = [(0, 0)] * x.ndim
    for axis, *border in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
        borders[axis] = tuple(border)
    wider = [(max(a, 0), max(b, 0)) for a, b in borders]
    less = [(max(-a, 0), max(-b, 0)) for a, b in borders]
    return _bordered(node, _bordered(node, x, wider, _PADDING), less, _CROPPING)


@reads("Slice")
def slicing(node: Node) -> Operand:
    """Read a Slice that cuts the spatial axes off at their ends, or one of a constant."""
    operand = node.operand
    if node.opset < 10:
        starts, ends = node.integers("starts"), node.integers("ends")
        axes, steps = node.integers("axes", range(len(starts))), (1,) * len(starts)
    else:
        starts, ends = tuple(node.constant(1).tolist()), tuple(node.constant(2).tolist())
        axes = tuple(node.constant(3).tolist()) if node.has(3) else tuple(range(len(starts)))
        steps = tuple(node.constant(4).tolist()) if node.has(4) else (1,) * len(starts)
    cuts = {axis: slice(*cut) for axis, *cut in zip(axes, starts, ends, steps, strict=True)}
    if not isinstance(operand, Value):
        return operand[tuple(cuts.get(axis, slice(None)) for axis in range(operand.ndim))]
    x = node.x
    cuts = {axis % x.ndim: cut for axis, cut in cuts.items()}
    if set(steps) - {1} or 0 in cuts:
        raise node.refusal("takes not every element between its ends, or not every sample")
    borders = [(0, 0)]
    for axis, n in enumerate(x.shape, 1):
        start, end, _ = cuts.get(axis, slice(None)).indices(n)
        if end <= start:
            raise node.refusal(f"leaves nothing of axis {axis}, of length {n}")
        borders.append((start, n - end))
    return _bordered(node, x, borders, _CROPPING)


@reads("Resize", "Upsample")
def resizing(node: Node) -> Value:
    """Read what repeats elements a whole number of times, or interpolates between them."""
    x = node.x
    rank = len(x.shape) - 1
    interpolation = _interpolation(node)
    scales = _scales(node, x)
    factors = tuple(round(scale) for scale in scales[2:])
    if rank not in _UPSAMPLING or scales != [1, 1, *factors] or min(factors) < 1:
        raise node.refusal(
            f"scales axes by {scales}; layers do by whole numbers, spatial axes alone"
        )
    if interpolation == "nearest":
        return node.apply(_UPSAMPLING[rank](factors), x)
    if rank != 2:
        raise node.refusal(f"interpolates along {rank} spatial axes; layers do along 2")
    return node.apply(UpSampling2D(factors, interpolation="bilinear"), x)


def _interpolation(node: Node) -> str:
    """How values between elements are found; only what a layer does is let through."""
    mode = node.text("mode", "nearest")
    if node.op == "Upsample":
        where, rounding = "asymmetric", "floor"
    else:
        where = node.text("coordinate_transformation_mode", "half_pixel")
        rounding = node.text("nearest_mode", "round_prefer_floor")
    if node.opset == 10 and node.op == "Resize":
        where, rounding = "asymmetric", "floor"
    for name in ("antialias", "cubic_coeff_a", "exclude_outside", "extrapolation_value"):
        if name == "antialias" and node.integer(name, 0):
            raise node.refusal("smooths before it leaves elements out")
        node.attribute(name)
    if node.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise node.refusal("keeps the aspect ratio by a policy")
    # of a whole factor, positions by half pixels are never half-way between two elements
    repeats = (where, rounding) in (
        ("asymmetric", "floor"),
        ("half_pixel", "round_prefer_floor"),
        ("half_pixel", "round_prefer_ceil"),
    )
    if mode == "nearest" and repeats:
        return mode
    if mode == "linear" and where == "half_pixel":
        return mode
    raise node.refusal(f"resizes by mode {mode!r} with coordinates {where!r} and {rounding!r}")


def _scales(node: Node, x: Value) -> list[float]:
    """By how much each axis becomes longer."""
    if node.op == "Upsample" and node.opset < 9:
        return list(node.attribute("scales", ()))
    index = 1 if node.op == "Upsample" or node.opset == 10 else 2
    axes = node.integers("axes", range(x.ndim))
    given = node.constant(index).tolist() if node.has(index) else []
    if not given and node.has(3):
        full = x.full(1)
        sizes = node.constant(3).tolist()
        given = [
            1.0 if axis == 0 and n == node.assembly.batch else n / full[axis]
            for axis, n in zip(axes, sizes, strict=True)
        ]
    scales = [1.0] * x.ndim
    for axis, scale in zip(axes, given, strict=True):
        scales[axis] = scale
    return scales


def _bordered(node: Node, x: Value, borders: list[Any], classes: dict[int, Any]) -> Value:
    """Add or cut borders; the channels, which have none, are first or last."""
    if not np.any(borders):
        return x
    for data_format, channel in (("channels_first", 1), ("channels_last", len(x.shape))):
        spatial: Shape = tuple(axis for axis in range(1, x.ndim) if axis != channel)
        if len(spatial) in classes and not np.any([borders[0], borders[channel]]):
            sides = tuple(borders[axis] for axis in spatial)
            return node.apply(classes[len(spatial)](sides, data_format), x)
    raise node.refusal(f"has borders {borders[1:]}; layers leave the batch and the channels alone")
