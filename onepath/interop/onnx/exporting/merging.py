"""Where several ways meet."""

from typing import Any

from ....layers import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from ....layers.base import Shape
from .table import exports
from .writer import Writer

_OPERATORS = {
    Add: "Sum",
    Average: "Mean",
    Maximum: "Max",
    Minimum: "Min",
    Multiply: "Mul",
    Subtract: "Sub",
}


@exports(*_OPERATORS)
def merging(w: Writer, layer: Any, x: tuple[str, ...], shapes: tuple[Shape, ...]) -> str:
    """Write an operator of several inputs; ONNX's Mul alone takes two at a time."""
    rank = max(map(len, shapes))
    same = [_widened(w, name, shape, rank) for name, shape in zip(x, shapes, strict=True)]
    op = _OPERATORS[type(layer)]
    if op == "Mul":
        y = same[0]
        for other in same[1:]:
            y = w.node(op, y, other)
        return y
    return w.node("Add" if op == "Sum" and len(same) == 2 else op, *same)


@exports(Concatenate)
def concatenation(w: Writer, layer: Concatenate, x: tuple[str, ...], shapes: Any) -> str:
    """Write a Concat."""
    return w.node("Concat", *x, axis=layer.axis)


def _widened(w: Writer, x: str, shape: Shape, rank: int) -> str:
    """Give samples as many axes as the others have: ONNX would broadcast over the batch."""
    missing = rank - len(shape)
    if not missing:
        return x
    return w.node("Unsqueeze", x, w.ints("axes", range(1, missing + 1)))
