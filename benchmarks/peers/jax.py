"""JAX, with whole steps compiled."""

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")  # strict float32 on a GPU, too

import jax  # type: ignore[import-not-found,unused-ignore]
from jax import lax, nn
from jax import numpy as jnp

from ..suites import networks
from ..suites.case import Array
from ..suites.conv import ConvCase
from ..suites.networks import Network, Node, Weights
from ..suites.training import TrainingCase
from .base import MissingError, Peer, Task

_ACTIVATIONS = {"relu": nn.relu, "sigmoid": nn.sigmoid}
_AVERAGED = 0.01
"""How much of a batch's mean and variance goes into the running ones."""


class Library(Peer):
    """JAX in strict float32; on the CPU it uses all that the process may."""

    module = "jax"
    packages = ("jax", "jaxlib", "numpy")

    def __init__(self, device: str, threads: int) -> None:
        super().__init__(device, threads)
        jax.config.update("jax_platforms", device)
        try:
            jax.devices()
        except RuntimeError as error:
            raise MissingError(f"JAX has no {device}: {error}") from error

    def conv(self, case: ConvCase) -> Task:
        """Compile the convolution, or its transposition by one of the operands."""
        arrays = tuple(map(jnp.asarray, case.inputs()))
        convolve = partial(_convolve, case.stride, case.padding, case.groups)
        calls: dict[str, Callable[[Any, Any, Any], Any]] = {
            "forward": lambda x, kernel, dy: convolve(x, kernel),
            "input gradient": lambda x, kernel, dy: _backward(lambda x: convolve(x, kernel), x, dy),
            "kernel gradient": lambda x, kernel, dy: _backward(partial(convolve, x), kernel, dy),
        }
        compute = jax.jit(calls[case.operation])

        def run() -> Any:
            return compute(*arrays).block_until_ready()

        return Task(run, lambda: {"output": _host(run())})

    def training(self, case: TrainingCase) -> Task:
        """Compile the whole step, which writes new parameters over the old ones."""
        x, target = map(jnp.asarray, case.inputs())
        loss = _LOSSES[case.loss]

        def value(parameters: Any) -> Any:
            way = _Pass(iter(parameters))
            y = way.through(case.network, x)
            return loss(target, y), (y, way.statistics)

        @partial(jax.jit, donate_argnums=(0, 1, 2))
        def descend(parameters: Any, velocities: Any, averages: Any) -> Any:
            differentiate = jax.value_and_grad(value, has_aux=True)
            (loss_value, (y, statistics)), gradients = differentiate(parameters)
            velocities = [case.momentum * v + g for v, g in _pairs(velocities, gradients)]
            parameters = [p - case.learning_rate * v for p, v in _pairs(parameters, velocities)]
            averages = [a + _AVERAGED * (s - a) for a, s in _pairs(averages, statistics)]
            return loss_value, y, (parameters, velocities, averages)

        state = _initial(case.network, x)

        def step() -> Any:
            nonlocal state
            loss_value, y, state = jax.block_until_ready(descend(*state))
            return loss_value, y

        def results() -> dict[str, Array]:
            loss_value, y = step()
            arrays = {"loss": loss_value, "output": y}
            parameters, velocities, _ = state  # after the first step, the latter are the gradients
            for i, (gradient, parameter) in enumerate(_pairs(velocities, parameters)):
                arrays |= {f"gradient {i}": gradient, f"parameter {i}": parameter}
            return {name: _host(array) for name, array in arrays.items()}

        return Task(step, results)


