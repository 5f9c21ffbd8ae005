"""Layers made of layers."""

from ...layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Graph,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    ReLU,
    Residual,
    Sequential,
)
from ..joining import Joined
from .case import Case


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("Sequential", _small, (2, 4, 4)),
        Case("Sequential training", _regularized, (3,), training=True),
        Case("Sequential nested", _nested, (2, 4, 6)),
        Case("Residual", lambda dtype: Residual(Dense(4, dtype=dtype, seed=1)), (4,)),
        Case(
            "Residual training",
            lambda dtype: Residual(
                BatchNormalization(dtype=dtype), BatchNormalization(epsilon=0.1, dtype=dtype)
            ),
            (3,),
            training=True,
        ),
        Case(
            "Residual with shortcut",
            lambda dtype: Residual(
                Conv2D(2, 3, strides=2, padding=1, dtype=dtype, seed=1),
                Conv2D(2, 1, strides=2, dtype=dtype, seed=2),
            ),
            (3, 4, 3),
        ),
        Case("Graph", _wired, (3, 4)),
        Case("Graph of several training", _several, (7,), training=True),
    ]


def _small(dtype: str) -> Layer:
    return Sequential(
        [
            Conv2D(2, 3, padding="same", dtype=dtype, seed=1),
            LeakyReLU(0.2),
            MaxPooling2D(2),
            Flatten(),
            Dense(3, dtype=dtype, seed=2),
        ]
    )


def _regularized(dtype: str) -> Layer:
    return Sequential(
        [
            Dense(4, dtype=dtype, seed=1),
            BatchNormalization(dtype=dtype),
            Dropout(0.4, seed=7),
            Dense(2, dtype=dtype, seed=2),
        ]
    )


def _nested(dtype: str) -> Layer:
    main = Sequential(
        [ReLU(), Conv2D(3, 2, strides=2, dtype=dtype, seed=1, name="conv")], name="main"
    )
    shortcut = Conv2D(3, 1, strides=2, dtype=dtype, seed=2, name="shortcut")
    return Sequential([Residual(main, shortcut, name="block"), GlobalAveragePooling2D()])


def _wired(dtype: str) -> Layer:
    """Two ways that part at a node and meet again, beside a skip."""
    return Graph(
        "input",
        {
            "sum": (Add(), ["right", "left", "input"]),
            "stem": (Conv1D(3, 3, padding="same", dtype=dtype, seed=1), "input"),
            "left": (ReLU(), "stem"),
            "right": (Dense(4, dtype=dtype, seed=2), "stem"),
        },
        "sum",
    )


def _several(dtype: str) -> Layer:
    """Two inputs, and two outputs, of which one is made of the other."""
    graph = Graph(
        ["a", "b"],
        {
            "normal": (BatchNormalization(epsilon=0.1, dtype=dtype), "a"),
            "both": (Concatenate(), ["normal", "b"]),
            "out": (Dense(2, dtype=dtype, seed=1), "both"),
        },
        ["both", "out"],
    )
    return Joined(graph, [(4,), (3,)])
