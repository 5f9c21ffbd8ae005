"""Normalization."""

from ....layers import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
)
from ..entry import Entry, Weight

AFFINE = (Weight("gamma"), Weight("beta"))
MOVING = (Weight("moving_mean"), Weight("moving_variance"))

ENTRIES = (
    Entry("BatchNormalization", BatchNormalization, (*AFFINE, *MOVING)),
    Entry("LayerNormalization", LayerNormalization, AFFINE),
    Entry("GroupNormalization", GroupNormalization, AFFINE),
    Entry("RMSNormalization", RMSNormalization, (Weight("gamma"),)),
)
