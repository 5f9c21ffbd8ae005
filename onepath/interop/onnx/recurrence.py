"""What ONNX's recurrent operators call by another name, or have in another order."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

ORDERS = {"RNN": (0,), "GRU": (0, 1, 2), "LSTM": (0, 3, 1, 2)}
"""Which of the layer's gates, i, f, c and o, say, are ONNX's: i, o, f and c."""


class Activation(NamedTuple):
    """An activation of ONNX's, with its constants."""

    name: str
    alpha: float | None = None
    beta: float | None = None


ACTIVATIONS = {
    "tanh": Activation("Tanh"),
    "sigmoid": Activation("Sigmoid"),
    "relu": Activation("Relu"),
    "linear": Activation("Affine", 1.0, 0.0),
    "hard_sigmoid": Activation("HardSigmoid", 1 / 6, 0.5),
    "elu": Activation("Elu", 1.0),
    "softsign": Activation("Softsign"),
}
"""By the layers' names."""


def reordered(array: Any, order: Sequence[int]) -> Any:
    """Give an array's parts, one for each gate along the first axis, another order."""
    parts = np.split(array, len(order))
    return np.concatenate([parts[gate] for gate in order])
