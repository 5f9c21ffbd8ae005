"""The notebook's own code on onepath.notebook, and the two examples made of it."""

import ast
import base64
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate2d

from onepath import set_seed
from onepath.notebook import (
    Activation,
    Convolutional,
    Dense,
    Layer,
    Reshape,
    Sigmoid,
    Softmax,
    Tanh,
    binary_cross_entropy,
    binary_cross_entropy_prime,
    mse,
    mse_prime,
    predict,
    to_categorical,
    train,
)

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "examples" / "cnn_from_scratch.py"
NOTEBOOK = ROOT / "examples" / "cnn_from_scratch.ipynb"


@pytest.fixture(autouse=True)
def seed():
    set_seed(0)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def errors(text):
    """The errors that ``train`` printed."""
    return [float(line.split("error=")[1]) for line in text.splitlines()]


def slopes(function, array, step=1e-6):
    """The gradient of a number-valued function, by central differences, in float64."""
    gradient = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        up, down = array.copy(), array.copy()
        up[index] += step
        down[index] -= step
        gradient[index] = (function(up) - function(down)) / (2 * step)
    return gradient


def stripes(count, size):
    """Noisy images of a lying (0) or standing (1) stripe, as Keras's bytes, and their classes."""
    rng = np.random.default_rng(5)
    labels = np.arange(count) % 2
    images = rng.integers(0, 60, (count, size, size))
    places = size // 2 + rng.integers(-1, 2, count)
    for image, label, place in zip(images, labels, places, strict=True):
        (image.T if label else image)[place] += 190
    return images.astype("uint8"), labels.astype("uint8")


# What people have written for the notebook


def preprocess_data(x, y, limit):
    zero_index = np.where(y == 0)[0][:limit]
    one_index = np.where(y == 1)[0][:limit]
    all_indices = np.hstack((zero_index, one_index))
    all_indices = np.random.permutation(all_indices)
    x, y = x[all_indices], y[all_indices]
    x = x.reshape(len(x), 1, 10, 10)
    x = x.astype("float32") / 255
    y = to_categorical(y)
    y = y.reshape(len(y), 2, 1)
    return x, y


def test_the_notebook_runs_as_it_is(capsys):
    np.random.seed(0)
    x, y = stripes(100, 10)
    x_train, y_train = preprocess_data(x[:60], y[:60], 100)
    x_test, y_test = preprocess_data(x[60:], y[60:], 100)
    network = [
        Convolutional((1, 10, 10), 3, 5),
        Sigmoid(),
        Reshape((5, 8, 8), (5 * 8 * 8, 1)),
        Dense(5 * 8 * 8, 20),
        Sigmoid(),
        Dense(20, 2),
        Sigmoid(),
    ]
    train(
        network,
        binary_cross_entropy,
        binary_cross_entropy_prime,
        x_train,
        y_train,
        epochs=20,
        learning_rate=0.2,
    )
    first, *_, last = errors(capsys.readouterr().out)
    assert last < first / 3
    right = [np.argmax(predict(network, x)) == np.argmax(y) for x, y in zip(x_test, y_test)]  # noqa: B905
    assert np.mean(right) > 0.9


def test_xor_runs_as_it_is(capsys):
    x = np.reshape([[0, 0], [0, 1], [1, 0], [1, 1]], (4, 2, 1))
    y = np.reshape([[0], [1], [1], [0]], (4, 1, 1))
    network = [Dense(2, 3), Tanh(), Dense(3, 1), Tanh()]
    train(network, mse, mse_prime, x, y, epochs=400, learning_rate=0.1)
    assert errors(capsys.readouterr().out)[-1] < 0.02
    z = predict(network, [[1.0], [0.0]])
    assert z.shape == (1, 1)
    assert abs(z[0, 0] - 1) < 0.2


def test_labels_images_and_losses_of_other_dtypes():
    """Images of float64, and a loss written with NumPy: what layers return stays in their dtype."""
    network = [Dense(4, 2), Sigmoid()]
    x, y = np.ones((3, 4, 1)), np.zeros((3, 2, 1), "float64")
    train(network, lambda a, b: np.mean(np.abs(a - b)), lambda a, b: np.sign(b - a), x, y, 1)
    assert predict(network, x).dtype == network[0].weights.dtype == np.float32


