"""What every optimizer has in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

from ..arguments import number
from ..backends import Array, Backend, DeviceMismatchError, backend_of, get_backend
from ..configuration import Configurable


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
