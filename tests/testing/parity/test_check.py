"""What is wrong is found, named and told well; what is right is let pass."""

import re
import textwrap

import numpy as np
import pytest

import onepath as op
from onepath.backends import available_backends, backend_of, get_backend
from onepath.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    ReLU,
    Residual,
    Sequential,
    Softmax,
)
from onepath.optimizers import SGD
from onepath.testing.failure import ParityError
from onepath.testing.parity.check import assert_parity
from onepath.testing.parity.resemblance import resemblance

SIMULATED = "simulated:0"


def on_device(array):
    """Whether an array is where the mutants are wrong."""
    return backend_of(array).name != "cpu"


# Right ones pass


def test_report_has_a_row_for_each_quantity_of_each_run():
    report = assert_parity(
        Dense(3, seed=1),
        (4, 5),
        backends=("cpu", "simulated"),
        dtypes=("float32", "float64"),
        layouts=("C", "F", "strided"),
        steps=2,
    )
    names = ["input", "forward", "output gradient", "input gradient"]
    names += ["gradient of kernel", "gradient of bias"]
    names += [f"step {n} {parameter}" for n in (1, 2) for parameter in ("kernel", "bias")]
    runs = [
        (backend, dtype, layout)
        for dtype in ("float32", "float64")
        for layout in ("C", "F", "strided")
        for backend in ("cpu", SIMULATED)
    ]
    assert [(row[1:4], row.quantity) for row in report.rows] == [
        (run, name) for run in runs for name in names
    ]
    assert all(0 <= row.error <= row.bound and row.ratio <= 1 for row in report.rows)
    assert report.counted
    assert report.worst.ratio == max(row.ratio for row in report.rows) > 0
    assert str(report).startswith(
        "Dense 'dense': 120 quantities of 12 runs on cpu, simulated:0 are right; the worst error is"
    )


def test_all_available_backends_are_taken():
    report = assert_parity(ReLU(), (2, 3), dtypes="float32", layouts="C")
    homes = [get_backend(name).name for name in available_backends()]
    assert list(dict.fromkeys(row.backend for row in report.rows)) == homes
    assert SIMULATED in homes


def test_right_layers_pass_in_every_way_they_can_be_given():
    layer = Sequential([Conv2D(2, 3, seed=1), BatchNormalization(), ReLU(), Flatten(), Softmax()])
    assert_parity(layer, (3, 1, 6, 6), training=True, optimizer="adam")
    assert not layer.built
    layer.build((1, 6, 6))
    x = np.random.default_rng(0).standard_normal((3, 1, 6, 6)).astype("float32")
    assert_parity(layer, x, layouts="F")
    assert_parity(op.Sequential([Dense(3)]), (4, 5), backends="cpu")
    on_the_device = Dense(3).to("simulated")
    x = get_backend("simulated").asarray(np.ones((2, 4), "float32"))
    assert_parity(on_the_device, x, layouts="strided")
    assert_parity(Dense(3), (4, 5), dtypes="float16")
    assert_parity(Dense(3), (4, 5), steps=0, optimizer=SGD(0.5, momentum=0.9))


def test_layer_is_not_changed():
    layer = Sequential([Dense(3), BatchNormalization(), Dropout(0.5)])
    layer.build((4,))
    kept = {k: a.copy() for k, a in (layer.parameters | layer.state).items()}
    assert_parity(layer, (5, 4), training=True, layouts="C")
    for name, array in (layer.parameters | layer.state).items():
        np.testing.assert_array_equal(array, kept[name])
    assert not layer.gradients
    assert layer.children[2]._calls == 0


def test_constants_are_varied_lest_they_hide_a_mistake():
    class WithoutBias(Dense):
        def _forward(self, x, training):
            y = super()._forward(x, training)
            return y - self.parameters["bias"] if on_device(x) else y

    with pytest.raises(ParityError) as caught:
        assert_parity(WithoutBias(3, bias_initializer="zeros"), (4, 5))
    assert caught.value.rows["looks like"].endswith("for each index of axis 1, as of a bias")


class Stranger:
    """Somebody's layer, with a constructor and names of its own."""

    def __init__(self, xp=np):
        self.weights = xp.asarray(np.linspace(-1, 1, 12).reshape(4, 3))

    def forward(self, x):
        self.x = x
        return x @ self.weights

    def backward(self, dy, learning_rate):
        dx = dy @ self.weights.T
        self.weights -= learning_rate * self.x.T @ dy
        return dx


