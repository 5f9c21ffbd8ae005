"""Schedules that fall by powers, steps and quotients."""

import math
from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise

from ..arguments import flag, number
from .registry import register_schedule
from .schedule import LearningRateSchedule, between


class _Falling(LearningRateSchedule):
    """What `ExponentialDecay` and `InverseTimeDecay` share."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = number("decay_steps", decay_steps, positive=True)
        self.decay_rate = number("decay_rate", decay_rate)
        self.staircase = flag("staircase", staircase)

    def _passed(self, step: float) -> float:
        """How many times ``decay_steps`` have passed; whole ones on a staircase."""
        passed = step / self.decay_steps
        return math.floor(passed) if self.staircase else passed


@register_schedule
class ExponentialDecay(_Falling):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
        The rate of the first step; at least 0.
    decay_steps : float
        After how many steps the rate was multiplied once; above 0.
    decay_rate : float
        With what; at least 0.
    staircase : bool, optional
        Whether the exponent is rounded down, so that the rate falls in steps.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number, or out of range.
    """

    def __call__(self, step: float) -> float:
        """Return the rate of a step."""
        return self.initial_learning_rate * float(self.decay_rate ** self._passed(step))


@register_schedule
class InverseTimeDecay(_Falling):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
        The rate of the first step; at least 0.
    decay_steps : float
        After how many steps ``decay_rate`` was added once to the denominator; above 0.
    decay_rate : float
        At least 0.
    staircase : bool, optional
        Whether ``step / decay_steps`` is rounded down, so that the rate falls in steps.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number, or out of range.
    """

    def __call__(self, step: float) -> float:
        """Return the rate of a step."""
        return self.initial_learning_rate / (1 + self.decay_rate * self._passed(step))


@register_schedule
class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to the step ``boundaries[0]``, itself included, then ``values[1]``, ....

    Parameters
    ----------
    boundaries : iterable of float
        The last steps of all values but the last one, in rising order; at least one.
    values : iterable of float
        The rates, one more than boundaries; at least 0.

    Raises
    ------
    TypeError, ValueError
        If boundaries do not rise, there is not one value more, or a value is out of range.
    """

    def __init__(self, boundaries: Iterable[float], values: Iterable[float]) -> None:
        self.boundaries = [number("each of boundaries", each) for each in boundaries]
        self.values = [number("each of values", each) for each in values]
        rising = all(first < second for first, second in pairwise(self.boundaries))
        if not self.boundaries or not rising:
            raise ValueError(f"boundaries must be rising numbers, got {self.boundaries}")
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"values must be one more than the {len(self.boundaries)} boundaries, got "
                f"{len(self.values)}"
            )

    def __call__(self, step: float) -> float:
        """Return the rate of a step."""
        return self.values[bisect_left(self.boundaries, step)]


@register_schedule
class PolynomialDecay(LearningRateSchedule):
    """From one rate to another: ``end + (initial - end) * (1 - step / decay_steps) ** power``.

    Parameters
    ----------
    initial_learning_rate : float
        The rate of the first step; at least 0.
    decay_steps : float
        After how many steps the end is reached; above 0.
    end_learning_rate : float, optional
        The rate from then on; at least 0.
    power : float, optional
        At least 0; 1 is a straight line.
    cycle : bool, optional
        Whether, once the end is reached, ``decay_steps`` grows to its next multiple, so that the
        rate rises again and falls more slowly.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number, or out of range.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = number("decay_steps", decay_steps, positive=True)
        self.end_learning_rate = number("end_learning_rate", end_learning_rate)
        self.power = number("power", power)
        self.cycle = flag("cycle", cycle)

    def __call__(self, step: float) -> float:
        """Return the rate of a step."""
        passed = step / self.decay_steps
        fraction = passed / max(math.ceil(passed), 1) if self.cycle else min(passed, 1)
        left = float((1 - fraction) ** self.power)
        return between(self.end_learning_rate, self.initial_learning_rate, left)
