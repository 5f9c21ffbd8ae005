"""What a convolution sees of an array: through each tap, or through all of them at once."""

from functools import lru_cache
from itertools import product
from operator import mul
from typing import Any, NamedTuple, TypeAlias

from ..types import Array
from .engine import Device
from .geometry import Ints
from .sampling import Axis
from .strides import inverse

Index: TypeAlias = tuple[Any, ...]


class View(NamedTuple):
    """What is seen of an array (G, D, n, *inputs) through a window (G, D, *taps, n, *outputs).

    Attributes
    ----------
    taps, outputs, steps, gaps : tuple of int
        As in the axes.
    inputs, inside : tuple of slice
        Which inputs are seen, and where they lie among all that is seen.
    sizes : tuple of int
        How much is seen along each axis.
    untouched : bool
        Whether each input is seen once, in order.
    """

    taps: Ints
    outputs: Ints
    steps: Ints
    gaps: Ints
    inputs: tuple[slice, ...]
    inside: tuple[slice, ...]
    sizes: Ints
    untouched: bool


@lru_cache(maxsize=4096)
def view(axes: tuple[Axis, ...]) -> View:
    """Work out what is seen; it is remembered."""
    _, outputs, taps, _, steps, gaps = zip(*axes, strict=True)
    spanned = [axis.spanned() for axis in axes]
    sizes = tuple(axis.outputs for axis in spanned)
    inside, inputs = zip(*(axis.met(0) for axis in spanned), strict=True)
    padded = any(i.stop - i.start < size for i, size in zip(inside, sizes, strict=True))
    untouched = not padded and set(taps) == set(steps) == {1}
    return View(taps, outputs, steps, gaps, inputs, inside, sizes, untouched)


class Meetings(NamedTuple):
    """Where each tap meets inputs.

    Attributes
    ----------
    pairs : tuple of (index, index)
        For each tap in row-major order, where outputs meet an input by it, and these inputs.
    edges : tuple of index
        Where outputs meet none.
    """

    pairs: tuple[tuple[Index, Index], ...]
    edges: tuple[Index, ...]


@lru_cache(maxsize=256)
def meetings(axes: tuple[Axis, ...]) -> Meetings:
    """Work out where taps meet inputs; a few of them are remembered, as there may be many taps."""
    pairs, edges = [], []
    for along in product(*([(k, *axis.met(k)) for k in range(axis.taps)] for axis in axes)):
        tap, met, sources = zip(*along, strict=True)
        here = (slice(None), slice(None), *tap, slice(None))
        pairs.append(((*here, *met), (..., *sources)))
        for place, (axis, within) in enumerate(zip(axes, met, strict=True)):
            before = (*here, *(slice(None),) * place)
            if within.start > 0:
                edges.append((*before, slice(0, within.start)))
            if within.stop < axis.outputs:
                edges.append((*before, slice(within.stop, None)))
    return Meetings(tuple(pairs), tuple(edges))


def fill(columns: Array, x: Array, axes: tuple[Axis, ...]) -> None:
    """Copy what each tap sees of x (G, D, n, *inputs) into columns (G, D, *taps, n, *outputs)."""
    pairs, edges = meetings(axes)
    for edge in edges:
        columns[edge] = 0
    for outputs, inputs in pairs:
        columns[outputs] = x[inputs]


def collect(columns: Array, x: Array, axes: tuple[Axis, ...]) -> None:
    """Add what `fill` would copy back to where it came from, one tap after the other."""
    for outputs, inputs in meetings(axes).pairs:
        part = x[inputs]
        part += columns[outputs]


def windows(device: Device, x: Array, seen: View) -> Array:
    """View x (G, D, n, *inputs), padded where it must be, as (G, D, *taps, n, *outputs)."""
    x = x[(..., *seen.inputs)]
    if x.shape[3:] != seen.sizes:
        x = _surrounded(device, x, seen)
    strides = x.strides[3:]
    return device.xp.lib.stride_tricks.as_strided(
        x,
        (*x.shape[:2], *seen.taps, x.shape[2], *seen.outputs),
        (
            *x.strides[:2],
            *map(mul, strides, seen.gaps),
            x.strides[2],
            *map(mul, strides, seen.steps),
        ),
    )


def _surrounded(device: Device, x: Array, seen: View) -> Array:
    """Lay zeros around the last axes of x, in scratch memory of the same order."""
    order = sorted(range(x.ndim), key=x.strides.__getitem__, reverse=True)
    shape = (*x.shape[:3], *seen.sizes)
    room = device.workspace.take("padded", tuple(shape[axis] for axis in order), x.dtype)
    room = room.transpose(inverse(order))
    for place, (within, size) in enumerate(zip(seen.inside, seen.sizes, strict=True), start=3):
        before = (slice(None),) * place
        if within.start > 0:
            room[(*before, slice(0, within.start))] = 0
        if within.stop < size:
            room[(*before, slice(within.stop, None))] = 0
    room[(..., *seen.inside)] = x
    return room
