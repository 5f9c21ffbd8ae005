"""What no layer takes: the message names the layer, and the layer stays as it was."""

import copy
import math
import re

import numpy as np
import pytest

from onepath.backends import DeviceMismatchError

INTEGERS = r"the input must be floating, got {}; scale integer images, as in x\.astype\('float32'\)"

BAD_INPUTS = {
    "integers": (lambda x: (x * 50).astype("uint8"), TypeError, INTEGERS.format("uint8")),
    "booleans": (lambda x: x > 0, TypeError, INTEGERS.format("bool")),
    "complex": (
        lambda x: x.astype("complex64"),
        TypeError,
        "the input must be floating, got complex64$",
    ),
    "an empty batch": (lambda x: x[:0], ValueError, r"the input is empty, its shape is \(0, "),
    "a list": (
        lambda x: x.tolist(),
        TypeError,
        "input: argument 0 is a builtins.list, not an array",
    ),
    "None": (lambda x: None, TypeError, "input: argument 0 is a builtins.NoneType, not an array"),
}

BAD_GRADIENTS = {
    "one sample": (
        lambda dy: dy[:1],
        ValueError,
        "output_gradient must have the output's shape {shape}, got {first}",
    ),
    "an axis more": (
        lambda dy: dy[None],
        ValueError,
        "output_gradient must have the output's shape {shape}, got ",
    ),
    "a number": (
        lambda dy: 1.0,
        DeviceMismatchError,
        r"output_gradient must be an array on {backend}, got builtins\.float",
    ),
    "complex": (
        lambda dy: dy.astype("complex128"),
        TypeError,
        "output_gradient must be real, got complex128",
    ),
}

BAD_RATES = {
    math.nan: ValueError,
    math.inf: ValueError,
    -0.1: ValueError,
    True: TypeError,
    "0.1": TypeError,
    1j: TypeError,
}


def title(layer):
    return re.escape(f"{type(layer).__name__} {layer.name!r}: ")


def kept(layer):
    """All that a refused call must leave alone."""
    arrays = {**layer.parameters, **layer.gradients}, layer.state
    copies = [{k: layer.home.to_numpy(a).tobytes() for k, a in d.items()} for d in arrays]
    return copies, layer.built, layer.backend, layer.input_shape


def refuses(case, backend, layer, call, error, message):
    """The call fails as said; afterwards the layer is what a copy made before is."""
    twin = copy.deepcopy(layer)
    before = kept(layer)

    with pytest.raises(error, match=message) as raised:
        call()

    assert type(raised.value) is error
    assert kept(layer) == before
    x = backend.asarray(case.batch())
    for each in (layer, twin):
        y = each.forward(x, case.training)
        each.backward(backend.asarray(case.output_gradient(y.shape)), 0.1)
    assert kept(layer) == kept(twin)


@pytest.mark.parametrize("bad", BAD_INPUTS)
def test_bad_inputs(case, backend, bad):
    spoil, error, message = BAD_INPUTS[bad]
    x = spoil(backend.asarray(case.batch()))
    for layer in (case.make("float64").to(backend), case.prepared(backend)):
        refuses(
            case,
            backend,
            layer,
            lambda layer=layer: layer.forward(x),
            error,
            title(layer) + message,
        )


@pytest.mark.parametrize("shape", [(), (1, 1, 1, 1, 1, 1)])
def test_wrong_number_of_axes(shaped_case, backend, shape):
    case = shaped_case
    layer = case.prepared(backend)
    x = backend.asarray(np.ones(shape))
    rank = len(case.shape)
    message = (
        f"the input must have {rank + 1} axes, or {rank} for a single sample "
        rf"\(built for {re.escape(str(case.shape))}\), got shape {re.escape(str(shape))}"
    )
    refuses(case, backend, layer, lambda: layer.forward(x), ValueError, title(layer) + message)


