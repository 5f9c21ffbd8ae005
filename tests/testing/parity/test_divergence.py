"""Where two sides part: the first layer, the pass, and a picture."""

import sys

import numpy as np
import pytest

from onepath.backends import backend_of, get_backend
from onepath.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    MaxPooling2D,
    ReLU,
    Residual,
    Sequential,
    Softmax,
)
from onepath.testing.failure import ParityError
from onepath.testing.parity.divergence import first_divergence
from onepath.testing.parity.picture import Mark, draw
from onepath.testing.subject import transplant


class WrongBehind(Dense):
    """Of whose gradient the device has half."""

    def _backward(self, dy):
        dx = super()._backward(dy)
        return dx if backend_of(dy).name == "cpu" else dx / 2


class WrongByGemm(Conv2D):
    def _backward(self, dy):
        dx = super()._backward(dy)
        if self.engine == "gemm":
            self.gradients["kernel"] = self.gradients["kernel"][::-1].copy()
        return dx


class WrongInSingle(ReLU):
    def _forward(self, x, training):
        y = super()._forward(x, training)
        return y if y.dtype == "float64" else y * 1.001


class Unstable(ReLU):
    """Throws digits away, and ever more in single precision."""

    def _forward(self, x, training):
        return super()._forward(x, training) + 1e6 - 1e6


def network(*middle, dtype="float32"):
    first = [Conv2D(3, 3, name="conv", seed=1, dtype=dtype), BatchNormalization(dtype=dtype)]
    last = [Flatten(), Dense(4, name="dense", seed=2, dtype=dtype), Softmax()]
    return Sequential([*first, ReLU(), *middle, MaxPooling2D(2), *last])


X = (3, 2, 6, 6)


@pytest.mark.parametrize(
    "sides",
    [("cpu", "simulated"), ("signal", "gemm"), ("float32", "float64"), ("gemm", "simulated")],
)
@pytest.mark.parametrize("training", [False, True])
def test_right_networks_do_not_part(sides, training):
    assert first_divergence(network(), X, *sides, training=training) is None


def test_rounding_that_grows_is_nobodys_fault():
    """The two dtypes end far apart, but each layer does what it can with what it gets."""
    layer = Sequential(
        [Dense(8, seed=1), Unstable(), Dense(8, seed=2), Unstable(), Dense(2, seed=3)]
    )
    x = np.random.default_rng(0).standard_normal((4, 5)).astype("float32")
    layer.build(x.shape[1:])
    outputs = [transplant(layer, "cpu", d).forward(x.astype(d)) for d in ("float32", "float64")]
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-3
    assert first_divergence(layer, x, "float32", "float64") is None


def test_backends():
    inner = Sequential([WrongBehind(2, seed=3, name="wrong")], name="main")
    layer = Sequential([Dense(2, seed=1), Residual(inner, name="block"), WrongBehind(3, seed=2)])
    found = first_divergence(layer, (4, 5), "cpu", "simulated", seed=3)
    # the last layer's backward is the first
    assert (found.layer, found.path, found.pass_, found.quantity) == (
        "WrongBehind 'wrong_behind'",
        "wrong_behind",
        "backward",
        "input gradient",
    )
    assert isinstance(found.failure, ParityError)
    assert str(found) == str(found.failure)
    assert found.failure.rows["looks like"] == "0.5 times the expected one"
    assert found.failure.rows["wrong"].startswith("simulated:0; cpu is right (")
    again = found.failure.rows["reproduce"]
    assert again == "first_divergence(model, (4, 5), 'cpu', 'simulated', seed=3)"
    again = first_divergence(layer, (4, 5), get_backend("simulated"), "cpu", seed=3)
    assert again.failure.headline == found.failure.headline


def test_place_within_the_model():
    inner = Sequential([WrongBehind(2, seed=3, name="wrong")], name="main")
    layer = Sequential([Dense(2, seed=1), Residual(inner, name="block")])
    found = first_divergence(layer, (4, 5), "cpu", "simulated")
    assert (found.layer, found.path) == ("WrongBehind 'wrong'", "block/main/wrong")
    alone = first_divergence(WrongBehind(2, seed=3), (4, 5), "cpu", "simulated")
    assert (alone.layer, alone.path) == ("WrongBehind 'wrong_behind'", "")


def test_engines_are_held_to_the_definition():
    layer = Sequential([ReLU(), WrongByGemm(3, 3, name="conv", seed=1, engine="gemm")])
    found = first_divergence(layer, X, "signal", "gemm")
    assert (found.path, found.quantity) == ("conv", "gradient of kernel")
    assert found.failure.rows["wrong"].startswith("cpu by gemm; cpu by signal is right (")
    assert layer.children[1].engine == "gemm"


