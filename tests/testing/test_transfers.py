"""Nothing is copied between host and device, and the host never waits; or the line is told."""

import re

import numpy as np
import pytest

from onepath.backends import backend_of, transfers
from onepath.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
    ReLU,
    Sequential,
)
from onepath.losses import SparseCategoricalCrossentropy
from onepath.optimizers import Adam
from onepath.testing.failure import ParityError
from onepath.testing.losses import LossLayer
from onepath.testing.transfers import assert_no_transfer


def caught(*args, **options):
    with pytest.raises(ParityError) as caught:
        assert_no_transfer(*args, **options)
    message = str(caught.value)
    assert all(len(line) <= 100 for line in message.splitlines()), message
    assert len(message.splitlines()) <= 12, message
    return caught.value


class Leaky(Layer):
    """Does something with its input that it should not."""

    def __init__(self, forward=None, backward=None):
        super().__init__()
        self.deed, self.deed_behind = forward, backward

    def _forward(self, x, training):
        if self.deed:
            self.deed(x)
        return x * 2

    def _backward(self, dy):
        if self.deed_behind:
            self.deed_behind(dy)
        return dy * 2


def reads_scalar(x):
    return float(x.sum())


def copies_out(x):
    return backend_of(x).to_numpy(x)


def copies_in(x):
    return x + backend_of(x).xp.asarray(np.arange(3, dtype="float32"))


def indexes_with_a_list(x):
    return x[[0, 1]]


def waits(x):
    backend_of(x).synchronize()


def overflows(x):
    with np.errstate(invalid="ignore"):
        return (x * 0 + 1e30).astype("int32")


def test_onepaths_layers_stay_on_the_device():
    network = Sequential(
        [
            Conv2D(2, 2, seed=1),
            BatchNormalization(),
            ReLU(),
            MaxPooling2D(),
            Flatten(),
            Dropout(0.5, seed=2),
            Dense(3, seed=3),
        ]
    )
    counts = assert_no_transfer(network, (2, 2, 5, 5), training=True, optimizer=Adam())
    assert counts.total() == 0


def test_losses_stay_on_the_device():
    loss = LossLayer(SparseCategoricalCrossentropy(from_logits=True), np.array([1, 0]))
    assert assert_no_transfer(loss, (2, 3)).total() == 0


@pytest.mark.parametrize(
    ("deed", "check", "fact"),
    [
        (reads_scalar, "copy to the host", "copy to the host of 4 bytes by "),
        (copies_out, "copy to the host", "copy to the host of 24 bytes by "),
        (copies_in, "copy to the device", "copy to the device of 12 bytes by "),
        (indexes_with_a_list, "copy to the device", "copy to the device of 16 bytes by "),
        (waits, "synchronisation", "synchronisation by "),
        (overflows, "undefined result", "undefined result by "),
    ],
)
def test_deed_is_told_with_its_place(deed, check, fact):
    for pass_ in ("forward", "backward"):
        error = caught(Leaky(**{pass_: deed}), (2, 3))
        assert error.check == check
        told = re.sub(r"\s+", " ", str(error))
        assert re.search(rf"{fact}.* in {pass_}", told), told
        assert re.match(rf"Leaky 'leaky': 1 {check}", told), told


def test_place_is_a_line_of_the_layer():
    line = reads_scalar.__code__.co_firstlineno + 1
    message = str(caught(Leaky(reads_scalar), (2, 3)))
    assert re.search(rf"^  \S*test_transfers.py:{line}  ", message, re.M), message


def test_copies_behind_the_backs_of_all_are_counted_alone():
    before = transfers()
    caught(Leaky(reads_scalar), (2, 3))
    # what brings data there and back is no matter of the layer's
    assert transfers() != before


def test_what_happens_often_is_told_once():
    def often(x):
        for _ in range(5):
            float(x[0, 0])

    message = str(caught(Leaky(often), (2, 3)))
    assert re.search(r"5 copies to the host, 5 synchronisations", message)
    assert len(re.findall(r"5\s+times", message)) == 1


def test_many_places_are_not_all_told():
    source = "def deed(x):\n" + "\n".join(["    float(x[0, 0])"] * 20)
    scope = {}
    exec(compile(source, "many.py", "exec"), scope)
    message = str(caught(Leaky(scope["deed"]), (2, 3)))
    assert "many.py:2 " in message
    assert re.search(r"and +\d+ places more", message)


def test_warming_up_is_free():
    class Builds(Layer):
        def _build(self, input_shape):
            self.state["table"] = self.home.asarray(np.arange(3.0, dtype="float32"))

        def _forward(self, x, training):
            return x + self.state["table"]

        def _backward(self, dy):
            if "behind" not in self.state:
                self.state["behind"] = self.home.asarray(np.arange(3.0, dtype="float32"))
            return dy * self.state["behind"]

    assert assert_no_transfer(Builds(), (2, 3)).total() == 0


def test_as_much_waiting_as_allowed():
    layer = Leaky(waits, waits)
    assert assert_no_transfer(layer, (2, 3), synchronizations=2) == {"synchronisation": 2}
    message = str(caught(layer, (2, 3), synchronizations=1))
    assert message.startswith("Leaky 'leaky': 2 synchronisations of 1 allowed on the simulated")
    assert caught(Leaky(reads_scalar), (2, 3), synchronizations=9).check == "copy to the host"


def test_step_is_watched():
    class Peeking(Adam):
        def update(self, parameters, gradients):
            float(next(iter(gradients.values())).ravel()[0])
            super().update(parameters, gradients)

    assert re.search(r" in\s+step", str(caught(Dense(2, seed=1), (2, 3), optimizer=Peeking())))


def test_strangers_layer():
    class Scale:
        def __init__(self, factors, reads):
            self.factors, self.reads = factors, reads

        def forward(self, x):
            self.x = x
            return x * self.factors

        def backward(self, dy, learning_rate):
            dx = dy * self.factors
            rate = learning_rate * (float(abs(dy).max()) if self.reads else 1)
            self.factors -= rate * (dy * self.x).sum(axis=0)
            return dx

    assert assert_no_transfer(Scale(np.ones(3), False), (2, 3)).total() == 0
    error = caught(Scale(np.ones(3), True), (2, 3))
    assert str(error).startswith("Scale: 1 copy to the host, 1 synchronisation on the simulated")
