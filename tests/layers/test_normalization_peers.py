"""Normalizations against PyTorch's and Keras's, for random inputs and options."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath.layers import (
    BatchNormalization,
    GroupNormalization,
    InstanceNormalization,
    LayerNormalization,
    RMSNormalization,
)

shapes = st.lists(st.integers(2, 5), min_size=2, max_size=4).map(tuple)
seeds = st.integers(0, 2**32 - 1)
epsilons = st.sampled_from([1e-6, 1e-3, 0.5])
large_epsilons = st.sampled_from([0.1, 0.5])
switches = st.fixed_dictionaries({"center": st.booleans(), "scale": st.booleans()})
randomly = settings(deadline=None, max_examples=20, derandomize=True)


near = {"rtol": 1e-4, "atol": 1e-4}
"""Where Keras is the oracle: its normalizations compute in float32, whatever they are given."""


def drawn(shape, seed):
    """Numbers that are far from 0, and of another size in each test."""
    rng = np.random.default_rng(seed)
    return rng.normal(rng.normal(scale=30), rng.uniform(0.5, 20), shape)


def drawn_near(shape, seed):
    """Numbers around 1, of which float32 loses few digits."""
    return np.random.default_rng(seed).normal(1, 1, shape)


def of_keras(layer, shape, frozen=False, **options):
    """A layer of Keras's as a function of an input and of parameters and state by our names."""
    layer.build(shape)
    layer.trainable = not frozen
    ours = {"mean": "moving_mean", "variance": "moving_variance", "scale": "gamma"}

    def function(x, arrays):
        def values(variables):
            names = [variable.path.split("/")[-1] for variable in variables]
            return [arrays[ours.get(name, name)] for name in names]

        mine, others = layer.trainable_variables, layer.non_trainable_variables
        y, _ = layer.stateless_call(values(mine), values(others), x, **options)
        return y

    return function


@randomly
@given(shape=shapes, data=st.data(), epsilon=epsilons, options=switches, seed=seeds)
def test_layer_normalization(torch, as_torch, shape, data, epsilon, options, seed):
    first = data.draw(st.integers(1, len(shape) - 1))
    layer = LayerNormalization(range(first, len(shape)), epsilon, dtype="float64", **options)

    def function(x, arrays):
        gamma, beta = arrays.get("gamma"), arrays.get("beta")
        return torch.nn.functional.layer_norm(x, x.shape[first:], gamma, beta, epsilon)

    as_torch(layer, function, drawn(shape, seed))


@randomly
@given(shape=shapes, data=st.data(), epsilon=epsilons, options=switches, seed=seeds)
def test_layer_normalization_over_any_axes(as_torch, shape, data, epsilon, options, seed):
    """By PyTorch's means and variances: Keras on PyTorch takes the last axes, come what may."""
    axis = data.draw(st.lists(st.integers(1, len(shape) - 1), min_size=1, unique=True))
    layer = LayerNormalization(axis, epsilon, dtype="float64", **options)
    wide = [n if place in axis else 1 for place, n in enumerate(shape)]

    def function(x, arrays):
        centred = x - x.mean(axis, keepdim=True)
        y = centred / (x.var(axis, correction=0, keepdim=True) + epsilon).sqrt()
        if "gamma" in arrays:
            y = y * arrays["gamma"].reshape(wide)
        return y + arrays["beta"].reshape(wide) if "beta" in arrays else y

    as_torch(layer, function, drawn(shape, seed))


@settings(randomly, max_examples=10)
@given(shape=shapes, data=st.data(), epsilon=large_epsilons, options=switches, seed=seeds)
def test_layer_normalization_of_keras(keras, as_torch, shape, data, epsilon, options, seed):
    first = data.draw(st.integers(1, len(shape) - 1))
    axis = data.draw(st.sampled_from([-1, list(range(first, len(shape)))]))
    theirs = keras.layers.LayerNormalization(axis, epsilon, dtype="float64", **options)
    layer = LayerNormalization(axis, epsilon, dtype="float64", **options)
    as_torch(layer, of_keras(theirs, shape), drawn_near(shape, seed), **near)


