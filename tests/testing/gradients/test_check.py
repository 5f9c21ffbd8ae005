"""Gradients against slopes: faults are caught, and correct layers are not accused."""

import re

import numpy as np
import pytest

import onepath as op
from onepath.backends import Geometry, backend_of
from onepath.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from onepath.layers.summation import along
from onepath.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from onepath.testing.failure import ParityError
from onepath.testing.gradients.check import assert_gradients
from onepath.testing.losses import LossLayer

FLOAT64 = {"dtype": "float64", "seed": 1}


def normal(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape)


def few(*shape):
    """Numbers of which many are equal, and many 0."""
    return np.random.default_rng(len(shape)).integers(-1, 3, shape).astype("float64")


def caught(*args, **options):
    with pytest.raises(ParityError) as caught:
        assert_gradients(*args, **options)
    message = str(caught.value)
    assert all(len(line) <= 100 for line in message.splitlines()), message
    assert len(message.splitlines()) <= 12, message
    return caught.value


# Broken layers


class TransposedKernel(Dense):
    def _backward(self, dy):
        dx = super()._backward(dy)
        self.gradients["kernel"] = self.gradients["kernel"].T.copy()
        return dx


class TransposedInput(Dense):
    def _backward(self, dy):
        super()._backward(dy)
        return dy @ self.parameters["kernel"]


class NotDilatedBehind(Conv1D):
    def _backward(self, dy):
        dx = super()._backward(dy)
        x, right = self._saved
        size = dy.shape[2] + 3 - 1
        wrong = Geometry.of((x.shape[1], size), self.filters, (3,))
        x = x[:, :, :size].copy()
        assert right.kernel_shape == wrong.kernel_shape
        self.gradients["kernel"] = self.home.conv_kernel_gradient(x, dy, wrong)
        return dx


class BiasOfOneSample(Dense):
    def _backward(self, dy):
        dx = super()._backward(dy)
        self.gradients["bias"] = dy[-1].copy()
        return dx


class BiasOfOneColumn(Conv2D):
    def _backward(self, dy):
        dx = super()._backward(dy)
        self.gradients["bias"] = dy[:, :, :, 0].sum(axis=(0, 2))
        return dx


class BiasForgotten(Dense):
    def _backward(self, dy):
        dx = super()._backward(dy)
        del self.gradients["bias"]
        return dx


class LateReLU(ReLU):
    def __init__(self, epsilon):
        super().__init__()
        self.epsilon = epsilon

    def _backward(self, dy):
        return dy * (self._saved > self.epsilon)


class LateLeakyReLU(LeakyReLU):
    def __init__(self, epsilon):
        super().__init__(0.2)
        self.epsilon = epsilon

    def _backward(self, dy):
        xp = backend_of(dy).xp
        return xp.where(self._saved > self.epsilon, dy, dy * self.negative_slope)


class NearTies(MaxPooling2D):
    def _unpool(self, dy):
        padded, y, window = self._saved
        dx = self.home.xp.zeros(padded.shape, dtype=dy.dtype)
        free = self.home.xp.ones(y.shape, dtype=bool)
        for tap in window.taps:
            hit = free & (padded[(..., *tap)] >= y - 1e-2)
            free ^= hit
            dx[(..., *tap)] += dy * hit
        return dx, window


class Assigning(AveragePooling2D):
    def _unpool(self, dy):
        shape, counts, window = self._saved
        dx = self.home.xp.zeros(shape, dtype=dy.dtype)
        for tap in window.taps:
            dx[(..., *tap)] = dy / counts
        return dx, window


class ConstantStatistics(BatchNormalization):
    def _backward(self, dy):
        self._saved = (*self._saved[:-1], None)
        return super()._backward(dy)


class ConstantVariance(BatchNormalization):
    def _backward(self, dy):
        centred, scale, *rest = self._saved
        self._saved = 0 * centred, scale, *rest
        dx = super()._backward(dy)
        self.gradients["gamma"] = (dy * centred * scale).sum(axis=0)
        return dx


