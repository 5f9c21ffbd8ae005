"""How two sides are measured against each other.

Two libraries disturb each other: the threads of one spin for a while after its work is done. So
there is silence before each block. The machine's speed drifts; so blocks alternate, the order turns
round each time, and only neighbours are compared.
"""

import time
from typing import NamedTuple, Protocol

from .agreement import disagreement
from .results import Pair, Row
from .side import SideError
from .suites import Case
from .suites.case import Array
from .timing import Block

SILENCE = 0.05
"""Seconds before each block."""


class Budget(NamedTuple):
    """How long to measure a case.

    Attributes
    ----------
    seconds : float
        Blocks are begun until these are over.
    pairs : int
        How many pairs of blocks there are in any case.
    block : float
        Seconds of one block.
    """

    seconds: float
    pairs: int = 3
    block: float = 0.1


QUICK = Budget(seconds=0, pairs=1, block=0.02)
"""To see that everything runs; the ratios mean little."""


class Measurable(Protocol):
    """What `measure` needs of a side; `benchmarks.side.Side` has it."""

    name: str

    def prepare(self, case: Case) -> dict[str, Array]:
        """Build a case and return its results."""

    def block(self, seconds: float) -> Block:
        """Time the case that was prepared."""


def measure(case: Case, ours: Measurable, peer: Measurable, budget: Budget) -> Row:
    """Measure one side against another.

    Parameters
    ----------
    case : Case
        What both compute.
    ours, peer : Side
        The two sides.
    budget : Budget
        How long to go on.

    Returns
    -------
    Row
        With a problem and without times if a side failed or the two computed different things.
    """
    try:
        different = disagreement(ours.prepare(case), peer.prepare(case), case.allowed)
        if different:
            return Row(case, peer.name, problem=f"the sides disagree: {different}")
        pairs: list[Pair] = []
        end = time.monotonic() + budget.seconds
        while len(pairs) < budget.pairs or time.monotonic() < end:
            pairs.append(_pair(ours, peer, budget.block, peer_first=len(pairs) % 2 == 1))
    except SideError as error:
        return Row(case, peer.name, problem=str(error))
    return Row(case, peer.name, tuple(pairs))


def _pair(ours: Measurable, peer: Measurable, seconds: float, peer_first: bool) -> Pair:
    if peer_first:
        theirs = _block(peer, seconds)
        return Pair(_block(ours, seconds), theirs)
    return Pair(_block(ours, seconds), _block(peer, seconds))


def _block(side: Measurable, seconds: float) -> Block:
    time.sleep(SILENCE)
    return side.block(seconds)
