"""Follow the regularized leader."""

import math
from typing import Unpack

from ..arguments import number
from ..backends import Array, Backend
from ..schedules import Rate
from .common import Common
from .optimizer import Optimizer
from .scratch import scratch


class Ftrl(Optimizer):
    """Follow the regularized leader (`keras.optimizers.Ftrl`; H. McMahan et al., 2013).

    With ``p = -learning_rate_power``: ``linear += g + 2 l2_shrinkage w - ((a + g**2)**p - a**p) w /
    lr``, ``a += g**2`` and ``w = (clip(linear, -l1, l1) - linear) / ((a**p + beta) / lr + 2 l2)``.
    So parameters whose ``linear`` stays within ``l1`` are 0.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, optional
        See `Optimizer`; above 0, since it divides.
    learning_rate_power : float, optional
        At most 0; 0 is a rate that does not fall.
    initial_accumulator_value : float, optional
        What ``a`` is at first; at least 0.
    l1_regularization_strength, l2_regularization_strength : float, optional
        ``l1`` and ``l2``; at least 0.
    l2_shrinkage_regularization_strength : float, optional
        ``l2_shrinkage``; at least 0.
    beta : float, optional
        At least 0.
    **common
        See `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number or out of its range; in `update`, if the rate is 0.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.learning_rate_power = number(
            "learning_rate_power", learning_rate_power, at_least=-math.inf, at_most=0
        )
        self.initial_accumulator_value = number(
            "initial_accumulator_value", initial_accumulator_value
        )
        self.l1_regularization_strength = number(
            "l1_regularization_strength", l1_regularization_strength
        )
        self.l2_regularization_strength = number(
            "l2_regularization_strength", l2_regularization_strength
        )
        self.l2_shrinkage_regularization_strength = number(
            "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        )
        self.beta = number("beta", beta)

    def _slot_values(self) -> dict[str, float]:
        return {"accumulator": self.initial_accumulator_value, "linear": 0}

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        xp, power = backend.xp, -self.learning_rate_power
        a, linear = slots["accumulator"], slots["linear"]
        step, room = scratch(backend, w, "step"), scratch(backend, w)
        inverse = backend.varying(self._inverse, w.dtype)
        l1, l2 = self.l1_regularization_strength, self.l2_regularization_strength

        xp.power(a, power, out=step)
        a += xp.square(g, out=room)
        xp.power(a, power, out=room)
        step -= room
        step *= inverse
        step += 2 * self.l2_shrinkage_regularization_strength
        step *= w
        linear += g
        linear += step

        room += self.beta
        room *= inverse
        room += 2 * l2
        xp.clip(linear, -l1, l1, out=step)
        step -= linear
        xp.divide(step, room, out=w)

    def _inverse(self) -> float:
        """1 / lr."""
        rate = self.learning_rate
        if rate == 0:
            raise ValueError("Ftrl divides by the learning rate, which must be above 0, got 0")
        return 1 / rate