@randomly
@given(shape=shapes, data=st.data(), epsilon=epsilons, seed=seeds)
def test_rms_normalization(torch, as_torch, shape, data, epsilon, seed):
    first = data.draw(st.integers(1, len(shape) - 1))
    layer = RMSNormalization(range(first, len(shape)), epsilon, dtype="float64")

    def function(x, arrays):
        return torch.nn.functional.rms_norm(x, x.shape[first:], arrays["gamma"], epsilon)

    as_torch(layer, function, drawn(shape, seed))


@settings(randomly, max_examples=10)
@given(shape=shapes, epsilon=large_epsilons, seed=seeds)
def test_rms_normalization_of_keras(keras, as_torch, shape, epsilon, seed):
    theirs = keras.layers.RMSNormalization(epsilon=epsilon, dtype="float64")
    layer = RMSNormalization(epsilon=epsilon, dtype="float64")
    as_torch(layer, of_keras(theirs, shape), drawn_near(shape, seed), **near)


grouped = st.tuples(st.integers(1, 3), st.integers(1, 3), st.lists(st.integers(2, 4), max_size=2))


@randomly
@given(shape=grouped, epsilon=epsilons, options=switches, seed=seeds)
def test_group_normalization(torch, as_torch, shape, epsilon, options, seed):
    groups, per_group, size = shape
    layer = GroupNormalization(groups, epsilon=epsilon, dtype="float64", **options)

    def function(x, arrays):
        ones = torch.ones(x.shape[1], dtype=x.dtype)  # PyTorch wants both or neither
        gamma, beta = arrays.get("gamma", ones), arrays.get("beta", 0 * ones)
        return torch.nn.functional.group_norm(x, groups, gamma, beta, epsilon)

    as_torch(layer, function, drawn((2, 2 * groups * per_group, *size), seed))


@settings(randomly, max_examples=10)
@given(shape=grouped, data=st.data(), epsilon=large_epsilons, options=switches, seed=seeds)
def test_group_normalization_of_keras(keras, as_torch, shape, data, epsilon, options, seed):
    groups, per_group, size = shape
    axis = data.draw(st.integers(1, 1 + len(size)) | st.just(-1))
    shape = [3, *size]
    shape.insert(axis % (len(shape) + 1), groups * per_group)
    groups = -1 if data.draw(st.booleans()) else groups
    theirs = keras.layers.GroupNormalization(groups, axis, epsilon, dtype="float64", **options)
    layer = GroupNormalization(groups, axis, epsilon, dtype="float64", **options)
    as_torch(layer, of_keras(theirs, tuple(shape)), drawn_near(shape, seed), **near)


@randomly
@given(shape=shapes, epsilon=epsilons, options=switches, seed=seeds)
def test_instance_normalization(torch, as_torch, shape, epsilon, options, seed):
    layer = InstanceNormalization(epsilon=epsilon, dtype="float64", **options)

    def function(x, arrays):
        gamma, beta = arrays.get("gamma"), arrays.get("beta")
        return torch.nn.functional.instance_norm(x, weight=gamma, bias=beta, eps=epsilon)

    as_torch(layer, function, drawn((*shape, 3), seed))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("frozen", [False, True])
@settings(randomly, max_examples=10)
@given(shape=shapes, data=st.data(), epsilon=large_epsilons, options=switches, seed=seeds)
def test_batch_normalization(
    keras, as_torch, training, frozen, shape, data, epsilon, options, seed
):
    axis = data.draw(st.integers(1, len(shape) - 1) | st.just(-1))
    theirs = keras.layers.BatchNormalization(axis, epsilon=epsilon, dtype="float64", **options)
    layer = BatchNormalization(axis, epsilon=epsilon, dtype="float64", **options)
    layer.trainable = not frozen
    function = of_keras(theirs, shape, frozen, training=training)
    as_torch(layer, function, drawn_near(shape, seed), **near, training=training)