# The same on each device, against the notebook's mathematics written out


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def written_out(x, y, kernels, biases, weights, bias, rate, epochs):
    """A convolution, a dense layer and their sigmoids, in float64: the errors and the arrays."""
    kernels, biases, weights, bias = (a.astype("float64") for a in (kernels, biases, weights, bias))
    means = []
    for _ in range(epochs):
        total = 0
        for image, target in zip(x.astype("float64"), y, strict=True):
            maps = [b + sum(map(correlate_valid, image, k)) for b, k in zip(biases, kernels)]  # noqa: B905
            hidden = sigmoid(np.array(maps))
            column = hidden.reshape(-1, 1)
            p = sigmoid(weights @ column + bias)
            total += -np.mean(target * np.log(p) + (1 - target) * np.log(1 - p))
            dz = (p - target) / target.size
            dmaps = (weights.T @ dz).reshape(hidden.shape) * hidden * (1 - hidden)
            weights = weights - rate * dz @ column.T
            bias = bias - rate * dz
            steps = [[correlate_valid(channel, d) for channel in image] for d in dmaps]
            kernels = kernels - rate * np.array(steps)
            biases = biases - rate * dmaps
        means.append(total / len(x))
    return means, (kernels, biases, weights, bias)


def correlate_valid(x, k):
    return correlate2d(x, k, "valid")


def test_training_is_the_notebooks(backend, capsys):
    rng = np.random.default_rng(1)
    x = rng.random((6, 2, 7, 7), "float32")
    y = to_categorical(rng.integers(0, 3, 6), 3).reshape(-1, 3, 1)
    network = [
        Convolutional((2, 7, 7), 3, 2),
        Sigmoid(),
        Reshape((2, 5, 5), (50, 1)),
        Dense(50, 3),
        Sigmoid(),
    ]
    arrays = [network[0].kernels, network[0].biases, network[3].weights, network[3].bias]
    expected, ends = written_out(x, y, *arrays, rate=0.5, epochs=4)
    for layer in network:
        layer.to(backend)
    train(
        network,
        binary_cross_entropy,
        binary_cross_entropy_prime,
        backend.asarray(x),
        backend.asarray(y),
        epochs=4,
        learning_rate=0.5,
    )
    assert errors(capsys.readouterr().out) == pytest.approx(expected, rel=1e-4)
    arrays = [network[0].kernels, network[0].biases, network[3].weights, network[3].bias]
    for array, end in zip(arrays, ends, strict=True):
        np.testing.assert_allclose(backend.to_numpy(array), end, rtol=1e-4, atol=1e-5)


def test_xor_on_each_device(backend, capsys):
    x = backend.asarray(np.reshape([[0, 0], [0, 1], [1, 0], [1, 1]], (4, 2, 1)))
    y = backend.asarray(np.reshape([[0], [1], [1], [0]], (4, 1, 1)))
    network = [layer.to(backend) for layer in (Dense(2, 3), Tanh(), Dense(3, 1), Tanh())]
    train(network, mse, mse_prime, x, y, epochs=400, learning_rate=0.1)
    assert errors(capsys.readouterr().out)[-1] < 0.02
    z = predict(network, [[0.0], [1.0]])
    assert backend.owns(z)
    assert abs(float(z[0, 0]) - 1) < 0.2


# Layers


def test_dense_by_loops_and_finite_differences(backend, rng):
    layer = Dense(4, 3, dtype="float64").to(backend)
    x, dy = rng.normal(size=(5, 4, 1)), rng.normal(size=(5, 3, 1))
    weights, bias = backend.to_numpy(layer.weights), backend.to_numpy(layer.bias)

    def loss(x, weights, bias):
        total = 0
        for n in range(5):
            for o in range(3):
                y = bias[o, 0] + math.fsum(weights[o, i] * x[n, i, 0] for i in range(4))
                total += dy[n, o, 0] * y
        return total

    y = backend.to_numpy(layer.forward(backend.asarray(x)))
    assert y.shape == (5, 3, 1)
    assert (dy * y).sum() == pytest.approx(loss(x, weights, bias))
    for n in range(5):
        single = backend.to_numpy(layer.forward(backend.asarray(x[n])))
        np.testing.assert_allclose(single, y[n])
    layer.forward(backend.asarray(x))
    dx = layer.backward(backend.asarray(dy))
    for found, expected in (
        (dx, slopes(lambda x: loss(x, weights, bias), x)),
        (layer.gradients["weights"], slopes(lambda w: loss(x, w, bias), weights)),
        (layer.gradients["bias"], slopes(lambda b: loss(x, weights, b), bias)),
    ):
        np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=1e-7, atol=1e-7)


