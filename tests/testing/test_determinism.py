"""The same bits each time, or the first difference is told."""

import re

import numpy as np
import pytest

from onepath.backends import backend_of
from onepath.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    ReLU,
    Sequential,
)
from onepath.optimizers import Adam
from onepath.testing.determinism import assert_deterministic
from onepath.testing.failure import ParityError

X = np.random.default_rng(0).standard_normal((4, 3))


def caught(*args, **options):
    with pytest.raises(ParityError) as caught:
        assert_deterministic(*args, **options)
    message = str(caught.value)
    assert all(len(line) <= 100 for line in message.splitlines()), message
    assert len(message.splitlines()) <= 12, message
    assert caught.value.check == "determinism"
    return message


class Noisy(Layer):
    """Adds numbers that no seed determines, in one pass or the other."""

    def __init__(self, behind=False, name=None):
        super().__init__(name)
        self.behind = behind

    def _forward(self, x, training):
        return x if self.behind else x + float(np.random.random())

    def _backward(self, dy):
        return dy + float(np.random.random()) if self.behind else dy


class Leftover(Layer):
    """Adds what the last call before it, of any copy, has left in shared memory."""

    shared: list = []  # noqa: RUF012

    def _forward(self, x, training):
        left = self.shared[-1:]
        self.shared[:] = [float(abs(x[0, 0]) + x[0, 0])]
        return x + sum(left)

    def _backward(self, dy):
        return dy * 1


def test_onepaths_layers_are_deterministic(backend):
    network = Sequential(
        [
            Conv2D(2, 2, seed=1),
            BatchNormalization(),
            ReLU(),
            Flatten(),
            Dropout(0.5, seed=2),
            Dense(3, seed=3),
        ]
    )
    assert_deterministic(network, (2, 2, 4, 4), [backend], training=True, optimizer=Adam())
    assert_deterministic(network, (2, 2, 4, 4), [backend], dtype="float64")


def test_every_backend_is_run_if_none_is_named():
    seen = set()

    class Seen(ReLU):
        def _forward(self, x, training):
            seen.add(backend_of(x).name)
            return super()._forward(x, training)

    assert_deterministic(Seen(), X)
    assert {"cpu", "simulated:0"} <= seen


def test_numbers_from_nowhere_are_told(backend):
    message = caught(Noisy(), X, [backend])
    title, *rows = message.splitlines()
    assert title == f"Noisy 'noisy': forward is not the same each time, on {backend.name}"
    assert rows[0] == "  again     right away"
    assert re.fullmatch(r"  elements  12 of 12 differ, the most at \[\d, \d\]", rows[1])
    values = [float(row.split()[1]) for row in rows[2:4]]
    assert 0 < abs(values[0] - values[1]) < 1
    assert "a generator that copies share" in message


def test_the_first_quantity_is_told():
    assert "input gradient is not the same" in caught(Noisy(behind=True), X, ["cpu"])
    network = Sequential([Dense(3, seed=1), Noisy(name="culprit"), ReLU()])
    assert "culprit: forward is not the same" in caught(network, X, ["cpu"])


def test_the_last_bit_counts():
    class LastBit(Layer):
        flips = 0

        def _forward(self, x, training):
            LastBit.flips += 1
            y = x.copy()
            if LastBit.flips == 3:
                y[1, 2] = np.nextafter(y[1, 2], np.float32(9))
            return y

        def _backward(self, dy):
            return dy * 1

    assert re.search(r"1 of 12 differ, the most at \[1, 2\]", caught(LastBit(), X, ["cpu"]))


def test_sign_of_zero_and_nan_count():
    class Signs(Layer):
        sign = 1

        def _forward(self, x, training):
            Signs.sign = -Signs.sign
            return np.copysign(x * 0, np.float32(Signs.sign))

        def _backward(self, dy):
            return dy * 1

    assert "forward is not the same" in caught(Signs(), np.ones((1, 1)), ["cpu"])

    class AlwaysNaN(Signs):
        def _forward(self, x, training):
            return x + np.float32(np.nan)

    assert_deterministic(AlwaysNaN(), X, ["cpu"])


def test_change_of_shape_is_told():
    class Shrinking(Layer):
        calls = 0

        def _forward(self, x, training):
            Shrinking.calls += 1
            self._saved = x.shape
            return x if Shrinking.calls < 3 else x[:, :1]

        def _backward(self, dy):
            return np.ones(self._saved, dy.dtype)

    with pytest.raises(ValueError, match="output_gradient must have the output's shape"):
        assert_deterministic(Shrinking(), X, ["cpu"])

    class Widening(ReLU):
        calls = 0

        def _backward(self, dy):
            Widening.calls += 1
            dx = super()._backward(dy)
            return dx if Widening.calls < 2 else dx.astype("float64")

    message = caught(Widening(), X, ["cpu"])
    assert re.search(r"first +float32 of shape \(4, 3\)\n +then +float64 of shape", message)


def test_other_work_is_done_in_between():
    x = -np.abs(X)  # nothing is left over by such an input
    Leftover.shared.clear()
    message = caught(Leftover(), x, ["cpu"])
    assert re.search(r"again +after other work in between", message)
    assert "numpy.empty" in message


def test_strangers_layer_and_its_state():
    class Dropping:
        def __init__(self, rng):
            self.rng = rng

        def forward(self, x, training):
            rng = self.rng or np.random
            self.mask = (rng.random(x.shape) < 0.5).astype(x.dtype)
            return x * self.mask

        def backward(self, dy):
            return dy * self.mask

    assert_deterministic(Dropping(np.random.default_rng(1)), X, ["cpu"], training=True)
    assert caught(Dropping(None), X, ["cpu"], training=True).startswith("Dropping: forward is")


def test_runs_are_counted_and_get_arrays_of_the_dtype():
    seen = []

    class Seen:
        def forward(self, x):
            seen.append(x.dtype.name)
            return x * 2

        def backward(self, dy):
            seen.append(dy.dtype.name)
            return dy * 2

    assert_deterministic(Seen(), X, ["cpu"], repeats=4)
    # one to see the output's shape; four in a row, the other work, and one after it
    assert seen == ["float32"] * (1 + 2 * 6)


def test_one_run_is_no_comparison():
    with pytest.raises(ValueError, match="repeats must be at least 2, got 1"):
        assert_deterministic(ReLU(), X, repeats=1)
