"""Losses as layers."""

import copy

import numpy as np
import pytest

from onepath.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from onepath.testing.failure import ParityError
from onepath.testing.gradients.check import assert_gradients
from onepath.testing.losses import LossLayer
from onepath.testing.subject import parameters_of, title_of, transplant

P = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
ONE_HOT = np.eye(3)[[0, 2]]

LOSSES = [
    (MeanSquaredError(), ONE_HOT),
    (MeanAbsoluteError(), ONE_HOT),
    (BinaryCrossentropy(), ONE_HOT),
    (BinaryCrossentropy(from_logits=True), ONE_HOT),
    (CategoricalCrossentropy(), ONE_HOT),
    (CategoricalCrossentropy(from_logits=True), ONE_HOT),
    (SparseCategoricalCrossentropy(), np.array([0, 2])),
    (SparseCategoricalCrossentropy(from_logits=True), np.array([0, 2])),
]
each_loss = pytest.mark.parametrize(("loss", "y_true"), LOSSES, ids=lambda value: repr(value)[:40])


@each_loss
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value_and_gradient_are_the_losss(loss, y_true, dtype, backend):
    layer = transplant(LossLayer(loss, y_true), backend, dtype)
    y_pred = backend.asarray(P, dtype=dtype)
    value = layer.forward(y_pred)
    gradient = layer.backward(backend.asarray(np.array(-2.0, dtype)))

    y_true = backend.asarray(y_true)
    assert (value.shape, value.dtype, gradient.dtype) == ((), dtype, dtype)
    assert backend.owns(value)
    assert backend.to_numpy(value) == backend.to_numpy(loss(y_true, y_pred))
    expected = -2 * backend.to_numpy(loss.gradient(y_true, y_pred))
    np.testing.assert_array_equal(backend.to_numpy(gradient), expected)


@each_loss
def test_losses_have_the_right_gradients(loss, y_true):
    assert_gradients(LossLayer(loss, y_true), P)


def test_targets_move_and_are_not_learned(backend):
    layer = LossLayer(MeanSquaredError(), ONE_HOT)
    twin = transplant(layer, backend, "float32")
    assert backend.owns(twin.y_true)
    assert twin.y_true.dtype == "float32"
    assert parameters_of(twin) == {}
    labels = transplant(LossLayer(SparseCategoricalCrossentropy(), np.array([0, 2])), backend)
    assert labels.y_true.dtype.kind == "i"
    assert layer.y_true is ONE_HOT


def test_loss_layer_is_called_by_its_loss():
    layer = LossLayer(BinaryCrossentropy(from_logits=True), ONE_HOT)
    assert title_of(layer) == "BinaryCrossentropy(from_logits=True)"
    assert repr(layer) == "LossLayer(BinaryCrossentropy(from_logits=True), y_true)"
    assert repr(copy.deepcopy(layer)) == repr(layer)


class Halved(Loss):
    """Half the squared error, with the gradient of the whole."""

    def _evaluate(self, xp, y, p, mean):
        return mean(xp.square(p - y)) / 2, (p - y) * (2.0 / mean.count)


def test_wrong_gradient_of_a_loss_is_caught():
    with pytest.raises(ParityError, match=r"Halved\(\): the input gradient is not the slope"):
        assert_gradients(LossLayer(Halved(), ONE_HOT), P)
