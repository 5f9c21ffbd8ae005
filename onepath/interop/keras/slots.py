"""What Keras's optimizers remember, as a list of arrays, and ours, by parameter."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...optimizers import Nadam, Optimizer, RMSprop
from ...optimizers.averaging import AVERAGE
from ...training import Model
from ..errors import CorruptFileError
from .entry import Weight
from .placing import Placed, keras_shape
from .weights import StoredWeights, read

GROUP = "optimizer"

LAST = "velocity_hat"
"""A slot that is not beside the others of its parameter."""


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
    heads, order = len(_counters(optimizer)), _order(optimizer, placed)
    if len(stored) <= heads:
        return
    expected = heads + len(order) + len(_trailer(optimizer))
    if len(stored) != expected:
        raise CorruptFileError(f"the optimizer has {len(stored)} arrays, expected {expected}")
    names = {id(array): name for name, array in model.layer.parameters.items()}
    slots: dict[str, dict[str, Any]] = {}
    for (each, weight, slot), dataset in zip(order, stored[heads:], strict=False):
        parameter = each.layer.parameters[weight.name]
        values = read(dataset, keras_shape(weight, parameter, each.layer), parameter.dtype)
        ours = np.ascontiguousarray(weight.layout.ours(values, each.layer))
        slots.setdefault(names[id(parameter)], {})[slot] = ours
    counters = [read(dataset, (), dataset.dtype).item() for dataset in stored[:heads]]
    optimizer.iterations, *rate = int(counters[0]), *counters[1:]
    if rate:
        optimizer.learning_rate = rate[0]
    optimizer.slots.update(slots)


def state(model: Model, optimizer: Optimizer, placed: Sequence[Placed]) -> list[Any]:
    """Return what Keras's optimizer would remember; before the first step, how it begins."""
    names = {id(array): name for name, array in model.layer.parameters.items()}
    arrays = _counters(optimizer)
    initial = optimizer._initial()
    for each, weight, slot in _order(optimizer, placed):
        parameter = each.layer.parameters[weight.name]
        slots = optimizer.slots.get(names[id(parameter)], {})
        if slot in slots:
            array = model.backend.to_numpy(slots[slot])
        else:
            array = np.full(parameter.shape, initial[slot] or 0, dtype=str(parameter.dtype))
        arrays.append(weight.layout.keras(array, each.layer))
    return [*arrays, *_trailer(optimizer)]


def _counters(optimizer: Optimizer) -> list[Any]:
    """How many steps were taken, and the rate, unless a schedule makes it of the former."""
    counters: list[Any] = [np.array(optimizer.iterations, dtype=np.int32)]
    if not isinstance(optimizer.get_config()["learning_rate"], dict):
        counters.append(np.array(optimizer.learning_rate, dtype=np.float32))
    return counters


def _trailer(optimizer: Optimizer) -> list[Any]:
    """The product of momenta that Keras's Nadam keeps; ours computes it."""
    if not isinstance(optimizer, Nadam):
        return []
    steps = range(1, optimizer.iterations + 1)
    product = math.prod(optimizer.beta_1 * (1 - 0.5 * 0.96**t) for t in steps)
    return [np.array(product, dtype=np.float32)]


def _order(optimizer: Optimizer, placed: Sequence[Placed]) -> list[tuple[Placed, Weight, str]]:
    """The layer, the weight and the slot of each array, in Keras's order."""
    learned = [(each, weight) for each in placed for weight in each.learned()]
    names = list(optimizer._slot_values())
    together = [name for name in names if name != LAST]
    groups = [[name] for name in names] if isinstance(optimizer, RMSprop) else [together]
    if LAST in names:
        groups.append([LAST])
    if optimizer.use_ema:
        groups.insert(0, [AVERAGE])
    return [(each, w, name) for group in groups for each, w in learned for name in group]
