"""A block of calls, timed."""

import time
from collections.abc import Callable
from typing import NamedTuple

from .load import others, usage


class Block(NamedTuple):
    """Calls made without a pause.

    Attributes
    ----------
    amount : float
        For one call, on average: the seconds that it took, or whatever else is measured.
    elapsed : float
        For all of them.
    others : float or None
        The CPU time that other processes used meanwhile, in seconds; None if it cannot be told.
    """

    amount: float
    elapsed: float
    others: float | None


def timed(run: Callable[[], object], seconds: float) -> Block:
    """Call a function once untimed, and then over and over for at least ``seconds``.

    Parameters
    ----------
    run : callable
        What is measured.
    seconds : float
        More than 0.

    Returns
    -------
    Block
        At least one call.
    """
    run()
    before, start = usage(), time.perf_counter()
    calls, elapsed = 0, 0.0
    while elapsed < seconds:
        run()
        calls += 1
        elapsed = time.perf_counter() - start
    return Block(elapsed / calls, elapsed, others(before, usage()))


def reported(run: Callable[[], float], seconds: float) -> Block:
    """Call a function once, and take what it returns instead of the time.

    Parameters
    ----------
    run : callable
        It returns the amount, on which the machine's other work has no influence.
    seconds : float
        Not looked at: one call says all.

    Returns
    -------
    Block
        One call.
    """
    start = time.perf_counter()
    amount = run()
    return Block(amount, time.perf_counter() - start, None)
