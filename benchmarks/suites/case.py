"""A case: what is to be computed, as data."""

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What both sides of a comparison compute.

    Attributes
    ----------
    kind : str
        The method of a `benchmarks.peers.base.Peer` that takes such a case.
    name : str
        What the table calls it.
    peers : tuple of str
        The libraries that it is measured against.
    tolerance : float
        How far the two sides' results may lie apart, relative to their size.
    """

    kind: ClassVar[str]
    name: str
    peers: tuple[str, ...]
    tolerance: float = 1e-5


def draws() -> np.random.Generator:
    """Return the random numbers of a case: the same in every process."""
    return np.random.default_rng(2026)


def normal(rng: np.random.Generator, shape: tuple[int, ...], scale: float = 1.0) -> Array:
    """Return normally distributed float32 numbers."""
    return scale * rng.standard_normal(shape, dtype=np.float32)
