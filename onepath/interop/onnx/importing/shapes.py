"""What changes the shape alone."""

import math

import numpy as np

from ....layers import Flatten, Permute, RepeatVector, Reshape
from ....layers.base import Shape
from .node import Node
from .table import reads
from .values import BATCH, Operand, Value, shown


@reads("Flatten")
def flatten(node: Node) -> Value:
    """Read a Flatten that keeps the samples apart."""
    x, axis = node.x, node.integer("axis", 1)
    if axis % x.ndim != 1 % x.ndim:
        raise node.refusal(f"flattens {x.ndim} axes from axis {axis} on, which mixes the samples")
    return node.apply(Flatten(), x)


@reads("Reshape")
def reshape(node: Node) -> Operand:
    """Read a Reshape to a constant shape that keeps the samples apart."""
    x = node.operand
    old = node.integers("shape")
    target = [int(n) for n in (old if node.opset < 5 else node.constant(1))]
    copies = not node.integer("allowzero", 0)
    if not isinstance(x, Value):
        return x.reshape(target)
    batch, full = x.batch, x.full(node.assembly.batch)
    if copies:
        target = [full[i] if n == 0 and i < len(full) else n for i, n in enumerate(target)]
    sample = [*target[:batch], *target[batch + 1 :]]
    open_batch = target[batch : batch + 1] == [-1] and math.prod(sample) == math.prod(x.shape)
    apart = target[:batch] == list(full[:batch]) and (
        target[batch : batch + 1] == [full[batch]] or open_batch
    )
    if not apart or BATCH in sample:
        raise node.refusal(f"makes {shown(target)} of samples of shape {x.shape}, which mixes them")
    return _reshaped(node, x, tuple(sample), batch)


@reads("Squeeze", "Unsqueeze")
def squeeze(node: Node) -> Operand:
    """Read what takes axes of length 1 off, or puts them in."""
    x = node.operand
    axes = node.integers("axes") if node.opset < 13 else _axes(node)
    if not isinstance(x, Value):
        return np.expand_dims(x, axes) if node.op == "Unsqueeze" else np.squeeze(x, axes or None)
    full = list(x.full(BATCH))
    if node.op == "Unsqueeze":
        for axis in sorted(axis % (len(full) + len(axes)) for axis in axes):
            full.insert(axis, 1)
    else:
        axes = axes or tuple(axis for axis, n in enumerate(full) if n == 1)
        if any(full[axis] != 1 for axis in axes):
            raise node.refusal(f"takes off the axes {axes} of {x.shape} and the batch")
        gone = {axis % len(full) for axis in axes}
        full = [n for axis, n in enumerate(full) if axis not in gone]
    batch = full.index(BATCH)
    return _reshaped(node, x, (*full[:batch], *full[batch + 1 :]), batch)


@reads("Tile")
def tile(node: Node) -> Value:
    """Read a Tile of vectors along an axis of length 1."""
    x, repeats = node.x, node.constant(1).tolist()
    if len(x.shape) != 2 or x.shape[0] != 1 or repeats[::2] != [1, 1]:
        raise node.refusal(
            f"repeats samples of shape {x.shape} by {repeats}; layers repeat vectors"
        )
    return node.apply(RepeatVector(repeats[1]), node.apply(Reshape(x.shape[1:]), x))


@reads("Transpose")
def transpose(node: Node) -> Operand:
    """Read a Transpose; where the batch comes to lie is remembered, other axes change places."""
    x = node.operand
    if not isinstance(x, Value):
        return x.transpose(node.integers("perm", range(x.ndim)[::-1]))
    perm = node.integers("perm", range(x.ndim)[::-1])
    if sorted(perm) != list(range(x.ndim)):
        raise node.refusal(f"has perm {perm} for {x.ndim} axes")
    batch = perm.index(x.batch)
    dims = tuple(axis + (axis < x.batch) for axis in perm if axis != x.batch)
    if dims != tuple(sorted(dims)):
        x = node.apply(Permute(dims), x)
    return Value(x.name, x.shape, x.dtype, batch)


def _reshaped(node: Node, x: Value, shape: Shape, batch: int) -> Value:
    """The value in another shape, which takes no layer if only the batch's axis is another."""
    if shape != x.shape:
        x = node.apply(Reshape(shape), x)
    return Value(x.name, x.shape, x.dtype, batch)


def _axes(node: Node) -> Shape:
    return tuple(node.constant(1).tolist()) if node.has(1) else ()
