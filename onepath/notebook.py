"""The names of the notebook "CNN from scratch", which runs on these with its import lines changed.

Networks are lists of layers, samples come one at a time, and features are columns of shape (n, 1).
Each layer also takes a batch of such samples, (N, n, 1), and moves with ``layer.to("cuda")``.

>>> from onepath.notebook import Dense, Tanh, mse, mse_prime, predict, train
>>> network = [Dense(2, 3), Tanh(), Dense(3, 1), Tanh()]
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import layers
from .arguments import whole
from .backends import Array, get_backend
from .datasets import to_categorical
from .layers import Convolutional, Layer, Sigmoid, Tanh
from .layers.elementwise import Elementwise
from .layers.parameter import Parameter
from .layers.policies import chosen_policy
from .losses import BinaryCrossentropy, MeanSquaredError

__all__ = [
    "Activation",
    "Convolutional",
    "Dense",
    "Layer",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "binary_cross_entropy",
    "binary_cross_entropy_prime",
    "mse",
    "mse_prime",
    "predict",
    "to_categorical",
    "train",
]

Shape = tuple[int, ...]
Function = Callable[[Array], Array]
Comparison = Callable[[Array, Array], Array]

_MSE = MeanSquaredError()
_BINARY_CROSSENTROPY = BinaryCrossentropy()


class Dense(Layer):
    """Connect every row of a column with every row of the next: ``y = weights @ x + bias``.

    Parameters
    ----------
    input_size, output_size : int
        How many rows come in and go out.
    dtype, name, seed
        See `Layer`.

    Attributes
    ----------
    weights : array, shape (output_size, input_size)
        Drawn from the standard normal distribution at first.
    bias : array, shape (output_size, 1)
        Drawn from the standard normal distribution at first.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive integer.
    """

    weights = Parameter()
    bias = Parameter()

    def __init__(
        self,
        input_size: int,
        output_size: int,
        dtype: str | None = None,
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(name, chosen_policy(dtype), seed)
        self.input_size = whole("input_size", input_size)
        self.output_size = whole("output_size", output_size)
        self.build((self.input_size, 1))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(input_size, 1) -> (output_size, 1)."""
        if input_shape != (self.input_size, 1):
            raise ValueError(f"the layer is for columns of shape {(self.input_size, 1)}")
        return (self.output_size, 1)

    def _build(self, input_shape: Shape) -> None:
        self._add_parameter("weights", (self.output_size, self.input_size), "standard_normal")
        self._add_parameter("bias", (self.output_size, 1), "standard_normal")

    def _batch(self, input: Array) -> tuple[Array, bool]:
        """Take whole numbers too, as the inputs of the notebook's XOR are."""
        whole_numbers = input.dtype.kind in "biu"
        return super()._batch(input.astype(self.variable_dtype) if whole_numbers else input)

    def _forward(self, x: Array, training: bool) -> Array:
        rows = x[..., 0]  # (N, input_size)
        self._saved = rows
        y = self.home.matmul(rows, self._weight("weights").T)  # (N, output_size)
        return (y + self.bias[:, 0])[..., None]

    def _backward(self, dy: Array) -> Array:
        rows, dy = self._saved, dy[..., 0]  # (N, input_size), (N, output_size)
        self.gradients["weights"] = self.home.matmul(dy.T, rows)
        self.gradients["bias"] = dy.sum(axis=0, dtype=self.bias.dtype)[:, None]
        return self.home.matmul(dy, self._weight("weights"))[..., None]