class OtherEpsilon(BatchNormalization):
    def _backward(self, dy):
        centred, scale, *rest = self._saved
        other = 1 / self.home.xp.sqrt(1 / scale**2 + 1e-5)
        self._saved = centred * (scale / other).reshape(along(rest[0], centred.shape)), other, *rest
        return super()._backward(dy)


class OtherTinyEpsilon(BatchNormalization):
    """Differs where the variance of all is tiny alone."""

    def __init__(self):
        super().__init__(epsilon=1e-8, **FLOAT64)

    def _backward(self, dy):
        centred, scale, *rest = self._saved
        other = 1 / self.home.xp.sqrt(1 / scale**2 + 1e-8)
        self._saved = centred * (scale / other).reshape(along(rest[0], centred.shape)), other, *rest
        return super()._backward(dy)


class WithoutGamma(BatchNormalization):
    """Right as long as gamma is 1, which it is at first."""

    def _backward(self, dy):
        super()._backward(dy)
        wide = along(self._saved[2], dy.shape)
        return dy * self._saved[1].reshape(wide)


class Cube(Layer):
    """``x**3``, with no gradient for some magnitudes."""

    def __init__(self, low, high):
        super().__init__()
        self.low, self.high = low, high

    def _forward(self, x, training):
        self._saved = x
        return x * x * x

    def _backward(self, dy):
        x = self._saved
        return 3 * dy * x * x * ((abs(x) < self.low) | (abs(x) > self.high))


class SlightlyOff(Tanh):
    def _backward(self, dy):
        return super()._backward(dy) * (1 + 1e-5)


class OneElementOff(Tanh):
    def _backward(self, dy):
        dx = super()._backward(dy)
        dx[0, 17] *= 1.01
        return dx


INPUT, KERNEL, BIAS = "input gradient", "gradient of kernel", "gradient of bias"
IMAGES = (2, 2, 7, 7)

BROKEN = [
    (TransposedKernel(4, **FLOAT64), (3, 4), KERNEL, False),
    (TransposedInput(4, **FLOAT64), (3, 4), INPUT, False),
    (NotDilatedBehind(2, 3, dilation_rate=2, **FLOAT64), (2, 3, 9), KERNEL, False),
    (BiasOfOneSample(4, **FLOAT64), (3, 2), BIAS, False),
    (BiasOfOneColumn(4, 3, **FLOAT64), IMAGES, BIAS, False),
    (BiasForgotten(4, **FLOAT64), (3, 2), BIAS, False),
    *[(LateReLU(epsilon), (3, 4), INPUT, False) for epsilon in (1e-2, 1e-3)],
    *[(LateReLU(epsilon), IMAGES, INPUT, False) for epsilon in (1e-2, 1e-3)],
    *[(LateLeakyReLU(epsilon), IMAGES, INPUT, False) for epsilon in (1e-2, 1e-3)],
    (NearTies(2), IMAGES, INPUT, False),
    (Assigning(3, strides=2), IMAGES, INPUT, False),
    (ConstantStatistics(**FLOAT64), (4, 3), INPUT, True),
    (ConstantVariance(**FLOAT64), (4, 3), INPUT, True),
    (OtherEpsilon(**FLOAT64), (4, 3), INPUT, True),
    (OtherEpsilon(**FLOAT64), (4, 3), INPUT, False),
    (OtherTinyEpsilon(), (4, 3), INPUT, True),
    (WithoutGamma(**FLOAT64), (4, 3), INPUT, False),
    (Cube(1e-3, 2e-3), (20, 50), INPUT, False),
    (SlightlyOff(), (3, 4), INPUT, False),
    (OneElementOff(), (20, 40), INPUT, False),
]


