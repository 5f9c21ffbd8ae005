"""How arrays lie in memory, as far as it matters for speed."""

import math
from collections.abc import Sequence

from ..types import Array
from .engine import Device
from .geometry import Ints
from .sampling import Axis


def in_a_row(array: Array, first: int) -> bool:
    """Whether the axes from ``first`` on lie in memory as one."""
    expected = array.dtype.itemsize
    for length, stride in zip(array.shape[:first:-1], array.strides[:first:-1], strict=True):
        if length > 1 and stride != expected:
            return False
        expected *= length
    length, stride = array.shape[first], array.strides[first]
    return bool(length == 1 or stride == expected)


def batch_last(x: Array) -> bool:
    """Whether the samples of a batch lie interleaved in memory, element by element."""
    return len(x) > 1 and all(
        x.strides[0] < stride
        for length, stride in zip(x.shape[1:], x.strides[1:], strict=True)
        if length > 1
    )


def crowded(x: Array, axes: tuple[Axis, ...]) -> bool:
    """Whether columns lie in such short runs that the samples are better interleaved first."""
    run, taps = axes[-1].outputs, math.prod(axis.taps for axis in axes)
    return len(x) >= 8 and not batch_last(x) and (run < 12 or (run < 32 and taps > 9)) and taps > 1


def packed(device: Device, name: str, x: Array) -> Array:
    """Return a batch with its samples interleaved, in scratch memory of that name."""
    room = packing_room(device, name, x)
    room[...] = x
    return room


def packing_room(device: Device, name: str, x: Array) -> Array:
    """Return scratch memory of that name for a batch like x with its samples interleaved."""
    room = device.workspace.take(name, (*x.shape[1:], len(x)), x.dtype)
    return device.xp.moveaxis(room, -1, 0)


def by_group(x: Array, groups: int) -> Array:
    """(n, G*D, *size) -> (G, D, n, *size), as a view."""
    x = x.reshape(len(x), groups, -1, *x.shape[2:])
    return x.transpose(1, 2, 0, *range(3, x.ndim))


def inverse(order: Sequence[int]) -> Ints:
    """Return the order that undoes a transposition."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))
