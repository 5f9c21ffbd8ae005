"""Layers that do not mind what axes mean."""

from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st

from ...backends.convolution.geometry import Ints
from ...layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Exponential,
    Flatten,
    GroupNormalization,
    InstanceNormalization,
    Layer,
    LayerNormalization,
    LeakyReLU,
    LogSoftmax,
    Permute,
    PReLU,
    ReLU,
    RepeatVector,
    Reshape,
    RMSNormalization,
    Sigmoid,
    Softmax,
    Tanh,
)
from ...layers.activations import ACTIVATIONS, activation_layer
from .options import Table, any_axis, seeds


def activation(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    """An elementwise layer."""
    kinds: list[Layer] = [ReLU(), Sigmoid(), Tanh(), LeakyReLU(0.0), LeakyReLU(1.5)]
    kinds += [Activation("relu"), PReLU("standard_normal", dtype=dtype, seed=draw(seeds))]
    return draw(st.sampled_from(kinds))


def _named_activation(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    name = draw(st.sampled_from([name for name in ACTIVATIONS if name != "exponential"]))
    return activation_layer(name)


def exponential(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    """A steep one, whose outputs no other layer should get."""
    return Exponential()  # alone: an exponential of an exponential is out of range


def _softmax(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    return draw(st.sampled_from([Softmax, LogSoftmax]))(any_axis(draw, shape))


def _dropout(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    return Dropout(draw(st.sampled_from([0.0, 0.25, 0.9])), seed=draw(seeds))


def _batch_normalization(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    momentum, epsilon = draw(st.sampled_from([0.0, 0.9, 1.0])), draw(st.sampled_from([1e-5, 0.1]))
    axis, seed = any_axis(draw, shape), draw(seeds)
    return BatchNormalization(axis, momentum, epsilon, dtype=dtype, seed=seed)


def _sample_normalization(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    kinds: list[Callable[..., Layer]] = [
        LayerNormalization,
        RMSNormalization,
        InstanceNormalization,
        partial(GroupNormalization, 1),
    ]
    make: Callable[..., Layer] = draw(st.sampled_from(kinds))
    axis = any_axis(draw, shape)
    return make(axis, draw(st.sampled_from([1e-5, 0.1])), dtype=dtype, seed=draw(seeds))


def _reshaping(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    target = draw(st.permutations(shape))
    open_end = draw(st.integers(-1, len(target) - 1))
    if open_end >= 0:
        target[open_end] = -1
    order = draw(st.permutations(range(1, len(shape) + 1)))
    kinds: list[Layer] = [Flatten(), Reshape(tuple(target)), Permute(tuple(order))]
    return draw(st.sampled_from(kinds))


def _repetition(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    return RepeatVector(draw(st.integers(1, 3)))


def _dense(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    return Dense(
        units=draw(st.integers(1, 4)),
        use_bias=draw(st.booleans()),
        bias_initializer="standard_normal",
        dtype=dtype,
        seed=draw(seeds),
    )


def _embedding(draw: st.DrawFn, shape: Ints, dtype: str) -> Layer:
    """For numbers from -10 to 10, of which the negative ones count from the end."""
    return Embedding(11, draw(st.integers(1, 3)), dtype=dtype, seed=draw(seeds))


FLAT: Table = {
    activation: range(1, 5),
    _named_activation: range(1, 5),
    _softmax: range(1, 5),
    _dropout: range(1, 5),
    _batch_normalization: range(1, 5),
    _sample_normalization: range(1, 5),
    _reshaping: range(1, 5),
    _repetition: range(1, 2),
    _dense: range(1, 5),
    _embedding: range(1, 4),
}
