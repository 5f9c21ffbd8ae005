"""Activations inside recurrent layers: they write to given memory, and forget their inputs."""

from collections.abc import Callable
from typing import Any, NamedTuple

from ...backends import Array


class Activation(NamedTuple):
    """A function and its derivative, both elementwise.

    Attributes
    ----------
    apply : callable
        ``apply(xp, x, out)`` writes the function's values to ``out``, which may be ``x``.
    slope : callable
        ``slope(xp, y, out)`` writes the derivative where the function's value is ``y`` to ``out``,
        which is not ``y``.
    """

    apply: Callable[[Any, Array, Array], None]
    slope: Callable[[Any, Array, Array], None]


def check_activation(argument: str, name: str) -> str:
    """Return ``name`` if it is an activation's, or raise."""
    if name not in ACTIVATIONS:
        raise ValueError(f"{argument} must be one of {tuple(ACTIVATIONS)}, got {name!r}")
    return name


def _sigmoid(xp: Any, x: Array, out: Array) -> None:
    """``1 / (1 + exp(-x))``; where the exponential is infinite, the quotient is the 0 it must be.

    It is called where that comes without a warning.
    """
    xp.negative(x, out=out)
    xp.exp(out, out=out)
    out += 1
    xp.reciprocal(out, out=out)


def _sigmoid_slope(xp: Any, y: Array, out: Array) -> None:
    xp.subtract(1, y, out=out)
    out *= y


def _tanh_slope(xp: Any, y: Array, out: Array) -> None:
    xp.multiply(y, y, out=out)
    xp.subtract(1, out, out=out)


def _linear(xp: Any, x: Array, out: Array) -> None:
    if out is not x:
        out[...] = x


def _hard_sigmoid(xp: Any, x: Array, out: Array) -> None:
    """``x / 6 + 1 / 2``, within 0 and 1."""
    xp.multiply(x, 1 / 6, out=out)
    out += 0.5
    xp.clip(out, 0, 1, out=out)


def _hard_sigmoid_slope(xp: Any, y: Array, out: Array) -> None:
    xp.greater(y, 0, out=out)
    out *= y < 1
    out *= 1 / 6


def _elu(xp: Any, x: Array, out: Array) -> None:
    """``x`` where positive, ``exp(x) - 1`` elsewhere."""
    below = xp.expm1(xp.minimum(x, 0))
    xp.maximum(x, 0, out=out)
    out += below


def _elu_slope(xp: Any, y: Array, out: Array) -> None:
    xp.minimum(y, 0, out=out)
    out += 1


def _softsign(xp: Any, x: Array, out: Array) -> None:
    """``x / (1 + abs(x))``."""
    xp.divide(x, 1 + xp.abs(x), out=out)


def _softsign_slope(xp: Any, y: Array, out: Array) -> None:
    xp.abs(y, out=out)
    xp.subtract(1, out, out=out)
    out *= out


ACTIVATIONS = {
    "tanh": Activation(lambda xp, x, out: xp.tanh(x, out=out), _tanh_slope),
    "sigmoid": Activation(_sigmoid, _sigmoid_slope),
    "relu": Activation(
        lambda xp, x, out: xp.maximum(x, 0, out=out), lambda xp, y, out: xp.greater(y, 0, out=out)
    ),
    "linear": Activation(_linear, lambda xp, y, out: out.fill(1)),
    "hard_sigmoid": Activation(_hard_sigmoid, _hard_sigmoid_slope),
    "elu": Activation(_elu, _elu_slope),
    "softsign": Activation(_softsign, _softsign_slope),
}
"""By Keras's names."""
