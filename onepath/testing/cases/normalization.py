"""Normalization."""

from ...layers import BatchNormalization
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
    ]
