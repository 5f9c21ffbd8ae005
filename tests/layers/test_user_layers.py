"""Layers that others write: the short way, the notebook's way, and making them known."""

import copy
import json
import re

import numpy as np
import pytest

from onepath.backends import DeviceMismatchError
from onepath.layers import (
    Convolutional,
    Dense,
    Layer,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    deserialize,
    register_layer,
    registry,
    serialize,
)


class Scale(Layer):
    """A stranger's layer: one factor for each feature."""

    def __init__(self, initializer="ones", name=None, dtype="float32", seed=None):
        super().__init__(name, dtype, seed)
        self.initializer = initializer

    def compute_output_shape(self, input_shape):
        if self.built and input_shape != self.input_shape:
            raise ValueError("a factor belongs to each feature")
        return input_shape

    def _build(self, input_shape):
        self._add_parameter("factors", input_shape, self.initializer)

    def _forward(self, x, training):
        self._saved = x
        return x * self.parameters["factors"]

    def _backward(self, dy):
        self.gradients["factors"] = (dy * self._saved).sum(axis=0)
        return dy * self.parameters["factors"]


@pytest.fixture
def known(monkeypatch):
    """A registry that forgets what a test registers."""
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))


X = np.array([[1.0, -2.0, 3.0], [4.0, 0.5, -6.0]], "float32")


def test_short_way_gets_batches_and_single_samples(backend):
    layer = Scale("standard_normal", seed=1)
    single = backend.to_numpy(layer.forward(backend.asarray(X[0])))
    batch = backend.to_numpy(layer.forward(backend.asarray(X)))
    factors = backend.to_numpy(layer.parameters["factors"])
    assert factors.shape == (3,)
    np.testing.assert_array_equal(batch, X * factors)
    np.testing.assert_array_equal(single, X[0] * factors)


def test_short_way_gets_the_gradient_step(backend):
    layer = Scale()
    layer.forward(backend.asarray(X))
    dx = layer.backward(backend.asarray(X), learning_rate=0.1)
    np.testing.assert_array_equal(backend.to_numpy(dx), X)
    expected = 1 - 0.1 * (X.astype("float64") ** 2).sum(axis=0)
    factors = backend.to_numpy(layer.parameters["factors"])
    np.testing.assert_allclose(factors, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (X.astype("int32"), TypeError, "Scale 'scale': the input must be floating, got int32"),
        (X.tolist(), TypeError, "Scale 'scale': input: argument 0 is a builtins.list"),
        (X[:0], ValueError, "Scale 'scale': the input is empty"),
        (X[None], ValueError, "Scale 'scale': the input must have 2 axes, or 1 for a single"),
        (
            X[:, :2],
            ValueError,
            r"Scale 'scale': samples of shape \(2,\) do not fit \(built for \(3,\)\): "
            "a factor belongs to each feature",
        ),
    ],
)
def test_short_way_gets_the_checks(x, error, message):
    layer = Scale()
    layer.forward(X)
    with pytest.raises(error, match=message):
        layer.forward(x)


def test_short_way_gets_moving(cpu, far):
    layer = Scale()
    layer.forward(X)
    layer.to(far)
    assert far.owns(layer.parameters["factors"])
    with pytest.raises(DeviceMismatchError, match="the input is on cpu, the layer on far"):
        layer.forward(X)
    np.testing.assert_array_equal(layer.to(cpu).forward(X), X)


def test_short_way_fits_into_compositions(backend):
    network = Sequential([Dense(3, seed=1), Scale("standard_normal", seed=2), ReLU()])
    y = network.forward(backend.asarray(X))
    network.backward(y, 0.1)
    assert list(network.gradients) == ["dense/kernel", "dense/bias", "scale/factors"]
    assert copy.deepcopy(network).forward(backend.asarray(X)).shape == (2, 3)


def test_layer_that_computes_nothing_says_what_is_missing():
    class Hollow(Layer):
        pass

    with pytest.raises(NotImplementedError, match="Hollow has neither forward nor _forward"):
        Hollow().forward(X)


def test_layer_without_a_backward_says_what_is_missing():
    class OneWay(Layer):
        def _forward(self, x, training):
            return x

    layer = OneWay()
    layer.forward(X)
    with pytest.raises(NotImplementedError, match="OneWay has neither backward nor _backward"):
        layer.backward(X)


def test_home_of_a_layer_that_is_nowhere():
    with pytest.raises(RuntimeError, match="Scale 'scale' is on no device yet"):
        _ = Scale().home


# The notebook's way: columns of numbers, attributes of one's own, no super().__init__()


class NotebookDense(Layer):
    def __init__(self, weights, bias):
        self.weights, self.bias = weights.copy(), bias.copy()

    def forward(self, input):
        self.input = input
        return np.dot(self.weights, self.input) + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = np.dot(output_gradient, self.input.T)
        input_gradient = np.dot(self.weights.T, output_gradient)
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient
        return input_gradient


class NotebookTanh(Layer):
    def __init__(self):
        self.input = None
        self.output = None

    def forward(self, input):
        self.input = input
        self.output = np.tanh(input)
        return self.output

    def backward(self, output_gradient, learning_rate):
        return output_gradient * (1 - np.tanh(self.input) ** 2)


class NotebookReshape(Layer):
    def __init__(self, input_shape, output_shape):
        self.input_shape = input_shape
        self.output_shape = output_shape

    def forward(self, input):
        return np.reshape(input, self.output_shape)

    def backward(self, output_gradient, learning_rate):
        return np.reshape(output_gradient, self.input_shape)