def test_dense_is_drawn_from_the_standard_normal():
    layer = Dense(300, 200)
    assert layer.weights.shape == (200, 300)
    assert layer.bias.shape == (200, 1)
    assert abs(layer.weights.mean()) < 0.02
    assert abs(layer.weights.std() - 1) < 0.02
    assert abs(layer.bias.std() - 1) < 0.2


def test_dense_takes_weights_of_ones_own(backend):
    layer = Dense(2, 2).to(backend)
    given = np.array([[1, 2], [3, 4]], "float32")
    layer.weights, layer.bias = given, [[10], [20]]
    given[:] = 0
    y = layer.forward(backend.asarray([[1.0], [1.0]]))
    assert backend.to_numpy(y).tolist() == [[13], [27]]
    with pytest.raises(ValueError, match=r"weights must have shape \(2, 2\), got \(2,\)"):
        layer.weights = [1, 2]
    with pytest.raises(ValueError, match=r"bias must have shape \(2, 1\), got \(2,\)"):
        layer.bias = [1, 2]


def test_reshape_there_and_back(backend, rng):
    layer = Reshape((2, 3, 4), (24, 1)).to(backend)
    x = rng.random((2, 3, 4))
    y = backend.to_numpy(layer.forward(backend.asarray(x)))
    assert y.tolist() == [[v] for v in x.ravel().tolist()]
    dx = backend.to_numpy(layer.backward(backend.asarray(y), 0.1))
    assert np.array_equal(dx, x)
    assert layer.forward(backend.asarray(x[None])).shape == (1, 24, 1)
    assert Reshape((2, 3, 4), (-1, 1)).output_shape == (24, 1)


def test_softmax_of_columns(backend, rng):
    layer = Softmax().to(backend)
    x, dy = rng.normal(size=(5, 1)), rng.normal(size=(5, 1))

    def softmax(x):
        return np.exp(x) / math.fsum(np.exp(x[:, 0]))

    y = layer.forward(backend.asarray(x))
    np.testing.assert_allclose(backend.to_numpy(y), softmax(x))
    dx = layer.backward(backend.asarray(dy))
    expected = slopes(lambda x: (softmax(x) * dy).sum(), x)
    np.testing.assert_allclose(backend.to_numpy(dx), expected, rtol=1e-7, atol=1e-8)
    both = backend.to_numpy(layer.forward(backend.asarray(np.stack([x, dy]))))
    np.testing.assert_allclose(both, [softmax(x), softmax(dy)])


@pytest.mark.parametrize("layer", [Dense(3, 2), Reshape((2, 3), (6, 1))], ids=["dense", "reshape"])
def test_configuration_makes_the_same_layer(layer):
    again = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
    assert repr(again) == repr(layer)
    assert again.input_shape == layer.input_shape
    assert all(np.array_equal(again.parameters[k], v) for k, v in layer.parameters.items())


# Activations and layers of one's own


class Sine(Activation):
    def __init__(self):
        super().__init__(lambda x: np.sin(x), lambda x: np.cos(x))


class OwnActivation(Layer):
    """As the notebook has it: forward and backward themselves, nothing taken care of."""

    def __init__(self, activation, activation_prime):
        self.activation = activation
        self.activation_prime = activation_prime

    def forward(self, input):
        self.input = input
        return self.activation(self.input)

    def backward(self, output_gradient, learning_rate):
        return np.multiply(output_gradient, self.activation_prime(self.input))


@pytest.mark.parametrize(
    "make",
    [
        Sine,
        lambda: Activation(lambda x: np.sin(x), lambda x: np.cos(x)),
        lambda: OwnActivation(lambda x: np.sin(x), lambda x: np.cos(x)),
    ],
    ids=["subclass", "functions", "own layer"],
)
def test_activations_of_ones_own(backend, capsys, rng, make):
    layer = make().to(backend)
    x, dy = rng.normal(size=(4, 1)), rng.normal(size=(4, 1))
    y = layer.forward(backend.asarray(x))
    np.testing.assert_allclose(backend.to_numpy(y), [[math.sin(v)] for v in x[:, 0]])
    dx = layer.backward(backend.asarray(dy), 0.1)
    expected = slopes(lambda x: (np.sin(x) * dy).sum(), x)
    np.testing.assert_allclose(backend.to_numpy(dx), expected, rtol=1e-7)

    network = [layer.to(backend) for layer in (Dense(2, 3), make(), Dense(3, 1), make())]
    samples = backend.asarray(np.reshape([[0, 0], [0, 1], [1, 0], [1, 1]], (4, 2, 1)))
    targets = backend.asarray(np.reshape([0, 1, 1, 1], (4, 1, 1)))
    train(network, mse, mse_prime, samples, targets, epochs=50, learning_rate=0.1)
    first, *_, last = errors(capsys.readouterr().out)
    assert last < first / 2


