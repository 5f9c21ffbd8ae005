"""Keras 3, on JAX if that is installed, else on PyTorch."""

import os
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax" if find_spec("jax") else "torch")
os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")  # strict float32 on a GPU, too

import keras
import numpy as np

from ..suites import networks
from ..suites.case import Array
from ..suites.networks import Network, Node, Weights
from ..suites.training import TrainingCase
from .base import MissingError, Peer, Task

_CONVS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
_PADS = {
    1: keras.layers.ZeroPadding1D,
    2: keras.layers.ZeroPadding2D,
    3: keras.layers.ZeroPadding3D,
}
_LOSSES = {
    "crossentropy": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "mean_squared_error": keras.losses.MeanSquaredError,
}


class Library(Peer):
    """Keras with channels first, as the batches are; its steps are compiled."""

    module = "keras"

    def __init__(self, device: str, threads: int) -> None:
        super().__init__(device, threads)
        backend = keras.backend.backend()
        self.packages = ("keras", backend, "numpy")
        if backend == "torch":
            from torch import set_num_threads

            set_num_threads(threads)
        keras.config.set_image_data_format("channels_first")
        try:
            keras.device({"cpu": "cpu:0", "cuda": "gpu:0"}[device]).__enter__()
        except RuntimeError as error:
            raise MissingError(f"Keras on {backend} has no {device}: {error}") from error

    def training(self, case: TrainingCase) -> Task:
        """Train by `train_on_batch`."""
        x, target = case.inputs()
        stack = _Stack(case.network, case.input_shape)
        optimizer = keras.optimizers.SGD(case.learning_rate, case.momentum)
        stack.model.compile(optimizer, _LOSSES[case.loss]())

        def step() -> Any:
            return stack.model.train_on_batch(x, target)

        def results() -> dict[str, Array]:
            before = stack.parameters()
            arrays = {"output": _output(stack.model, x), "loss": np.asarray(step(), "float32")}
            for i, (old, new) in enumerate(zip(before, stack.parameters(), strict=True)):
                # the first step is along the gradient, which Keras keeps to itself
                gradient = ((old - new) / case.learning_rate).astype("float32")
                arrays |= {f"gradient {i}": gradient, f"parameter {i}": new}
            return arrays

        return Task(step, results)


class _Stack:
    """A model, with its layers in the order of their parameters."""

    def __init__(self, network: Network, input_shape: tuple[int, ...]) -> None:
        self._layers: list[Any] = []
        x = keras.Input(input_shape)
        self.model = keras.Model(x, self._through(network, x))
        _fill(self._variables())

    def parameters(self) -> list[Array]:
        """Copies, in the common layout."""
        return list(map(_value, self._variables()))

    def _variables(self) -> list[Any]:
        return [variable for layer in self._layers for variable in layer.trainable_variables]

    def _through(self, network: Network, x: Any) -> Any:
        for node in network:
            if isinstance(node, networks.Residual):
                ways = self._through(node.main, x), self._through(node.shortcut, x)
                x = keras.layers.add(ways)
            for layer in _layers(node):
                self._layers.append(layer)
                x = layer(x)
        return x


class _PositionBias(keras.layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """A bias for each position of each channel."""

    def build(self, input_shape: Sequence[int]) -> None:
        """(N, C, H, W) has C * H * W of them."""
        self.biases = self.add_weight(shape=tuple(input_shape[1:]), name="bias")

    def call(self, x: Any) -> Any:
        """Add them."""
        return x + self.biases


def _layers(node: Node) -> list[Any]:
    """What a node becomes, a residual excepted."""
    match node:
        case networks.Conv(filters, size, stride, padding, bias, rank):
            if padding and stride == 1 and size == 2 * padding + 1:
                return [_CONVS[rank](filters, size, padding="same", use_bias=bias)]
            pads = [_PADS[rank](padding)] if padding else []
            return [*pads, _CONVS[rank](filters, size, stride, use_bias=bias)]
        case networks.NotebookConv(_, size, depth):
            return [keras.layers.Conv2D(depth, size, use_bias=False), _PositionBias()]
        case networks.Dense(units):
            return [keras.layers.Dense(units)]
        case networks.Activation(name):
            return [keras.layers.Activation(name)]
        case networks.MaxPool(size):
            return [keras.layers.MaxPooling2D(size)]
        case networks.BatchNorm(epsilon):
            return [keras.layers.BatchNormalization(axis=1, epsilon=epsilon)]
        case networks.GlobalAverage():
            return [keras.layers.GlobalAveragePooling2D()]
        case networks.Flatten():
            # told that channels are first, Keras would put them last
            return [keras.layers.Flatten(data_format="channels_last")]
        case networks.Residual():
            return []


def _output(model: Any, x: Array) -> Array:
    """What a training step computes on its way; on JAX, compiled in one."""
    if keras.backend.backend() == "jax":
        from jax import jit  # type: ignore[import-not-found,unused-ignore]

        state = model.trainable_variables, model.non_trainable_variables
        values = [[variable.value for variable in variables] for variables in state]
        y, _ = jit(partial(model.stateless_call, training=True))(*values, x)
    else:
        y = model(x, training=True)
    array: Array = keras.ops.convert_to_numpy(y)
    return array


def _kind(variable: Any) -> Any:
    return {"kernel": "kernel", "gamma": "scale"}.get(variable.name, "offset")


def _convolutional(variable: Any) -> bool:
    """Whether it is a kernel (*size, in, out), which is (out, in, *size) elsewhere."""
    return variable.name == "kernel" and len(variable.shape) > 2


def _value(variable: Any) -> Array:
    """A copy, in the common layout."""
    array: Array = keras.ops.convert_to_numpy(variable)
    return np.moveaxis(array, (-1, -2), (0, 1)).copy() if _convolutional(variable) else array.copy()


def _fill(variables: Sequence[Any]) -> None:
    """Give the parameters the values that every library starts from."""
    weights = Weights()
    for variable in variables:
        array = weights.draw(_kind(variable), _value(variable).shape)
        variable.assign(np.moveaxis(array, (0, 1), (-1, -2)) if _convolutional(variable) else array)