def test_samples_that_never_fit(case, backend):
    for shape, message in case.misfits.items():
        bad = backend.asarray(np.ones((2, *shape)))
        for layer in (case.make("float64").to(backend), case.prepared(backend)):
            sample = title(layer) + re.escape(f"samples of shape {shape} do not fit")
            refuses(
                case,
                backend,
                layer,
                lambda layer=layer, bad=bad: layer.forward(bad),
                ValueError,
                sample + ".*" + message,
            )


def test_samples_that_the_layer_was_not_built_for(case, backend):
    for shape, message in case.misfits_once_built.items():
        bad = backend.asarray(np.ones((2, *shape)))
        case.make("float64").to(backend).forward(bad)
        layer = case.prepared(backend)
        built = re.escape(f"samples of shape {shape} do not fit (built for {case.shape}): ")
        refuses(
            case,
            backend,
            layer,
            lambda layer=layer, bad=bad: layer.forward(bad),
            ValueError,
            title(layer) + built + ".*" + message,
        )


@pytest.mark.parametrize("bad", BAD_GRADIENTS)
def test_bad_output_gradients(case, backend, bad):
    spoil, error, message = BAD_GRADIENTS[bad]
    layer = case.prepared(backend)
    y = layer.forward(backend.asarray(case.batch()), case.training)
    message = message.format(
        shape=re.escape(str(y.shape)), first=re.escape(str((1, *y.shape[1:]))), backend=backend.name
    )
    refuses(
        case, backend, layer, lambda: layer.backward(spoil(y), 0.1), error, title(layer) + message
    )


def test_refused_gradient_leaves_the_forward_pass_usable(case, backend):
    layer, twin = case.prepared(backend), case.prepared(backend)
    y, _ = (each.forward(backend.asarray(case.batch()), case.training) for each in (layer, twin))
    with pytest.raises(ValueError, match="output_gradient must have the output's shape"):
        layer.backward(y[:1], 0.1)
    np.testing.assert_array_equal(
        *(backend.to_numpy(each.backward(y, 0.1)) for each in (layer, twin))
    )
    assert kept(layer) == kept(twin)


def test_backward_before_forward(case, backend):
    layer = case.prepared(backend)
    dy = backend.asarray(case.output_gradient((3, *layer.compute_output_shape(case.shape))))
    message = title(layer) + "backward needs a forward before it"
    refuses(case, backend, layer, lambda: layer.backward(dy, 0.1), RuntimeError, message)


def test_bad_learning_rates(case, backend):
    layer = case.prepared(backend)
    y = layer.forward(backend.asarray(case.batch()), case.training)
    for rate, error in BAD_RATES.items():
        before = kept(layer)
        with pytest.raises(error, match="learning_rate must be .*" + re.escape(f"got {rate!r}")):
            layer.backward(y, rate)
        assert kept(layer) == before


def test_input_on_another_device(stateful_case, backend, far):
    case = stateful_case
    layer = case.prepared(backend)
    message = (
        f"the input is on far, the layer on {backend.name}, .*"
        rf"get_backend\('{backend.name}'\)\.asarray\(x\).* layer\.to\('far'\)"
    )
    refuses(
        case,
        backend,
        layer,
        lambda: layer.forward(far.asarray(case.batch())),
        DeviceMismatchError,
        title(layer) + message,
    )


def test_output_gradient_on_another_device(case, backend, far):
    layer = case.prepared(backend)
    y = layer.forward(backend.asarray(case.batch()), case.training)
    refuses(
        case,
        backend,
        layer,
        lambda: layer.backward(far.asarray(backend.to_numpy(y)), 0.1),
        DeviceMismatchError,
        title(layer) + f"output_gradient must be an array on {backend.name}, got .*FarArray",
    )


def test_input_elsewhere_than_where_the_unbuilt_layer_was_put(stateful_case, backend, far):
    case = stateful_case
    layer = case.make("float64").to(far)
    message = title(layer) + f"the input is on {backend.name}, the layer on far"
    with pytest.raises(DeviceMismatchError, match=message):
        layer.forward(backend.asarray(case.batch()))
