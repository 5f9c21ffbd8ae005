"""The notebook "CNN from scratch": a loop over pairs of channels for each convolution.

Its algorithm, written anew for what it computes correctly: the correlations of a filter's channels
are summed, where the notebook as circulated keeps the last one, and biases learn from the output's
gradient itself. Neither changes how much work is done. It is in float32, as the other side is.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.signal import convolve2d, correlate2d

from ..suites import networks
from ..suites.case import Array
from ..suites.networks import Node, Weights
from ..suites.training import TrainingCase
from .base import Peer, Task


class Library(Peer):
    """The notebook's layers and its loop: one sample at a time, gradient steps in `backward`."""

    module = "scipy.signal"
    packages = ("numpy", "scipy")

    def training(self, case: TrainingCase) -> Task:
        """Train as the notebook does."""
        (x,), (target,) = case.inputs()
        layers = _layers(case.network)
        value_and_gradient = _LOSSES[case.loss]

        def step() -> tuple[Any, Array]:
            y = x
            for layer in layers:
                y = layer.forward(y)
            value, gradient = value_and_gradient(target.reshape(y.shape), y)
            for layer in reversed(layers):
                gradient = layer.backward(gradient, case.learning_rate)
            return value, y

        def results() -> dict[str, Array]:
            value, y = step()
            arrays = {"loss": np.asarray(value), "output": y.reshape(1, *case.output_shape)}
            pairs = [pair for layer in layers for pair in layer.learned()]
            for i, (gradient, parameter) in enumerate(pairs):
                arrays |= {f"gradient {i}": gradient, f"parameter {i}": parameter}
            return arrays

        return Task(step, results)


class _Layer:
    """Forward, backward with a gradient step, and what a comparison looks at."""

    def forward(self, x: Array) -> Array:
        raise NotImplementedError

    def backward(self, dy: Array, learning_rate: float) -> Array:
        raise NotImplementedError

    def learned(self) -> Sequence[tuple[Array, Array]]:
        """Gradient and parameter, in the common layout."""
        return ()


class _Convolutional(_Layer):
    def __init__(self, node: networks.NotebookConv, weights: Weights) -> None:
        channels, height, width = node.input_shape
        size, depth = node.size, node.depth
        self.kernels = weights.draw("kernel", (depth, channels, size, size))
        self.biases = weights.draw("offset", (depth, height - size + 1, width - size + 1))

    def forward(self, x: Array) -> Array:
        self.x = x
        y = np.copy(self.biases)
        for i, kernels in enumerate(self.kernels):
            for j, kernel in enumerate(kernels):
                y[i] += correlate2d(x[j], kernel, "valid")
        return y

    def backward(self, dy: Array, learning_rate: float) -> Array:
        self.kernel_gradient = np.zeros_like(self.kernels)
        self.bias_gradient = dy
        dx = np.zeros_like(self.x)
        for i, kernels in enumerate(self.kernels):
            for j, kernel in enumerate(kernels):
                self.kernel_gradient[i, j] = correlate2d(self.x[j], dy[i], "valid")
                dx[j] += convolve2d(dy[i], kernel, "full")
        self.kernels -= learning_rate * self.kernel_gradient
        self.biases -= learning_rate * dy
        return dx

    def learned(self) -> Sequence[tuple[Array, Array]]:
        return (self.kernel_gradient, self.kernels), (self.bias_gradient, self.biases)


class _Dense(_Layer):
    """On column vectors."""

    def __init__(self, features: int, units: int, weights: Weights) -> None:
        self.weights = np.ascontiguousarray(weights.draw("kernel", (features, units)).T)
        self.bias = weights.draw("offset", (units,))[:, None]

    def forward(self, x: Array) -> Array:
        self.x = x
        y: Array = self.weights @ x + self.bias
        return y

    def backward(self, dy: Array, learning_rate: float) -> Array:
        self.weight_gradient, self.bias_gradient = dy @ self.x.T, dy
        dx: Array = self.weights.T @ dy
        self.weights -= learning_rate * self.weight_gradient
        self.bias -= learning_rate * dy
        return dx

    def learned(self) -> Sequence[tuple[Array, Array]]:
        bias = self.bias_gradient[:, 0], self.bias[:, 0]
        return (self.weight_gradient.T, self.weights.T), bias


class _Sigmoid(_Layer):
    def forward(self, x: Array) -> Array:
        self.x = x
        return _sigmoid(x)

    def backward(self, dy: Array, learning_rate: float) -> Array:
        s = _sigmoid(self.x)
        dx: Array = dy * (s * (1 - s))
        return dx


class _Column(_Layer):
    """The notebook's Reshape, into a column vector."""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x.reshape(-1, 1)

    def backward(self, dy: Array, learning_rate: float) -> Array:
        return dy.reshape(self.shape)


def _layers(network: Sequence[Node]) -> list[_Layer]:
    layers: list[_Layer] = []
    weights, features = Weights(), 0
    for node in network:
        match node:
            case networks.NotebookConv():
                conv = _Convolutional(node, weights)
                features = conv.biases.size
                layers.append(conv)
            case networks.Dense(units):
                layers.append(_Dense(features, units, weights))
                features = units
            case networks.Activation("sigmoid"):
                layers.append(_Sigmoid())
            case networks.Flatten():
                layers.append(_Column())
            case _:
                raise ValueError(f"the notebook has no {node}")
    return layers


def _sigmoid(x: Array) -> Array:
    y: Array = 1 / (1 + np.exp(-x))
    return y


def _binary_crossentropy(y: Array, p: Array) -> tuple[Any, Array]:
    value = np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p))
    return value, ((1 - y) / (1 - p) - y / p) / y.size


def _mean_squared_error(y: Array, p: Array) -> tuple[Any, Array]:
    return np.mean((y - p) ** 2), 2 * (p - y) / y.size


_LOSSES = {
    "binary_crossentropy": _binary_crossentropy,
    "mean_squared_error": _mean_squared_error,
}
