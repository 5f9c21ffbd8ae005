"""The network of the main job."""

from ..layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
    ReLU,
)
from ..training import Sequential


def small_network(classes: int, device: str) -> Sequential:
    """Make three convolutions and a dense layer, for small images.

    Parameters
    ----------
    classes : int
        How many logits come out.
    device : str
        Where to put it.

    Returns
    -------
    Sequential
        Not built yet: it takes images of any size from 4 by 4.
    """
    return Sequential(
        [
            *_block(16),
            MaxPooling2D(),
            *_block(32),
            MaxPooling2D(),
            *_block(64),
            Flatten(),
            Dropout(0.25),
            Dense(classes),
        ],
        device,
        name="small_network",
    )


def _block(filters: int) -> list[Layer]:
    """A convolution without a bias, since the normalization has one, and an activation."""
    return [
        Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_uniform"),
        BatchNormalization(momentum=0.9),
        ReLU(),
    ]
