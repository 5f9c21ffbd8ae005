"""Gradient descent."""

from typing import Unpack

from ..arguments import flag, number
from ..backends import Array, Backend
from ..schedules import Rate
from .common import Common
from .optimizer import Optimizer


class SGD(Optimizer):
    """Gradient descent, with momentum if asked for (`keras.optimizers.SGD`).

    Plain: ``w -= lr g``. With momentum ``mu``: ``m = mu m - lr g``, then ``w += m``, or
    ``w += mu m - lr g`` by Nesterov. The rate is inside the momentum here and outside it in PyTorch
    (``b = mu b + g``, ``w -= lr b``): the two agree until the rate is changed.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, optional
        See `Optimizer`.
    momentum : float, optional
        At least 0 and below 1.
    nesterov : bool, optional
        Whether to take the gradient's step once more (Y. Nesterov, 1983); without momentum it
        makes no difference.
    **common
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.momentum = number("momentum", momentum, below=1)
        self.nesterov = flag("nesterov", nesterov)

    def _slot_values(self) -> dict[str, float]:
        return {"momentum": 0} if self.momentum else {}

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        rate = backend.varying(self._descent, w.dtype)
        if self.momentum:
            m = slots["momentum"]
            backend.axpby(rate, g, self.momentum, m)
            if not self.nesterov:
                w += m
                return
            backend.axpby(self.momentum, m, 1, w)
        backend.axpby(rate, g, 1, w)
