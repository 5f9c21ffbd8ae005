"""`Convolutional` against the layer of the notebook that it comes from."""

import numpy as np
import pytest
from scipy import signal

from onepath.layers import Convolutional


class NotebookConvolutional:
    """The layer as the notebook computes it, slips included."""

    def __init__(self, kernels, biases):
        self.kernels, self.biases = kernels.copy(), biases.copy()

    def forward(self, input):
        self.input = input
        output = np.zeros(self.biases.shape)
        for i, j in np.ndindex(self.kernels.shape[:2]):
            output[i] = self.biases[i] + signal.correlate2d(input[j], self.kernels[i, j], "valid")
        return output

    def backward(self, output_gradient, learning_rate):
        self.kernels_gradient = np.zeros(self.kernels.shape)
        input_gradient = np.zeros(self.input.shape)
        for i, j in np.ndindex(self.kernels.shape[:2]):
            self.kernels_gradient[i, j] = signal.correlate2d(
                self.input[j], output_gradient[i], "valid"
            )
            input_gradient[j] += signal.convolve2d(output_gradient[i], self.kernels[i, j], "full")
        self.kernels -= learning_rate * self.kernels_gradient
        self.biases -= learning_rate * output_gradient
        return input_gradient


def side_by_side(input_shape, depth, **options):
    layer = Convolutional(input_shape, 3, depth, dtype="float64", seed=4, **options)
    return layer, NotebookConvolutional(layer.kernels, layer.biases)


@pytest.mark.parametrize("engine", ["auto", "gemm", "signal"])
def test_with_one_channel_training_goes_as_in_the_notebook(backend, engine):
    rng = np.random.default_rng(0)
    layer, notebook = side_by_side((1, 8, 7), 4, engine=engine)
    layer.to(backend)
    for _ in range(6):
        image, wanted = rng.standard_normal((1, 8, 7)), rng.standard_normal((4, 6, 5))
        y, notebook_y = layer.forward(backend.asarray(image)), notebook.forward(image)
        dy = notebook_y - wanted
        dx = layer.backward(backend.asarray(dy), 0.02)
        notebook_dx = notebook.backward(dy, 0.02)

        for ours, theirs in [
            (y, notebook_y),
            (dx, notebook_dx),
            (layer.gradients["kernels"], notebook.kernels_gradient),
            (layer.gradients["biases"], dy),
            (layer.kernels, notebook.kernels),
            (layer.biases, notebook.biases),
        ]:
            np.testing.assert_allclose(backend.to_numpy(ours), theirs, rtol=1e-12, atol=1e-12)


def test_with_several_channels_the_notebook_keeps_the_last_one_alone():
    layer, notebook = side_by_side((3, 6, 6), 2)
    image = np.random.default_rng(1).standard_normal((3, 6, 6))
    last = layer.biases.copy()
    for i in range(2):
        last[i] += signal.correlate2d(image[2], layer.kernels[i, 2], "valid")

    y = layer.forward(image)

    np.testing.assert_allclose(notebook.forward(image), last, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_less(0.01, np.abs(y - last).max(axis=(1, 2)))


def test_with_several_channels_finite_differences_confirm_the_sum(backend):
    rng = np.random.default_rng(2)
    layer, notebook = side_by_side((3, 6, 6), 2)
    layer.to(backend)
    image, dy = rng.standard_normal((3, 6, 6)), rng.standard_normal((2, 4, 4))

    def loss(x):
        return (backend.to_numpy(layer.forward(backend.asarray(x))) * dy).sum()

    slopes = np.zeros(image.shape)
    for index in np.ndindex(image.shape):
        step = np.zeros(image.shape)
        step[index] = 1e-6
        slopes[index] = (loss(image + step) - loss(image - step)) / 2e-6
    layer.forward(backend.asarray(image))
    dx = backend.to_numpy(layer.backward(backend.asarray(dy)))

    np.testing.assert_allclose(dx, slopes, rtol=1e-6, atol=1e-7)
    # the notebook's input gradient is right, but not that of what its forward pass computes
    notebook.forward(image)
    np.testing.assert_allclose(notebook.backward(dy, 0.0), dx, rtol=1e-12, atol=1e-12)


def test_bias_gradient_is_the_output_gradient():
    layer, _ = side_by_side((2, 5, 5), 3)
    layer.forward(np.ones((2, 5, 5)))
    dy = np.random.default_rng(3).standard_normal((3, 3, 3))
    layer.backward(dy)
    np.testing.assert_array_equal(layer.gradients["biases"], dy)


def test_attributes_are_the_notebooks():
    layer = Convolutional((2, 5, 4), 3, 6)
    assert layer.input_shape == (2, 5, 4)
    assert layer.input_depth == 2
    assert layer.depth == 6
    assert layer.output_shape == layer.biases.shape == (6, 3, 2)
    assert layer.kernels_shape == layer.kernels.shape == (6, 2, 3, 3)
    assert layer.parameters["kernels"] is layer.kernels
    assert layer.parameters["biases"] is layer.biases


@pytest.mark.parametrize("name", ["kernels", "biases"])
def test_kernels_and_biases_can_be_assigned(backend, name):
    layer = Convolutional((2, 5, 4), 3, 6).to(backend)
    shape = getattr(layer, name).shape
    values = np.random.default_rng(6).standard_normal(shape)

    setattr(layer, name, backend.asarray(values))

    assigned = getattr(layer, name)
    assert assigned is layer.parameters[name]
    assert assigned.dtype == "float32"
    assert backend.owns(assigned)
    np.testing.assert_array_equal(backend.to_numpy(assigned), values.astype("float32"))


def test_assigned_arrays_are_copied():
    layer = Convolutional((1, 4, 4), 2, 1)
    values = np.zeros((1, 1, 2, 2), "float32")
    layer.kernels = values
    layer.forward(np.ones((1, 4, 4)))
    layer.backward(np.ones((1, 3, 3)), 0.1)
    assert not values.any()
    assert layer.kernels.all()


@pytest.mark.parametrize(("name", "shape"), [("kernels", (6, 2, 3, 3)), ("biases", (6, 3, 2))])
def test_assigned_arrays_must_have_the_shape(name, shape):
    layer = Convolutional((2, 5, 4), 3, 6, name="first")
    before = getattr(layer, name)
    message = rf"Convolutional 'first': {name} must have shape \({str(shape)[1:-1]}\), got \(6,\)"
    with pytest.raises(ValueError, match=message):
        setattr(layer, name, np.zeros(6))
    assert getattr(layer, name) is before


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (((1, 4, 4), 5, 2), ValueError, "the kernel spans 5 positions on spatial axis 0"),
        (((1, 4, 4), 0, 2), ValueError, "kernel_size must be at least 1"),
        (((1, 4, 4), 2, 0), ValueError, "filters must be at least 1, got 0"),
        (((1, 4, 4), 2.5, 1), TypeError, "kernel_size must be an int or a tuple of ints"),
        (((16,), 2, 1), ValueError, "channels and one to three spatial axes"),
    ],
)
def test_arguments_are_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        Convolutional(*arguments)
