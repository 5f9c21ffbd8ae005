"""Layers as the kit sees them, onepath's and strangers'."""

import math
import pickle

import numpy as np
import pytest

import onepath as op
from onepath.backends import get_backend
from onepath.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    ReLU,
    Residual,
    Sequential,
)
from onepath.losses import MeanSquaredError
from onepath.testing.failure import ParityError
from onepath.testing.subject import (
    LEARNING_RATE,
    code_of,
    gradients_of,
    home_of,
    layer_of,
    leaves,
    parameters_of,
    run_backward,
    run_forward,
    state_of,
    title_of,
    transplant,
)

X = np.arange(6.0).reshape(2, 3)


class Plain:
    """A stranger's layer, with a learning rate, as the notebook's are."""

    def __init__(self, w):
        self.w = w
        self.x = None

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dy, learning_rate):
        dx = dy * self.w
        self.w = self.w - learning_rate * (dy * self.x).sum(axis=0)
        return dx


class Silent:
    """Attributes as given, and nothing learned from a backward."""

    def __init__(self, **attributes):
        vars(self).update(attributes)

    def forward(self, x):
        return x

    def backward(self, dy):
        return dy


# Copies on other devices


def test_copy_lives_on_the_backend_and_the_original_stays(backend, cpu):
    layer = Dense(2, seed=1)
    layer.forward(X)
    twin = transplant(layer, backend)

    assert twin is not layer
    assert twin.backend is backend
    for name, array in layer.parameters.items():
        assert array.dtype == "float32"
        assert cpu.owns(array)
        assert backend.owns(twin.parameters[name])
        np.testing.assert_array_equal(backend.to_numpy(twin.parameters[name]), array)
        twin.parameters[name][...] = 7
        assert not np.any(array == 7)
    assert layer._output is not None


def test_copy_computes_in_another_dtype(backend):
    layer = Sequential([Dense(2, seed=1), BatchNormalization(), ReLU()])
    layer.build((3,))
    twin = transplant(layer, backend, "float64")
    assert twin.forward(backend.asarray(X)).dtype == "float64"
    assert {a.dtype.name for a in (twin.parameters | twin.state).values()} == {"float64"}
    assert [child.dtype for child in twin.children] == ["float64", "float64", None]
    assert [child.dtype for child in layer.children] == ["float32", "float32", None]


def test_copy_of_a_layer_that_is_not_built_builds_itself_there(backend):
    twin = transplant(Dense(2, seed=1), backend, "float64")
    y = twin.forward(backend.asarray(X))
    assert backend.owns(y)
    assert twin.parameters["kernel"].dtype == "float64"


def test_copy_from_a_device_to_the_host(backend, cpu):
    there = transplant(Dense(2, seed=1), backend)
    y = there.forward(backend.asarray(X))
    here = transplant(there, "cpu")
    assert here.backend is cpu
    np.testing.assert_allclose(here.forward(X), backend.to_numpy(y), rtol=1e-5)


def test_copy_has_nothing_left_from_the_last_forward(cpu):
    layer = Residual(Sequential([Dense(3, seed=1), ReLU()]))
    layer.forward(X)
    twin = transplant(layer, cpu)
    with pytest.raises(RuntimeError, match="backward needs a forward before it"):
        twin.backward(X)
    assert all(leaf._saved is None for _, leaf in leaves(twin))


class Slotted:
    __slots__ = ("array", "other")

    def __init__(self, array):
        self.array = array


def test_arrays_are_found_wherever_they_are(backend):
    array = np.ones(2, "float32")
    other = np.zeros(2, "float32")
    deep = {"a": [array, (array, {"b": array})], "c": Slotted(other), "d": Silent(e=array)}
    stranger = Silent(array=array, deep=deep, text="text", function=math.sqrt, pattern=np.add)
    twin = transplant(stranger, backend, "float64")

    (first, (second, inner)), slotted = twin.deep["a"], twin.deep["c"]
    found = [twin.array, first, second, inner["b"], twin.deep["d"].e]
    assert all(backend.owns(each) and each.dtype == "float64" for each in [*found, slotted.array])
    # one array under several names stays one
    assert len(set(map(id, found))) == 1
    assert not hasattr(slotted, "other")
    assert (twin.text, twin.function, twin.pattern) == ("text", math.sqrt, np.add)
    assert deep["a"][0] is array


