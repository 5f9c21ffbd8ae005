"""How arrays lie in memory, as far as it matters for speed."""

from collections.abc import Sequence

from ..types import Array
from .engine import Device
from .geometry import Ints


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
    return bool(len(x) > 1 and x.strides[0] < min(x.strides[1:]))


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
    if groups == 1:
        return x.swapaxes(0, 1)[None]
    x = x.reshape(len(x), groups, -1, *x.shape[2:])
    return x.transpose(1, 2, 0, *range(3, x.ndim))


def inverse(order: Sequence[int]) -> Ints:
    """Return the order that undoes a transposition."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))
