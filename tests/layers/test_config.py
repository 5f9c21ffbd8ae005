"""Every layer can be described, copied and moved."""

import copy
import json

import numpy as np
import pytest

from onepath.layers import deserialize, serialize


def arrays_of(layer):
    return {
        name: layer.home.to_numpy(array) for name, array in (layer.parameters | layer.state).items()
    }


def assert_same_arrays(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert array.dtype == other[name].dtype
        np.testing.assert_array_equal(array, other[name], err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_description_makes_the_same_layer(case, backend, dtype):
    layer = case.make(dtype)
    text = json.dumps(serialize(layer))
    again = deserialize(json.loads(text))

    assert type(again) is type(layer)
    assert json.dumps(serialize(again)) == text
    x = backend.asarray(case.batch().astype(dtype))
    outputs = [each.to(backend).forward(x, case.training) for each in (layer, again)]
    np.testing.assert_array_equal(*map(backend.to_numpy, outputs))
    assert_same_arrays(arrays_of(layer), arrays_of(again))


def test_description_is_of_plain_values(case):
    described = serialize(case.make("float32"))
    assert described.keys() == {"class_name", "config"}
    assert deserialize(described).get_config() == described["config"]


def test_building_beforehand(case, backend):
    layer = case.make("float64").to(backend)
    layer.build(case.shape, backend)
    assert (layer.built, layer.input_shape, layer.backend) == (True, case.shape, backend)
    before = {name: array.copy() for name, array in arrays_of(layer).items()}
    for array in layer.parameters.values():
        assert backend.owns(array)

    layer.build(case.shape)
    layer.forward(backend.asarray(case.batch()))

    assert_same_arrays(arrays_of(layer), before)


def test_copy_is_independent(case, backend):
    layer = case.prepared(backend)
    x = backend.asarray(case.batch())
    layer.forward(x, case.training)
    twin = copy.deepcopy(layer)
    before = {name: array.copy() for name, array in arrays_of(layer).items()}

    y = twin.forward(x, training=True)
    twin.backward(backend.asarray(case.output_gradient(y.shape)), learning_rate=1.0)

    assert_same_arrays(arrays_of(layer), before)
    assert twin.backend is layer.backend
    for name, array in twin.parameters.items():
        assert not np.array_equal(backend.to_numpy(array), before[name]), name


def test_moving_keeps_the_values(case, backend, far):
    layer = case.prepared(backend)
    y = layer.forward(backend.asarray(case.batch()), case.training)
    dy = backend.asarray(case.output_gradient(y.shape))
    dx = backend.to_numpy(layer.backward(dy))
    before = arrays_of(layer)
    gradients = {name: backend.to_numpy(a).copy() for name, a in layer.gradients.items()}
    stayed = copy.deepcopy(layer)

    assert layer.to("far") is layer
    assert layer.backend is far
    assert all(map(far.owns, (layer.parameters | layer.gradients | layer.state).values()))
    assert_same_arrays(arrays_of(layer), before)
    with pytest.raises(RuntimeError, match="backward needs a forward before it"):
        layer.backward(far.asarray(case.output_gradient(y.shape)))

    layer.to(backend)
    assert_same_arrays(arrays_of(layer), before)
    assert_same_arrays({k: backend.to_numpy(a) for k, a in layer.gradients.items()}, gradients)
    x = backend.asarray(case.batch())
    outputs = [each.forward(x, case.training) for each in (layer, stayed)]
    np.testing.assert_array_equal(*map(backend.to_numpy, outputs))
    if case.rowwise:
        np.testing.assert_array_equal(backend.to_numpy(layer.backward(dy)), dx)


def test_moving_to_where_it_is_keeps_the_forward_pass(case, backend):
    layer = case.prepared(backend)
    y = layer.forward(backend.asarray(case.batch()), case.training)
    dx = layer.to(backend).backward(y)
    assert dx.shape == (len(y), *case.shape)
