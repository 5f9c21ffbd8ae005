"""Normalization."""

from ...layers import (
    BatchNormalization,
    GroupNormalization,
    InstanceNormalization,
    LayerNormalization,
    RMSNormalization,
)
from .case import Case, typed


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("BatchNormalization", typed(BatchNormalization), (4,)),
        Case(
            "BatchNormalization training",
            typed(BatchNormalization, epsilon=0.1),
            (2, 3, 2),
            training=True,
        ),
        Case("BatchNormalization channels last", typed(BatchNormalization, axis=-1), (2, 3, 4)),
        Case(
            "BatchNormalization training channels last",
            typed(BatchNormalization, axis=-1, momentum=0.5),
            (3, 2),
            training=True,
        ),
        Case(
            "BatchNormalization training without scale",
            typed(BatchNormalization, scale=False),
            (4,),
            training=True,
        ),
        Case("BatchNormalization without center", typed(BatchNormalization, center=False), (4,)),
        Case("LayerNormalization", typed(LayerNormalization), (5,)),
        Case(
            "LayerNormalization without center",
            typed(LayerNormalization, axis=(-1, 1), epsilon=0.1, center=False),
            (2, 3),
        ),
        Case("LayerNormalization of channels", typed(LayerNormalization, axis=1), (3, 2, 2)),
        Case("RMSNormalization", typed(RMSNormalization), (5,)),
        Case("RMSNormalization of images", typed(RMSNormalization, axis=(2, 3)), (2, 2, 3)),
        Case("GroupNormalization", typed(GroupNormalization, 2), (4, 3)),
        Case(
            "GroupNormalization without scale",
            typed(GroupNormalization, 3, epsilon=0.1, scale=False),
            (6,),
        ),
        Case("GroupNormalization channels last", typed(GroupNormalization, 2, axis=-1), (2, 2, 4)),
        Case("InstanceNormalization", typed(InstanceNormalization), (2, 3, 2)),
        Case(
            "InstanceNormalization channels last",
            typed(InstanceNormalization, axis=-1),
            (5, 2),
        ),
    ]
