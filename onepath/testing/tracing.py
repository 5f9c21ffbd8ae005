"""What a layer computes on the way: every quantity by name, in the order of computation."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..backends import Array
from ..layers import Layer
from ..optimizers import Optimizer
from ..optimizers import get as get_optimizer
from .failure import ParityError
from .subject import (
    gradients_of,
    home_of,
    layer_of,
    leaves,
    parameters_of,
    run_backward,
    run_forward,
    state_of,
    title_of,
)


def trace(
    layer: Any,
    x: Array,
    dy: Array,
    *,
    training: bool = False,
    optimizer: str | Optimizer | None = None,
    steps: int = 0,
    watch_leaves: bool = True,
) -> dict[str, Array]:
    """Run a layer forward, backward and through steps of an optimizer, and keep what it computes.

    Names are "input", "forward", "output gradient", "input gradient", "gradient of kernel", "state
    moving_mean" and "step 2 kernel". What happens in a layer within the layer has that one's path
    before it, as in "block/conv: forward".

    Parameters
    ----------
    layer : object
        onepath's or a stranger's. It keeps what a run leaves behind: take a copy by `transplant`.
    x : array
        The input, on the layer's device.
    dy : array
        The output's gradient, of the output's shape.
    training : bool, optional
        Whether dropout drops and batch statistics are taken.
    optimizer : str or Optimizer, optional
        What takes the steps, made anew; plain gradient descent if left out.
    steps : int, optional
        How many steps to take, all with the gradients of the one backward.
    watch_leaves : bool, optional
        Whether what happens in the layers within the layer is kept, too.

    Returns
    -------
    dict of str to array
        Copies, on the layer's device, in the order in which the quantities were computed.

    Raises
    ------
    ParityError
        If a layer changes its input, or the gradient that is handed to it.
    """
    recorder = Recorder()
    run(layer, x, dy, recorder, Plan(training, optimizer, steps), watch_leaves)
    return recorder.seen


class Plan(NamedTuple):
    """What is done with a layer.

    Attributes
    ----------
    training : bool
        Whether dropout drops and batch statistics are taken.
    optimizer : str, Optimizer or None
        What takes the steps, made anew; plain gradient descent if None.
    steps : int
        How many steps it takes.
    """

    training: bool = False
    optimizer: str | Optimizer | None = None
    steps: int = 0

    def fresh_optimizer(self) -> Optimizer:
        """Return an optimizer that has made no step."""
        optimizer = get_optimizer(self.optimizer or "sgd")
        return type(optimizer).from_config(optimizer.get_config())


def run(
    layer: Any, x: Array, dy: Array, observer: "Observer", plan: Plan, watch_leaves: bool = True
) -> None:
    """Run a layer before the eyes of an observer; arguments are those of `trace`."""
    layer = layer_of(layer)
    before = parameters_of(layer)

    def backward(dy: Array) -> tuple[Array, dict[str, Array]]:
        dx, gradients = run_backward(layer, dy)
        return dx, {name: gradients[name] for name in gradients if name in learned}

    with watched(layer, observer) if watch_leaves else nullcontext():
        observer.forward("", layer, x, partial(run_forward, layer, training=plan.training))
        learned = _learned(layer, before)
        gradients = observer.backward("", layer, dy, backward)[1]
    parameters = {name: parameters_of(layer)[name] for name in gradients}
    if parameters:
        optimizer = plan.fresh_optimizer()
        for step in range(1, plan.steps + 1):
            optimizer.update(parameters, gradients)
            for name, parameter in parameters.items():
                observer.take(f"step {step} {name}", parameter)


def _learned(layer: Any, before: Mapping[str, Array]) -> set[str]:
    """The names of what is learned, after a forward: not what a stranger's has only kept there."""
    after = parameters_of(layer)
    if isinstance(layer, Layer) or not before:
        return set(after)
    return {name for name, array in after.items() if array is before.get(name)}


