"""Recurrent layers."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ....layers import GRU, LSTM, Bidirectional, Cropping1D, Layer, Reshape, SimpleRNN
from ..recurrence import ACTIVATIONS, ORDERS, reordered
from .node import Node
from .table import reads
from .values import Value

_CLASSES: dict[str, Any] = {"RNN": SimpleRNN, "GRU": GRU, "LSTM": LSTM}
_DEFAULTS = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
_WAYS = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}
"""Whether each of the layers goes backwards."""


@reads(*_CLASSES)
def recurrent(node: Node) -> dict[int, Value]:
    """Read an RNN, GRU or LSTM, of which either all outputs are taken or the last."""
    x, kernels = node.value(0), node.constant(1)
    batch_first = node.integer("layout", 0)
    if len(x.shape) != 2 or x.batch != (0 if batch_first else 1):
        raise node.refusal(f"takes samples of shape {x.shape} with the batch on axis {x.batch}")
    _refuse_state(node, x)
    direction = node.text("direction", "forward")
    if node.used(2) or (node.used(0) and node.used(1) and direction != "forward"):
        raise node.refusal("gives more than all outputs or the last one")
    if direction not in _WAYS:
        raise node.refusal(f"has the direction {direction!r}")
    ways = _WAYS[direction]
    units = kernels.shape[1] // len(ORDERS[node.op])
    node.expect("features", x.shape[1], kernels.shape[2])
    node.expect("directions", len(ways), len(kernels))
    if node.integer("hidden_size", units) != units:
        raise node.refusal(f"declares another hidden_size than the stored one of {units}")
    if direction == "reverse" and node.used(0):
        raise node.refusal("gives the outputs of a reversed sequence in the order of time")
    layers = [_layer(node, way, back, units) for way, back in enumerate(ways)]
    layer: Layer = layers[0] if len(ways) == 1 else Bidirectional(layers[0], "concat", layers[1])
    weights = {
        f"{each.name}/{name}" if len(ways) > 1 else name: array
        for way, each in enumerate(layers)
        for name, array in _weights(node, way, units).items()
    }
    y = node.apply(layer, Value(x.name, x.shape, x.dtype), **weights)
    outputs = {}
    if node.used(0):
        every = node.apply(Reshape((x.shape[0], len(ways), units)), y)
        outputs[0] = replace(every, batch=0 if batch_first else 2)
        if node.used(1):
            y = node.apply(Cropping1D((x.shape[0] - 1, 0), "channels_last"), y)
    if node.used(1):
        last = node.apply(Reshape((len(ways), units)), y)
        outputs[1] = replace(last, batch=0 if batch_first else 1)
    return outputs


def _layer(node: Node, way: int, back: bool, units: int) -> Any:
    """The layer that goes one way."""
    names = _activations(node, way)
    options: dict[str, Any] = {"activation": names[-1], "go_backwards": back}
    if node.op != "RNN":
        options["recurrent_activation"] = names[0]
    if node.op == "LSTM" and names[1] != names[2]:
        raise node.refusal(f"has the activations {names[1]} and {names[2]}, where layers have one")
    if node.op == "GRU":
        options["reset_after"] = bool(node.integer("linear_before_reset", 0))
    if node.integer("input_forget", 0):
        raise node.refusal("couples input and forget gate")
    return _CLASSES[node.op](
        units,
        use_bias=node.has(3),
        return_sequences=node.used(0),
        dtype=str(node.constant(1).dtype),
        name=("forward", "backward")[back],
        **options,
    )


def _weights(node: Node, way: int, units: int) -> dict[str, Any]:
    """The weights of one way, as the layer has them."""
    order = tuple(np.argsort(ORDERS[node.op]))
    weights = {
        name: reordered(node.constant(index)[way], order).T
        for index, name in ((1, "kernel"), (2, "recurrent_kernel"))
    }
    if node.has(3):
        halves = [reordered(half, order) for half in np.split(node.constant(3)[way], 2)]
        apart = node.op == "GRU" and node.integer("linear_before_reset", 0)
        weights["bias"] = np.stack(halves) if apart else halves[0] + halves[1]
    return weights


def _activations(node: Node, way: int) -> list[str]:
    """The names of one way's activations, as layers call them."""
    default = _DEFAULTS[node.op]
    given = [each.decode() for each in node.attribute("activations", ())] or default * (way + 1)
    alphas, betas = (list(node.attribute(f"activation_{a}", ())) for a in ("alpha", "beta"))
    first = way * len(default)
    names = []
    for place, name in enumerate(given[first : first + len(default)], first):
        alpha, beta = (each[place] if place < len(each) else None for each in (alphas, betas))
        names.append(_activation(node, name, alpha, beta))
    return names


def _activation(node: Node, name: str, alpha: float | None, beta: float | None) -> str:
    """The layers' name of an activation with such constants."""
    defaults = {"HardSigmoid": (0.2, 0.5), "Elu": (1.0, None)}.get(name, (None, None))
    alpha, beta = (
        value if given is None else given
        for given, value in zip((alpha, beta), defaults, strict=True)
    )
    for known, each in ACTIVATIONS.items():
        constants = zip((alpha, beta), (each.alpha, each.beta), strict=True)
        if each.name == name and all(
            wanted is None or (value is not None and math.isclose(value, wanted, rel_tol=1e-6))
            for value, wanted in constants
        ):
            return known
    raise node.refusal(f"has the activation {name} with constants {alpha} and {beta}")


def _refuse_state(node: Node, x: Value) -> None:
    """Raise if steps are left out, or the first one begins with anything but zeros."""
    if node.has(4) and np.any(node.constant(4) != x.shape[0]):
        raise node.refusal("has sequences of different lengths")
    for index in range(5, len(node.operands)):
        if node.has(index) and np.any(node.constant(index)):
            raise node.refusal("begins with a state of its own, or has peepholes")
