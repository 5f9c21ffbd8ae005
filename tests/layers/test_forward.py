"""What every layer's forward pass keeps to."""

import copy

import numpy as np
import pytest

LAYOUTS = {
    "fortran": lambda xp, x: xp.asfortranarray(x),
    "strided": lambda xp, x: xp.repeat(x, 2, axis=-1)[..., ::2],
    "reversed": lambda xp, x: xp.ascontiguousarray(x[..., ::-1])[..., ::-1],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_output_is_the_definition(case, backend, dtype, within):
    layer = case.prepared(backend, dtype)
    x = case.batch().astype(dtype)
    expected, tolerance = case.expected(layer, x.astype("float64"))

    y = layer.forward(backend.asarray(x), case.training)

    assert backend.owns(y)
    assert y.dtype == dtype
    within(backend.to_numpy(y), expected, tolerance * np.finfo(dtype).eps)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_of_the_input_makes_no_difference(case, backend, layout):
    layer = case.prepared(backend)
    twin = copy.deepcopy(layer)
    x = backend.asarray(case.batch())

    y = layer.forward(x, case.training)
    other = twin.forward(LAYOUTS[layout](backend.xp, x), case.training)
    dy = backend.asarray(case.output_gradient(y.shape))
    results = [y, layer.backward(dy), *layer.gradients.values()]
    others = [other, twin.backward(dy), *twin.gradients.values()]

    for result, same in zip(results, others, strict=True):
        np.testing.assert_allclose(*map(backend.to_numpy, (result, same)), rtol=1e-12, atol=1e-12)


def test_output_shape_is_known_beforehand(case, cpu):
    expected, _ = case.expected(case.prepared(cpu), case.batch())
    assert case.make("float64").compute_output_shape(case.shape) == expected.shape[1:]


def test_channels_last_is_channels_first_transposed(channels_last_case, backend):
    case = channels_last_case
    layer = case.prepared(backend)
    first = type(layer).from_config({**layer.get_config(), **case.channels_first}).to(backend)
    x = case.batch()
    x_first = np.moveaxis(x, -1, 1)
    first.build(x_first.shape[1:])
    for name, array in (layer.parameters | layer.state).items():
        (first.parameters | first.state)[name][...] = array

    y = layer.forward(backend.asarray(x), case.training)
    y_first = first.forward(backend.asarray(x_first), case.training)
    dy = case.output_gradient(y.shape)
    dx = layer.backward(backend.asarray(dy))
    dx_first = first.backward(backend.asarray(np.moveaxis(dy, -1, 1)))

    for last, other in ((y, y_first), (dx, dx_first)):
        moved = np.moveaxis(backend.to_numpy(other), 1, -1)
        np.testing.assert_allclose(backend.to_numpy(last), moved, rtol=1e-12, atol=1e-12)
    for name, gradient in layer.gradients.items():
        np.testing.assert_allclose(
            *map(backend.to_numpy, (gradient, first.gradients[name])), rtol=1e-12, atol=1e-12
        )


def test_float64_input_comes_out_in_the_layers_dtype(case, backend):
    layer = case.prepared(backend, "float32")
    x = backend.asarray(case.batch())

    y = copy.deepcopy(layer).forward(x, case.training)

    assert y.dtype == ("float64" if case.stateless or case.follows_input else "float32")
    same = layer.forward(x.astype(y.dtype), case.training)
    np.testing.assert_array_equal(*map(backend.to_numpy, (y, same)))


def test_single_sample_is_a_batch_of_one(case, backend):
    layer = case.prepared(backend)
    x = backend.asarray(case.batch(1))
    twin = copy.deepcopy(layer)

    y, single = layer.forward(x, case.training), twin.forward(x[0], case.training)
    dy = backend.asarray(case.output_gradient(y.shape))
    dx, single_dx = layer.backward(dy), twin.backward(dy[0])

    np.testing.assert_array_equal(*map(backend.to_numpy, (y[0], single)))
    np.testing.assert_array_equal(*map(backend.to_numpy, (dx[0], single_dx)))
    for name, gradient in layer.gradients.items():
        np.testing.assert_array_equal(*map(backend.to_numpy, (gradient, twin.gradients[name])))


def test_single_sample_builds_a_layer(ranked_case, backend):
    case = ranked_case
    layer = case.make("float64").to(backend)
    y = layer.forward(backend.asarray(case.batch(1)[0]), case.training)
    assert y.shape == layer.compute_output_shape(case.shape)
    assert layer.input_shape == case.shape


def test_sample_does_not_depend_on_its_batch(case, backend):
    layer = case.prepared(backend)
    x = backend.asarray(case.batch())

    rows = backend.to_numpy(copy.deepcopy(layer).forward(x, case.training))
    alone = [backend.to_numpy(copy.deepcopy(layer).forward(sample, case.training)) for sample in x]

    equal = np.allclose(rows, alone, rtol=1e-12, atol=1e-12)
    assert equal == case.rowwise


def test_elementwise_layers_take_samples_of_any_shape(elementwise_case, backend):
    case = elementwise_case
    layer = case.prepared(backend)
    x = backend.asarray(case.batch())
    flat, y = (copy.deepcopy(layer).forward(a, case.training) for a in (x.ravel(), x))
    np.testing.assert_array_equal(*map(backend.to_numpy, (flat, y.ravel())))


def test_input_is_not_modified(case, backend):
    layer = case.prepared(backend)
    x = backend.asarray(case.batch())
    before = x.copy()

    y = layer.forward(x, case.training)
    layer.backward(backend.asarray(case.output_gradient(y.shape)), learning_rate=0.1)

    np.testing.assert_array_equal(*map(backend.to_numpy, (x, before)))


def test_forward_is_deterministic(case, backend):
    layer = case.prepared(backend, "float32")
    x = backend.asarray(case.batch().astype("float32"))
    twin = copy.deepcopy(layer)
    for _ in range(2):
        y, same = layer.forward(x, case.training), twin.forward(x, case.training)
        np.testing.assert_array_equal(*map(backend.to_numpy, (y, same)))