def test_strangers_layer_passes():
    report = assert_parity(Stranger(), (5, 4))
    names = {row.quantity for row in report.rows}
    assert {"gradient of weights", "step 3 weights"} <= names
    assert not any("x" in name.split() for name in names)


def test_first_layer_may_have_no_input_gradient():
    class First(Stranger):
        def backward(self, dy, learning_rate):
            super().backward(dy, learning_rate)

    assert "input gradient" not in {row.quantity for row in assert_parity(First(), (5, 4)).rows}


def test_overflow_that_does_no_harm_is_none():
    class Logistic(ReLU):
        def _forward(self, x, training):
            xp = backend_of(x).xp
            self._saved = 1 / (1 + xp.exp(-x))
            return self._saved

        def _backward(self, dy):
            return dy * self._saved * (1 - self._saved)

    assert_parity(Logistic(), np.array([[-1e3, -1.0, 0.0, 1e3, 1e39]]))


def test_integers_are_taken():
    class Lookup:
        def __init__(self):
            self.parameters = {"table": np.linspace(-1, 1, 12).reshape(4, 3)}
            self.gradients = {}

        def forward(self, x):
            self.x = x
            return self.parameters["table"][x]

        def backward(self, dy):
            xp = backend_of(dy).xp
            hits = (self.x[:, None] == xp.arange(4)).astype(dy.dtype)
            self.gradients["table"] = hits.T @ dy

    assert_parity(Lookup(), np.array([0, 3, 3, 1]))


def test_what_cannot_be_counted_is_said():
    class Host(ReLU):
        def _forward(self, x, training):
            return super()._forward(np.ascontiguousarray(x), training)

    report = assert_parity(Host(), (2, 3), backends="cpu")
    assert not report.counted
    assert str(report).endswith("; roundings could not be counted")


# Wrong ones are found. Each is right on the CPU.


class FlippedKernel(Conv2D):
    def _forward(self, x, training):
        y = super()._forward(x, training)
        if not on_device(x):
            return y
        x, geometry = self._saved
        flipped = self.home.xp.ascontiguousarray(self.parameters["kernel"][:, :, ::-1, ::-1])
        return self.home.conv(x, flipped, geometry) + self.parameters["bias"][:, None, None]


class TransposedGradient(Dense):
    def _backward(self, dy):
        dx = super()._backward(dy)
        if on_device(dy):
            self.gradients["kernel"] = self.gradients["kernel"].T
        return dx


class AssignedOverlap(AveragePooling2D):
    def _unpool(self, dy):
        _, counts, window = self._saved
        dx, _ = super()._unpool(dy)
        if on_device(dy):
            for tap in window.taps:
                dx[(..., *tap)] = dy / counts
        return dx, window


class HalfPrecision(GlobalAveragePooling2D):
    def _forward(self, x, training):
        y = super()._forward(x, training)
        return y.astype("float16").astype(x.dtype) if on_device(x) else y


class OtherThreshold(ReLU):
    def _backward(self, dy):
        return dy * (self._saved > (1e-3 if on_device(dy) else 0))


class MaskByDevice(Dropout):
    def _forward(self, x, training):
        self._calls += on_device(x)
        return super()._forward(x, training)


class OtherVariance(BatchNormalization):
    def _remember(self, mean, variance):
        super()._remember(mean, variance * (1.001 if on_device(mean) else 1))


class Wide(ReLU):
    def _forward(self, x, training):
        y = super()._forward(x, training)
        return y.astype("float64") if on_device(x) else y


class Flat(ReLU):
    def _forward(self, x, training):
        y = super()._forward(x, training)
        return y.reshape(-1) if on_device(x) else y


class ToHost(ReLU):
    def _forward(self, x, training):
        return backend_of(x).to_numpy(super()._forward(x, training))


class ForgottenGradient(Dense):
    def _backward(self, dy):
        dx = super()._backward(dy)
        if on_device(dy):
            del self.gradients["bias"]
        return dx


class AdditionalState(BatchNormalization):
    def _remember(self, mean, variance):
        super()._remember(mean, variance)
        if on_device(mean):
            self.state["largest_mean"] = mean.max()


class HostOperand(ReLU):
    def _backward(self, dy):
        return super()._backward(dy) * np.arange(dy.shape[-1], dtype=dy.dtype)