def test_integers_and_flags_keep_their_dtype(backend):
    stranger = Silent(labels=np.array([1, 2]), mask=np.array([True]), none=None, scalar=np.float32)
    twin = transplant(stranger, backend, "float64")
    assert (twin.labels.dtype, twin.mask.dtype) == (np.array([1]).dtype, "bool")
    assert twin.scalar is np.float32


def test_array_modules_and_backends_follow(backend, cpu):
    stranger = Silent(xp=np, array=np.ones(2), backend=cpu, math=math)
    twin = transplant(stranger, backend)
    assert twin.xp is backend.xp
    assert twin.backend is backend
    assert twin.math is math
    assert transplant(twin, cpu).xp is np


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float32", "float64"),
        (np.float32, np.float64),
        (np.dtype("float32"), np.dtype("float64")),
        ("int32", "int32"),
        (None, None),
        ("no dtype", "no dtype"),
    ],
)
def test_attributes_named_dtype_follow(cpu, dtype, expected):
    twin = transplant(Silent(dtype=dtype), cpu, "float64")
    assert twin.dtype == expected
    assert type(twin.dtype) is type(expected)
    assert transplant(Silent(dtype=dtype), cpu).dtype == dtype


def test_generators_are_copied_with_what_they_have_drawn(cpu):
    stranger = Silent(rng=np.random.default_rng(3))
    twins = [transplant(stranger, cpu) for _ in range(2)]
    drawn = [twin.rng.random() for twin in twins]
    assert drawn[0] == drawn[1] == stranger.rng.random()


def test_readonly_arrays_become_writable(cpu):
    array = np.broadcast_to(np.float32(1), (3,))
    twin = transplant(Silent(w=array), cpu)
    twin.w[...] = 2
    assert array[0] == 1


# What is a layer


def test_model_stands_for_its_layer(cpu):
    model = op.Sequential([Dense(2, seed=1)])
    assert layer_of(model) is model.layer
    assert transplant(model, cpu).forward(X).shape == (2, 2)


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        (3, r"an object with forward\(x\) and backward\(output_gradient\), got int$"),
        (MeanSquaredError(), r"got MeanSquaredError; LossLayer\(loss, y_true\) makes one of a"),
    ],
)
def test_what_is_no_layer_is_refused(subject, message):
    with pytest.raises(TypeError, match=message):
        layer_of(subject)


def test_titles():
    assert title_of(Dense(2, name="mine")) == "Dense 'mine'"
    assert title_of(Silent()) == "Silent"


@pytest.mark.parametrize(
    "layer",
    [
        Dense(2, use_bias=False),
        Sequential([Conv2D(2, 3, padding="same"), ReLU()]),
        Residual(Sequential([Dense(3)]), Dropout(0.5)),
    ],
)
def test_code_makes_such_a_layer(layer):
    made = eval(code_of(layer))
    assert code_of(made) == code_of(layer)
    assert [type(leaf) for _, leaf in leaves(made)] == [type(leaf) for _, leaf in leaves(layer)]


def test_code_of_a_stranger_is_a_hint():
    assert code_of(Silent()) == "Silent(...)"


# What is learned


def test_onepaths_layers_have_dicts():
    layer = Sequential([Dense(2, seed=1, name="a"), BatchNormalization(name="b")])
    layer.forward(X)
    assert list(parameters_of(layer)) == ["a/kernel", "a/bias", "b/gamma", "b/beta"]
    assert list(state_of(layer)) == ["b/moving_mean", "b/moving_variance"]
    assert gradients_of(layer) == {}
    relu = ReLU()
    relu.forward(X)
    assert parameters_of(relu) == {}


W, B = np.ones(3), np.zeros(3)


@pytest.mark.parametrize(
    ("attributes", "names"),
    [
        ({"w": W, "b": B}, ["w", "b"]),
        ({"weights": [W, B], "p": {"v": W}}, ["weights[0]", "weights[1]", "p['v']"]),
        ({"w": W, "dw": W, "w_grad": W, "grad_w": W, "w_gradient": W, "d_w": W}, ["w"]),
        ({"w": W, "labels": np.array([1]), "size": 3.0, "text": "w"}, ["w"]),
        ({"w": W, "mean": B, "state": {"mean": B}}, ["w"]),
        ({"parameters": {"v": W}, "other": B}, ["v"]),
        ({"params": [W, B], "other": B}, ["0", "1"]),
        ({"parameters": {}, "other": B}, []),
    ],
)
def test_strangers_parameters(attributes, names):
    assert list(parameters_of(Silent(**attributes))) == names


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"w": W, "b": B}, {}),
        ({"w": W, "b": B, "gradients": {"w": 2 * W}}, {"w": 2}),
        ({"params": [W, B], "grads": [2 * W, 3 * W]}, {"0": 2, "1": 3}),
        *(({"w": W, name: 2 * W}, {"w": 2}) for name in ("dw", "d_w", "grad_w", "w_grad")),
        ({"w": W, "w_gradient": 2 * W}, {"w": 2}),
        ({"w": W, "dw": None}, {}),
    ],
)
def test_strangers_gradients(attributes, expected):
    found = gradients_of(Silent(**attributes))
    assert {name: array[0] for name, array in found.items()} == expected


