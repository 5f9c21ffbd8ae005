"""Optimizers, over a small network."""

from ...layers import Dense, Layer, ReLU, Sequential
from ...optimizers import SGD, Adam, AdamW, RMSprop
from .case import Case


def cases() -> list[Case]:
    """Return each optimizer, as it is and with each option, over a small network."""
    return [
        Case(repr(optimizer), _perceptron, (3,), optimizer=optimizer)
        for optimizer in [
            SGD(),
            SGD(learning_rate=0.5),
            SGD(momentum=0.9),
            SGD(momentum=0.9, nesterov=True),
            RMSprop(),
            RMSprop(learning_rate=0.1),
            RMSprop(rho=0.5),
            RMSprop(momentum=0.9),
            RMSprop(epsilon=0.1),
            RMSprop(centered=True),
            RMSprop(momentum=0.9, centered=True),
            Adam(),
            Adam(learning_rate=0.1),
            Adam(beta_1=0.5),
            Adam(beta_2=0.5),
            Adam(epsilon=0.1),
            AdamW(),
            AdamW(learning_rate=0.1),
            AdamW(weight_decay=0.5),
            AdamW(beta_1=0.5),
            AdamW(beta_2=0.5),
            AdamW(epsilon=0.1),
        ]
    ]


def _perceptron(dtype: str) -> Layer:
    return Sequential([Dense(4, dtype=dtype, seed=1), ReLU(), Dense(2, dtype=dtype, seed=2)])