class _Pass:
    """One way through a network, which uses up the parameters in their order."""

    def __init__(self, parameters: Any) -> None:
        self._parameters = parameters
        self.statistics: list[Any] = []

    def through(self, network: Network, x: Any) -> Any:
        """All nodes, one after the other."""
        for node in network:
            x = self._node(node, x)
        return x

    def draw(self, kind: Any, shape: tuple[int, ...]) -> Any:
        """The next parameter."""
        return next(self._parameters)

    def _node(self, node: Node, x: Any) -> Any:
        match node:
            case networks.Conv(filters, size, stride, padding, bias, rank):
                kernel = self.draw("kernel", (filters, x.shape[1], *(size,) * rank))
                y = _convolve(stride, padding, 1, x, kernel)
                return y + _along(1, y, self.draw("offset", (filters,))) if bias else y
            case networks.NotebookConv(_, size, depth):
                y = _convolve(1, 0, 1, x, self.draw("kernel", (depth, x.shape[1], size, size)))
                return y + self.draw("offset", y.shape[1:])
            case networks.Dense(units):
                y = x @ self.draw("kernel", (x.shape[1], units))
                return y + self.draw("offset", (units,))
            case networks.Activation(name):
                return _ACTIVATIONS[name](x)
            case networks.MaxPool(size):
                window = (1, 1, size, size)
                return lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
            case networks.BatchNorm(epsilon):
                return self._normalized(epsilon, x)
            case networks.GlobalAverage():
                return x.mean((2, 3))
            case networks.Flatten():
                return x.reshape(len(x), -1)
            case networks.Residual(main, shortcut):
                return self.through(main, x) + self.through(shortcut, x)

    def _normalized(self, epsilon: float, x: Any) -> Any:
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
        self.statistics += [mean, variance]
        scale = self.draw("scale", mean.shape) * lax.rsqrt(variance + epsilon)
        offset = self.draw("offset", mean.shape) - mean * scale
        return x * _along(1, x, scale) + _along(1, x, offset)


class _FirstPass(_Pass):
    """The way that finds the parameters' shapes, and gives them the values that all start from."""

    def __init__(self) -> None:
        super().__init__(None)
        self.drawn: list[Array] = []
        self._weights = Weights()

    def draw(self, kind: Any, shape: tuple[int, ...]) -> Any:
        """A new parameter."""
        self.drawn.append(self._weights.draw(kind, shape))
        return self.drawn[-1]


def _initial(network: Network, x: Any) -> Any:
    """Parameters, velocities, and running means and variances."""
    first = _FirstPass()
    statistics = jax.eval_shape(lambda x: (first.through(network, x), first.statistics)[1], x)
    parameters = list(map(jnp.asarray, first.drawn))
    averages = [i % 2 + jnp.zeros(each.shape) for i, each in enumerate(statistics)]
    return parameters, list(map(jnp.zeros_like, parameters)), averages


def _convolve(stride: int, padding: int, groups: int, x: Any, kernel: Any) -> Any:
    rank = x.ndim - 2
    strides, pads = (stride,) * rank, [(padding, padding)] * rank
    return lax.conv_general_dilated(x, kernel, strides, pads, feature_group_count=groups)


def _backward(function: Callable[[Any], Any], at: Any, dy: Any) -> Any:
    """The gradient; of the function itself, the compiler leaves nothing."""
    _, backward = jax.vjp(function, at)
    return backward(dy)[0]


def _along(axis: int, like: Any, vector: Any) -> Any:
    """A vector that broadcasts along an axis."""
    return vector.reshape([-1 if i == axis else 1 for i in range(1, like.ndim)])


def _pairs(one: Sequence[Any], other: Sequence[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(one, other, strict=True)


def _host(array: Any) -> Array:
    host: Array = jax.device_get(array)
    return host


def _crossentropy(target: Any, logits: Any) -> Any:
    chosen = jnp.take_along_axis(nn.log_softmax(logits), target[:, None], axis=1)
    return -chosen.mean()


def _binary_crossentropy(target: Any, p: Any) -> Any:
    return -(target * jnp.log(p) + (1 - target) * jnp.log1p(-p)).mean()


def _mean_squared_error(target: Any, y: Any) -> Any:
    return ((y - target) ** 2).mean()


_LOSSES = {
    "crossentropy": _crossentropy,
    "binary_crossentropy": _binary_crossentropy,
    "mean_squared_error": _mean_squared_error,
}
