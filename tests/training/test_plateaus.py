"""`ReduceLROnPlateau` against Keras's, over the same losses."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath.optimizers import SGD
from onepath.schedules import ExponentialDecay
from onepath.training import ReduceLROnPlateau


def rates(callback, losses, optimizer=None):
    """The rate after each epoch."""
    model = SimpleNamespace(optimizer=optimizer or SGD(1.0))
    callback.model = model
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        yield model.optimizer.learning_rate


def rates_by_keras(keras, options, losses):
    callback = keras.callbacks.ReduceLROnPlateau(**options)
    optimizer = keras.optimizers.SGD(1.0)
    callback.set_model(SimpleNamespace(optimizer=optimizer))
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        yield float(optimizer.learning_rate.value)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    options=st.fixed_dictionaries(
        {
            "factor": st.sampled_from([0.5, 0.25]),
            "patience": st.integers(0, 3),
            "mode": st.sampled_from(["auto", "min", "max"]),
            "min_delta": st.sampled_from([0.0, 0.3]),
            "cooldown": st.integers(0, 3),
            "min_lr": st.sampled_from([0.0, 0.1]),
        }
    ),
    losses=st.lists(st.sampled_from([1.0, 1.25, 1.5, 2.0]), min_size=4, max_size=15),
)
def test_rates_are_keras_s(keras, options, losses):
    ours = list(rates(ReduceLROnPlateau(**options), losses))
    assert ours == pytest.approx(list(rates_by_keras(keras, options, losses)), rel=1e-6)


def test_a_schedule_gives_way_to_a_number():
    optimizer = SGD(ExponentialDecay(0.5, 1, 0.5))
    optimizer.iterations = 1
    assert list(rates(ReduceLROnPlateau(patience=1), [1, 1], optimizer)) == [0.25, 0.025]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"factor": 1.0}, ValueError, "factor must be at least 0 and below 1"),
        ({"patience": -1}, ValueError, "patience must be at least 0, got -1"),
        ({"cooldown": 1.5}, TypeError, r"cooldown must be an integer, got 1\.5"),
        ({"min_lr": -1}, ValueError, "min_lr must be at least 0"),
        ({"min_delta": "x"}, TypeError, "min_delta must be a number, got 'x'"),
        ({"mode": "up"}, ValueError, "mode must be 'auto', 'min' or 'max', got 'up'"),
    ],
)
def test_bad_arguments(options, error, message):
    with pytest.raises(error, match=message):
        ReduceLROnPlateau(**options)


def test_an_unknown_quantity_is_named():
    with pytest.raises(ValueError, match=r"ReduceLROnPlateau watches 'loss', but there is only"):
        list(rates(ReduceLROnPlateau("loss"), [1]))
