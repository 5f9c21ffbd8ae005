"""Optimizers that learn from earlier gradients how far to go along each parameter."""

import math

from ..arguments import flag, number
from ..backends import Array, Backend
from .optimizer import Optimizer


class RMSprop(Optimizer):
    """Steps over the gradients' root mean square (`keras.optimizers.RMSprop`; G. Hinton, 2012).

    ``v = rho v + (1 - rho) g**2`` and ``step = lr g / sqrt(v + epsilon)``; centered,
    ``a = rho a + (1 - rho) g`` and ``v - a**2`` takes the place of ``v`` in the step, a difference
    that is kept from falling below 0 by rounding. Then ``w -= step``, or with momentum ``mu``
    ``m = mu m + step`` and ``w -= m``. PyTorch adds epsilon outside the root.

    Parameters
    ----------
    learning_rate : float, optional
        See `Optimizer`.
    rho, momentum : float, optional
        At least 0 and below 1.
    epsilon : float, optional
        Above 0.
    centered : bool, optional
        Whether to divide by the gradients' estimated standard deviation instead.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
    ) -> None:
        super().__init__(learning_rate)
        self.rho = number("rho", rho, below=1)
        self.momentum = number("momentum", momentum, below=1)
        self.epsilon = number("epsilon", epsilon, positive=True)
        self.centered = flag("centered", centered)

    def _slot_names(self) -> tuple[str, ...]:
        optional = {"momentum": self.momentum, "average_gradient": self.centered}
        return ("velocity", *(name for name, needed in optional.items() if needed))

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        xp, v, scratch = backend.xp, slots["velocity"], _scratch(backend, w)
        backend.axpby(1 - self.rho, xp.square(g, out=scratch), self.rho, v)
        if self.centered:
            a = slots["average_gradient"]
            backend.axpby(1 - self.rho, g, self.rho, a)
            xp.square(a, out=scratch)
            xp.subtract(v, scratch, out=scratch)
            xp.maximum(scratch, 0, out=scratch)
            scratch += self.epsilon
        else:
            xp.add(v, self.epsilon, out=scratch)
        xp.sqrt(scratch, out=scratch)
        xp.divide(g, scratch, out=scratch)
        if self.momentum:
            m = slots["momentum"]
            backend.axpby(backend.varying(self._ascent, w.dtype), scratch, self.momentum, m)
            w -= m
        else:
            backend.axpby(backend.varying(self._descent, w.dtype), scratch, 1, w)

    def _ascent(self) -> float:
        return self.learning_rate


class Adam(Optimizer):
    """Adaptive moments (`keras.optimizers.Adam`; D. Kingma, J. Ba, 2015, end of section 2).

    ``m = beta_1 m + (1 - beta_1) g`` and ``v = beta_2 v + (1 - beta_2) g**2``, then
    ``w -= alpha m / (sqrt(v) + epsilon)`` with
    ``alpha = lr sqrt(1 - beta_2**t) / (1 - beta_1**t)``. This epsilon is the paper's "epsilon hat";
    PyTorch's is larger by the factor ``1 / sqrt(1 - beta_2**t)`` for the same step.

    Parameters
    ----------
    learning_rate : float, optional
        See `Optimizer`.
    beta_1, beta_2 : float, optional
        At least 0 and below 1.
    epsilon : float, optional
        Above 0.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        super().__init__(learning_rate)
        self.beta_1 = number("beta_1", beta_1, below=1)
        self.beta_2 = number("beta_2", beta_2, below=1)
        self.epsilon = number("epsilon", epsilon, positive=True)

    def _slot_names(self) -> tuple[str, ...]:
        return "momentum", "velocity"

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        m, v = slots["momentum"], slots["velocity"]
        xp, scratch = backend.xp, _scratch(backend, w)
        backend.axpby(1 - self.beta_1, g, self.beta_1, m)
        backend.axpby(1 - self.beta_2, xp.square(g, out=scratch), self.beta_2, v)
        xp.sqrt(v, out=scratch)
        scratch += self.epsilon
        xp.divide(m, scratch, out=scratch)
        backend.axpby(backend.varying(self._descent, w.dtype), scratch, 1, w)

    def _descent(self) -> float:
        """-alpha."""
        t = self.iterations + 1
        return -self.learning_rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)


class AdamW(Adam):
    """Adam with decoupled weight decay (`keras.optimizers.AdamW`; I. Loshchilov, F. Hutter, 2019).

    ``w -= lr weight_decay w`` before the step of `Adam`, for every parameter.

    Parameters
    ----------
    learning_rate : float, optional
        See `Optimizer`.
    weight_decay : float, optional
        At least 0.
    beta_1, beta_2, epsilon : float, optional
        See `Adam`.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon)
        self.weight_decay = number("weight_decay", weight_decay)

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        w *= backend.varying(self._shrinkage, w.dtype)
        super()._step(backend, w, g, slots)

    def _shrinkage(self) -> float:
        return 1 - self.learning_rate * self.weight_decay


def _scratch(backend: Backend, w: Array) -> Array:
    """Scratch memory of the parameter's shape and dtype."""
    return backend.workspace.take("optimizer", w.shape, w.dtype)
