"""Layers that only arrange."""

from ...layers import Flatten, Permute, RepeatVector, Reshape
from .case import Case, untyped


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("Flatten", untyped(Flatten), (2, 3, 2)),
        Case("Reshape", untyped(Reshape, (3, 4)), (2, 6)),
        Case("Reshape by what is left", untyped(Reshape, (2, -1, 2)), (12,)),
        Case("Permute", untyped(Permute, (2, 1)), (2, 3)),
        Case("Permute in turn", untyped(Permute, (3, 1, 2)), (2, 3, 4)),
        Case("RepeatVector", untyped(RepeatVector, 3), (4,)),
    ]
