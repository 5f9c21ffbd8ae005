"""What a convolution sees of an array: through each tap, or through all of them at once."""

import math
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

FEW = 9
"""Taps up to which copying what each meets is faster than padding first."""

LITTLE = 1 << 13
"""Elements by tap below which it is not."""


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


class Filling(NamedTuple):
    """How columns in scratch memory are filled, with every view of it made once.

    Attributes
    ----------
    edges : tuple of array
        What is set to 0.
    pairs : tuple of (array, index)
        What takes which part of an array (G, D, n, *inputs).
    copies : tuple of (array, array)
        What takes what of the scratch memory, at last.
    """

    edges: tuple[Array, ...]
    pairs: tuple[tuple[Array, Index], ...]
    copies: tuple[tuple[Array, Array], ...] = ()

    @classmethod
    def of(cls, device: Device, columns: Array, axes: tuple[Axis, ...], places: Ints) -> "Filling":
        """Choose a way to fill columns (G, D, *taps, n, *outputs).

        Parameters
        ----------
        device : Device
            Where they are.
        columns : array
            The columns.
        axes : tuple of Axis
            Which input meets which output.
        places : tuple of int
            In which order samples (0) and spatial axes (from 1 on) lie in memory.
        """
        rank, taps = len(axes), math.prod(columns.shape[2 : 2 + len(axes)])
        if taps <= FEW and columns.size >= LITTLE * taps:
            pairs, edges = _meetings(axes)
            return cls(
                tuple(columns[edge] for edge in edges),
                tuple((columns[outputs], inputs) for outputs, inputs in pairs),
            )
        seen = view(axes)
        sizes = columns.shape[2 + rank], *seen.sizes
        room = device.workspace.take(
            "padded", (*columns.shape[:2], *(sizes[place] for place in places)), columns.dtype
        )
        room = room.transpose(0, 1, *(2 + place for place in inverse(places)))
        inside = room[(..., *seen.inside)]
        windows = _windows(device.xp, room, seen)
        edges = () if inside.shape == room.shape else (room,)
        return cls(edges, ((inside, (..., *seen.inputs)),), ((columns, windows),))

    def fill(self, x: Array) -> None:
        """Let the columns have what their taps see of x (G, D, n, *inputs)."""
        for edge in self.edges:
            edge[...] = 0
        for room, place in self.pairs:
            room[...] = x[place]
        for room, source in self.copies:
            room[...] = source


@lru_cache(maxsize=256)
def _meetings(axes: tuple[Axis, ...]) -> tuple[tuple[tuple[Index, Index], ...], tuple[Index, ...]]:
    """Where each tap, in row-major order, meets inputs: which outputs, which inputs.

    Besides, where outputs meet none. Little is remembered, as there may be many taps.
    """
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
    return tuple(pairs), tuple(edges)


class Collecting(NamedTuple):
    """How columns are added up where they come from, with every view of them made once.

    Attributes
    ----------
    pairs : tuple of (array, index)
        What of the columns is added to which part of an array (G, D, n, *inputs).
    """

    pairs: tuple[tuple[Array, Index], ...]

    @classmethod
    def of(cls, columns: Array, axes: tuple[Axis, ...]) -> "Collecting":
        """Take columns (G, D, *taps, n, *outputs) tap by tap."""
        pairs, _ = _meetings(axes)
        return cls(tuple((columns[outputs], inputs) for outputs, inputs in pairs))

    def collect(self, x: Array) -> None:
        """Let x (G, D, n, *inputs) be the sums, always added up in the same order."""
        x[...] = 0
        for column, inputs in self.pairs:
            part = x[inputs]
            part += column


def _windows(xp: Any, x: Array, seen: View) -> Array:
    """View x (G, D, n, *sizes) as (G, D, *taps, n, *outputs)."""
    strides = x.strides[3:]
    return xp.lib.stride_tricks.as_strided(
        x,
        (*x.shape[:2], *seen.taps, x.shape[2], *seen.outputs),
        (
            *x.strides[:2],
            *map(mul, strides, seen.gaps),
            x.strides[2],
            *map(mul, strides, seen.steps),
        ),
    )