@pytest.mark.parametrize("generated", [True, False], ids=["kit's numbers", "normal numbers"])
@pytest.mark.parametrize(
    ("layer", "shape", "check", "training"), BROKEN, ids=lambda value: type(value).__name__
)
def test_broken_layer_is_caught(layer, shape, check, training, generated):
    error = caught(layer, shape if generated else normal(*shape), training=training)
    assert error.check == check
    assert str(error).startswith(f"{layer.title}: the {check} is not the slope of forward\n")


def test_magnitudes_that_the_input_lacks_are_tried():
    x = np.sign(normal(8, 10)) * (1 + np.abs(normal(8, 10)))
    assert "magnitudes spread over decades" in str(caught(Cube(1e-2, 5e-2), x))
    x = normal(100, 2)
    assert "x as given, times 1e-4" in str(caught(OtherTinyEpsilon(), x, training=True))


def test_broken_layer_is_caught_on_each_backend(backend):
    assert caught(TransposedKernel(4, seed=1), (3, 4), backend).check == KERNEL
    assert caught(LateReLU(1e-3), normal(3, 4), backend).check == INPUT


# Correct layers, where it is hard to see that they are

HARD = {
    "zeros": (ReLU(), np.zeros((3, 4))),
    "some zeros": (LeakyReLU(), few(3, 4)),
    "ties": (MaxPooling2D(2), few(2, 2, 4, 4)),
    "overlapping ties": (MaxPooling2D(3, 2, padding="same"), few(2, 2, 7, 7)),
    "nothing but ties": (MaxPooling2D(3, 1), np.ones((1, 2, 5, 5))),
    "large logits": (Softmax(), 30 * normal(3, 5)),
    "huge logits": (Softmax(), 1e6 * normal(3, 5)),
    "saturated": (Sigmoid(), 100 * normal(3, 5)),
    "large numbers": (Dense(3, **FLOAT64), 1e6 * normal(4, 5)),
    "tiny numbers": (Dense(3, **FLOAT64), 1e-30 * normal(4, 5)),
    "nothing but zeros": (Dense(3, **FLOAT64), np.zeros((4, 5))),
    "far from 0": (Dense(3, **FLOAT64), 1e6 + normal(4, 5)),
    "normalized": (BatchNormalization(**FLOAT64), normal(4, 5)),
    "normalized, far from 0": (BatchNormalization(**FLOAT64), 1e6 + normal(4, 5)),
    "normalized, very far from 0": (BatchNormalization(**FLOAT64), 1e8 + normal(4, 5)),
    "normalized constants": (BatchNormalization(epsilon=1e-12, **FLOAT64), np.ones((4, 5))),
    "one sample normalized": (BatchNormalization(**FLOAT64), normal(1, 5)),
    "dropped": (Dropout(0.5, seed=3), normal(4, 20)),
    "nearly all dropped": (Dropout(0.99, seed=3), normal(4, 20)),
    "kinks inside": (Sequential([ReLU(), Dense(4, seed=1), ReLU(), Dense(2, seed=1)]), few(3, 5)),
    "kinks for all": (Sequential([ReLU(), Dense(2, **FLOAT64)]), np.zeros((3, 5))),
    "around": (Residual(Sequential([Dense(5, **FLOAT64), ReLU()])), few(3, 5)),
    "single sample": (Conv2D(2, 3, **FLOAT64), normal(2, 5, 5)),
    "single number": (Tanh(), normal(1)),
    "absolute ties": (LossLayer(MeanAbsoluteError(), few(2, 3)), few(2, 3)),
    "at the minimum": (LossLayer(MeanSquaredError(), few(2, 3)), few(2, 3)),
    "sure and wrong": (
        LossLayer(CategoricalCrossentropy(True), np.eye(4)[[1, 2, 0]]),
        1e3 * normal(3, 4),
    ),
    "labels": (LossLayer(SparseCategoricalCrossentropy(), np.array([1, 0])), np.full((2, 4), 0.25)),
    "binary": (LossLayer(BinaryCrossentropy(), few(3, 1) > 0), np.full((3, 1), 0.3)),
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_correct_layer_is_not_accused(name):
    layer, x = HARD[name]
    report = assert_gradients(layer, x, training=True)
    assert report.slopes > 0
    assert report.worst < 0.3


def test_correct_layer_is_not_accused_on_a_backend(backend):
    assert_gradients(BatchNormalization(), (4, 2), backend, training=True)


def test_report_counts():
    report = assert_gradients(ReLU(), np.array([[0.0, 1.0, -1.0]]))
    assert (report.layers, report.moved) == (1, 0)
    # four random directions and the 3 x 3 matrix have a kink each; at the point of magnitudes
    # spread and at the small one there is one more
    assert report.kinks == 7
    assert re.fullmatch(
        r"\d+ slopes in 1 layer agree, the worst within \d+\.\d% of its tolerance; 7 kinks left "
        r"out, points moved aside 0 times",
        str(report),
    )


def test_points_with_kinks_everywhere_are_moved_aside():
    layer = Sequential([ReLU(), Dense(2, **FLOAT64)])
    assert assert_gradients(layer, np.zeros((1, 3))).moved > 0


def test_layer_is_not_changed():
    layer = Sequential([Dense(3, seed=1), BatchNormalization(), Dropout(0.5, seed=1)])
    layer.forward(normal(4, 2).astype("float32"), training=True)
    before = {name: a.copy() for name, a in (layer.parameters | layer.state).items()}
    assert_gradients(layer, normal(4, 2), training=True)
    for name, array in (layer.parameters | layer.state).items():
        assert array.dtype == "float32"
        np.testing.assert_array_equal(array, before[name])
    assert layer.gradients == {}


def test_layer_that_is_not_built_stays_so():
    layer = Dense(3)
    assert_gradients(layer, (2, 3))
    assert not layer.built


def test_model_stands_for_its_layer():
    assert assert_gradients(op.Sequential([Dense(2, seed=1), Tanh()]), (3, 2)).layers == 3


# Layers within layers


def test_culprit_within_a_network_is_named():
    inner = Sequential([Tanh(), LateLeakyReLU(1e-2)], name="inner")
    network = Sequential([Dense(4, **FLOAT64), Residual(inner, name="block")], name="net")
    error = caught(network, (8, 3))
    assert str(error).startswith(
        "LateLeakyReLU 'late_leaky_relu' in Sequential 'net': the input gradient is not"
    )
    assert re.search(r"  at +the input that it gets, .*shape \(8, 4\)", str(error))


def test_wiring_of_a_network_is_checked():
    class Forgetful(Residual):
        def _backward(self, dy):
            return self.main.backward(dy)

    error = caught(Forgetful(Dense(3, **FLOAT64)), (2, 3))
    assert str(error).startswith("Forgetful 'forgetful': the input gradient is not the slope")


# Messages


def test_message_shows_where_and_how_much():
    message = str(caught(BiasOfOneSample(4, name="mine", **FLOAT64), (3, 2)))
    values = dict(re.findall(r"^  (\w+) +(.*)$", message, re.M))
    assert re.fullmatch(r"bias\[\d\] = -?[\d.e-]+", values["element"])
    backward, measured = float(values["backward"]), float(values["measured"])
    difference, tolerance = re.match(r"(\S+), tolerance (\S+);", values["difference"]).groups()
    assert float(difference) == pytest.approx(abs(backward - measured), rel=0.01)
    assert float(difference) > float(tolerance.rstrip(";"))
    assert f"backward / measured = {backward / measured:.3f}"[:-1] in values["difference"]
    assert values["at"] == "x as given, shape (3, 2), training=False"
    line = "assert_gradients(BiasOfOneSample(units=4, dtype='float64', seed=1), (3, 2), seed=0)"
    assert line in re.sub(r"\s+", " ", message)


def test_message_of_a_close_miss_has_enough_digits():
    values = dict(re.findall(r"^  (\w+) +(.*)$", str(caught(SlightlyOff(), (3, 4))), re.M))
    assert float(values["backward"]) / float(values["measured"]) == pytest.approx(1.00001, abs=2e-6)


def test_message_of_a_forgotten_gradient():
    message = str(caught(BiasForgotten(4, **FLOAT64), (3, 2)))
    assert re.search(r"backward +no gradient shown", message)
    assert re.search(r"mend +let backward keep it in a dict, gradients\['bias'\]", message)


class Faulty(Sigmoid):
    """Sigmoid whose results something is done to."""

    def __init__(self, y=lambda y: y, dx=lambda dx: dx):
        super().__init__()
        self.y, self.dx = y, dx

    def _forward(self, x, training):
        return self.y(super()._forward(x, training))

    def _backward(self, dy):
        return self.dx(super()._backward(dy))


def with_nan(array):
    array[1, 2] = np.nan
    return array


def drawn(array):
    return array * np.random.random(array.shape)


@pytest.mark.parametrize(
    ("layer", "check", "message"),
    [
        (
            Faulty(dx=lambda dx: dx.T),
            INPUT,
            r"Faulty 'faulty': the input gradient has a wrong shape\n"
            r"  expected   \(2, 3\)\n  got        \(3, 2\)\n",
        ),
        (Faulty(dx=lambda dx: dx[0]), INPUT, r"got +\(3,\)"),
        (
            Faulty(dx=with_nan),
            INPUT,
            r"Faulty 'faulty': the input gradient is not finite\n"
            r"  elements   1 of 6, the first nan at \[1, 2\]",
        ),
        (Faulty(dx=lambda dx: None), INPUT, r"backward +no gradient shown"),
        (Faulty(y=with_nan), "forward", r"the forward is not finite\n"),
        (Faulty(y=lambda y: y.astype("float32")), "dtype", "forward computes in float32 or less"),
        (
            Faulty(y=lambda y: y.astype("float32").astype("float64")),
            "dtype",
            "forward computes in float32 or less",
        ),
        (
            Faulty(y=drawn),
            "determinism",
            "two fresh copies give different outputs for the same input",
        ),
        (
            Faulty(y=lambda y: y + 1e-3 * np.sin(1e12 * y)),
            "smoothness",
            "slopes of forward cannot be measured",
        ),
    ],
)
def test_what_makes_gradients_meaningless_is_said(layer, check, message):
    error = caught(layer, normal(2, 3))
    assert error.check == check
    assert re.search(message, str(error)), str(error)


# Strangers


class Affine:
    """As the notebook writes it, for rows, with what is wrong as an option."""

    def __init__(self, w, b, fault=None):
        self.w, self.b, self.fault = w.copy(), b.copy(), fault
        self.x = None

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dy, learning_rate):
        dw, db = self.x.T @ dy, dy.sum(axis=0)
        if self.fault == "dropped sum":
            db = dy
        if self.fault == "scaled":
            dw = dw / len(dy)
        if self.fault != "updated before use":
            dx = dy @ self.w.T
        self.w -= learning_rate * dw
        if self.fault != "forgotten bias":
            self.b = self.b - learning_rate * db
        if self.fault == "updated before use":
            dx = dy @ self.w.T
        return dx


