"""Schedules that fall along a cosine."""

import math

from ..arguments import number
from .registry import register_schedule
from .schedule import LearningRateSchedule, between


@register_schedule
class CosineDecay(LearningRateSchedule):
    """Fall along half a period of a cosine (I. Loshchilov, F. Hutter, "SGDR", 2017).

    ``initial * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha)``, constant after
    ``decay_steps``. With ``warmup_target`` the rate first goes straight there from the initial one,
    in ``warmup_steps``, and falls from there.

    Parameters
    ----------
    initial_learning_rate : float
        The rate of the first step; at least 0.
    decay_steps : float
        How many steps the fall takes; above 0. Those of the warm-up come before.
    alpha : float, optional
        The rate at the end, as a fraction of that from which it falls; at least 0.
    warmup_target : float, optional
        The rate after the warm-up; there is none if it is left out.
    warmup_steps : float, optional
        How many steps it takes; at least 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number, or out of range.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        warmup_target: float | None = None,
        warmup_steps: float = 0.0,
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = number("decay_steps", decay_steps, positive=True)
        self.alpha = number("alpha", alpha)
        self.warmup_target = warmup_target
        if warmup_target is not None:
            self.warmup_target = number("warmup_target", warmup_target)
        self.warmup_steps = number("warmup_steps", warmup_steps)

    def __call__(self, step: float) -> float:
        """Return the rate of a step."""
        top, passed = self.initial_learning_rate, float(step)
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return between(top, self.warmup_target, step / self.warmup_steps)
            top, passed = self.warmup_target, step - self.warmup_steps
        return top * between(self.alpha, 1, half_cosine(min(passed / self.decay_steps, 1)))


@register_schedule
class CosineDecayRestarts(LearningRateSchedule):
    """Fall along half a period of a cosine, again and again (I. Loshchilov, F. Hutter, 2017).

    The fall of number ``i``, from 0 on, takes ``first_decay_steps * t_mul**i`` steps and begins
    with ``m_mul**i``:
    ``initial * ((1 - alpha) * m_mul**i * (1 + cos(pi * fraction)) / 2 + alpha)``.

    Parameters
    ----------
    initial_learning_rate : float
        The rate of the first step; at least 0.
    first_decay_steps : float
        How many steps the first fall takes; above 0.
    t_mul : float, optional
        How much longer each fall is than the one before; at least 1.
    m_mul : float, optional
        How much higher; at least 0.
    alpha : float, optional
        The rate at the end of each, as a fraction of the initial one; at least 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number, or out of range.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = number("first_decay_steps", first_decay_steps, positive=True)
        self.t_mul = number("t_mul", t_mul, at_least=1)
        self.m_mul = number("m_mul", m_mul)
        self.alpha = number("alpha", alpha)

    def __call__(self, step: float) -> float:
        """Return the rate of a step."""
        restarts, fraction = self._place(step)
        height = self.m_mul**restarts * half_cosine(fraction)
        return self.initial_learning_rate * between(self.alpha, 1, height)

    def _place(self, step: float) -> tuple[int, float]:
        """How often the fall began anew, and how far the present one has gone."""
        length, passed = self.first_decay_steps, float(step)
        if self.t_mul == 1:
            return int(passed // length), passed % length / length
        # by subtraction: a logarithm's rounding would put restarts a step too late
        restarts = 0
        while passed >= length:
            passed, length, restarts = passed - length, length * self.t_mul, restarts + 1
        return restarts, passed / length


def half_cosine(fraction: float) -> float:
    """Fall from 1 to 0 along half a period of a cosine, as the fraction goes from 0 to 1."""
    return 0.5 * (1 + math.cos(math.pi * fraction))
