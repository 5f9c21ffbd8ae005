"""Steps that are captured once for each shape of batches, and replayed at one call of the device.

A step is the same kernels on the same memory each time: forward, loss, backward and update. Where a
device captures (CUDA graphs), it is told so once; then a batch is copied to where the captured step
reads it, and all kernels are launched together.
"""

import logging
import operator
from collections.abc import Iterable, Iterator
from typing import Any

from ..backends import Array
from ..backends.graphs import Tape
from ..layers import Layer
from ..layers.composition import Composite, leaves
from ..layers.regularizers import Regularizer
from ..layers.several import each, listed
from ..losses import Loss
from ..optimizers import LossScaleOptimizer, Optimizer
from .fitting import step
from .trainee import Trainee

MOST = 8
"""Captures in a run at most: each keeps the memory of a step."""

_OWN = f"{__package__.partition('.')[0]}."
_PLAIN = (bool, int, float, str, type(None))

_log = logging.getLogger(__name__)


class Steps:
    """Learns from batches: by captured steps where the device and the model allow it.

    The first two batches of a shape are learned from step by step, the second as it will be
    captured; the third step is captured and replayed. All results are the same in every bit.

    Parameters
    ----------
    model : Trainee
        A compiled model.
    graph : {"auto", True, False}
        Whether to capture: "auto" does so where it is possible.

    Attributes
    ----------
    reason : str or None
        Why steps are not captured, if so.
    replayed : int
        How many steps were replayed.

    Raises
    ------
    RuntimeError
        If ``graph`` is True and no step can be captured. So does a call where a capture fails.
    ValueError
        If ``graph`` is something else.
    """

    def __init__(self, model: Trainee, graph: str | bool) -> None:
        if not (isinstance(graph, bool) or graph == "auto"):
            raise ValueError(f"graph must be 'auto', True or False, got {graph!r}")
        self.replayed = 0
        self.reason: str | None = None if graph else "graph=False"
        self._model, self._required = model, graph is True
        self._shapes: dict[Any, _Captured] = {}
        self._left = MOST
        refusal = _refusal(model) if graph else None
        if refusal is not None:
            self._fall_back(refusal)

    def __call__(self, *batch: Array) -> tuple[Array, Array]:
        """Learn from one batch; return its loss and the predictions from before.

        They are valid until the next call. A batch is what `step` takes.
        """
        if self.reason is not None and not self._shapes:
            return step(self._model, *batch)
        key = tuple([(array.shape, array.dtype, array.strides) for array in _flat(batch)])
        captured = self._shapes.get(key)
        if captured is None or not captured.holds(self._model):
            self._shapes.pop(key, None)
            made = step(self._model, *batch)
            self._shapes[key] = _Captured(self._model)
            return made
        if captured.tape is None:
            if not self._left:
                self.reason = f"{MOST} shapes of batches, or models, were captured before"
                return step(self._model, *batch)
            self._left -= 1
            return captured.rehearse(*batch)
        if captured.results is None:
            try:
                captured.capture(*batch)
            except Exception as error:
                self._shapes.clear()
                reason = f"capturing a step failed: {type(error).__name__}: {error}"
                self._fall_back(reason, error)
                return step(self._model, *batch)
        self.replayed += 1
        return captured.replay(*batch)

    def _fall_back(self, reason: str, cause: Exception | None = None) -> None:
        """Say why steps are not captured."""
        if self._required:
            raise RuntimeError(f"graph=True, but steps cannot be captured: {reason}") from cause
        self.reason = reason
        _log.info("training steps are not captured: %s", reason)


