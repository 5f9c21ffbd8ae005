"""Gradients that are made shorter where they are too long; nothing waits for the device."""

from collections.abc import Iterable

from ..backends import Array, Backend
from .scratch import scratch

ROOM = "clipped gradient"
"""The scratch memory of clipped gradients, one at a time."""


def shrinkage(backend: Backend, gradients: Iterable[Array], most: float) -> Array:
    """Return by what gradients are multiplied so that their norm is at most a number.

    ``most / max(norm, most)``, where the norm is that of all gradients as one vector.

    Parameters
    ----------
    backend : Backend
        Their device.
    gradients : iterable of array
        At least one. Each is looked at before the next is asked for.
    most : float
        Above 0.

    Returns
    -------
    array, shape ()
        The factor.
    """
    xp = backend.xp
    first, *others = (xp.square(g, out=scratch(backend, g, ROOM)).sum() for g in gradients)
    return most / xp.maximum(xp.sqrt(sum(others, start=first)), most)


def shrunk(backend: Backend, g: Array, factor: Array) -> Array:
    """Return a gradient times a factor, in scratch memory."""
    return backend.xp.multiply(g, factor, out=scratch(backend, g, ROOM))


def within(backend: Backend, g: Array, most: float) -> Array:
    """Return a gradient with each number between ``-most`` and ``most``, in scratch memory."""
    return backend.xp.clip(g, -most, most, out=scratch(backend, g, ROOM))
