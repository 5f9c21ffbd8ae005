"""What was measured, and the numbers made of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from statistics import geometric_mean, median, quantiles
from typing import NamedTuple

from .suites import Case
from .timing import Block

_SHARE, _RESOLUTION = 0.1, 0.02
"""A block is quiet if others use less than this share of one CPU; clocks err by the seconds."""


class Pair(NamedTuple):
    """Two neighbouring blocks."""

    ours: Block
    theirs: Block

    @property
    def ratio(self) -> float:
        """Theirs over ours: how many times as fast we are, or as small."""
        return self.theirs.amount / self.ours.amount

    @property
    def quiet(self) -> bool:
        """Whether other processes left the CPUs alone, as far as can be told."""
        return all((b.others or 0) <= _SHARE * b.elapsed + _RESOLUTION for b in self)


class Spread(NamedTuple):
    """The median of numbers, and the quartiles around it."""

    lower: float
    median: float
    upper: float


@dataclass(frozen=True)
class Row:
    """A case against one peer.

    Attributes
    ----------
    case : Case
        What was computed.
    peer : str
        The other side.
    pairs : tuple of Pair
        All that was measured; empty if there was a problem.
    problem : str or None
        Why nothing was measured.
    """

    case: Case
    peer: str
    pairs: tuple[Pair, ...] = ()
    problem: str | None = None

    @cached_property
    def busy(self) -> bool:
        """Whether less than half of the pairs were quiet, so that all are used."""
        return 2 * sum(pair.quiet for pair in self.pairs) < len(self.pairs)

    @cached_property
    def used(self) -> tuple[Pair, ...]:
        """The quiet pairs; all of them on a busy machine."""
        return tuple(pair for pair in self.pairs if self.busy or pair.quiet)

    @property
    def ours(self) -> float:
        """Our median for a call, in seconds or bytes."""
        return median(pair.ours.amount for pair in self.used)

    @property
    def theirs(self) -> float:
        """The peer's median for a call, in seconds or bytes."""
        return median(pair.theirs.amount for pair in self.used)

    @property
    def ratio(self) -> Spread:
        """Of the ratios of neighbouring blocks; more than 1 means that onepath is better."""
        ratios = [pair.ratio for pair in self.used]
        if len(ratios) == 1:
            return Spread(*ratios * 3)
        return Spread(*quantiles(ratios, n=4, method="inclusive"))


def geometric_means(rows: Iterable[Row]) -> dict[str, float]:
    """Return the geometric mean of the ratios against each peer, by its name."""
    ratios: dict[str, list[float]] = {}
    for row in rows:
        if row.pairs:
            ratios.setdefault(row.peer, []).append(row.ratio.median)
    return {peer: geometric_mean(values) for peer, values in ratios.items()}
