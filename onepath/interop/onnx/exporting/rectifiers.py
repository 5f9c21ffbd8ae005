"""Rectified linear units."""

from typing import Any

from ....layers import LeakyReLU, ReLU
from ....layers.base import Shape
from .table import exports
from .writer import Writer


@exports(ReLU, LeakyReLU)
def relu(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a Relu, or what comes near to it with the options."""
    slope, threshold, most = layer.negative_slope, layer.threshold, layer.max_value
    if most is not None and not (slope or threshold):
        return w.node("Clip", x, w.number(x, 0), w.number(x, most))
    if threshold:
        y = w.node("ThresholdedRelu", x, alpha=threshold)
        if slope:
            below = w.node("Min", w.node("Sub", x, w.number(x, threshold)), w.number(x, 0))
            y = w.node("Add", y, w.node("Mul", below, w.number(x, slope)))
    else:
        y = w.node("LeakyRelu", x, alpha=slope) if slope else w.node("Relu", x)
    return y if most is None else w.node("Min", y, w.number(x, most))
