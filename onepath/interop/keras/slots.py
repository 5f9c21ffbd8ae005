"""What Keras's optimizers remember, as a list of arrays, and ours, by parameter."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...optimizers import Optimizer
from ...training import Model
from ..errors import CorruptFileError
from .entry import Weight
from .placing import Placed, keras_shape
from .weights import StoredWeights, read

GROUP = "optimizer"

TOGETHER = ("momentum", "velocity")
"""Slots that lie beside each other for each parameter; of others, all of one kind come first."""

Learned = tuple[Placed, Weight]


def restore(
    model: Model, optimizer: Optimizer, placed: Sequence[Placed], file: StoredWeights
) -> None:
    """Give an optimizer the state in a file, if it has taken a step.

    Raises
    ------
    CorruptFileError
        If the state is not that of such an optimizer of such a model.
    """
    stored = file.stored(GROUP)
    order = _order(optimizer, placed)
    if len(stored) <= 2:
        return
    if len(stored) != 2 + len(order):
        raise CorruptFileError(f"the optimizer has {len(stored)} arrays, expected {2 + len(order)}")
    count, rate = (read(each, (), each.dtype) for each in stored[:2])
    names = {id(array): name for name, array in model.layer.parameters.items()}
    slots: dict[str, dict[str, Any]] = {}
    for ((placed_layer, weight), slot), dataset in zip(order, stored[2:], strict=True):
        layer = placed_layer.layer
        parameter = layer.parameters[weight.name]
        values = read(dataset, keras_shape(weight, parameter, layer), parameter.dtype)
        ours = np.ascontiguousarray(weight.layout.ours(values, layer))
        slots.setdefault(names[id(parameter)], {})[slot] = ours
    optimizer.slots.update(slots)
    optimizer.iterations = int(count)
    optimizer.learning_rate = float(rate)


def state(model: Model, optimizer: Optimizer, placed: Sequence[Placed]) -> list[Any]:
    """Return what Keras's optimizer would remember; zeros before the first step."""
    home = model.backend
    names = {id(array): name for name, array in model.layer.parameters.items()}
    arrays: list[Any] = [
        np.array(optimizer.iterations, dtype=np.int32),
        np.array(optimizer.learning_rate, dtype=np.float32),
    ]
    for (each, weight), slot in _order(optimizer, placed):
        parameter = each.layer.parameters[weight.name]
        slots = optimizer.slots.get(names[id(parameter)], {})
        if slot in slots:
            array = home.to_numpy(slots[slot])
        else:
            array = np.zeros(parameter.shape, dtype=str(parameter.dtype))
        arrays.append(weight.layout.keras(array, each.layer))
    return arrays


def _order(optimizer: Optimizer, placed: Sequence[Placed]) -> list[tuple[Learned, str]]:
    """Parameter and slot of each array, in Keras's order."""
    learned = [(each, weight) for each in placed for weight in each.learned()]
    names = optimizer._slot_names()
    if names == TOGETHER:
        return [(each, name) for each in learned for name in names]
    return [(each, name) for name in names for each in learned]