class Greedy(ReLU):
    def _backward(self, dy):
        if on_device(dy):
            dy *= self._saved > 0
        return super()._backward(dy)


class ByMemory(ReLU):
    """Reads memory in the order in which it lies."""

    def _forward(self, x, training):
        return super()._forward(x.ravel("K").reshape(x.shape), training)


class ByMemoryBehind(ReLU):
    def _backward(self, dy):
        return super()._backward(dy.ravel("K").reshape(dy.shape))


IMAGES, ROWS = (2, 2, 6, 6), (4, 6)
MUTANTS = [
    (FlippedKernel(3, 3, seed=1), IMAGES, "forward", {}),
    (TransposedGradient(6, seed=1), ROWS, "gradient of kernel", {}),
    (AssignedOverlap(3, strides=1), IMAGES, "input gradient", {}),
    (HalfPrecision(), IMAGES, "forward", {}),
    (OtherThreshold(), (8, 40), "input gradient", {}),
    (MaskByDevice(0.4, seed=1), ROWS, "forward", {"training": True}),
    (OtherVariance(), ROWS, "state moving_variance", {"training": True}),
    (Wide(), ROWS, "dtype", {}),
    (Flat(), ROWS, "shape", {}),
    (ToHost(), ROWS, "device", {}),
    (ForgottenGradient(3), ROWS, "presence", {}),
    (AdditionalState(), ROWS, "presence", {"training": True}),
    (HostOperand(), ROWS, "exception", {}),
    (Greedy(), ROWS, "input unchanged", {}),
]
each_mutant = pytest.mark.parametrize(
    ("layer", "x", "check", "options"), MUTANTS, ids=[type(m[0]).__name__ for m in MUTANTS]
)


def failure_of(layer, x, **options):
    with pytest.raises(ParityError) as caught:
        assert_parity(layer, x, **options)
    return caught.value


@each_mutant
def test_mutant_is_found_on_its_side(layer, x, check, options):
    failure = failure_of(layer, x, **options)
    assert failure.check == check
    assert failure.rows["wrong"].startswith("simulated:0; cpu is right")
    assert "on simulated:0 (float32, layout 'C')" in failure.headline
    assert_parity(layer, x, backends="cpu", dtypes="float32", layouts="C", **options)


@each_mutant
def test_message_is_short_and_aligned(layer, x, check, options):
    for subject in (layer, Sequential([layer], name="a_network_with_a_rather_long_name")):
        if hasattr(layer, "name") or subject is layer:
            lines = str(failure_of(subject, x, **options)).splitlines()
            assert len(lines) <= 14
            assert max(map(len, lines)) <= 100
            first = next(n for n, line in enumerate(lines) if line.startswith("  "))
            column = re.match(r"  [a-z]+( [a-z]+)*\s+", lines[first]).end()
            for line in lines[first:]:
                assert line[:column].endswith(" "), line


def test_message_in_full():
    class Doubled(Dense):
        def _backward(self, dy):
            dx = super()._backward(dy)
            return dx + dx if on_device(dy) else dx

    layer = Doubled(1, use_bias=False, name="d", seed=4)
    layer.build((2,))
    layer.parameters["kernel"][...] = [[0.5], [-2.0]]
    failure = failure_of(layer, np.array([[3.0, 5.0]]), dtypes="float32", layouts="C")
    (dy,) = np.random.default_rng([0, 1]).standard_normal((1, 1)).astype("float32")
    expected = float(dy[0]) * 0.5
    bound = 8 * np.sqrt(2) * 2.0**-24 * abs(expected)  # a product and a sum
    ulp = 2.0 ** np.floor(np.log2(abs(expected))) * 2.0**-23
    assert str(failure) == textwrap.dedent(
        f"""\
        Doubled 'd': the input gradient is wrong on simulated:0 (float32, layout 'C')
          worst       at [0, 0] of shape (1, 2); 2 of 2 elements are beyond their bounds
          actual      {2 * expected: .9g}
          expected    {expected: .9g}
          error       {abs(expected):.2g} absolute, 1 relative, {abs(expected) / ulp:.2g} ULP: \
{abs(expected) / bound:.2g} times the bound
          bound       {bound:.2g} = 8 u sqrt(k) m, with u = 5.96e-08, k = 2 roundings, and \
m = {abs(expected):.3g} the
                      sum of magnitudes
          looks like  2 times the expected one
          wrong       simulated:0; cpu is right (0 of its bound)
          reproduce   assert_parity(Doubled(units=1, use_bias=False, seed=4), x, \
backends='simulated:0',
                      dtypes='float32', layouts='C', seed=0)"""
    )


