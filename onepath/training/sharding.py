"""A batch on its way through a layer and back, in shards where the device has threads.

A shard is a few samples, which stay in a thread's cache from layer to layer. How a batch is divided
depends on its size alone, and gradients are added up in the order of the shards: results are the
same for any number of threads.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

from ..backends import Array, backend_of
from ..layers import Layer
from ..layers.composition import leaves
from ..layers.policies import MIXED
from ..layers.several import each, listed
from ..layers.shards import in_shards

Result = TypeVar("Result")

MEETING = 8
"""Shards at most, where each has a thread of its own because they meet."""


class Passage:
    """A batch that goes through a built layer, and its gradient back.

    Parameters
    ----------
    layer : Layer
        Where to go through. Its gradients are filled by `learn`; all else that a passage keeps is
        kept in replicas.
    x : array, shape (N, *sample)
        The batch, on the layer's device; a tuple of such for a layer with several inputs.
    """

    def __init__(self, layer: Layer, x: Array) -> None:
        first = listed(x)[0]
        count = layer.home.shards(first.shape) if layer.shardable else 1
        if layer.meets:
            count = min(count, MEETING)
        edges = [len(first) * i // count for i in range(count + 1)]
        self._layer, self._x, self._starts, self._rows = layer, x, edges[:-1], len(first)
        self._shards = [slice(*each) for each in pairwise(edges)]
        self._layers = [layer, *(layer.replica() for _ in self._shards[1:])]

    def forward(self) -> Array:
        """Return the outputs in training, shape (N, *output)."""
        return self._joined(lambda layer, x: layer.forward(x, training=True))

    def infer(self) -> Array:
        """Return the outputs, shape (N, *output), and keep nothing."""
        return self._joined(lambda layer, x: layer.infer(x))

    def learn(self, dy: Array) -> None:
        """Fill the layer's gradients; ``dy`` has the outputs' shape."""

        def learn(index: int) -> None:
            shard = self._shards[index]
            self._layers[index].learn(each(lambda d: d[shard], dy))

        self._each(learn)
        if len(self._layers) > 1:
            self._add_up()

    def _add_up(self) -> None:
        """Add the shards' gradients up in those of the layer itself."""
        for leaf, *others in zip(*map(leaves, self._layers), strict=True):
            if not leaf.gradients:
                continue
            with leaf.home.scope(quiet=leaf.dtype in MIXED):
                for name in leaf.gradients:
                    for other in others:
                        leaf.gradients[name] += other.gradients[name]

    def _joined(self, call: Callable[[Layer, Array], Array]) -> Array:
        def pass_through(index: int) -> Array:
            arranged, shard = self._layer.home.arranged, self._shards[index]
            return call(self._layers[index], each(lambda x: arranged(x[shard]), self._x))

        return joined(self._each(pass_through))

    def _each(self, work: Callable[[int], Result]) -> list[Result]:
        """Do the work for all shards, on as many threads as there may be."""
        if len(self._shards) == 1:
            with self._layer.home.steady():
                return [work(0)]
        return in_shards(work, self._starts, self._rows, self._layer.meets)


def joined(parts: list[Array]) -> Array:
    """Put outputs of parts of a batch behind each other: arrays, or tuples of them."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], tuple):
        return tuple(joined([*output]) for output in zip(*parts, strict=True))
    return backend_of(parts[0]).xp.concatenate(parts)
