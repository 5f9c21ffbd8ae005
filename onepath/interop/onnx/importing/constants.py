"""What is known before any input is: constants, and shapes that are computed with."""

from typing import Any

import numpy as np

from ....layers import Embedding
from .node import Node
from .table import reads
from .tensors import array_of
from .values import Operand, Value


@reads("Constant")
def constant(node: Node) -> Any:
    """Read a Constant."""
    tensor = node.attribute("value")
    if tensor is not None:
        return array_of(node.assembly.onnx, tensor, node.place)
    kinds = (("value_float", "value_floats", np.float32), ("value_int", "value_ints", np.int64))
    for single, several, dtype in kinds:
        number, numbers = node.attribute(single), node.attribute(several)
        if number is not None or numbers is not None:
            return np.array(numbers if number is None else number, dtype=dtype)
    raise node.refusal("holds neither numbers nor a tensor of them")


@reads("Identity")
def identity(node: Node) -> Operand:
    """Read an Identity: nothing is done."""
    return node.operand


@reads("Cast")
def cast(node: Node) -> Operand:
    """Read a Cast of a constant, or to what something is already."""
    dtype = node.assembly.onnx.helper.tensor_dtype_to_np_dtype(node.integer("to", 0))
    operand = node.operand
    node.attribute("saturate")
    if not isinstance(operand, Value):
        return operand.astype(dtype)
    if operand.dtype != dtype:
        raise node.refusal(f"converts {operand.dtype} to {dtype}; layers keep what they get")
    return operand


@reads("Shape")
def shape(node: Node) -> Any:
    """Read a Shape, of which the batch's length may be unknown."""
    x = node.value(0)
    lengths = np.array(x.full(node.assembly.batch), dtype=np.int64)
    return lengths[node.integer("start", 0) : node.integer("end", x.ndim)]


@reads("Gather")
def gather(node: Node) -> Operand:
    """Read a Gather from a constant: by constant indices, or of a vector for each that is given."""
    numbers, axis = node.constant(0), node.integer("axis", 0)
    if not node.values:
        return np.asarray(numbers.take(node.constant(1), axis=axis))
    if numbers.ndim != 2 or axis != 0:
        raise node.refusal(f"takes along axis {axis} of shape {numbers.shape}; layers take rows")
    layer = Embedding(len(numbers), numbers.shape[1], dtype=str(numbers.dtype))
    return node.apply(layer, node.value(1), embeddings=numbers)