def test_a_step_lets_gradients_through():
    """Its output is whole numbers; the gradient given to it must not become such."""
    step = Activation(lambda x: (x > 0).astype(int), lambda x: 1.0)
    y = step.forward(np.array([[-1.5], [2.0]]))
    assert y.tolist() == [[0], [1]]
    assert step.backward(np.array([[0.25], [-0.5]]), 0.1).tolist() == [[0.25], [-0.5]]


# Losses


LOSSES = [
    (mse, mse_prime, lambda y, p: np.mean(np.power(y - p, 2))),
    (
        binary_cross_entropy,
        binary_cross_entropy_prime,
        lambda y, p: np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)),
    ),
]


@pytest.mark.parametrize(("loss", "loss_prime", "formula"), LOSSES, ids=["mse", "cross entropy"])
@pytest.mark.parametrize("shape", [(3, 1), (1, 1), (4, 3, 1)])
def test_losses_are_the_notebooks(backend, rng, shape, loss, loss_prime, formula):
    y, p = rng.integers(0, 2, shape).astype("float64"), rng.uniform(0.05, 0.95, shape)
    on_device = backend.asarray(y), backend.asarray(p)
    assert float(loss(*on_device)) == pytest.approx(formula(y, p), rel=1e-12)
    gradient = backend.to_numpy(loss_prime(*on_device))
    assert gradient.shape == shape
    np.testing.assert_allclose(gradient, slopes(lambda p: formula(y, p), p), rtol=1e-6, atol=1e-8)


def test_a_sure_prediction_is_finite():
    """Where the notebook's own formula divides by zero."""
    y, p = np.array([[1.0], [0.0]]), np.array([[0.0], [1.0]], "float32")
    assert np.isfinite(binary_cross_entropy(y, p))
    gradient = binary_cross_entropy_prime(y, p)
    assert gradient[0, 0] < -1e6
    assert gradient[1, 0] > 1e6
    assert np.isfinite(gradient).all()


# train


def test_train_prints_a_line_an_epoch(capsys):
    network = [Dense(1, 1)]
    network[0].weights, network[0].bias = [[1]], [[0]]
    x, y = np.array([[[1.0]], [[2.0]]]), np.array([[[0.5]], [[0.0]]])
    train(network, mse, mse_prime, x, y, epochs=2, learning_rate=0)
    assert capsys.readouterr().out == "1/2, error=2.125\n2/2, error=2.125\n"
    train(network, mse, mse_prime, x, y, epochs=2, verbose=False)
    assert capsys.readouterr().out == ""


# Errors


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "3"])
def test_sizes_are_positive_integers(size):
    found = re.escape(repr(size))
    wrong = (TypeError, ValueError)
    with pytest.raises(wrong, match=f"input_size must be .*, got {found}$"):
        Dense(size, 2)
    with pytest.raises(wrong, match=f"output_size must be .*, got {found}$"):
        Dense(2, size)
    with pytest.raises(wrong, match=f"input_shape must be .*, got {found}$"):
        Reshape((size, 2), (4, 1))


def test_numpy_sizes_will_do():
    assert Dense(np.prod((5, 6, 6)), 2).weights.shape == (2, 180)


def test_reshape_refuses():
    with pytest.raises(ValueError, match=r"6 elements do not make \(5, 1\)"):
        Reshape((2, 3), (5, 1))
    with pytest.raises(ValueError, match=r"the layer is for samples of shape \(2, 3\)"):
        Reshape((2, 3), (6, 1)).forward(np.ones((3, 2)))


@pytest.mark.parametrize("shape", [(3, 1), (2, 2), (1, 3, 1)])
def test_dense_refuses_other_columns(shape):
    with pytest.raises(ValueError, match=r"Dense 'dense'.*is for columns of shape \(2, 1\)"):
        Dense(2, 1).forward(np.ones(shape))


def test_dense_refuses_rows():
    with pytest.raises(ValueError, match=r"must have 3 axes, or 2 for a single.*got shape \(2,\)"):
        Dense(2, 1).forward(np.ones(2))


@pytest.mark.parametrize("functions", [(np.tanh, 1), ("tanh", np.cos)])
def test_activation_refuses_what_is_no_function(functions):
    with pytest.raises(TypeError, match=r"takes two functions of an array.*got (1|'tanh')"):
        Activation(*functions)