def affine(fault=None):
    return Affine(normal(3, 4), normal(1, 4)[0], fault)


def test_strangers_layer_is_checked(backend):
    report = assert_gradients(affine(), (5, 3), backend)
    # all of x, w and b are looked at
    assert report.slopes > 20


def test_strangers_layer_that_ran_before_is_checked():
    layer = affine()
    layer.backward(layer.forward(normal(2, 3)), 0.1)
    assert_gradients(layer, normal(5, 3))


@pytest.mark.parametrize(
    ("fault", "check", "message"),
    [
        ("dropped sum", "gradient of b", r"expected +\(4,\)\n +got +\(5, 4\)"),
        ("scaled", "gradient of w", r"backward / measured = 0\.2\n"),
        ("updated before use", INPUT, "Affine: the input gradient is not the slope"),
        ("forgotten bias", "gradient of b", r"backward +0\n"),
    ],
)
def test_faults_of_strangers_are_caught(fault, check, message):
    error = caught(affine(fault), normal(5, 3))
    assert error.check == check
    assert re.search(message, str(error)), str(error)


class Shown:
    """A stranger's layer that shows gradients in one of several ways."""

    def __init__(self, way, factor=1.0):
        self.w = normal(1, 3)[0]
        self.way, self.factor = way, factor
        if way == "dicts":
            self.parameters, self.gradients = {"w": self.w}, {}
        if way == "lists":
            self.params, self.grads = [self.w], [np.zeros(3)]

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dy):
        dw = self.factor * (dy * self.x).sum(axis=0)
        if self.way == "dicts":
            self.gradients["w"] = dw
        if self.way == "lists":
            self.grads[0][...] = dw
        if self.way == "attribute":
            self.dw = dw
        return dy * self.w