def test_dtypes():
    found = first_divergence(
        network(WrongInSingle(name="w")), X, "float64", "float32", training=True
    )
    assert (found.path, found.pass_, found.quantity) == ("w", "forward", "forward")
    wrong = found.failure.rows["wrong"]
    assert wrong == "cpu in float32; cpu in float64 is right (0 of its bound)"
    assert "training=True" in found.failure.rows["reproduce"]


def test_two_dtypes_start_from_the_same_numbers():
    layer = Sequential([ReLU(name="r"), WrongInSingle(name="w")])
    marks = {m.name: m for m in first_divergence(layer, (4, 5), "float32", "float64").marks}
    assert marks["r: forward"].apart == 0
    assert marks["w: forward"].apart == pytest.approx(1e-3, rel=1e-3)


def test_sides_are_of_the_models_own_dtype():
    """What is wrong in float32 only is not seen in a float64 model."""
    sides = "cpu", "simulated"
    assert first_divergence(network(WrongInSingle(), dtype="float64"), X, *sides) is None
    assert first_divergence(network(WrongInSingle()), X, *sides).quantity == "forward"
    built = network(WrongInSingle(), dtype="float64")
    built.build(X[1:])
    assert first_divergence(built, X, *sides) is None


def test_exception_is_a_divergence():
    class Broken(ReLU):
        def _backward(self, dy):
            if backend_of(dy).name != "cpu":
                raise RuntimeError("launch failed")
            return super()._backward(dy)

    found = first_divergence(network(Broken(name="b")), X, "cpu", "simulated")
    assert (found.path, found.pass_) == ("b", "backward")
    assert found.failure.check == "exception"


def test_missing_truth_is_told():
    class OnlySingle(ReLU):
        def _backward(self, dy):
            if dy.dtype == "float64":
                raise ValueError("only float32 will do")
            return super()._backward(dy)

    found = first_divergence(OnlySingle(), (2, 3), "cpu", "simulated")
    assert "the truth raises ValueError on cpu (float64" in str(found)
    assert found.marks == []


@pytest.mark.parametrize(
    ("a", "message"),
    [
        (
            "fftw",
            r"a side is a backend, one of the engines \('cudnn', .*'signal'\), or one of the dty",
        ),
        ("gemm", "Dense 'dense' has no convolution that 'signal' could compute"),
    ],
)
def test_bad_sides_are_refused(a, message):
    with pytest.raises(ValueError, match=message):
        first_divergence(Dense(3), (2, 4), a, "cpu")


# The picture


def test_marks_are_what_the_picture_shows():
    layer = Sequential(
        [Dense(3, seed=1, name="d"), ReLU(name="r"), WrongBehind(2, seed=2, name="w")]
    )
    marks = first_divergence(layer, (4, 5), "cpu", "simulated").marks
    names = ["d: forward", "r: forward", "w: forward", "w: input gradient"]
    names += ["w: gradient of kernel", "w: gradient of bias", "r: input gradient"]
    names += ["d: input gradient", "d: gradient of kernel", "d: gradient of bias"]
    assert [mark.name for mark in marks] == names
    by_name = {mark.name: mark for mark in marks}
    wrong = by_name["w: input gradient"]
    assert wrong.errors[0] < wrong.bound < 1e-5 < 0.01 < wrong.errors[1] <= 0.5
    assert wrong.apart == pytest.approx(0.5, rel=1e-5)
    # each is judged on what it got, and yet the sides are apart from there on
    behind = by_name["r: input gradient"]
    assert max(behind.errors) <= behind.bound
    assert behind.apart == pytest.approx(0.5, rel=1e-5)


@pytest.mark.parametrize("good", [True, False])
def test_picture_is_written(tmp_path, good):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    layer = network() if good else Sequential([network(), WrongBehind(2, seed=2, name="w")])
    path = tmp_path / "picture.png"
    found = first_divergence(layer, X, "cpu", "simulated", picture=path)
    assert (found is None) == good
    with image.open(path) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    marked = any(abs(r - 245) < 8 and abs(g - 225) < 8 and abs(b - 210) < 12 for r, g, b in colours)
    assert marked != good


def test_picture_of_extremes(tmp_path):
    """Exact, endless and empty rows can be drawn."""
    pytest.importorskip("matplotlib")
    marks = [
        Mark("exact", (0.0, 0.0), 0.0, 0.0),
        Mark("endless", (np.inf, 1e-3), 1e-6, np.inf),
        Mark("unlike", (1e-9, np.nan), 1e-6, np.nan),
    ]
    for count in (0, 3):
        draw(tmp_path / f"{count}.png", marks[:count], ("a", "b"), "a title " * 40, "endless")
        assert (tmp_path / f"{count}.png").stat().st_size > 1000


def test_missing_matplotlib_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        ImportError, match=r"pictures need matplotlib.*pip install 'onepath\[train\]'"
    ):
        draw(tmp_path / "p.png", [], ("a", "b"), "", None)