class _Captured:
    """The steps for batches of one shape.

    Parameters
    ----------
    model : Trainee
        A model that has learned from such a batch already: all its arrays are made.
    """

    def __init__(self, model: Trainee) -> None:
        self.tape: Tape | None = None
        self.results: tuple[Array, Array] | None = None
        self._model = model
        self._objects, self._settings = _objects(model), _settings(model)
        self._gradients: list[tuple[Layer, dict[str, Array]]] = []

    def holds(self, model: Trainee) -> bool:
        """Whether the model is the one that was captured, with the same arrays and settings."""
        objects = _objects(model)
        return (
            len(objects) == len(self._objects)
            and all(map(operator.is_, objects, self._objects))
            and _settings(model) == self._settings
        )

    def rehearse(self, *batch: Array) -> tuple[Array, Array]:
        """Learn from a batch, with the kernels and the memory of a capture."""
        self.tape = self._model.layer.home.tape()
        return self.tape.rehearse(lambda: step(self._model, *batch))

    def capture(self, *batch: Array) -> None:
        """Capture a step; if that fails, the model is as it was."""
        assert self.tape is not None
        xp = self._model.layer.home.xp
        own = [*leaves(self._model.layer)]
        before = [dict(leaf.gradients) for leaf in own]
        self._batch = [each(xp.empty_like, array) for array in batch]
        if any(place.strides != array.strides for place, array in self._places(batch)):
            raise ValueError("the batch is a view with gaps in memory")
        try:
            self.results = self.tape.record(lambda: step(self._model, *self._batch))
        except BaseException:
            for leaf, gradients in zip(own, before, strict=True):
                leaf.gradients.clear()
                leaf.gradients.update(gradients)
            self._model.layer.clear()
            raise
        self._gradients = [(leaf, dict(leaf.gradients)) for leaf in own]

    def replay(self, *batch: Array) -> tuple[Array, Array]:
        """Learn from a batch by the captured step."""
        assert self.tape is not None
        assert self.results is not None
        for place, array in self._places(batch):
            place[...] = array
        self.tape.replay()
        for leaf, gradients in self._gradients:
            leaf.gradients.update(gradients)
        return self.results

    def _places(self, batch: tuple[Array, ...]) -> Iterator[tuple[Array, Array]]:
        """Where the captured step reads each array of a batch, and the array."""
        return zip(_flat(self._batch), _flat(batch), strict=True)


def _flat(batch: Iterable[Array]) -> Iterator[Array]:
    """The arrays of a batch, those in tuples, too."""
    for array in batch:
        yield from listed(array)


def _refusal(model: Trainee) -> str | None:
    """Why no step of the model can be captured, if so."""
    backend = model.layer.home
    if backend.uncapturable is not None:
        return f"{backend.name}: {backend.uncapturable}"
    options = (option for layer in _layers(model.layer) for option in vars(layer).values())
    # the model may not be built, and its regularizers not yet in force
    for part in (*_parts(model), *(it for it in options if isinstance(it, Regularizer))):
        kind = type(part)
        if not vars(kind).get("capturable", kind.__module__.startswith(_OWN)):
            return (
                f"{getattr(part, 'title', kind.__name__)} does not say that it can be captured; "
                f"`capturable = True` in the class {kind.__name__} does, if all that it does is "
                "on the device"
            )
    return None


def _layers(layer: Layer) -> Iterator[Layer]:
    """A layer and all layers inside it."""
    yield layer
    if isinstance(layer, Composite):
        for child in layer.children:
            yield from _layers(child)


def _parts(model: Trainee) -> Iterator[Layer | Regularizer | Loss | Optimizer]:
    """All that has a say in a step."""
    for layer in _layers(model.layer):
        yield layer
        yield from layer.regularizers.values()
    yield model.loss
    yield model.optimizer
    if isinstance(model.optimizer, LossScaleOptimizer):
        yield model.optimizer.inner


def _objects(model: Trainee) -> list[object]:
    """What a captured step holds on to: another object in its place is not learned with."""
    found: list[object] = [*_parts(model)]
    for layer in _layers(model.layer):
        if not isinstance(layer, Composite):
            found += (*layer.parameters.values(), *layer.state.values())
    for slots in model.optimizer.slots.values():
        found += slots.values()
    return found


def _settings(model: Trainee) -> list[object]:
    """What a captured step has built in: options of all its parts, in public."""
    return [
        value
        for part in _parts(model)
        for name, value in vars(part).items()
        if name[0] != "_" and name != "iterations" and _is_plain(value)
    ]


def _is_plain(value: object) -> bool:
    """Whether a value can be compared without a look at the device."""
    return isinstance(value, _PLAIN) or (isinstance(value, tuple) and all(map(_is_plain, value)))
