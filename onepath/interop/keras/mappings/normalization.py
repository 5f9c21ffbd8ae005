"""Normalization."""

from ....layers import BatchNormalization
from ..entry import Entry, Weight

MOVING = (Weight("moving_mean"), Weight("moving_variance"))

ENTRIES = (
    Entry(
        "BatchNormalization",
        BatchNormalization,
        (Weight("gamma"), Weight("beta"), *MOVING),
        neutral={"center": True, "scale": True},
    ),
)