@pytest.mark.parametrize(("way", "name"), [("dicts", "w"), ("lists", "0"), ("attribute", "w")])
def test_gradients_are_found_wherever_strangers_keep_them(way, name):
    assert_gradients(Shown(way), (4, 3))
    assert caught(Shown(way, 2.0), (4, 3)).check == f"gradient of {name}"


def test_gradient_that_a_stranger_does_not_show_is_missed():
    assert re.search("backward +no gradient shown", str(caught(Shown("not at all"), (4, 3))))


def test_strangers_state_is_not_taken_for_parameters():
    class Centred:
        def __init__(self):
            self.mean, self.scratch = normal(1, 3)[0], np.zeros((4, 3))
            self.state = {"mean": self.mean}

        def forward(self, x):
            self.scratch[...] = x
            return np.tanh(x - self.mean)

        def backward(self, dy):
            return dy * (1 - np.tanh(self.scratch - self.mean) ** 2)

    assert_gradients(Centred(), (4, 3))


def test_what_strangers_remember_is_not_taken_for_parameters():
    class Remembering:
        def forward(self, x):
            self.x = x
            return np.tanh(x)

        def backward(self, dy):
            self.dx = dy * (1 - np.tanh(self.x) ** 2)
            return self.dx

    layer = Remembering()
    layer.backward(layer.forward(normal(4, 3)))
    assert_gradients(layer, normal(4, 3))