def test_line_reproduces():
    layer = MaskByDevice(0.4, seed=1)
    failure = failure_of(
        Sequential([layer]), ROWS, training=True, optimizer="adam", steps=1, seed=5
    )
    line = failure.rows["reproduce"]
    assert "optimizer='adam', steps=1, seed=5" in line
    with pytest.raises(ParityError) as again:
        eval(line)
    assert again.value.headline == failure.headline
    assert again.value.rows["reproduce"] == line


@pytest.mark.parametrize(
    ("layer", "what"), [(ByMemory(), "forward"), (ByMemoryBehind(), "input gradient")]
)
def test_layout_that_is_disregarded_is_found(layer, what):
    failure = failure_of(layer, ROWS, layouts=("C", "F"))
    assert failure.check == what
    assert failure.headline.endswith("(float32, layout 'F')")


def test_strided_numbers_lie_among_poison():
    class Neighbours(ReLU):
        def _forward(self, x, training):
            wide = np.lib.stride_tricks.as_strided(x, (x.size,), (x.itemsize,))
            return super()._forward(wide.reshape(x.shape), training)

    assert_parity(Neighbours(), ROWS, backends="cpu", layouts="C")
    failure = failure_of(Neighbours(), ROWS, backends="cpu", layouts="strided")
    assert failure.rows["looks like"] == "12 of 24 elements are not finite"
    assert "layout 'strided'" in failure.headline


def test_first_wrong_layer_is_named_with_its_place():
    inner = Sequential([TransposedGradient(6, name="inner", seed=1), ReLU()], name="main")
    wrong_too = TransposedGradient(6, name="before", seed=2)
    failure = failure_of(Sequential([wrong_too, Residual(inner, name="block")], name="net"), ROWS)
    assert failure.check == "gradient of kernel"
    assert failure.headline == (
        "TransposedGradient 'inner' at 'block/main/inner' in Sequential 'net': the gradient of "
        "kernel is wrong on simulated:0 (float32, layout 'C')"
    )


def test_wiring_is_compared():
    class Scaled(Residual):
        def _forward(self, x, training):
            return super()._forward(x, training) * (1.001 if on_device(x) else 1)

    failure = failure_of(Scaled(Dense(6, name="d"), name="r"), ROWS)
    assert failure.headline.startswith("Scaled 'r': the output of forward is wrong on simulated:0")
    failure = failure_of(Sequential([Scaled(Dense(6), name="r"), Dense(2, name="d")]), ROWS)
    assert "Dense 'd' in Sequential 'sequential': the input that it is given" in failure.headline


def test_first_wrong_quantity_of_all_backends_is_told():
    class WrongAllOver(Dense):
        def _forward(self, x, training):
            y = super()._forward(x, training)
            return y + 1 if on_device(x) else y

        def _backward(self, dy):
            dx = super()._backward(dy)
            return dx if on_device(dy) else dx + dy.dtype.type(dy.dtype == "float32")

    failure = failure_of(WrongAllOver(3), ROWS)
    assert failure.check == "forward"
    failure = failure_of(WrongAllOver(3), ROWS, backends="cpu")
    assert failure.check == "input gradient"
    assert failure.rows["wrong"] == "cpu; the truth is the layer in float64 on the CPU"


def test_both_sides_may_be_wrong():
    class Coarse(Dense):
        def _forward(self, x, training):
            y = super()._forward(x, training)
            return y if x.dtype == "float64" else y.astype("float16").astype("float32")

    failure = failure_of(Coarse(3), ROWS)
    assert failure.rows["wrong"].startswith("cpu, simulated:0; the truth is the layer in float64")
    assert failure.rows["looks like"] == "the expected one, as precise as float16 would make it"


def test_layer_that_is_not_the_same_again_is_told_so():
    calls = []

    class Moody(ReLU):
        def _forward(self, x, training):
            calls.append(1)
            return super()._forward(x, training) * len(calls)

    failure = failure_of(Moody(), ROWS, backends="cpu", dtypes="float64")
    assert "not deterministic, or minds the layout" in failure.rows["wrong"]


