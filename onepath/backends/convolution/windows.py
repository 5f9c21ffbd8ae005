"""What portable engines and pooling do with a window: pad an array, and look at it through it."""

from functools import lru_cache
from typing import Any

from ..types import Array
from .geometry import Ints, Window
from .strides import inverse


def pad(xp: Any, x: Array, window: Window, value: float = 0.0, out: Array | None = None) -> Array:
    """Surround the spatial axes, the last ones, with the window's padding.

    Parameters
    ----------
    xp : module
        The array module.
    x : array, shape (..., *input_size)
        The array.
    window : Window
        Says how much is padded.
    value : float, optional
        What to pad with.
    out : array, shape (..., *padded_size), optional
        Where to put the result.

    Returns
    -------
    array, shape (..., *padded_size)
        ``x`` itself where nothing is padded.
    """
    if not window.padded:
        return x
    if out is None:
        out = xp.empty(x.shape[: -window.rank] + window.padded_size, dtype=x.dtype)
    out.fill(value)
    out[(..., *window.interior)] = x
    return out


def patches(xp: Any, padded: Array, window: Window) -> Array:
    """View every place of the window, without a copy.

    Parameters
    ----------
    xp : module
        The array module.
    padded : array, shape (N, C, *padded_size)
        The padded array.
    window : Window
        The window.

    Returns
    -------
    array, shape (N, C, *kernel_size, *output_size)
        Read-only in spirit: its elements overlap.
    """
    spatial = padded.strides[-window.rank :]
    return xp.lib.stride_tricks.as_strided(
        padded,
        shape=padded.shape[:2] + window.kernel_size + window.output_size,
        strides=padded.strides[:2]
        + tuple(s * d for s, d in zip(spatial, window.dilation, strict=True))
        + tuple(s * d for s, d in zip(spatial, window.strides, strict=True)),
    )


def spread(xp: Any, x: Array, steps: Ints, size: Ints | None = None) -> Array:
    """Put zeros between the elements of the last axes.

    Parameters
    ----------
    xp : module
        The array module.
    x : array, shape (..., *n)
        The array.
    steps : tuple of int
        How far neighbours come to lie apart along each of the last axes.
    size : tuple of int, optional
        The result's last axes; ``(n - 1) * step + 1`` if left out, more fills up with zeros.

    Returns
    -------
    array, shape (..., *size)
        ``x`` itself where there is nothing to do.
    """
    inner = x.shape[-len(steps) :]
    tight = tuple((n - 1) * step + 1 for n, step in zip(inner, steps, strict=True))
    size = size or tight
    if size == inner:
        return x
    out = xp.zeros(x.shape[: -len(steps)] + size, dtype=x.dtype)
    out[(..., *(slice(0, t, step) for t, step in zip(tight, steps, strict=True)))] = x
    return out


def like(xp: Any, shape: Ints, model: Array) -> Array:
    """Return room for a result, whose axes lie in memory in the order of another array's.

    Parameters
    ----------
    xp : module
        The array module.
    shape : tuple of int
        The result's shape.
    model : array
        An array with as many axes.

    Returns
    -------
    array
        With undefined content, without gaps.
    """
    if model.flags.c_contiguous:
        return xp.empty(shape, dtype=model.dtype)
    order, back = _order_of(model.strides)
    return xp.empty([shape[axis] for axis in order], dtype=model.dtype).transpose(back)


@lru_cache(maxsize=1024)
def _order_of(strides: Ints) -> tuple[Ints, Ints]:
    """The axes as they lie in memory, outermost first, and the order that undoes it."""
    order = tuple(sorted(range(len(strides)), key=strides.__getitem__, reverse=True))
    return order, inverse(order)
