"""What every layer's backward pass keeps to."""

import copy

import numpy as np
import pytest

STEP = 1e-6


def forwarded(case, backend, dtype="float64"):
    """A layer after a forward pass, and a gradient for its output."""
    layer = case.prepared(backend, dtype)
    y = layer.forward(backend.asarray(case.batch().astype(dtype)), case.training)
    return layer, backend.asarray(case.output_gradient(y.shape).astype(dtype))


def slope(loss):
    """The derivative of a function of one number, at 0."""
    return (loss(STEP) - loss(-STEP)) / (2 * STEP)


def direction(array):
    return np.random.default_rng(array.size).standard_normal(array.shape)


def test_input_gradient_is_the_slope(case, backend):
    layer, dy = forwarded(case, backend)
    before = case.prepared(backend)
    x = case.batch()
    v = direction(x)

    def loss(step):
        y = copy.deepcopy(before).forward(backend.asarray(x + step * v), case.training)
        return float((y * dy).sum())

    dx = backend.to_numpy(layer.backward(dy))
    np.testing.assert_allclose((dx * v).sum(), slope(loss), rtol=1e-6, atol=1e-7)


def test_parameter_gradients_are_the_slopes(case, backend):
    layer, dy = forwarded(case, backend)
    before = case.prepared(backend)
    x = backend.asarray(case.batch())
    layer.backward(dy)

    def loss(name, v, step):
        moved = copy.deepcopy(before)
        moved.parameters[name][...] += step * backend.asarray(v)
        return float((moved.forward(x, case.training) * dy).sum())

    for name, gradient in layer.gradients.items():
        v = direction(gradient)
        analytic = (backend.to_numpy(gradient) * v).sum()
        numeric = slope(lambda step, name=name, v=v: loss(name, v, step))
        np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_have_the_parameters_names_shapes_and_dtypes(case, backend, dtype):
    layer, dy = forwarded(case, backend, dtype)
    dx = layer.backward(dy)

    assert (dx.shape, dx.dtype) == ((len(dy), *case.shape), dtype)
    assert backend.owns(dx)
    described = [
        {name: (a.shape, a.dtype) for name, a in arrays.items()}
        for arrays in (layer.gradients, layer.parameters)
    ]
    assert described[0] == described[1]
    assert {a.dtype.name for a in layer.gradients.values()} <= {dtype}


def test_other_dtypes_of_output_gradients_are_converted(case, backend):
    layer, dy = forwarded(case, backend, "float32")
    dx = layer.backward(dy)
    gradients = {name: a.copy() for name, a in layer.gradients.items()}

    converted = layer.backward(dy.astype("float64"))

    assert converted.dtype == "float32"
    np.testing.assert_array_equal(*map(backend.to_numpy, (dx, converted)))
    for name, gradient in layer.gradients.items():
        assert gradient.dtype == "float32"
        np.testing.assert_array_equal(*map(backend.to_numpy, (gradient, gradients[name])))


def test_backward_twice_gives_the_same(case, backend):
    layer, dy = forwarded(case, backend, "float32")
    kept = dy.copy()
    first = layer.backward(dy).copy()
    gradients = {name: a.copy() for name, a in layer.gradients.items()}

    second = layer.backward(dy)

    np.testing.assert_array_equal(*map(backend.to_numpy, (first, second)))
    for name, gradient in layer.gradients.items():
        np.testing.assert_array_equal(*map(backend.to_numpy, (gradient, gradients[name])))
    np.testing.assert_array_equal(*map(backend.to_numpy, (dy, kept)))


def test_results_outlast_later_calls(case, backend):
    layer, dy = forwarded(case, backend)
    x = backend.asarray(case.batch())
    y = layer.forward(x, case.training)
    results = y, layer.backward(dy)
    before = [each.copy() for each in results]

    layer.forward(x + 1, case.training)
    layer.backward(-dy)

    for result, same in zip(results, before, strict=True):
        np.testing.assert_array_equal(*map(backend.to_numpy, (result, same)))


@pytest.mark.parametrize("layout", ["fortran", "strided", "constant"])
def test_layout_of_the_output_gradient_makes_no_difference(case, backend, layout):
    layer, dy = forwarded(case, backend)
    xp = backend.xp
    if layout == "fortran":
        other = xp.asfortranarray(dy)
    elif layout == "strided":
        other = xp.repeat(dy, 2, axis=0)[::2]
    else:
        # all elements are one and the same in memory, as a mean's gradient is
        other = xp.broadcast_to(dy.ravel()[:1], dy.shape)
        dy = xp.ascontiguousarray(other)
    twin = copy.deepcopy(layer)

    results = [layer.backward(dy), *layer.gradients.values()]
    others = [twin.backward(other), *twin.gradients.values()]

    for result, same in zip(results, others, strict=True):
        np.testing.assert_allclose(*map(backend.to_numpy, (result, same)), rtol=1e-12, atol=1e-12)


def test_learning_rate_takes_the_plain_gradient_step(case, backend):
    layer, dy = forwarded(case, backend)
    twin = copy.deepcopy(layer)
    before = {name: backend.to_numpy(p).copy() for name, p in layer.parameters.items()}
    arrays = dict(twin.parameters)

    dx, same = layer.backward(dy), twin.backward(dy, learning_rate=0.25)

    np.testing.assert_array_equal(*map(backend.to_numpy, (dx, same)))
    for name, gradient in layer.gradients.items():
        assert twin.parameters[name] is arrays[name]
        np.testing.assert_array_equal(backend.to_numpy(layer.parameters[name]), before[name])
        np.testing.assert_allclose(
            backend.to_numpy(twin.parameters[name]),
            before[name] - 0.25 * backend.to_numpy(gradient),
            rtol=1e-14,
            atol=1e-14,
        )


@pytest.mark.parametrize("rate", [1, np.float32(0.5), np.float64(0.5), 0])
def test_learning_rate_may_be_any_real_number(cpu, cases, rate):
    case = next(case for case in cases if case.name == "Dense")
    layer, dy = forwarded(case, cpu, "float32")
    before = layer.parameters["bias"].copy()
    layer.backward(dy, rate)
    expected = before - np.float32(rate) * layer.gradients["bias"]
    np.testing.assert_array_equal(layer.parameters["bias"], expected)
