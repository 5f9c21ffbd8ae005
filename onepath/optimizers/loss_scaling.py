"""Loss scaling: small gradients are kept from vanishing in float16."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from ..arguments import number, whole
from ..backends import Array, Backend, backend_of
from ..schedules import Rate
from .checks import checked
from .optimizer import Optimizer
from .registry import OPTIMIZERS
from .scratch import scratch

SLOTS = "loss scale"
"""Under which name the scale is remembered, beside the parameters'."""

SMALLEST, LARGEST = 2.0**-126, 2.0**127
"""The scale stays within the normal numbers of float32."""


class LossScaleOptimizer(Optimizer):
    """Another optimizer, on gradients of the loss times a scale (Keras's of that name).

    float16 has no numbers below ``2**-24``, and gradients are often smaller. So the loss's gradient
    is multiplied by a scale before it goes back through the network, and the parameters' gradients
    are divided by it before they are used (P. Micikevicius et al., "Mixed precision training",
    2018). If one of them is not finite, the scale was too large: parameters and all that the inner
    optimizer remembers of them stay as they are, and the scale is halved. After
    ``dynamic_growth_steps`` finite steps in a row it is doubled.

    Nothing waits for the device: what is done is decided there. So ``iterations`` counts the steps
    that were left out, too.

    Parameters
    ----------
    inner : Optimizer
        What takes the steps.
    initial_scale : float, optional
        Above 0; a power of 2 makes no rounding error.
    dynamic_growth_steps : int, optional
        At least 1.

    Attributes
    ----------
    slots : dict
        The inner optimizer's; ``slots["loss scale"]`` has arrays of shape (): ``"scale"`` and
        ``"steps"``, the finite steps since the last change.

    Raises
    ------
    TypeError, ValueError
        If ``inner`` is no optimizer, or scales already, or a number is out of its range.
    """

    def __init__(
        self,
        inner: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
    ) -> None:
        if not isinstance(inner, Optimizer) or isinstance(inner, LossScaleOptimizer):
            raise TypeError(f"inner must be an optimizer that does not scale itself, got {inner!r}")
        self.inner = inner
        self.initial_scale = number("initial_scale", initial_scale, positive=True)
        self.dynamic_growth_steps = whole("dynamic_growth_steps", dynamic_growth_steps)
        self.slots = inner.slots
        self._finite: Array = None
        self._spoilt: Array = None

    def __repr__(self) -> str:
        options = f"{self.initial_scale!r}, {self.dynamic_growth_steps!r}"
        return f"LossScaleOptimizer({self.inner!r}, {options})"

    @property
    def learning_rate(self) -> float:
        """The inner optimizer's."""
        return self.inner.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Rate) -> None:
        self.inner.learning_rate = value

    @property
    def iterations(self) -> int:
        """The inner optimizer's: how many updates were asked for, those left out included."""
        return self.inner.iterations

    @iterations.setter
    def iterations(self, value: int) -> None:
        self.inner.iterations = value

    def scaled(self, gradient: Array) -> Array:
        """Return the loss's gradient times the scale."""
        backend = backend_of(gradient)
        with backend.scope():
            return gradient * self._scale(backend)["scale"]

    def update(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Take one step with scaled gradients, if all of them are finite, and adjust the scale.

        Parameters and errors are those of `Optimizer.update`.
        """
        backends = checked(parameters, gradients, self.slots)
        if not backends:
            return
        with backends[0].scope(quiet=True):
            self._finite = _all_finite(backends[0].xp, gradients.values())
            self._spoilt = ~self._finite
            super().update(parameters, gradients)
            self._adjust(backends[0])

    def exclude_from_weight_decay(self, var_names: Iterable[str]) -> None:
        """Leave parameters out of the inner optimizer's weight decay."""
        self.inner.exclude_from_weight_decay(var_names)

    def finalize_variable_values(self, parameters: Mapping[str, Array]) -> None:
        """Give parameters the moving averages that the inner optimizer keeps, if it does."""
        self.inner.finalize_variable_values(parameters)

    def _slot_values(self) -> dict[str, float]:
        return self.inner._slot_values()

    def _initial(self) -> Mapping[str, float | None]:
        return self.inner._initial()

    def _step(self, backend: Backend, w: Array, g: Array, slots: dict[str, Array]) -> None:
        self.inner._step(backend, w, g, slots)

    def _has_options(self) -> bool:
        return True

    def _measure(self, backend: Backend, gradients: Iterable[Array]) -> None:
        self.inner._measure(backend, (self._unscaled(backend, g) for g in gradients))

    def _change(
        self, backend: Backend, name: str, w: Array, g: Array, slots: dict[str, Array]
    ) -> None:
        """Do what the inner optimizer does to a parameter, and undo it if the step is spoilt."""
        changing = [w, *slots.values()]
        kept = [scratch(backend, a, f"kept {i}") for i, a in enumerate(changing)]
        for array, copy in zip(changing, kept, strict=True):
            copy[...] = array
        self.inner._change(backend, name, w, self._unscaled(backend, g), slots)
        for array, copy in zip(changing, kept, strict=True):
            backend.xp.copyto(array, copy, where=self._spoilt)

    def _unscaled(self, backend: Backend, g: Array) -> Array:
        """A gradient divided by the scale, in scratch memory."""
        out = scratch(backend, g, "unscaled")
        return backend.xp.divide(g, self._scale(backend)["scale"], out=out)

    def _adjust(self, backend: Backend) -> None:
        """Halve the scale, or count a finite step and double the scale when it is time."""
        xp, slots = backend.xp, self._scale(backend)
        scale, steps = slots["scale"], slots["steps"]
        steps += 1
        steps *= self._finite
        grows = steps >= self.dynamic_growth_steps
        steps *= ~grows
        scale *= xp.where(grows, 2.0, xp.where(self._finite, 1.0, 0.5)).astype(scale.dtype)
        xp.clip(scale, SMALLEST, LARGEST, out=scale)

    def _scale(self, backend: Backend) -> dict[str, Array]:
        """The scale and the count, made if there are none yet."""
        if SLOTS not in self.slots:
            xp = backend.xp
            self.slots[SLOTS] = {
                "scale": xp.full((), self.initial_scale, dtype="float32"),
                "steps": xp.zeros((), dtype="int32"),
            }
        return self.slots[SLOTS]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same object again, as JSON can hold them."""
        inner = {"class_name": type(self.inner).__name__, "config": self.inner.get_config()}
        return {**super().get_config(), "inner": inner}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make one from what `get_config` returned; the inner optimizer is of `OPTIMIZERS`."""
        described = config.get("inner", {})
        name = str(described.get("class_name")).lower()
        if name not in OPTIMIZERS:
            raise ValueError(f"inner must be one of {sorted(OPTIMIZERS)}, got {described!r}")
        inner = OPTIMIZERS[name].from_config(described["config"])
        return super().from_config({**config, "inner": inner})


def scaling(optimizer: Optimizer) -> LossScaleOptimizer:
    """Return an optimizer that scales the loss: the one given, if it does."""
    if isinstance(optimizer, LossScaleOptimizer):
        return optimizer
    return LossScaleOptimizer(optimizer)


def _all_finite(xp: Any, arrays: Any) -> Array:
    """Whether all elements are finite, as an array of shape () that nobody has waited for."""
    first, *others = (xp.isfinite(array).all() for array in arrays)
    for other in others:
        first = xp.logical_and(first, other)
    return xp.asarray(first)
