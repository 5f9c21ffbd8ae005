"""A case: what is to be computed, as data."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


class Unit(NamedTuple):
    """What a case's figures are told in.

    Attributes
    ----------
    name : str
        The unit.
    size : float
        In seconds or bytes.
    better : str
        What a smaller figure means.
    """

    name: str
    size: float
    better: str


PRECISIONS = {"float32": 0.0, "tf32": 2e-2, "bfloat16": 2e-1}
"""In what is multiplied, with how far results may lie apart at least: whole networks, and kinks."""

MILLISECONDS, MEGABYTES = Unit("ms", 1e-3, "fast"), Unit("MB", 1e6, "small")


@dataclass(frozen=True, kw_only=True)
class Case:
    """What both sides of a comparison compute.

    Attributes
    ----------
    kind : str
        The method of a `benchmarks.peers.base.Peer` that takes such a case.
    unit : Unit
        What its figures are told in.
    name : str
        What the table calls it.
    peers : tuple of str
        The libraries that it is measured against.
    tolerance : float
        How far the two sides' results may lie apart in float32, relative to their size.
    precision : str
        A key of `PRECISIONS`: in what both sides multiply.
    """

    kind: ClassVar[str]
    unit: ClassVar[Unit] = MILLISECONDS
    name: str
    peers: tuple[str, ...]
    tolerance: float = 1e-5
    precision: str = "float32"

    @property
    def allowed(self) -> float:
        """How far the two sides' results may lie apart in this precision."""
        return max(self.tolerance, PRECISIONS[self.precision])


def as_it_comes(device: str) -> tuple[str, ...]:
    """Return the name of onepath on OpenBLAS's own choice of kernels, a peer on the CPU alone."""
    return ("as_it_comes",) if device == "cpu" else ()


def draws() -> np.random.Generator:
    """Return the random numbers of a case: the same in every process."""
    return np.random.default_rng(2026)


def normal(rng: np.random.Generator, shape: tuple[int, ...], scale: float = 1.0) -> Array:
    """Return normally distributed float32 numbers."""
    return scale * rng.standard_normal(shape, dtype=np.float32)
