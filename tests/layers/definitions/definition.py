"""What a definition says, and what many of them have in common. Batches are channels first."""

import hashlib
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from onepath.testing.cases import BATCH, Case

Oracle = Callable[[np.ndarray, Mapping[str, np.ndarray]], np.ndarray]
FIRST = {"data_format": "channels_first"}
TOO_SMALL = r"the kernel spans 3 positions on spatial axis 0, the input has only 2 \(size 2, "
NO_ROOM = r"the kernel spans 2 positions on spatial axis 0, the input has only 1 \(size 1, "


@dataclass(frozen=True, kw_only=True)
class Entry(Case):
    """A layer of the package's table, and what it must compute."""

    oracle: Oracle
    """Computes the output of a batch from it and from parameters and state by name."""
    terms: int = 1
    """How many numbers are summed at most on the way to one output."""
    bound: float | None = None
    """No number on the way is larger; if left out, the oracle of all absolute values says it."""
    rowwise: bool = True
    """Whether a sample's output is the same whatever else is in the batch."""
    elementwise: bool = False
    """Whether samples of any shape are taken at any time."""
    ambiguous: bool = False
    """Whether a layer that is not built cannot tell such a sample from a batch."""
    stateless: bool = False
    """Whether there are neither parameters nor state, nor a dtype."""
    follows_input: bool = False
    """Whether there is, all the same, a way on which the input keeps its dtype."""
    channels_first: Mapping[str, object] = field(default_factory=dict)
    """What to change in the configuration for the same layer with the channels first."""
    misfits: Mapping[tuple[int, ...], str] = field(default_factory=dict)
    """Shapes of samples that are always refused, each with the message."""
    misfits_once_built: Mapping[tuple[int, ...], str] = field(default_factory=dict)
    """Shapes of samples that are refused once the layer is built for `shape`."""

    def batch(self, size=BATCH):
        """Float64 samples of n elements that are 4 / n apart, and 1 / n from 0."""
        n = size * math.prod(self.shape)
        values = (np.arange(n) - n / 2 + 0.25) * (4 / n)
        return np.random.default_rng(n).permutation(values).reshape(size, *self.shape)

    def prepared(self, backend, dtype="float64"):
        """The built layer; parameters and state are random, lest a zero or a one hide a mistake."""
        layer = self.make(dtype).to(backend)
        layer.build(self.shape)
        rng = np.random.default_rng(5)
        for name, array in (layer.parameters | layer.state).items():
            values = rng.standard_normal(array.shape)
            if name.endswith("variance"):
                values = np.abs(values) + 0.5
            array[...] = backend.asarray(values, dtype=array.dtype)
        return layer

    @staticmethod
    def output_gradient(shape):
        """A float64 gradient for an output."""
        return np.random.default_rng(11).standard_normal(shape)

    def expected(self, layer, x):
        """The oracle's output, and how far rounding may carry the layer's from it."""
        arrays = {
            name: layer.home.to_numpy(array).astype("float64")
            for name, array in (layer.parameters | layer.state).items()
        }
        size = self.bound or self.oracle(np.abs(x), {name: np.abs(a) for name, a in arrays.items()})
        return self.oracle(x, arrays), (self.terms + 8) * size


def assert_within(actual, expected, tolerance):
    """Equal shapes, and no element further off than the tolerance."""
    assert actual.shape == expected.shape
    excess = np.abs(actual - expected) - tolerance
    assert np.all(excess <= 0), f"beyond the tolerance by {excess.max()}"


def defined(oracle, **facts):
    """What makes an entry of a case."""
    return lambda case: Entry(**vars(case), oracle=oracle, **facts)


def inside(place, size):
    return all(0 <= i < n for i, n in zip(place, size, strict=True))


def mean(values):
    return sum(values) / len(values)


def each(function):
    """What an elementwise layer does."""

    def oracle(x, arrays):
        y = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            y[index] = function(x[index])
        return y

    return oracle


def identity(x, arrays):
    return x


def last(oracle):
    """The same with the channels last."""
    return lambda x, arrays: np.moveaxis(oracle(np.moveaxis(x, -1, 1), arrays), 1, -1)


def uniforms(seed, count):
    """What the first call draws: 24 bits each, of Philox4x64 keyed with seed and call."""
    digest = hashlib.blake2b(f"{seed}/0".encode(), digest_size=16).digest()
    words = np.random.Philox(key=np.frombuffer(digest, "<u8")).random_raw(-(-count // 2))
    halves = itertools.chain.from_iterable((int(w) % 2**32, int(w) >> 32) for w in words)
    return [(half >> 8) * 2.0**-24 for half in itertools.islice(halves, count)]
