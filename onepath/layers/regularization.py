"""Dropout."""

from ..arguments import number
from ..backends import Array, backend_of
from ..backends.random import derived_seed
from .base import Layer
from .registry import register_layer
from .shards import shard_of


@register_layer
class Dropout(Layer):
    """Set each element to 0 with probability ``rate`` in training, and scale up the others.

    The expected value of each element stays what it was. The same seed drops the same elements on
    every device.

    Parameters
    ----------
    rate : float
        From 0 up to, but not including, 1.
    name, seed
        See `Layer`.

    Raises
    ------
    ValueError
        If the rate is out of range.
    """

    elementwise = True
    shardable = True

    def __init__(self, rate: float, name: str | None = None, seed: int | None = None) -> None:
        super().__init__(name, seed=seed)
        self.rate = number("rate", rate, below=1)
        self._calls = 0

    def _forward(self, x: Array, training: bool) -> Array:
        if not training or self.rate == 0:
            self._saved = None
            return x
        # a stream for each call: what a call drops does not depend on the sizes of earlier ones
        random = backend_of(x).random(self._next_seed)
        before = shard_of(len(x)).first * (x.size // len(x))
        self._saved = (random.uniform(x.shape, skip=before) >= self.rate).astype(x.dtype)
        self._saved *= 1 / (1 - self.rate)
        return x * self._saved

    def _next_seed(self) -> int:
        seed = derived_seed(self.seed, self._calls)
        self._calls += 1
        return seed

    def _backward(self, dy: Array) -> Array:
        return dy if self._saved is None else dy * self._saved
