"""Numbers to check layers with, the same ones for the same seed."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..backends import Array, Backend, backend_of
from ..backends.dtypes import is_floating
from .subject import home_of

DECADES = (-4.0, 1.0)
"""Powers of 10 between which the magnitudes of mixed-in numbers lie."""


def sample(shape: tuple[int, ...], seed: int) -> Any:
    """Make numbers among which mistakes find no place to hide.

    Half of them are normally distributed, half have either sign in turn and magnitudes spread over
    several decades, where a mask with a wrong threshold shows, and a few are exactly 0, where kinks
    lie.

    Parameters
    ----------
    shape : tuple of int
        The result's shape.
    seed : int
        At least 0.

    Returns
    -------
    numpy.ndarray, float64
        On the host.
    """
    rng = np.random.default_rng([seed, 0])
    size = math.prod(shape)
    values = rng.standard_normal(size)
    order = rng.permutation(size)
    spread, zeros = order[: size // 2], order[: -(-size // 40) if size > 4 else 0]
    signs = np.where(np.arange(spread.size) % 2, -1, 1)
    values[spread] = signs * 10 ** rng.uniform(*DECADES, spread.size)
    values[zeros] = 0
    return values.reshape(shape)


def output_gradient(shape: tuple[int, ...], seed: int) -> Any:
    """Make the gradient of an output: normally distributed, so that every output counts.

    Parameters
    ----------
    shape : tuple of int
        The output's shape.
    seed : int
        At least 0.

    Returns
    -------
    numpy.ndarray, float64
        On the host.
    """
    return np.random.default_rng([seed, 1]).standard_normal(shape)


def as_sample(x: Any, seed: int) -> Any:
    """Return an input on the host, made by `sample` if a shape is given.

    Parameters
    ----------
    x : array, sequence or tuple of int
        The input, on any device, or its shape.
    seed : int
        For `sample`.

    Returns
    -------
    numpy.ndarray
        Of its own dtype.

    Raises
    ------
    ValueError
        If it is empty.
    """
    if isinstance(x, tuple) and all(isinstance(length, int) for length in x):
        x = sample(x, seed)
    home = home_of(x)
    x = np.asarray(x) if home is None else home.to_numpy(x)
    if not x.size:
        raise ValueError(f"there is nothing to check a layer with: x has shape {x.shape}")
    return x


def vary_constants(arrays: Mapping[str, Array], seed: int) -> None:
    """Replace the numbers of arrays that are all 0 or all 1, lest those hide a mistake.

    Zeros become numbers around 0; ones become numbers around 1, all of them positive, as a variance
    has to be.

    Parameters
    ----------
    arrays : dict of str to array
        Parameters or state, on any device; changed in place. Those that are not floating are left.
    seed : int
        At least 0.
    """
    rng = np.random.default_rng([seed, 2])
    for array in arrays.values():
        backend = backend_of(array)
        host = backend.to_numpy(array)
        noise = rng.uniform(-0.5, 0.5, host.shape)
        if host.dtype.kind == "f" and (np.all(host == 0) or np.all(host == 1)):
            array[...] = backend.asarray(host + noise, dtype=host.dtype)


def as_floating(x: Any, dtype: str) -> Any:
    """Return a host array in a floating dtype if it is floating, and as it is if not."""
    return x.astype(dtype) if is_floating(x.dtype) else x


def laid_out(home: Backend, array: Any, layout: str) -> Array:
    """Return the numbers of a host array on a backend.

    Parameters
    ----------
    home : Backend
        Where to.
    array : numpy.ndarray
        The numbers.
    layout : {"C", "F", "strided"}
        How they lie in memory.

    Returns
    -------
    array
        A copy.
    """
    with home.scope():
        xp, here = home.xp, home.asarray(array.copy())
        if layout == "C" or not array.ndim:
            return here
        if layout == "F":
            return xp.asfortranarray(here)
        # what lies between is poison: it shows who reads memory without regard to strides
        poison = xp.nan if array.dtype.kind == "c" or is_floating(array.dtype) else 1
        wide = xp.full((*array.shape[:-1], 2 * array.shape[-1]), poison, dtype=array.dtype)
        wide[..., ::2] = here
        return wide[..., ::2]