def test_layers_written_by_hand_show_their_attributes():
    class ByHand(Layer):
        def __init__(self):
            self.w = W.copy()

        def forward(self, x):
            return x * self.w

    assert list(parameters_of(ByHand())) == ["w"]


def test_leaves_and_their_paths():
    inner = Sequential([Dense(3, name="a"), ReLU(name="b")], name="main")
    layer = Sequential([Residual(inner, Dropout(0.1, name="way"), name="block"), Flatten()])
    assert [path for path, _ in leaves(layer)] == [
        "block/main/a",
        "block/main/b",
        "block/way",
        "flatten",
    ]
    assert leaves(layer)[0][1] is inner.children[0]
    assert leaves(inner.children[0]) == [("", inner.children[0])]


# Running


def test_training_reaches_those_who_take_it(cpu):
    assert np.any(run_forward(Dropout(0.5, seed=1), np.ones((4, 4)), True) == 0)
    assert not np.any(run_forward(Dropout(0.5, seed=1), np.ones((4, 4))) == 0)
    np.testing.assert_array_equal(run_forward(Silent(), X, True), X)


def test_gradients_of_onepaths_layers_are_shown_without_a_step():
    layer = Conv2D(2, 2, seed=1)
    y = layer.forward(np.ones((1, 1, 3, 3), "float32"))
    before = {name: array.copy() for name, array in layer.parameters.items()}
    dx, gradients = run_backward(layer, y)
    assert dx.shape == (1, 1, 3, 3)
    assert list(gradients) == ["kernel", "bias"]
    for name, array in layer.parameters.items():
        np.testing.assert_array_equal(array, before[name])


def test_gradients_of_strangers_show_in_a_step(backend):
    stranger = transplant(Plain(np.array([1.0, 2.0, 3.0])), backend)
    stranger.forward(backend.asarray(X))
    dx, gradients = run_backward(stranger, backend.asarray(np.ones((2, 3))))
    np.testing.assert_array_equal(backend.to_numpy(dx), [[1, 2, 3]] * 2)
    # the sum of X over the batch, exactly: the rate is a power of 2
    assert LEARNING_RATE in (0.5**k for k in range(10))
    np.testing.assert_array_equal(backend.to_numpy(gradients["w"]), [3, 5, 7])


def test_gradients_that_are_shown_go_before_those_of_a_step():
    class Both(Plain):
        def backward(self, dy, learning_rate=0.1):
            self.dw = np.full(3, 42.0)
            return super().backward(dy, learning_rate)

    stranger = Both(np.ones(3))
    stranger.forward(X)
    assert list(run_backward(stranger, X)[1]["w"]) == [42] * 3


def test_no_rate_for_a_backward_that_takes_none():
    dx, gradients = run_backward(Silent(w=W), X)
    np.testing.assert_array_equal(dx, X)
    assert gradients == {}


def test_homes(backend):
    assert home_of(backend.asarray(X)) is backend
    assert home_of(np.float64(3)) is None
    assert home_of(Dense(3)) is None
    assert home_of(np.ones(1)) is get_backend("cpu")


# The error


def test_error_is_told_in_aligned_rows():
    error = ParityError("forward", "Dense: wrong", {"a": "1", "longer": "word " * 40})
    first, *rows = str(error).splitlines()
    assert first == "Dense: wrong"
    assert rows[:2] == ["  a       1", "  longer  " + ("word " * 17).strip()]
    assert all(row.startswith(" " * 10 + "word") and len(row) <= 100 for row in rows[2:])
    assert str(error).count("word") == 40
    assert error.check == "forward"
    assert isinstance(error, AssertionError)


def test_error_can_be_pickled():
    error = pickle.loads(pickle.dumps(ParityError("forward", "wrong", {"a": "1"})))
    assert (str(error), error.check) == ("wrong\n  a  1", "forward")
