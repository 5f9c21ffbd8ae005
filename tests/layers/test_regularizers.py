"""Regularizers: values, gradients, names; training with them is tested in tests/training."""

import json

import numpy as np
import pytest

from onepath.layers import Dense, deserialize, serialize
from onepath.layers.regularizers import (
    L1,
    L1L2,
    L2,
    REGULARIZERS,
    OrthogonalRegularizer,
    check_regularizer,
)


def pairs(w, factor):
    """The mean of the absolute cosines of all pairs of rows."""
    cosines = [
        abs(sum(a * b for a, b in zip(w[i], w[j], strict=True)))
        / np.hypot.reduce(w[i])
        / np.hypot.reduce(w[j])
        for i in range(len(w))
        for j in range(i)
    ]
    return factor * float(np.mean(cosines))


CASES = {
    "l1": (L1(0.3), lambda w: 0.3 * sum(abs(w.ravel()))),
    "l2": (L2(0.2), lambda w: 0.2 * sum(w.ravel() ** 2)),
    "both": (L1L2(0.3, 0.2), lambda w: 0.3 * sum(abs(w.ravel())) + 0.2 * sum(w.ravel() ** 2)),
    "nothing": (L1L2(), lambda w: 0.0),
    "rows": (OrthogonalRegularizer(0.5), lambda w: pairs(w, 0.5)),
    "columns": (OrthogonalRegularizer(0.5, "columns"), lambda w: pairs(w.T, 0.5)),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_the_formulas(name, backend):
    regularizer, formula = CASES[name]
    w = np.random.default_rng(3).normal(size=(4, 3))
    given = backend.asarray(w.copy())
    value = regularizer.value(backend.xp, given)
    gradient = regularizer.gradient(backend.xp, given)
    assert backend.owns(value)
    assert value.shape == ()
    np.testing.assert_allclose(backend.to_numpy(value), formula(w), rtol=1e-12)
    expected = np.zeros_like(w)
    for at in np.ndindex(*w.shape):
        step = np.zeros_like(w)
        step[at] = 1e-6
        expected[at] = (formula(w + step) - formula(w - step)) / 2e-6
    np.testing.assert_allclose(backend.to_numpy(gradient), expected, rtol=1e-7, atol=1e-8)
    np.testing.assert_array_equal(backend.to_numpy(given), w)


@pytest.mark.parametrize("name", CASES)
def test_float32_stays_float32(name, backend):
    w = backend.asarray(np.ones((3, 2), "float32"))
    regularizer, _ = CASES[name]
    assert regularizer.value(backend.xp, w).dtype == "float32"
    gradient = regularizer.gradient(backend.xp, w)
    assert (gradient.dtype, gradient.shape) == ("float32", (3, 2))


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4), (1, 5)])
def test_rows_are_those_of_a_matrix(shape, cpu):
    with pytest.raises(ValueError, match="must be a matrix of two rows or more, got shape"):
        OrthogonalRegularizer().value(cpu.xp, np.ones(shape))


@pytest.mark.parametrize(
    "value",
    [
        "l2",
        "OrthogonalRegularizer",
        L1L2(0.1, 0.2),
        {"class_name": "L1", "config": {"l1": 0.5}},
        None,
    ],
    ids=repr,
)
def test_layers_take_names_objects_and_descriptions(value):
    layer = Dense(2, kernel_regularizer=value, bias_regularizer=value)
    again = deserialize(json.loads(json.dumps(serialize(layer))))
    assert again.get_config() == layer.get_config()
    assert repr(again) == repr(layer)
    again.build((3,))
    assert again.regularizers.keys() == (set() if value is None else {"kernel", "bias"})


def test_what_is_no_regularizer_is_refused():
    with pytest.raises(ValueError, match="unknown regularizer 'l3'; known are 'l1'"):
        check_regularizer("l3")
    with pytest.raises(TypeError, match="regularizer must be of class Regularizer or a name"):
        check_regularizer(0.1)
    with pytest.raises(ValueError, match="l1 must be at least 0 and finite, got -1"):
        L1(-1)
    with pytest.raises(ValueError, match="mode must be 'rows' or 'columns', got 'both'"):
        OrthogonalRegularizer(mode="both")


def test_names_and_defaults_are_keras_s(keras):
    for name, cls in REGULARIZERS.items():
        # the one name that is a function's there, and not known to `get`
        theirs = keras.regularizers.l1_l2() if name == "l1_l2" else keras.regularizers.get(name)
        assert type(theirs).__name__ == cls.__name__
        for option, value in cls().get_config().items():
            # numbers are float32 there
            found = theirs.get_config()[option]
            assert found == (value if isinstance(value, str) else pytest.approx(value, rel=1e-6))