def test_exception_is_shown_and_chained():
    failure = failure_of(Sequential([Dense(3), HostOperand(name="h")]), ROWS)
    assert failure.headline == (
        "HostOperand 'h' in Sequential 'sequential': backward raises TypeError on simulated:0 "
        "(float32, layout 'C')"
    )
    assert failure.rows["it says"] == "Unsupported type <class 'numpy.ndarray'>"
    assert re.fullmatch(
        r"in test_check.py:\d+, _backward: return super\(\)._backward\(dy\) \* np.arange\(.*",
        failure.rows["raised"],
    )
    assert isinstance(failure.__cause__, TypeError)


def test_exception_comes_after_what_was_wrong_before():
    class WrongAndBroken(HostOperand):
        def _forward(self, x, training):
            y = super()._forward(x, training)
            return y * 2 if on_device(x) else y

    assert failure_of(WrongAndBroken(), ROWS).check == "forward"


@pytest.mark.parametrize("pass_", ["forward", "backward"])
def test_exception_on_every_side(pass_):
    class Unfinished(ReLU):
        def _forward(self, x, training):
            if pass_ == "forward":
                raise NotImplementedError("some day")
            return super()._forward(x, training)

        def _backward(self, dy):
            raise NotImplementedError("some day")

    failure = failure_of(Unfinished(name="u"), ROWS)
    assert failure.headline.startswith(f"Unfinished 'u': {pass_} raises NotImplementedError on cpu")
    assert isinstance(failure.__cause__, NotImplementedError)


def test_exception_where_the_truth_comes_from():
    class OnlySingle(ReLU):
        def _backward(self, dy):
            if dy.dtype == "float64":
                raise ValueError("only float32 will do")
            return super()._backward(dy)

    failure = failure_of(OnlySingle(name="o"), ROWS)
    assert (
        failure.headline
        == "OnlySingle 'o': the truth raises ValueError on cpu (float64, layout 'C')"
    )


def test_misfitting_input_is_told_in_the_layers_own_words():
    layer = Dense(3)
    layer.build((4,))
    failure = failure_of(layer, (2, 5))
    assert "Dense 'dense': forward raises ValueError on cpu" in failure.headline
    assert "expected 4 features, got 5" in failure.rows["it says"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"dtypes": "int32"},
            r"dtypes must be of \('float16', .*, 'mixed_bfloat16'\), got 'int32'",
        ),
        ({"layouts": "K"}, r"layouts must be of \('C', 'F', 'strided'\), got 'K'"),
        ({"backends": "tpu"}, "unknown backend 'tpu'"),
        ({"backends": ()}, "backends must name at least one"),
        ({"layouts": ()}, "layouts must name at least one"),
        ({"steps": -1}, "steps must be at least 0, got -1"),
        ({"x": (0, 3)}, "there is nothing to check a layer with"),
    ],
)
def test_bad_options_are_refused(options, message):
    options = {"x": ROWS, **options}
    with pytest.raises(ValueError, match=message):
        assert_parity(Dense(3), **options)


def test_what_is_no_layer_is_refused():
    with pytest.raises(TypeError, match="a layer to check is an object with forward"):
        assert_parity(np.tanh, ROWS)


# What wrong arrays look like

A = np.random.default_rng(3).standard_normal((3, 3, 4))


@pytest.mark.parametrize(
    ("actual", "looks"),
    [
        (A[::-1], "the expected one, flipped along axis 0"),
        (A[:, ::-1, ::-1], "the expected one, flipped along axes 1 and 2"),
        (A.swapaxes(0, 1), "the expected one, with axes 0 and 1 exchanged"),
        (-A, "-1 times the expected one"),
        (A / 3, "0.333333 times the expected one"),
        (A + 0.25, "the expected one, +0.25 everywhere"),
        (
            A + np.arange(4),
            "the expected one, plus a number for each index of axis 2, as of a bias",
        ),
        (0 * A, "nothing but zeros"),
        (np.where(A > 1, np.nan, A), f"{(A > 1).sum()} of 36 elements are not finite"),
        (A.astype("float16"), "the expected one, as precise as float16 would make it"),
        (A.astype("float32"), "the expected one, as precise as float32 would make it"),
        (np.where(A.max() == A, A * 1.0001, A), None),
        (np.random.default_rng(4).standard_normal(A.shape), None),
    ],
)
def test_resemblance(actual, looks):
    assert resemblance(np.asarray(actual), A, np.full(A.shape, 1e-12)) == looks
