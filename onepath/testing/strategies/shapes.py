"""Windows and geometries."""

from typing import Any, TypeAlias, TypeVar

from hypothesis import strategies as st

from ...backends import Geometry, Window
from ...backends.convolution.geometry import Ints, Padding

T = TypeVar("T")
Spelled: TypeAlias = T | tuple[T, ...]

LARGEST = {1: 9, 2: 6, 3: 4}
"""The largest side of a window's input, by the number of spatial axes."""


@st.composite
def windows(draw: st.DrawFn, rank: int | None = None) -> Window:
    """Windows over one to three axes, with strides, dilation, and padding of every kind.

    Parameters
    ----------
    rank : int, optional
        The number of axes, if it is to be a certain one.

    Returns
    -------
    strategy of Window
    """
    size = draw(_sizes(rank))
    return Window.over(size, **draw(window_options(size)))


@st.composite
def geometries(draw: st.DrawFn, rank: int | None = None) -> Geometry:
    """Geometries of convolutions: windows as `windows` draws them, channels, filters and groups.

    Parameters
    ----------
    rank : int, optional
        The number of spatial axes, if it is to be a certain one.

    Returns
    -------
    strategy of Geometry
    """
    channels, size = draw(st.integers(1, 4)), draw(_sizes(rank))
    return Geometry.of((channels, *size), **draw(convolution_options(channels, size)))


def _sizes(rank: int | None) -> st.SearchStrategy[Ints]:
    ranks = LARGEST if rank is None else (rank,)
    return st.sampled_from(sorted(ranks)).flatmap(
        lambda rank: st.tuples(*[st.integers(1, LARGEST[rank])] * rank)
    )


@st.composite
def convolution_options(draw: st.DrawFn, channels: int, size: Ints) -> dict[str, Any]:
    """Arguments of `Geometry.of`, as users write them."""
    groups = draw(st.sampled_from([n for n in range(1, channels + 1) if channels % n == 0]))
    filters = groups * draw(st.integers(1, 2))
    return {"filters": filters, "groups": groups, **draw(window_options(size))}


@st.composite
def window_options(draw: st.DrawFn, size: Ints) -> dict[str, Any]:
    """Arguments of `Window.over` that fit, as users write them."""
    padding = draw(paddings((2,) * len(size)))
    room = _room(size, padding)
    kernel = draw(st.tuples(*[st.integers(1, min(3, n)) for n in room]))
    reach = [(n - 1) // (k - 1) if k > 1 else 3 for n, k in zip(room, kernel, strict=True)]
    dilation = draw(st.tuples(*[st.integers(1, min(3, n)) for n in reach]))
    strides = draw(st.tuples(*[st.integers(1, 3)] * len(size)))
    return {
        "kernel_size": draw(spelled(kernel)),
        "strides": draw(spelled(strides)),
        "padding": padding,
        "dilation_rate": draw(spelled(dilation)),
    }


def spelled(values: tuple[T, ...]) -> st.SearchStrategy[Spelled[T]]:
    """One value for each axis, or a single one where they agree."""
    return st.sampled_from([values, values[0]]) if len(set(values)) == 1 else st.just(values)


def paddings(most: Ints) -> st.SearchStrategy[Padding]:
    """Padding of every kind, as users write it, with at most so much on each side of an axis."""
    words: st.SearchStrategy[Padding] = st.sampled_from(["valid", "same", "full"])
    entries = [st.integers(0, n) | st.tuples(st.integers(0, n), st.integers(0, n)) for n in most]
    return words | st.integers(0, min(most)) | st.tuples(*entries)


def _room(size: Ints, padding: Padding) -> Ints:
    """How many positions a window may span along each axis."""
    if padding == "valid":
        return size
    if isinstance(padding, str):  # whatever fits is padded
        return (9,) * len(size)
    entries = (padding,) * len(size) if isinstance(padding, int) else padding
    return tuple(
        n + (2 * entry if isinstance(entry, int) else sum(entry))
        for n, entry in zip(size, entries, strict=True)
    )