def test_strangers_dropout_keeps_its_generator():
    class Dropping:
        def __init__(self):
            self.rng = np.random.default_rng(1)

        def forward(self, x, training):
            self.mask = self.rng.random(x.shape) < 0.5 if training else np.ones(x.shape)
            return x * self.mask

        def backward(self, dy):
            return dy * self.mask

    assert_gradients(Dropping(), (4, 3), training=True)


def test_integer_inputs_have_no_gradient():
    class Embedding:
        def __init__(self):
            self.table = normal(5, 2)

        def forward(self, x):
            self.x = x
            return self.table[x]

        def backward(self, dy):
            self.dtable = np.zeros_like(self.table)
            np.add.at(self.dtable, self.x, dy)

    labels = np.array([[0, 2, 2], [4, 0, 1]])
    report = assert_gradients(Embedding(), labels)
    assert report.slopes > 0
    layer = Embedding()
    layer.__class__ = type("Assigning", (Embedding,), {"backward": assigned})
    assert caught(layer, labels).check == "gradient of table"


def assigned(self, dy):
    self.dtable = np.zeros_like(self.table)
    self.dtable[self.x] = dy


def test_layers_by_hand_are_checked():
    class ByHand(Layer):
        def __init__(self, factor):
            self.w, self.factor = normal(1, 3)[0], factor

        def forward(self, x):
            self.x = x
            return x * self.w

        def backward(self, dy, learning_rate):
            dx = dy * self.w
            self.w -= self.factor * learning_rate * (dy * self.x).sum(axis=0)
            return dx

    assert_gradients(ByHand(1), (4, 3))
    assert caught(ByHand(-1), (4, 3)).check == "gradient of w"
