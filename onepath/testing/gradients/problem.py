"""A layer at a point: what it computes there, and which gradients it claims."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...backends import Array, Backend
from .. import samples
from ..failure import ParityError
from ..subject import (
    leaves,
    parameters_of,
    run_backward,
    run_forward,
    state_of,
    title_of,
    transplant,
)
from ..tracing import Recorder, quantity, watched

INPUT = "input"
"""What the input is called beside the parameters' names."""

EPSILON = 2.0**-51
"""By how much values are moved, as part of themselves, to see the noise of rounding."""

PROBES = 4
"""How often that is done; so many times the largest change is what the noise is taken for."""


def gradient_of(name: str) -> str:
    """Return what a gradient is called."""
    return "input gradient" if name == INPUT else f"gradient of {name}"


@dataclass(frozen=True)
class Problem:
    """A layer, and the values at which it is to be differentiated.

    Every run is one of a fresh copy: neither dropout's masks nor moving averages differ between
    runs, and nothing is left over from the last one.

    Attributes
    ----------
    layer : object
        With float64 arrays; never run itself.
    values : dict of str to numpy.ndarray
        The input, under the name `INPUT`, and what is learned.
    backend, training, seed
        How to run.
    title, line, point : str
        For messages: the layer, a line of code that runs the check again, and what the input is.
    """

    layer: Any
    values: dict[str, Any]
    backend: Backend
    training: bool
    seed: int
    title: str
    line: str
    point: str = "x as given"

    @classmethod
    def of(
        cls, layer: Any, x: Any, backend: Backend, training: bool, seed: int, line: str
    ) -> "Problem":
        """Copy a layer, let it build what it needs, and find what it learns.

        Parameters
        ----------
        layer : object
            onepath's or a stranger's.
        x : numpy.ndarray
            The input; floating ones become float64.
        backend, training, seed, line
            As the attributes.

        Returns
        -------
        Problem
            Parameters that are all 0 or all 1 have random values.

        Raises
        ------
        ParityError
            If the output is not one that can be differentiated.
        """
        x = samples.as_floating(x, "float64")
        built = transplant(layer, backend, "float64")
        run_forward(built, backend.asarray(x.copy()), training)
        ready = transplant(built, backend)
        learned = _left_alone(built, backend.asarray(x.copy()), training)
        parameters = {name: parameters_of(ready)[name] for name in learned}
        samples.vary_constants(parameters | state_of(ready), seed)
        values = {name: backend.to_numpy(array).copy() for name, array in parameters.items()}
        problem = cls(ready, {**values, INPUT: x}, backend, training, seed, title_of(built), line)
        problem._examine_output()
        return problem

    def parts(self) -> Iterator["Problem"]:
        """Return the layers within the layer, each at the input that it gets, and the whole."""
        layer, x = self._fresh()
        recorder = Recorder()
        with watched(layer, recorder):
            run_forward(layer, x, self.training)
        for path, leaf in leaves(self._fresh()[0]):
            x = recorder.seen.get(quantity(path, "input"))
            if path and x is not None:
                x = self.backend.to_numpy(x)
                part = Problem.of(leaf, x, self.backend, self.training, self.seed, self.line)
                title = f"{part.title} in {self.title}"
                yield replace(part, title=title, point="the input that it gets")
        yield self

    def at(self, name: str, value: Any, point: str) -> "Problem":
        """Return the same layer with another input or parameter."""
        return replace(self, values={**self.values, name: value}, point=point)

    def moved(self, name: str, change: Any) -> Any:
        """Return the output after a change of the input or a parameter."""
        return self.at(name, self.values[name] + change, self.point).output

    @property
    def is_composite(self) -> bool:
        """Whether there are layers within the layer."""
        return leaves(self.layer)[0][1] is not self.layer

    @property
    def variables(self) -> list[str]:
        """What can be differentiated for."""
        return [name for name, value in self.values.items() if value.dtype.kind == "f"]

    @cached_property
    def output(self) -> Any:
        """The output."""
        layer, x = self._fresh()
        return np.array(self.backend.to_numpy(run_forward(layer, x, self.training)))

    @cached_property
    def noise(self) -> Any:
        """How far rounding may carry each output: what it does if all values are rounded anew."""
        rng = np.random.default_rng([self.seed, 4])
        changes = [np.abs(self._shaken(EPSILON, rng) - self.output) for _ in range(PROBES)]
        return PROBES * np.max(changes, axis=0)

    @cached_property
    def output_gradient(self) -> Any:
        """A gradient for the output."""
        return samples.output_gradient(self.output.shape, self.seed)

    def gradients(self, dy: Any) -> dict[str, Any]:
        """Return the gradients that a backward pass gives, as far as there are any.

        Parameters
        ----------
        dy : numpy.ndarray
            The output's gradient.

        Returns
        -------
        dict of str to numpy.ndarray
            By the names of the values.

        Raises
        ------
        ParityError
            If one has another shape than its value, or is not finite.
        """
        layer, x = self._fresh()
        run_forward(layer, x, self.training)
        dx, shown = run_backward(layer, self.backend.asarray(dy))
        found = {
            name: self.backend.to_numpy(array)
            for name, array in {**shown, INPUT: dx}.items()
            if name in self.variables and array is not None
        }
        for name, gradient in found.items():
            self._examine(gradient_of(name), gradient, self.values[name].shape)
        return found

    def _fresh(self) -> tuple[Any, Array]:
        """A copy of the layer with its parameters set, and the input on the device."""
        layer = transplant(self.layer, self.backend)
        parameters = parameters_of(layer)
        for name, value in self.values.items():
            if name != INPUT:
                parameters[name][...] = self.backend.asarray(value)
        return layer, self.backend.asarray(self.values[INPUT].copy())

    def _shaken(self, size: float, rng: Any) -> Any:
        """The output with all variables moved a little, in proportion to themselves."""
        near = {
            name: value * (1 + size * rng.choice((-1.0, 1.0), value.shape))
            for name, value in self.values.items()
            if name in self.variables
        }
        return replace(self, values={**self.values, **near}).output

    def _examine_output(self) -> None:
        """Raise unless the output is finite, float64, and the same again."""
        self._examine("forward", self.output, self.output.shape)
        near = self._shaken(1e-3, np.random.default_rng([self.seed, 5]))
        moved = near[near != self.output]
        with np.errstate(over="ignore"):
            narrow = moved.astype("float32")
        if moved.size and np.all(moved == narrow):
            raise ParityError(
                "dtype",
                f"{self.title}: forward computes in float32 or less, though input and parameters "
                "are float64",
                {
                    "mend": "take the dtype of the input for what is made in forward",
                    "reproduce": self.line,
                },
            )
        again = replace(self).output
        if again.tobytes() != self.output.tobytes():
            raise ParityError(
                "determinism",
                f"{self.title}: two fresh copies give different outputs for the same input",
                {
                    "likely": "a random mask from a generator that all copies share",
                    "mend": "let the layer keep its own: self.rng = numpy.random.default_rng(seed)",
                    "reproduce": self.line,
                },
            )

    def _examine(self, quantity: str, array: Any, shape: tuple[int, ...]) -> None:
        """Raise unless an array has a shape and is finite."""
        if array.shape != shape:
            raise ParityError(
                quantity,
                f"{self.title}: the {quantity} has a wrong shape",
                {"expected": f"{shape}", "got": f"{array.shape}", "reproduce": self.line},
            )
        wrong = np.argwhere(~np.isfinite(array))
        if len(wrong):
            first = tuple(map(int, wrong[0]))
            raise ParityError(
                quantity,
                f"{self.title}: the {quantity} is not finite",
                {
                    "elements": f"{len(wrong)} of {array.size}, the first {array[first]} at "
                    f"{list(first)}",
                    "at": self.point,
                    "reproduce": self.line,
                },
            )


def _left_alone(layer: Any, x: Array, training: bool) -> list[str]:
    """The floating parameters that a forward leaves as they are, which caches and state are not."""
    before = parameters_of(layer)
    kept = {name: array.copy() for name, array in before.items() if array.dtype.kind == "f"}
    run_forward(layer, x, training)
    after = parameters_of(layer)
    return [
        name
        for name, array in kept.items()
        if after.get(name) is before[name] and bool((array == before[name]).all())
    ]
