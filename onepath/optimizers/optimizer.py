"""What every optimizer has in common."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Self

from ..arguments import flag, number, whole
from ..backends import Array, Backend, backend_of, get_backend
from ..configuration import Configurable
from ..schedules import Rate, check_rate
from .averaging import AVERAGE, blend
from .checks import checked
from .clipping import shrinkage, shrunk, within


class Optimizer(Configurable, ABC):
    """Changes parameters in place, step by step.

    A step first clips gradients, then shrinks parameters by the weight decay, ``w -= lr
    weight_decay w``, then does what the optimizer is about, and lastly averages the parameters.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        How far a step goes; finite and at least 0. It may be set anew between updates.
    weight_decay : float, optional
        Which part of a parameter, times the rate, each step takes away; at least 0. It is not part
        of the gradient ("decoupled").
    clipnorm, clipvalue, global_clipnorm : float, optional
        One of the three at most; above 0. The longest that each parameter's gradient may be, the
        largest that its numbers may be, and the longest that all gradients may be as one vector.
        What is longer is multiplied by ``most / norm``.
    use_ema : bool, optional
        Whether to keep a moving average of each parameter,
        ``average = ema_momentum average + (1 - ema_momentum) w``; after the first step it is ``w``.
        At the end of `Model.fit` the averages take the parameters' places.
    ema_momentum : float, optional
        From 0 to 1.
    ema_overwrite_frequency : int, optional
        After how many steps they do so in between.

    Attributes
    ----------
    iterations : int
        How many updates were made.
    slots : dict of str to dict of str to array
        What is remembered of each parameter, by the parameter's name and then the slot's. Made at
        the parameter's first update, of its shape and dtype and on its device.
    undecayed : tuple of str
        See `exclude_from_weight_decay`.

    Raises
    ------
    TypeError, ValueError
        If the learning rate or another argument is not a number, or out of its range.
    """

    undecayed: tuple[str, ...] = ()

    def __init__(
        self,
        learning_rate: Rate,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.weight_decay = _optional("weight_decay", weight_decay)
        self.clipnorm = _optional("clipnorm", clipnorm, positive=True)
        self.clipvalue = _optional("clipvalue", clipvalue, positive=True)
        self.global_clipnorm = _optional("global_clipnorm", global_clipnorm, positive=True)
        if [clipnorm, clipvalue, global_clipnorm].count(None) < 2:
            raise ValueError(
                f"only one of clipnorm={clipnorm}, clipvalue={clipvalue} and "
                f"global_clipnorm={global_clipnorm} can be: leave the others out"
            )
        self.use_ema = flag("use_ema", use_ema)
        self.ema_momentum = number("ema_momentum", ema_momentum, at_most=1)
        self.ema_overwrite_frequency = ema_overwrite_frequency
        if ema_overwrite_frequency is not None:
            self.ema_overwrite_frequency = whole("ema_overwrite_frequency", ema_overwrite_frequency)
        self.iterations = 0
        self.slots: dict[str, dict[str, Array]] = {}
        self._factor: Array = None

    @property
    def learning_rate(self) -> float:
        """How far the next step goes; what is set takes a schedule's place, too."""
        rate = self._rate
        return rate if isinstance(rate, float) else rate(self.iterations)

    @learning_rate.setter
    def learning_rate(self, value: Rate) -> None:
        self._rate = check_rate("learning_rate", value)

    def _argument(self, name: str) -> Any:
        return self._rate if name == "learning_rate" else super()._argument(name)

    def exclude_from_weight_decay(self, var_names: Iterable[str]) -> None:
        """Leave parameters out of the weight decay.

        Parameters
        ----------
        var_names : iterable of str
            Regular expressions: a parameter in whose name one of them is found is left out. Names
            are such as ``"dense/bias"``.
        """
        self.undecayed = tuple(var_names)

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
        backends, initial = checked(parameters, gradients, self.slots), self._initial()
        plain = not self._has_options()
        if backends and not plain:
            self._measure(backends[0], gradients.values())
        for (name, parameter), backend in zip(parameters.items(), backends, strict=True):
            with backend.scope():
                slots = self.slots.setdefault(name, {})
                for slot in initial:
                    if slot not in slots:
                        slots[slot] = _filled(backend, parameter, initial[slot])
                if plain:
                    self._step(backend, parameter, gradients[name], slots)
                else:
                    self._change(backend, name, parameter, gradients[name], slots)
        if backends:
            backends[0].afterwards(self._count)
        else:
            self._count()

    def finalize_variable_values(self, parameters: Mapping[str, Array]) -> None:
        """Give parameters their moving averages, if there are any; `Model.fit` ends with it.

        Parameters
        ----------
        parameters : dict of str to array
            Changed in place.
        """
        for name, parameter in parameters.items() if self.use_ema else ():
            average = self.slots.get(name, {}).get(AVERAGE)
            if average is not None:
                with backend_of(parameter).scope():
                    parameter[...] = average

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

    # What a subclass is about

    @abstractmethod
    def _slot_values(self) -> dict[str, float]:
        """The slots that each parameter needs, and with what they are filled at first."""

    @abstractmethod
    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        """Change ``w`` and its slots in place."""

    def _descent(self) -> float:
        """What the steepest descent is multiplied with."""
        return -self.learning_rate

    # What all have

    def _initial(self) -> Mapping[str, float | None]:
        """What slots are filled with at first; None is the parameter itself."""
        values = self._slot_values()
        return {**values, AVERAGE: None} if self.use_ema else values

    def _has_options(self) -> bool:
        """Whether more is to be done than the optimizer's own step."""
        return (
            self.use_ema
            or self.weight_decay is not None
            or self.clipnorm is not None
            or self.clipvalue is not None
            or self.global_clipnorm is not None
        )

    def _measure(self, backend: Backend, gradients: Iterable[Array]) -> None:
        """Find out by what all gradients are to be multiplied, if their common norm counts."""
        if self.global_clipnorm is not None:
            with backend.scope():
                self._factor = shrinkage(backend, gradients, self.global_clipnorm)

    def _change(
        self, backend: Backend, name: str, w: Array, g: Array, slots: dict[str, Array]
    ) -> None:
        """Do all that a step does to one parameter."""
        if self.weight_decay is not None and not self._is_undecayed(name):
            w *= backend.varying(self._kept_by_decay, w.dtype)
        self._step(backend, w, self._clipped(backend, g), slots)
        if self.use_ema:
            blend(backend, self._averaging, w, slots[AVERAGE])
            if self.ema_overwrite_frequency is not None:
                blend(backend, self._overwriting, slots[AVERAGE], w)

    def _is_undecayed(self, name: str) -> bool:
        return any(re.search(pattern, name) for pattern in self.undecayed)

    def _kept_by_decay(self) -> float:
        return 1 - self.learning_rate * (self.weight_decay or 0.0)

    def _clipped(self, backend: Backend, g: Array) -> Array:
        """The gradient, or a shorter one in scratch memory."""
        if self.clipvalue is not None:
            return within(backend, g, self.clipvalue)
        if self.clipnorm is not None:
            return shrunk(backend, g, shrinkage(backend, [g], self.clipnorm))
        return g if self.global_clipnorm is None else shrunk(backend, g, self._factor)

    def _averaging(self) -> tuple[float, float]:
        """What parameter and average are multiplied with to be the next average."""
        momentum = self.ema_momentum if self.iterations else 0.0
        return 1 - momentum, momentum

    def _overwriting(self) -> tuple[float, float]:
        """What average and parameter are multiplied with to be the parameter: once 1, once 0."""
        overwrites = (self.iterations + 1) % (self.ema_overwrite_frequency or 1) == 0
        return float(overwrites), float(not overwrites)

    def _count(self) -> None:
        self.iterations += 1


def _filled(backend: Backend, w: Array, value: float | None) -> Array:
    """A new slot, filled with a number, or for None with the parameter."""
    return w.copy() if value is None else backend.xp.full_like(w, value)


def _optional(name: str, value: float | None, positive: bool = False) -> float | None:
    """A number that may be left out."""
    return None if value is None else number(name, value, positive=positive)