class Observer:
    """Stands between the layers, and is asked at each quantity what to go on with.

    Attributes
    ----------
    seen : dict of str to array
        A copy of each quantity that was computed, in that order.
    place : tuple of (str, object, str)
        Where the run is: the path of a layer within the layer, that layer, and the pass.
    """

    def __init__(self) -> None:
        self.seen: dict[str, Array] = {}
        self.place: tuple[str, Any, str] = ("", None, "forward")

    def take(self, name: str, array: Array) -> Array:
        """Note a quantity; return with what the run is to go on in its place."""
        if isinstance(array, np.generic):  # a sum over all axes, which is a scalar on the CPU alone
            array = np.asarray(array)
        self.seen[name] = array.copy() if home_of(array) else array
        return array

    def take_each(self, name: str, x: Any) -> Any:
        """Note a quantity, or each of several, numbered from 1."""
        if not isinstance(x, tuple):
            return self.take(name, x)
        return tuple(self.take(f"{name} {i}", array) for i, array in enumerate(x, 1))

    def forward(self, path: str, layer: Any, x: Array, compute: Callable[[Array], Array]) -> Array:
        """Note input and output of a forward pass."""
        with self._at(path, layer, "forward"):
            x = self.take_each(quantity(path, "input"), x)
            y = compute(x)
            self.check_each(quantity(path, "input"), x)
        return self.take_each(quantity(path, "forward"), y)

    def backward(
        self,
        path: str,
        layer: Any,
        dy: Array,
        compute: Callable[[Array], tuple[Array, dict[str, Array]]],
    ) -> tuple[Array, dict[str, Array]]:
        """Note what goes into a backward pass and what comes out, and the state after it."""
        with self._at(path, layer, "backward"):
            dy = self.take_each(quantity(path, "output gradient"), dy)
            dx, gradients = compute(dy)
            self.check_each(quantity(path, "output gradient"), dy)
        dx = self.take_each(quantity(path, "input gradient"), dx)
        gradients = {
            name: self.take(quantity(path, f"gradient of {name}"), gradient)
            for name, gradient in gradients.items()
        }
        for name, array in state_of(layer).items():
            self.take(quantity(path, f"state {name}"), array)
        return dx, gradients

    def check_each(self, name: str, x: Any) -> None:
        """Look at an input, or at each of several, after it was used."""
        if not isinstance(x, tuple):
            self.check_unchanged(name, x)
            return
        for i, array in enumerate(x, 1):
            self.check_unchanged(f"{name} {i}", array)

    def check_unchanged(self, name: str, array: Array) -> None:
        """Look at an input after it was used."""

    @contextmanager
    def _at(self, path: str, layer: Any, pass_: str) -> Iterator[None]:
        """Say where the run is; after an exception, that stays where it was raised."""
        before, self.place = self.place, (path, layer, pass_)
        yield
        self.place = before


class Recorder(Observer):
    """Lets everything pass, and refuses layers that change what they are given."""

    def check_unchanged(self, name: str, array: Array) -> None:
        """Compare an input, bit for bit, with what it was before it was used."""
        home = home_of(array)
        if home is None:
            return
        before, after = (home.to_numpy(a) for a in (self.seen[name], array))
        if before.tobytes() != after.tobytes():
            _, layer, pass_ = self.place
            what = "its input" if pass_ == "forward" else "the output gradient that it is given"
            both_nan = (before != before) & (after != after)
            changed = int(((before != after) & ~both_nan).sum())
            rows = {
                "changed": f"{changed} of {before.size} elements",
                "mend": "compute into new memory: what made the array may still need it",
            }
            raise ParityError("input unchanged", f"{title_of(layer)}: {pass_} changes {what}", rows)


@contextmanager
def watched(layer: Any, observer: Observer) -> Iterator[None]:
    """Let an observer stand before each layer within a layer, for a ``with`` statement."""
    inner = [(path, leaf) for path, leaf in leaves(layer) if leaf is not layer]
    for path, leaf in inner:
        leaf.forward = partial(_forward, observer, path, leaf, leaf.forward)
        leaf.backward = partial(_backward, observer, path, leaf, leaf.backward)
    try:
        yield
    finally:
        for _, leaf in inner:
            del leaf.forward, leaf.backward


def _forward(
    observer: Observer, path: str, leaf: Any, method: Any, x: Array, *args: Any, **kwargs: Any
) -> Array:
    """What a watched layer has for a forward."""
    return observer.forward(path, leaf, x, lambda x: method(x, *args, **kwargs))


def _backward(
    observer: Observer, path: str, leaf: Any, method: Any, dy: Array, *args: Any, **kwargs: Any
) -> Array:
    """What a watched layer has for a backward."""

    def compute(dy: Array) -> tuple[Array, dict[str, Array]]:
        return method(dy, *args, **kwargs), gradients_of(leaf)

    return observer.backward(path, leaf, dy, compute)[0]


def quantity(path: str, what: str) -> str:
    """Return the name of a quantity in a layer within the layer; in the layer itself for ""."""
    return f"{path}: {what}" if path else what


def is_of_variable(name: str) -> bool:
    """Whether a quantity is a parameter, its gradient, or state."""
    return name.rpartition(": ")[2].startswith(("gradient of ", "state ", "step "))


def path_and_what(name: str, layer: Any) -> tuple[str, Any, str]:
    """Take the name of a quantity apart: where it is, in which layer, and what it is there."""
    for path, leaf in leaves(layer):
        if path and name.startswith(f"{path}: "):
            return path, leaf, name.removeprefix(f"{path}: ")
    return "", layer, name
