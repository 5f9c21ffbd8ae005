"""Where a file has the arrays of our layers."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...layers import Layer
from ..errors import CorruptFileError
from .entry import Entry, Weight
from .weights import Arrays, StoredWeights, read


class Placed(NamedTuple):
    """One of our layers, the table's entry for it, and the group of its weights in the file."""

    layer: Layer
    entry: Entry
    group: str

    def weights(self) -> Iterator[tuple[str, list[Weight]]]:
        """Return the weights that the layer has, by their groups."""
        held = self.layer.parameters | self.layer.state
        for group in _groups(self.entry):
            there = [w for w in self.entry.weights if w.group == group and w.name in held]
            yield self._path(group), there

    def stored(self, file: StoredWeights) -> dict[str, list[Any]]:
        """Return what the file has for it, of which nothing has been read."""
        return {self._path(group): file.stored(self._path(group)) for group in _groups(self.entry)}

    def learned(self) -> list[Weight]:
        """Return the weights that are learned, in the order in which Keras's optimizers go."""
        held = self.layer.parameters if self.layer.trainable else {}
        return [weight for weight in self.entry.weights if weight.name in held]

    def _path(self, group: str) -> str:
        return f"{self.group}/{group}" if group else self.group


def build(placed: Placed, shape: Any, stored: dict[str, list[Any]]) -> None:
    """Build a layer, if its weights are as many as the file has.

    Raises
    ------
    CorruptFileError
        If it needs more: nothing as large is made before.
    """
    left = sum(int(np.prod(each.shape)) for datasets in stored.values() for each in datasets)
    layer = placed.layer
    add = layer._add_parameter

    def add_if_stored(name: str, shape: Any, *options: Any) -> None:
        nonlocal left
        left -= int(np.prod(shape, dtype=object))
        if left < 0:
            raise CorruptFileError(f"{name!r} of shape {shape} is larger than what is in the file")
        add(name, shape, *options)

    layer.__dict__["_add_parameter"] = add_if_stored
    try:
        layer.build(shape)
    finally:
        del layer.__dict__["_add_parameter"]


def fill(placed: Placed, stored: dict[str, list[Any]]) -> None:
    """Give a layer the weights in the file.

    Raises
    ------
    CorruptFileError
        If they are others than the layer has.
    """
    layer = placed.layer
    held = layer.parameters | layer.state
    for group, weights in placed.weights():
        if len(stored[group]) != len(weights):
            raise CorruptFileError(
                f"the group {group!r} has {len(stored[group])} weights, expected {len(weights)}: "
                f"{[weight.name for weight in weights]}"
            )
        for weight, dataset in zip(weights, stored[group], strict=True):
            array = held[weight.name]
            values = read(dataset, keras_shape(weight, array, layer), array.dtype)
            array[...] = weight.layout.ours(values, layer)


def keras_shape(weight: Weight, array: Any, layer: Layer) -> tuple[int, ...]:
    """Return the shape that an array has in Keras's layout."""
    shape: tuple[int, ...] = weight.layout.keras(np.empty(array.shape, bool), layer).shape
    return shape


def collected(placed: Iterable[Placed]) -> Arrays:
    """Return the weights of layers on any device, as Keras has them."""
    arrays: Arrays = {}
    for each in placed:
        held = each.layer.parameters | each.layer.state
        for group, weights in each.weights():
            arrays[group] = [
                w.layout.keras(each.layer.home.to_numpy(held[w.name]), each.layer) for w in weights
            ]
    return arrays


def _groups(entry: Entry) -> list[str]:
    """The groups in which an entry's weights lie, each once."""
    return list(dict.fromkeys(weight.group for weight in entry.weights))
