"""Products of matrices."""

from ....layers import Dense
from ....layers.base import Shape
from .table import exports
from .writer import Writer


@exports(Dense)
def dense(w: Writer, layer: Dense, x: str, shape: Shape) -> str:
    """Write a Gemm for rows of features, and MatMul and Add where there are more axes."""
    weights = [w.parameter(layer, name) for name in layer.parameters]
    if len(shape) == 1:
        return w.node("Gemm", x, *weights)
    y = w.node("MatMul", x, weights[0])
    return w.node("Add", y, weights[1]) if layer.use_bias else y