class Reshape(layers.Reshape):
    """Give each sample another shape, as between a convolution's maps and a column.

    Parameters
    ----------
    input_shape, output_shape : tuple of int
        The shapes of a sample; one entry of the second may be -1, and is what is left.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an entry is not a positive integer, or the shapes do not hold equally many elements.
    """

    input_shape: Shape

    def __init__(
        self, input_shape: Iterable[int], output_shape: Shape, name: str | None = None
    ) -> None:
        super().__init__(output_shape, name)
        self.build(tuple(whole("an entry of input_shape", n) for n in input_shape))

    @property
    def output_shape(self) -> Shape:
        """What becomes of a sample."""
        return self.compute_output_shape(self.input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return `output_shape`, if the sample is one of those that the layer is for."""
        if self.built and input_shape != self.input_shape:
            raise ValueError(f"the layer is for samples of shape {self.input_shape}")
        return super().compute_output_shape(input_shape)


class Softmax(layers.Softmax):
    """`onepath.layers.Softmax` over the rows of a column, which are the last axis but one."""

    sample_rank = 2

    def __init__(self, axis: int = -2, name: str | None = None) -> None:
        super().__init__(axis, name)


class Activation(Elementwise):
    """A function and its derivative, given by the user, applied to arrays of any shape.

    Parameters
    ----------
    activation : callable
        Takes and returns an array, element by element.
    activation_prime : callable
        The same for the derivative, at the same input.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError
        If one of the two cannot be called.

    Examples
    --------
    >>> softplus = Activation(lambda x: np.log1p(np.exp(x)), lambda x: 1 / (1 + np.exp(-x)))
    """

    def __init__(
        self, activation: Function, activation_prime: Function, name: str | None = None
    ) -> None:
        super().__init__(name)
        for function in (activation, activation_prime):
            if not callable(function):
                raise TypeError(
                    f"{self.title} takes two functions of an array, as np.tanh is, got {function!r}"
                )
        self.activation = activation
        self.activation_prime = activation_prime

    def _forward(self, x: Array, training: bool) -> Array:
        self._saved = x
        return self.activation(x).astype(x.dtype, copy=False)  # a step's output may be integers

    def _backward(self, dy: Array) -> Array:
        return dy * self.activation_prime(self._saved)


def mse(y_true: Array, y_pred: Array) -> Array:
    """Compute the mean squared error over all elements; see `onepath.losses.MeanSquaredError`.

    Like the three functions below it waits for no device, and so leaves out the look at the labels'
    values that calling a `onepath.losses.Loss` takes.

    Parameters
    ----------
    y_true : array
        Targets.
    y_pred : array, floating, shape (n, 1) or (N, n, 1)
        What the network returned, on the same device and of the same shape.

    Returns
    -------
    array, shape ()
        ``mean((y_true - y_pred)**2)``.

    Raises
    ------
    DeviceMismatchError, TypeError, ValueError
        If device, dtype or shape do not fit.
    """
    return _MSE.value_and_gradient(y_true, y_pred)[0]


def mse_prime(y_true: Array, y_pred: Array) -> Array:
    """Compute the gradient of `mse` with respect to ``y_pred``: ``2 (y_pred - y_true) / size``."""
    return _MSE.value_and_gradient(y_true, y_pred)[1]


def binary_cross_entropy(y_true: Array, y_pred: Array) -> Array:
    """Compute ``-mean(y_true log y_pred + (1 - y_true) log(1 - y_pred))``.

    Predictions are clipped off 0 and 1; see `onepath.losses.BinaryCrossentropy`. Parameters and
    errors are those of `mse`.
    """
    return _BINARY_CROSSENTROPY.value_and_gradient(y_true, y_pred)[0]


def binary_cross_entropy_prime(y_true: Array, y_pred: Array) -> Array:
    """Compute its gradient, ``((1 - y_true) / (1 - y_pred) - y_true / y_pred) / size``."""
    return _BINARY_CROSSENTROPY.value_and_gradient(y_true, y_pred)[1]


def predict(network: Sequence[Layer], input: Any) -> Array:
    """Compute a network's output.

    Parameters
    ----------
    network : sequence of Layer
        The layers, first to last.
    input : array or nested list
        A sample, or a batch of samples: an array on the layers' device, or numbers in lists.

    Returns
    -------
    array
        The last layer's output.

    Raises
    ------
    DeviceMismatchError, TypeError, ValueError
        See `Layer.forward`.
    """
    output = input
    if isinstance(input, list | tuple):
        output = get_backend(network[0].backend or "cpu").asarray(input)
    for layer in network:
        output = layer.forward(output)
    return output


def train(
    network: Sequence[Layer],
    loss: Comparison,
    loss_prime: Comparison,
    x_train: Sequence[Array],
    y_train: Sequence[Array],
    epochs: int = 1000,
    learning_rate: float = 0.01,
    verbose: bool = True,
) -> None:
    """Train by plain gradient descent, one sample at a time, in the order given.

    Parameters
    ----------
    network : sequence of Layer
        The layers, first to last.
    loss, loss_prime : callable
        ``loss(y_true, y_pred)``, and its gradient with respect to ``y_pred``.
    x_train, y_train : array or sequence of array
        Samples and their targets, on the layers' device.
    epochs : int, optional
        How often to go through all samples.
    learning_rate : float, optional
        How much of each gradient is subtracted.
    verbose : bool, optional
        Whether to print each epoch's mean loss, as ``1/20, error=0.12``.

    Raises
    ------
    ValueError
        If there are no samples, or not as many targets. What layers and losses refuse, they name.
    """
    if len(x_train) != len(y_train) or len(x_train) == 0:
        raise ValueError(
            "train needs a target for each of one or more samples: x_train holds "
            f"{len(x_train)}, y_train {len(y_train)}"
        )
    for epoch in range(1, epochs + 1):
        errors = []
        for x, y in zip(x_train, y_train, strict=True):
            output = predict(network, x)
            errors.append(loss(y, output))
            gradient = loss_prime(y, output)
            for layer in reversed(network):
                gradient = layer.backward(gradient, learning_rate)
        if verbose:  # only now are the values fetched: a device is not waited for at each sample
            error = math.fsum(map(float, errors)) / len(errors)
            print(f"{epoch}/{epochs}, error={error:.6g}")
