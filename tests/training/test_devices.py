"""Several devices in one process: each trains what is on it, and the current one stays the same."""

import threading

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.backends import DeviceMismatchError, get_backend

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 2, 8, 8)).astype("float32")
Y = rng.integers(0, 3, 40)


@pytest.fixture
def xp():
    return get_backend("simulated").xp


def trained(device):
    """A model of everything that keeps something on a device, its history and its predictions."""
    model = op.Sequential(
        [
            layers.Conv2D(4, 3, seed=1),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.2, seed=2),
            layers.Flatten(),
            layers.Dense(3, seed=3),
        ],
        device=device,
    )
    model.seed = 4
    model.compile("adam", op.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    history = model.fit(X, Y, 8, epochs=3, verbose=0, validation_data=(X, Y))
    model.train_on_batch(X[:8], Y[:8])
    return model, history, model.predict(X), model.evaluate(X, Y)


@pytest.mark.parametrize("current", [0, 1])
def test_models_train_on_their_own_device(xp, current):
    with xp.cuda.Device(current):
        results = [trained(f"simulated:{i}") for i in range(2)]
        assert xp.cuda.get_device_id() == current
    for i, (model, history, _, _) in enumerate(results):
        assert history.replayed == 3 * 5 - 2
        arrays = [*model.arrays().values(), *model.layer.gradients.values()]
        arrays += [a for slots in model.optimizer.slots.values() for a in slots.values()]
        assert {array.device.id for array in arrays} == {i}
    (_, _, *first), (_, _, *second) = results
    np.testing.assert_array_equal(first[0], second[0])
    assert first[1] == second[1]


def test_two_devices_train_at_the_same_time(xp):
    alone = trained("simulated:0")[2]
    found = {}

    def work(device):
        found[device] = trained(device)[2]

    threads = [threading.Thread(target=work, args=(f"simulated:{i}",)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found["simulated:0"], alone)
    np.testing.assert_array_equal(found["simulated:1"], alone)
    assert xp.cuda.get_device_id() == 0


def test_devices_do_not_mix():
    model, *_ = trained("simulated:1")
    x = get_backend("simulated:0").asarray(X)
    with pytest.raises(TypeError, match=r"x must be an array on simulated:1 or on the host"):
        model.predict(x)
    with pytest.raises(DeviceMismatchError, match="simulated:0"):
        model.layer.forward(x)
