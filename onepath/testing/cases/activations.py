"""Activations."""

from ...layers import LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from .case import Case, untyped


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("ReLU", untyped(ReLU), (2, 3, 4)),
        Case("LeakyReLU", untyped(LeakyReLU, 0.2), (5,)),
        Case("Sigmoid", untyped(Sigmoid), (2, 5)),
        Case("Tanh", untyped(Tanh), (7,)),
        Case("Softmax", untyped(Softmax), (5,)),
        Case("Softmax over channels", untyped(Softmax, axis=1), (4, 2, 3)),
    ]