@pytest.mark.parametrize(("samples", "targets"), [(0, 0), (2, 3), (3, 2)])
def test_train_refuses_samples_without_targets(samples, targets):
    x, y = np.zeros((samples, 1, 1)), np.zeros((targets, 1, 1))
    with pytest.raises(ValueError, match=f"x_train holds {samples}, y_train {targets}"):
        train([Dense(1, 1)], mse, mse_prime, x, y)


def test_targets_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"needs y_true of shape \(2, 1\), got \(3,\)"):
        train([Dense(1, 2)], mse, mse_prime, np.ones((1, 1, 1)), np.ones((1, 3)))


# The examples


@pytest.fixture
def run_script(backend, tmp_path):
    """A function that runs the script on the device, the one word in it being changed."""
    text = SCRIPT.read_text(encoding="utf-8")
    assert text.count('DEVICE = "cpu"') == 1
    script = tmp_path / SCRIPT.name
    script.write_text(text.replace('"cpu"', f'"{backend.name}"', 1), encoding="utf-8")

    def run(*options):
        done = subprocess.run(
            [sys.executable, "-W", "error", str(script), *options],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def check_report(lines, samples, tests, epochs, backend):
    head, *between, tail = lines
    assert head == f"{samples} images to learn from, {tests} to test with, on {backend.name}"
    assert [line.split(",")[0] for line in between] == [f"{e + 1}/{epochs}" for e in range(epochs)]
    found = errors("\n".join(between))
    assert found[-1] < found[0]
    assert 0 <= float(re.fullmatch(r"test accuracy: (\d+\.\d)%", tail)[1]) <= 100


def test_script_learns_ten_digits(run_script, backend):
    lines = run_script("--classes", "10", "--epochs", "2", "--samples", "150")
    check_report(lines, 150, 360, 2, backend)


def test_script_takes_a_path(run_script, backend, tmp_path):
    x, y = stripes(75, 12)
    y[::3] = 7  # a class that is neither of the two
    path = tmp_path / "stripes.npz"
    np.savez(path, x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    check_report(run_script("--data", str(path), "--epochs", "3"), 40, 10, 3, backend)


@pytest.fixture(scope="module")
def code_cells():
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert content["nbformat"] == 4
    return [cell for cell in content["cells"] if cell["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


def speaks(cell):
    """Whether a cell prints or draws when it is run, and not only in a function that it defines."""
    statements = ast.parse(source(cell)).body
    calls = (
        node.func.id
        for statement in statements
        if not isinstance(statement, ast.FunctionDef)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    return not {"print", "show", "train"}.isdisjoint(calls)


def test_notebook_was_run_from_top_to_bottom(code_cells):
    assert [cell["execution_count"] for cell in code_cells] == [*range(1, len(code_cells) + 1)]
    for cell in code_cells:
        assert bool(cell["outputs"]) == speaks(cell), source(cell)
        assert "execution" not in cell["metadata"]


def test_notebook_keeps_text_and_pictures_alone(code_cells):
    assert NOTEBOOK.stat().st_size < 600_000
    pictures = 0
    for output in (output for cell in code_cells for output in cell["outputs"]):
        if output["output_type"] == "stream":
            assert output["name"] == "stdout"
            assert not re.search(r"[Ww]arning|/(home|tmp|work|usr)/", "".join(output["text"]))
        else:
            assert output["output_type"] == "display_data"
            assert base64.b64decode(output["data"]["image/png"]).startswith(b"\x89PNG\r\n")
            pictures += 1
    assert pictures >= 5


def test_notebook_prints_what_it_shows(backend, code_cells, monkeypatch, capsys):
    """Run all its code, with fewer epochs; what comes before the training must come out alike."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown = []
    monkeypatch.setattr(plt, "show", lambda: (shown.append(len(plt.gcf().axes)), plt.close()))
    changes = {'DEVICE = "cpu"': f'DEVICE = "{backend.name}"', "EPOCHS = 20": "EPOCHS = 1"}
    namespace, trained = {}, False
    for cell in code_cells:
        text = source(cell)
        for old in [old for old in changes if old in text]:
            text = text.replace(old, changes.pop(old))
            trained = trained or old.startswith("EPOCHS")
        exec(compile(text, NOTEBOOK.name, "exec"), namespace)
        printed = capsys.readouterr().out
        kept = "".join("".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream")
        if not trained:
            assert printed == kept
        else:
            assert len(printed.splitlines()) == (1 if "EPOCHS" in text else kept.count("\n"))
    assert not changes
    pictures = [o for cell in code_cells for o in cell["outputs"] if "data" in o]
    assert len(shown) == len(pictures)
