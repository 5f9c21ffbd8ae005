"""Layers that drop."""

from ...layers import Dropout
from .case import Case, untyped


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("Dropout", untyped(Dropout, 0.4), (3, 4)),
        Case("Dropout training", untyped(Dropout, 0.4, seed=7), (3, 5), training=True),
    ]
