"""Optimizers that divide by the root mean square of earlier gradients."""

from typing import Unpack

from ..arguments import flag, number
from ..backends import Array, Backend
from ..schedules import Rate
from .common import Common
from .optimizer import Optimizer
from .scratch import scratch


class RMSprop(Optimizer):
    """Steps over the gradients' root mean square (`keras.optimizers.RMSprop`; G. Hinton, 2012).

    ``v = rho v + (1 - rho) g**2`` and ``step = lr g / sqrt(v + epsilon)``; centered,
    ``a = rho a + (1 - rho) g`` and ``v - a**2`` takes the place of ``v`` in the step, a difference
    that is kept from falling below 0 by rounding. Then ``w -= step``, or with momentum ``mu``
    ``m = mu m + step`` and ``w -= m``. PyTorch adds epsilon outside the root.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, optional
        See `Optimizer`.
    rho, momentum : float, optional
        At least 0 and below 1.
    epsilon : float, optional
        Above 0.
    centered : bool, optional
        Whether to divide by the gradients' estimated standard deviation instead.
    **common
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho = number("rho", rho, below=1)
        self.momentum = number("momentum", momentum, below=1)
        self.epsilon = number("epsilon", epsilon, positive=True)
        self.centered = flag("centered", centered)

    def _slot_values(self) -> dict[str, float]:
        optional = {"momentum": self.momentum, "average_gradient": self.centered}
        return dict.fromkeys(["velocity", *(name for name in optional if optional[name])], 0)

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        xp, v, room = backend.xp, slots["velocity"], scratch(backend, w)
        backend.axpby(1 - self.rho, xp.square(g, out=room), self.rho, v)
        if self.centered:
            a = slots["average_gradient"]
            backend.axpby(1 - self.rho, g, self.rho, a)
            xp.square(a, out=room)
            xp.subtract(v, room, out=room)
            xp.maximum(room, 0, out=room)
            room += self.epsilon
        else:
            xp.add(v, self.epsilon, out=room)
        xp.sqrt(room, out=room)
        xp.divide(g, room, out=room)
        if self.momentum:
            m = slots["momentum"]
            backend.axpby(backend.varying(self._ascent, w.dtype), room, self.momentum, m)
            w -= m
        else:
            backend.axpby(backend.varying(self._descent, w.dtype), room, 1, w)

    def _ascent(self) -> float:
        return self.learning_rate


class Adagrad(Optimizer):
    """Steps over the root of all squared gradients (`keras.optimizers.Adagrad`; J. Duchi, 2011).

    ``a += g**2`` and ``w -= lr g / sqrt(a + epsilon)``. PyTorch adds epsilon outside the root.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, optional
        See `Optimizer`.
    initial_accumulator_value : float, optional
        What ``a`` is at first; at least 0.
    epsilon : float, optional
        Above 0.
    **common
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.initial_accumulator_value = number(
            "initial_accumulator_value", initial_accumulator_value
        )
        self.epsilon = number("epsilon", epsilon, positive=True)

    def _slot_values(self) -> dict[str, float]:
        return {"accumulator": self.initial_accumulator_value}

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        xp, a, room = backend.xp, slots["accumulator"], scratch(backend, w)
        a += xp.square(g, out=room)
        xp.add(a, self.epsilon, out=room)
        xp.sqrt(room, out=room)
        xp.divide(g, room, out=room)
        backend.axpby(backend.varying(self._descent, w.dtype), room, 1, w)


class Adadelta(Optimizer):
    """Steps as long as earlier ones (`keras.optimizers.Adadelta`; M. Zeiler, 2012).

    ``a = rho a + (1 - rho) g**2``, ``step = sqrt(d + epsilon) / sqrt(a + epsilon) g``,
    ``d = rho d + (1 - rho) step**2`` and ``w -= lr step``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, optional
        See `Optimizer`; it is 1 in the paper.
    rho : float, optional
        At least 0 and below 1.
    epsilon : float, optional
        Above 0.
    **common
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho = number("rho", rho, below=1)
        self.epsilon = number("epsilon", epsilon, positive=True)

    def _slot_values(self) -> dict[str, float]:
        return {"accumulated_grad": 0, "accumulated_delta_var": 0}

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        xp, step, room = backend.xp, scratch(backend, w, "step"), scratch(backend, w)
        a, d = slots["accumulated_grad"], slots["accumulated_delta_var"]
        backend.axpby(1 - self.rho, xp.square(g, out=room), self.rho, a)
        xp.add(d, self.epsilon, out=step)
        xp.add(a, self.epsilon, out=room)
        xp.divide(step, room, out=step)
        xp.sqrt(step, out=step)
        step *= g
        backend.axpby(1 - self.rho, xp.square(step, out=room), self.rho, d)
        backend.axpby(backend.varying(self._descent, w.dtype), step, 1, w)
