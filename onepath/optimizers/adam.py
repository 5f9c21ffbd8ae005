"""Adam and its kin: optimizers that keep two moments of the gradients."""

import math
from functools import cache
from itertools import accumulate
from operator import mul
from typing import Unpack

from ..arguments import flag, number
from ..backends import Array, Backend
from ..schedules import Rate
from .common import Common, Undecayed
from .optimizer import Optimizer
from .scratch import scratch


class _Moments(Optimizer):
    """What Adam, Adamax and Nadam share: their arguments."""

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = number("beta_1", beta_1, below=1)
        self.beta_2 = number("beta_2", beta_2, below=1)
        self.epsilon = number("epsilon", epsilon, positive=True)


class Adam(_Moments):
    """Adaptive moments (`keras.optimizers.Adam`; D. Kingma, J. Ba, 2015, end of section 2).

    ``m = beta_1 m + (1 - beta_1) g`` and ``v = beta_2 v + (1 - beta_2) g**2``, then
    ``w -= alpha m / (sqrt(v) + epsilon)`` with
    ``alpha = lr sqrt(1 - beta_2**t) / (1 - beta_1**t)``. This epsilon is the paper's "epsilon hat";
    PyTorch's is larger by the factor ``1 / sqrt(1 - beta_2**t)`` for the same step.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, optional
        See `Optimizer`.
    beta_1, beta_2 : float, optional
        At least 0 and below 1.
    epsilon : float, optional
        Above 0.
    amsgrad : bool, optional
        Whether to divide by the largest ``v`` so far (S. Reddi et al., 2018).
    **common
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **common)
        self.amsgrad = flag("amsgrad", amsgrad)

    def _slot_values(self) -> dict[str, float]:
        if self.amsgrad:
            return {"momentum": 0, "velocity": 0, "velocity_hat": 0}
        return {"momentum": 0, "velocity": 0}

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        m, v = slots["momentum"], slots["velocity"]
        xp, room = backend.xp, scratch(backend, w)
        backend.axpby(1 - self.beta_1, g, self.beta_1, m)
        backend.axpby(1 - self.beta_2, xp.square(g, out=room), self.beta_2, v)
        if self.amsgrad:
            v = xp.maximum(slots["velocity_hat"], v, out=slots["velocity_hat"])
        xp.sqrt(v, out=room)
        room += self.epsilon
        xp.divide(m, room, out=room)
        backend.axpby(backend.varying(self._descent, w.dtype), room, 1, w)

    def _descent(self) -> float:
        """-alpha."""
        t = self.iterations + 1
        return -self.learning_rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)


class AdamW(Adam):
    """Adam with decoupled weight decay (`keras.optimizers.AdamW`; I. Loshchilov, F. Hutter, 2019).

    ``w -= lr weight_decay w`` before the step of `Adam`, for every parameter that
    `exclude_from_weight_decay` does not name.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, optional
        See `Optimizer`.
    weight_decay : float, optional
        At least 0.
    beta_1, beta_2, epsilon, amsgrad
        See `Adam`.
    **common
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Unpack[Undecayed],
    ) -> None:
        decay = number("weight_decay", weight_decay)  # None is no choice here
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=decay, **common
        )


class Adamax(_Moments):
    """Adam by the largest gradients (`keras.optimizers.Adamax`; D. Kingma, J. Ba, 2015, section 7).

    ``m = beta_1 m + (1 - beta_1) g``, ``u = max(beta_2 u, abs(g))`` and
    ``w -= lr / (1 - beta_1**t) m / (u + epsilon)``. PyTorch adds epsilon to ``abs(g)``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, optional
        See `Optimizer`.
    beta_1, beta_2 : float, optional
        At least 0 and below 1.
    epsilon : float, optional
        Above 0.
    **common
        See `Optimizer`.
    """

    def _slot_values(self) -> dict[str, float]:
        return {"momentum": 0, "norm": 0}

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        m, u = slots["momentum"], slots["norm"]
        xp, room = backend.xp, scratch(backend, w)
        backend.axpby(1 - self.beta_1, g, self.beta_1, m)
        u *= self.beta_2
        xp.maximum(u, xp.abs(g, out=room), out=u)
        xp.add(u, self.epsilon, out=room)
        xp.divide(m, room, out=room)
        backend.axpby(backend.varying(self._descent, w.dtype), room, 1, w)

    def _descent(self) -> float:
        return -self.learning_rate / (1 - self.beta_1 ** (self.iterations + 1))


class Nadam(_Moments):
    """Adam with Nesterov's momentum (`keras.optimizers.Nadam`; T. Dozat, 2016).

    ``m`` and ``v`` are those of `Adam`. With ``u(t) = beta_1 (1 - 0.5 * 0.96**t)`` and the product
    ``p(t) = u(1) u(2) ... u(t)``, ``w -= lr m_hat / (sqrt(v / (1 - beta_2**t)) + epsilon)``, where
    ``m_hat = u(t + 1) m / (1 - p(t + 1)) + (1 - u(t)) g / (1 - p(t))``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, optional
        See `Optimizer`.
    beta_1, beta_2 : float, optional
        At least 0 and below 1.
    epsilon : float, optional
        Above 0.
    **common
        See `Optimizer`.
    """

    def _slot_values(self) -> dict[str, float]:
        return {"momentum": 0, "velocity": 0}

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        m, v = slots["momentum"], slots["velocity"]
        xp, step, room = backend.xp, scratch(backend, w, "step"), scratch(backend, w)
        factors = backend.varying(self._factors, w.dtype, 3)
        backend.axpby(1 - self.beta_1, g, self.beta_1, m)
        backend.axpby(1 - self.beta_2, xp.square(g, out=room), self.beta_2, v)
        xp.sqrt(v, out=room)
        room *= factors[2]
        room += self.epsilon
        xp.multiply(m, factors[0], out=step)
        backend.axpby(factors[1], g, 1, step)
        step /= room
        w += step

    def _factors(self) -> tuple[float, float, float]:
        """What ``m``, ``g`` and the root of ``v`` are multiplied with."""
        t, rate = self.iterations + 1, -self.learning_rate
        now, later = (self.beta_1 * (1 - 0.5 * 0.96**each) for each in (t, t + 1))
        product = self.beta_1**t * _fallen(t)
        return (
            rate * later / (1 - product * later),
            rate * (1 - now) / (1 - product),
            1 / math.sqrt(1 - self.beta_2**t),
        )


def _fallen(t: int) -> float:
    """The product of ``1 - 0.5 * 0.96**i`` for i from 1 to t."""
    products = _products()
    return products[min(t, len(products)) - 1]


@cache
def _products() -> tuple[float, ...]:
    """Such products, as long as they change: after 1000 factors the next ones are 1."""
    return tuple(accumulate((1 - 0.5 * 0.96**i for i in range(1, 1001)), mul))
