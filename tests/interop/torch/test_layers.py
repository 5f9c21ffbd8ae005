"""Each layer beside PyTorch's: weights go over, either way, and both compute the same."""

import numpy as np
import pytest

from onepath.interop.torch import load_state_dict, state_dict
from onepath.interop.torch.table import ENTRIES

from .pairs import PAIRS

TOLERANCES = {"float32": 1e-6, "float64": 1e-12}
BATCH = 3


@pytest.fixture(params=PAIRS, ids=lambda pair: pair.name.replace(" ", "-"))
def pair(request):
    return request.param


@pytest.fixture(params=TOLERANCES)
def dtype(request):
    return request.param


@pytest.fixture
def both(torch, pair, dtype, rng, randomized):
    """The layer, built, PyTorch's module, all with random weights of their own, and an input."""
    layer = pair.ours(dtype)
    layer.build(pair.shape)
    module = pair.theirs(torch.nn).to(getattr(torch, dtype)).eval()
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            values = rng.standard_normal(tensor.shape)
            tensor.copy_(torch.from_numpy(np.abs(values) + 0.5 if "var" in name else values))
    return randomized(layer), module, rng.standard_normal((BATCH, *pair.shape)).astype(dtype)


def assert_alike(torch, pair, both, dtype):
    layer, module, x = both
    with torch.no_grad():
        expected = pair.call(module, torch.from_numpy(x)).numpy()
    y = layer.forward(x)
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    scale = TOLERANCES[dtype] * np.abs(expected).max()
    np.testing.assert_allclose(y, expected, rtol=TOLERANCES[dtype], atol=scale)


def test_weights_come_from_pytorch(torch, pair, both, dtype):
    layer, module, _ = both
    load_state_dict(layer, module.state_dict())
    assert_alike(torch, pair, both, dtype)


def test_weights_go_to_pytorch(torch, pair, both, dtype):
    layer, module, _ = both
    state = {name: torch.from_numpy(array) for name, array in state_dict(layer).items()}
    module.load_state_dict(state, strict=True)
    assert_alike(torch, pair, both, dtype)


def test_weights_come_back(pair, dtype, randomized, rng):
    layer, other = pair.ours(dtype), pair.ours(dtype)
    layer.build(pair.shape)
    other.build(pair.shape)
    randomized(layer)
    load_state_dict(other, state_dict(layer))
    x = rng.standard_normal((BATCH, *pair.shape)).astype(dtype)
    np.testing.assert_array_equal(other.forward(x), layer.forward(x))


def test_every_layer_of_the_table_has_its_pair():
    assert {type(pair.ours("float32")) for pair in PAIRS} == ENTRIES.keys()
