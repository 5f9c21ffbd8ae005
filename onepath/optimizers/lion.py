"""Steps by the sign."""

from typing import Unpack

from ..arguments import number
from ..backends import Array, Backend
from ..schedules import Rate
from .common import Common
from .optimizer import Optimizer
from .scratch import scratch


class Lion(Optimizer):
    """Steps of one length in each number (`keras.optimizers.Lion`; X. Chen et al., 2023).

    ``w -= lr sign(beta_1 m + (1 - beta_1) g)``, then ``m = beta_2 m + (1 - beta_2) g``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, optional
        See `Optimizer`; several times smaller than for Adam, and the weight decay larger.
    beta_1 : float, optional
        Above 0 and at most 1.
    beta_2 : float, optional
        At least 0 and below 1.
    **common
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = number("beta_1", beta_1, at_most=1, positive=True)
        self.beta_2 = number("beta_2", beta_2, below=1)

    def _slot_values(self) -> dict[str, float]:
        return {"momentum": 0}

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        xp, m, room = backend.xp, slots["momentum"], scratch(backend, w)
        xp.multiply(m, self.beta_1, out=room)
        backend.axpby(1 - self.beta_1, g, 1, room)
        xp.sign(room, out=room)
        backend.axpby(backend.varying(self._descent, w.dtype), room, 1, w)
        backend.axpby(1 - self.beta_2, g, self.beta_2, m)