def run(network, x):
    for layer in network:
        x = layer.forward(x)
    return x


def train(network, x, wanted, learning_rate):
    """One step of the notebook's loop, with the mean squared error."""
    y = run(network, x)
    gradient = 2 * (y - wanted) / wanted.size
    for layer in reversed(network):
        gradient = layer.backward(gradient, learning_rate)
    return np.mean((y - wanted) ** 2)


def test_notebooks_layers_learn_exclusive_or():
    rng = np.random.default_rng(1)
    network = [
        NotebookDense(rng.standard_normal((3, 2)), rng.standard_normal((3, 1))),
        NotebookTanh(),
        NotebookDense(rng.standard_normal((1, 3)), rng.standard_normal((1, 1))),
        NotebookTanh(),
    ]
    samples = [(np.array([[a], [b]]), np.array([[float(a != b)]])) for a in (0, 1) for b in (0, 1)]
    for _ in range(1000):
        for x, wanted in samples:
            train(network, x, wanted, 0.1)
    for x, wanted in samples:
        assert abs(run(network, x) - wanted) < 0.1


def test_notebooks_layers_work_beside_onepaths():
    rng = np.random.default_rng(3)
    weights, bias = rng.standard_normal((2, 18)), rng.standard_normal((2, 1))
    theirs = [
        Convolutional((1, 5, 5), 3, 2, dtype="float64", seed=5),
        Sigmoid(),
        NotebookReshape((2, 3, 3), (18, 1)),
        NotebookDense(weights, bias),
        NotebookTanh(),
    ]
    # the same network in onepath's own layers, on rows instead of columns
    dense = Dense(2, dtype="float64")
    dense.build((18,))
    dense.parameters["kernel"][...], dense.parameters["bias"][...] = weights.T, bias[:, 0]
    ours = [copy.deepcopy(theirs[0]), Sigmoid(), Reshape((18,)), dense]
    ours[2].build((2, 3, 3))
    image, wanted = rng.standard_normal((1, 5, 5)), np.array([[0.5], [-0.5]])

    for _ in range(20):
        hidden = run(ours, image)
        gradient = 2 * (np.tanh(hidden) - wanted[:, 0]) / 2 * (1 - np.tanh(hidden) ** 2)
        for layer in reversed(ours):
            gradient = layer.backward(gradient, 0.1)
        train(theirs, image, wanted, 0.1)

    np.testing.assert_allclose(theirs[0].kernels, ours[0].kernels, rtol=1e-10)
    np.testing.assert_allclose(theirs[3].weights, dense.parameters["kernel"].T, rtol=1e-10)


def test_notebooks_layer_can_be_looked_at():
    layer = NotebookDense(np.ones((1, 2)), np.ones((1, 1)))
    assert (layer.name, layer.parameters, layer.gradients) == ("notebook_dense", {}, {})
    assert repr(layer) == f"NotebookDense(weights={np.ones((1, 2))!r}, bias={np.ones((1, 1))!r})"


def test_layer_that_does_not_keep_its_arguments_can_be_looked_at():
    class Forgetful(Layer):
        def __init__(self, units):
            super().__init__()

    assert repr(Forgetful(3)) == "Forgetful()"


# Making classes known


def test_registered_class_is_made_from_its_description(known):
    assert register_layer(Scale) is Scale
    layer = Scale("standard_normal", name="mine", dtype="float64", seed=3)
    again = deserialize(json.loads(json.dumps(serialize(Sequential([layer])))))
    np.testing.assert_array_equal(again.forward(X), Sequential([layer]).forward(X))
    assert type(again.layers[0]) is Scale


def test_registering_a_class_twice_is_no_clash(known):
    register_layer(Scale)
    register_layer(Scale)


def test_names_must_not_clash(known):
    class Dense(Layer):
        pass

    with pytest.raises(ValueError, match="there is a layer class 'Dense' already"):
        register_layer(Dense)
    assert type(deserialize({"class_name": "Dense", "config": {"units": 1}})) is not Dense


def test_unknown_class():
    message = "no layer class 'Scale' is registered; register_layer makes .* Known are .*'Dense'"
    with pytest.raises(ValueError, match=message):
        deserialize({"class_name": "Scale", "config": {}})


def test_unknown_class_is_not_described(known):
    class Dense(Layer):
        """Another one's, of a name that is known."""

    for layer in (Scale(), Sequential([Scale()]), Dense()):
        with pytest.raises(ValueError, match=r"(Scale|Dense) is not registered, so it could not"):
            serialize(layer)


@pytest.mark.parametrize(
    "description",
    [
        None,
        "Dense",
        [],
        {},
        {"class_name": "Dense"},
        {"config": {}},
        {"class_name": "Dense", "config": None},
        {"class_name": "Dense", "config": ["units"]},
        {"class_name": ["Dense"], "config": {}},
        {"class_name": "Sequential", "config": {"layers": [3]}},
        {"class_name": "Residual", "config": {}},
    ],
)
def test_malformed_description(description):
    with pytest.raises(ValueError, match="a layer's description has 'class_name' and 'config'"):
        deserialize(description)


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("Dense", {"units": 3, "colour": "red"}),
        ("Sequential", {"layers": [serialize(ReLU())], "colour": "red"}),
        ("Residual", {"main": serialize(ReLU()), "colour": "red"}),
    ],
)
def test_unknown_argument(class_name, config):
    message = f"{class_name} has no ['colour']; its arguments are ["
    with pytest.raises(ValueError, match=re.escape(message)):
        deserialize({"class_name": class_name, "config": config})
