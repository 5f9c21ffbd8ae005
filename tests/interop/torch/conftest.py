"""Networks built here and in PyTorch, and random weights for them."""

from contextlib import contextmanager

import numpy as np
import pytest

import onepath as op


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def randomized(rng):
    """The function ``randomized(layer)``, which draws all weights anew: zeros hide mistakes."""

    def draw(layer):
        for name, array in (layer.parameters | layer.state).items():
            values = rng.standard_normal(array.shape)
            values = np.abs(values) + 0.5 if name.endswith("variance") else values
            array[...] = layer.home.asarray(values, dtype=array.dtype)
        return layer

    return draw


@pytest.fixture
def net(randomized):
    """A small network, on the CPU, with layers within layers."""
    layers = op.layers
    network = layers.Sequential(
        [
            layers.Conv2D(3, (2, 3), name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            layers.Flatten(),
            layers.Sequential([layers.Dense(4, name="hidden"), layers.Dense(2)], name="head"),
        ]
    )
    network.build((2, 4, 5))
    return randomized(network)


def contents(layer):
    """Copies of all weights, on the host."""
    return {
        name: layer.home.to_numpy(array).copy()
        for name, array in (layer.parameters | layer.state).items()
    }


@pytest.fixture
def unchanged():
    """The function ``unchanged(layer)``, a context after which the layer must be as before."""

    @contextmanager
    def hold(layer):
        before = contents(layer)
        yield
        after = contents(layer)
        assert before.keys() == after.keys()
        for name, array in before.items():
            np.testing.assert_array_equal(after[name], array, err_msg=name)

    return hold
