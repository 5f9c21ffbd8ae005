"""Recurrent layers. ONNX has time before the batch, and a row where Keras has a column."""

from functools import partial
from typing import Any, cast

import numpy as np

from ....layers import GRU, LSTM, Bidirectional, SimpleRNN
from ....layers.base import Shape
from ..recurrence import ACTIVATIONS, ORDERS, reordered
from .table import exports
from .writer import Writer

_OPERATORS = {GRU: "GRU", LSTM: "LSTM", SimpleRNN: "RNN"}
_MERGES = {"concat": "Concat", "sum": "Add", "mul": "Mul", "ave": "Mean"}


@exports(*_OPERATORS)
def recurrent(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write an RNN, GRU or LSTM; one that goes backwards gives the last step first."""
    y = _one_way(w, layer, x)
    return _turned(w, y) if layer.go_backwards and layer.return_sequences else y


@exports(Bidirectional)
def bidirectional(w: Writer, layer: Bidirectional, x: str, shape: Shape) -> str:
    """Write both ways as one operator, or as two where it could not say what differs."""
    ahead, back = both = cast(tuple[Any, Any], layer.children)
    if layer.merge_mode == "concat" and _are_alike(ahead, back):
        return _both_ways(w, ahead, back, x, shape)
    ends = [w.within(child, partial(_one_way, w, child, x)) for child in both]
    if ahead.go_backwards and ahead.return_sequences:  # what the other gives is turned around
        ends = [_turned(w, end) for end in ends]
    options = {"axis": -1} if layer.merge_mode == "concat" else {}
    return w.node(_MERGES[layer.merge_mode], *ends, **options)


def _one_way(w: Writer, layer: Any, x: str) -> str:
    """Write one layer; its outputs are in the order of time."""
    every, last = _operator(w, [layer], x)
    if not layer.return_sequences:
        return w.node("Squeeze", last, w.ints("axes", (0,)))
    return w.transpose(w.node("Squeeze", every, w.ints("axes", (1,))), (1, 0, 2))


def _both_ways(w: Writer, ahead: Any, back: Any, x: str, shape: Shape) -> str:
    """Write two layers whose outputs come together: (..., 2, units) -> (..., 2 * units)."""
    every, last = _operator(w, [ahead, back], x)
    if ahead.return_sequences:
        y, steps = w.transpose(every, (2, 0, 1, 3)), [shape[0]]
    else:
        y, steps = w.transpose(last, (1, 0, 2)), []
    return w.node("Reshape", y, w.ints("shape", (0, *steps, 2 * ahead.units)))


def _turned(w: Writer, y: str) -> str:
    """Write what takes the steps from last to first."""
    least = np.iinfo(np.int64).min
    slices = (("starts", -1), ("ends", least), ("axes", 1), ("steps", -1))
    return w.node("Slice", y, *(w.ints(name, (n,)) for name, n in slices))


def _are_alike(ahead: Any, back: Any) -> bool:
    """Whether the operator's options serve both layers; activations it has for each."""
    shared = ("units", "use_bias", "reset_after", "dtype")
    same = all(getattr(ahead, name, None) == getattr(back, name, None) for name in shared)
    return same and type(ahead) is type(back) and back.go_backwards


def _operator(w: Writer, layers: list[Any], x: str) -> tuple[str, str]:
    """Write the operator for one way or both; return all its outputs, and the last ones."""
    first, op = layers[0], _OPERATORS[type(layers[0])]
    one = "reverse" if first.go_backwards else "forward"
    options = {
        "hidden_size": first.units,
        "direction": one if len(layers) == 1 else "bidirectional",
        **_activations(w, layers, op),
    }
    if op == "GRU":
        options["linear_before_reset"] = int(first.reset_after)
    steps = w.transpose(w.cast(x, first.variable_dtype), (1, 0, 2))
    every, last = w.nodes_of(op, [steps, *_weights(w, layers, op)], 2, **options)
    return every, last


def _weights(w: Writer, layers: list[Any], op: str) -> list[str]:
    """The kernels and, if there are, the biases: (ways, gates * units, ...), and twice that."""
    arrays = {
        name: [reordered(w.array(layer, name).T, ORDERS[op]) for layer in layers]
        for name in ("kernel", "recurrent_kernel")
    }
    if layers[0].use_bias:
        arrays["bias"] = [_bias(w.array(layer, "bias"), op) for layer in layers]
    return [w.constant(name, np.stack(ways)) for name, ways in arrays.items()]


def _bias(bias: Any, op: str) -> Any:
    """What is added to projected inputs, and behind it what is added to the recurrent product."""
    halves = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    return np.concatenate([reordered(half, ORDERS[op]) for half in halves])


def _activations(w: Writer, layers: list[Any], op: str) -> dict[str, Any]:
    """The activations by ONNX's names, with their constants."""
    chosen = []
    for layer in layers:
        names = [layer.activation]
        if op != "RNN":
            names.insert(0, layer.recurrent_activation)
        if op == "LSTM":
            names.append(layer.activation)
        for name in names:
            if name not in ACTIVATIONS:
                raise w.refusal(layer, f"recurrent layers of ONNX have no activation {name!r}")
            chosen.append(ACTIVATIONS[name])
    options: dict[str, Any] = {"activations": [each.name for each in chosen]}
    if any(each.alpha is not None for each in chosen):
        options["activation_alpha"] = [each.alpha or 0.0 for each in chosen]
        options["activation_beta"] = [each.beta or 0.0 for each in chosen]
    return options
