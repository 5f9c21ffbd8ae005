"""Where several ways meet."""

import numpy as np

from ....layers import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from .node import Node
from .table import reads
from .values import Operand, Value

_LAYERS = {
    "Add": Add,
    "Max": Maximum,
    "Mean": Average,
    "Min": Minimum,
    "Mul": Multiply,
    "Sub": Subtract,
    "Sum": Add,
}


@reads(*_LAYERS)
def merging(node: Node) -> Value:
    """Read an operator of several inputs, element by element."""
    constants = len(node.operands) - len(node.values)
    if constants:
        raise node.refusal(
            f"takes {constants} constants, which no layer holds; a bias must be right behind a "
            "MatMul or a Conv, and a scale behind a BatchNormalization, for nothing else"
        )
    if node.opset < 7 and node.integer("broadcast", 0):
        raise node.refusal(
            "broadcasts by an axis of its own: convert the model to opset 7 or later"
        )
    node.attribute("consumed_inputs")
    if len({value.ndim for value in node.values}) > 1:
        shapes = ", ".join(str(value.shape) for value in node.values)
        raise node.refusal(f"broadcasts samples of shapes {shapes} along the batch")
    if len(node.values) == 1:
        return node.values[0]
    return node.apply(_LAYERS[node.op](), *node.values)


@reads("Concat")
def concatenation(node: Node) -> Operand:
    """Read a Concat of what is computed, or of constants."""
    axis = node.integer("axis", 1 if node.opset < 4 else 0)
    if not node.values:
        return np.concatenate(node.constants, axis)
    if node.constants:
        raise node.refusal("takes constants, which no layer holds")
    if len(node.values) == 1:
        return node.values[0]
    return node.apply(Concatenate(node.axis(node.values[0], axis)), *node.values)
