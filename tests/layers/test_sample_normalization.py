"""Normalization of samples by themselves: precision and options. The table has the rest."""

import numpy as np
import pytest

from onepath.layers import (
    GroupNormalization,
    InstanceNormalization,
    LayerNormalization,
    RMSNormalization,
    deserialize,
    serialize,
)

MAKE = {
    "layer": lambda **options: LayerNormalization(axis=(1, 2, 3), **options),
    "group": lambda **options: GroupNormalization(1, **options),
    "instance": InstanceNormalization,
}


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("interleaved", [False, True])
def test_long_sums_lose_few_digits(backend, kind, interleaved):
    """Of up to 270,000 numbers that are 1000 or so."""
    x = np.random.default_rng(0).normal(1000, 1, (2, 3, 300, 300)).astype("f4")
    if interleaved:
        x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
    y = MAKE[kind]().forward(backend.asarray(x))
    axes = (2, 3) if kind == "instance" else (1, 2, 3)
    exact = x - x.mean(axis=axes, keepdims=True, dtype="f8")
    exact /= np.sqrt((exact**2).mean(axis=axes, keepdims=True) + 1e-3)
    np.testing.assert_allclose(backend.to_numpy(y), exact, atol=1.5e-4)


@pytest.mark.parametrize("kind", MAKE)
def test_without_center_and_scale_nothing_is_learned(backend, kind):
    layer = MAKE[kind](center=False, scale=False, epsilon=1e-12, dtype="float64")
    x = backend.asarray(np.random.default_rng(1).normal(3, 2, (2, 3, 4, 5)))
    y = layer.forward(x)
    dx = layer.backward(backend.xp.ones_like(y))
    assert layer.parameters == layer.gradients == {}
    axes = (2, 3) if kind == "instance" else (1, 2, 3)
    np.testing.assert_allclose(backend.to_numpy(y).mean(axis=axes), 0, atol=1e-12)
    np.testing.assert_allclose(backend.to_numpy(y).var(axis=axes), 1, rtol=1e-9)
    # the mean of the output is 0, whatever the input
    np.testing.assert_allclose(backend.to_numpy(dx), 0, atol=1e-12)


def test_what_is_shifted_comes_out_the_same_where_the_mean_is_subtracted(cpu):
    x = np.random.default_rng(2).normal(size=(3, 8))
    centred, other = LayerNormalization(dtype="float64"), RMSNormalization(dtype="float64")
    np.testing.assert_allclose(centred.forward(x + 5), centred.forward(x), rtol=1e-12, atol=1e-12)
    assert not np.allclose(other.forward(x + 5), other.forward(x))
    np.testing.assert_allclose(other.forward(1e6 * x), other.forward(1e8 * x), rtol=1e-9)


def test_defaults_are_those_of_keras():
    layer, rms, group = LayerNormalization(), RMSNormalization(), GroupNormalization()
    assert (layer.axis, layer.epsilon, layer.center, layer.scale) == (-1, 1e-3, True, True)
    assert (rms.axis, rms.epsilon) == (-1, 1e-6)
    assert (group.groups, group.epsilon, InstanceNormalization().groups) == (32, 1e-3, -1)


def test_initializers_and_regularizers(backend):
    options = {"beta_initializer": "ones", "gamma_initializer": "zeros", "beta_regularizer": "l2"}
    for layer in (LayerNormalization(**options), GroupNormalization(2, **options)):
        y = layer.forward(backend.asarray(np.arange(8.0, dtype="float32").reshape(2, 4)))
        np.testing.assert_array_equal(backend.to_numpy(y), np.ones((2, 4)))
        assert list(layer.regularizers) == ["beta"]
        assert deserialize(serialize(layer)).get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LayerNormalization(0), ValueError, "axis 0 is the batch"),
        (lambda: LayerNormalization((1, 0)), ValueError, "axis 0 is the batch"),
        (lambda: LayerNormalization(1.0), TypeError, r"axis must be an integer, got 1\.0"),
        (lambda: LayerNormalization(()), ValueError, r"axis must be at least one, got \(\)"),
        (lambda: LayerNormalization(epsilon=0), ValueError, "epsilon must be above 0"),
        (lambda: RMSNormalization(epsilon=-1), ValueError, "epsilon must be above 0"),
        (lambda: LayerNormalization(center=1), TypeError, "center must be True or False, got 1"),
        (lambda: GroupNormalization(0), ValueError, "groups must be at least 1, got 0"),
        (lambda: GroupNormalization(-2), ValueError, "groups must be at least 1, got -2"),
        (lambda: GroupNormalization(2, 0), ValueError, "axis 0 is the batch"),
        (lambda: InstanceNormalization(scale=None), TypeError, "scale must be True or False"),
    ],
)
def test_options_are_checked(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (LayerNormalization((1, -1)), r"axis \(1, -1\) has one of the 2 axes twice"),
        (LayerNormalization(2), "there is no axis 2 in a batch of them"),
        (LayerNormalization((-1, -2)), "there is no axis -2 in a batch of them"),
        (LayerNormalization((-1, -3)), "there is no axis -3 in a batch of them"),
        (GroupNormalization(4), "groups=4 does not divide the 6 channels"),
        (GroupNormalization(), "groups=32 does not divide the 6 channels"),
        (InstanceNormalization(2), "there is no axis 2 in a batch of them"),
    ],
)
def test_axes_must_be_there(layer, message):
    with pytest.raises(ValueError, match=r"samples of shape \(6,\) do not fit: " + message):
        layer.forward(np.ones((2, 6)))
