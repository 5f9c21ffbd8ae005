"""Optimizers: what is done to the parameters once their gradients are known.

Formulas, names and defaults are Keras 3's. In the docstrings ``w`` is a parameter, ``g`` its
gradient, ``lr`` the learning rate and ``t`` the number of the update, from 1 on.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Self

from .arguments import flag, named, number
from .backends import Array, Backend, DeviceMismatchError, backend_of, get_backend
from .configuration import Configurable


class Optimizer(Configurable, ABC):
    """Changes parameters in place, step by step.

    Parameters
    ----------
    learning_rate : float
        How far a step goes; finite and at least 0. It may be set anew between updates.

    Attributes
    ----------
    iterations : int
        How many updates were made.
    slots : dict of str to dict of str to array
        What is remembered of each parameter, by the parameter's name and then the slot's. Made with
        zeros at the parameter's first update, of its shape and dtype and on its device.

    Raises
    ------
    TypeError, ValueError
        If the learning rate or another argument is not a number, or out of its range.
    """

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.iterations = 0
        self.slots: dict[str, dict[str, Array]] = {}

    @property
    def learning_rate(self) -> float:
        """How far a step goes."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = number("learning_rate", value)

    def scaled(self, gradient: Array) -> Array:
        """Return what is to go back through the network for the loss's gradient: itself."""
        return gradient

    def update(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Take one step.

        Parameters
        ----------
        parameters : dict of str to array
            Changed in place: the arrays stay the same objects.
        gradients : dict of str to array
            The loss's gradients under the same names, of the same shapes and dtypes and on the same
            devices. Not changed.

        Raises
        ------
        DeviceMismatchError
            If a parameter, its gradient and its slots live on different devices.
        TypeError
            If a parameter is not a floating array.
        ValueError
            If names, shapes or dtypes differ. Whatever is raised, no parameter has been changed.
        """
        backends, names = self._check(parameters, gradients), self._slot_names()
        for (name, parameter), backend in zip(parameters.items(), backends, strict=True):
            with backend.scope():
                slots = self.slots.setdefault(name, {})
                for slot in names:
                    if slot not in slots:
                        slots[slot] = backend.xp.zeros_like(parameter)
                self._step(backend, parameter, gradients[name], slots)
        if backends:
            backends[0].afterwards(self._count)
        else:
            self._count()

    def _count(self) -> None:
        self.iterations += 1

    def to(self, backend: str | Backend) -> Self:
        """Move what is remembered of each parameter to a device.

        Parameters
        ----------
        backend : str or Backend
            Where to.

        Returns
        -------
        Optimizer
            The optimizer itself.
        """
        target = get_backend(backend)
        for slots in self.slots.values():
            for name, array in slots.items():
                slots[name] = target.asarray(backend_of(array).to_numpy(array))
        return self

    @abstractmethod
    def _slot_names(self) -> tuple[str, ...]:
        """The slots that each parameter needs."""

    @abstractmethod
    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        """Change ``w`` and its slots in place."""

    def _descent(self) -> float:
        """What the steepest descent is multiplied with."""
        return -self.learning_rate

    def _check(
        self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]
    ) -> list[Backend]:
        """Return the parameters' backends, if every parameter has a gradient and slots that fit."""
        if parameters.keys() != gradients.keys():
            raise ValueError(
                "parameters and gradients must have the same names; "
                f"without a gradient: {sorted(parameters.keys() - gradients.keys())}, "
                f"without a parameter: {sorted(gradients.keys() - parameters.keys())}"
            )
        backends = [backend_of(parameter) for parameter in parameters.values()]
        for (name, parameter), backend in zip(parameters.items(), backends, strict=True):
            if parameter.dtype.kind != "f":
                raise TypeError(f"parameter {name!r} must be floating, got {parameter.dtype}")
            for role, array in {"gradient": gradients[name], **self.slots.get(name, {})}.items():
                if not backend.owns(array):
                    raise DeviceMismatchError(
                        f"parameter {name!r} is on {backend.name}, but its {role}, a "
                        f"{type(array).__module__}.{type(array).__qualname__}, is not: "
                        f"get_backend({backend.name!r}).asarray(...) moves host data there"
                    )
                if (array.shape, array.dtype) != (parameter.shape, parameter.dtype):
                    raise ValueError(
                        f"parameter {name!r} is {parameter.dtype} of shape {parameter.shape}, but "
                        f"its {role} {array.dtype} of shape {array.shape}; a slot that does not "
                        "fit has served another model, and slots.clear() forgets it"
                    )
        return backends


class SGD(Optimizer):
    """Gradient descent, with momentum if asked for (`keras.optimizers.SGD`).

    Plain: ``w -= lr g``. With momentum ``mu``: ``m = mu m - lr g``, then ``w += m``, or
    ``w += mu m - lr g`` by Nesterov. The rate is inside the momentum here and outside it in PyTorch
    (``b = mu b + g``, ``w -= lr b``): the two agree until the rate is changed.

    Parameters
    ----------
    learning_rate : float, optional
        See `Optimizer`.
    momentum : float, optional
        At least 0 and below 1.
    nesterov : bool, optional
        Whether to take the gradient's step once more (Y. Nesterov, 1983); without momentum it
        makes no difference.
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        super().__init__(learning_rate)
        self.momentum = number("momentum", momentum, below=1)
        self.nesterov = flag("nesterov", nesterov)

    def _slot_names(self) -> tuple[str, ...]:
        return ("momentum",) if self.momentum else ()

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


OPTIMIZERS: dict[str, type[SGD | RMSprop | Adam]] = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


def get(optimizer: str | Optimizer) -> Optimizer:
    """Return an optimizer by its name.

    Parameters
    ----------
    optimizer : str or Optimizer
        A key of `OPTIMIZERS`, in letters of either case. An optimizer is returned as it is.

    Returns
    -------
    Optimizer
        A new one, with its defaults, for a name.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is neither.
    """
    name = optimizer.lower() if isinstance(optimizer, str) else optimizer
    return named("optimizer", name, Optimizer, OPTIMIZERS)


def _scratch(backend: Backend, w: Array) -> Array:
    """Scratch memory of the parameter's shape and dtype."""
    return backend.workspace.take("optimizer", w.shape, w.dtype)


def __getattr__(name: str) -> Any:
    """Import `LossScaleOptimizer` when it is asked for: its module stands on this one."""
    if name == "LossScaleOptimizer":
        return import_module(".loss_scaling", __package__).LossScaleOptimizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
