"""Layers that make one array of several."""

from ...layers import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from .case import Case, joined

_WIDE = ((2, 3, 2), (2, 1, 1), (3, 2))


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("Add", *joined(Add, (3, 2), (3, 2))),
        Case("Add broadcast", *joined(Add, *_WIDE)),
        Case("Subtract", *joined(Subtract, (2, 3), (2, 1))),
        Case("Average", *joined(Average, *_WIDE)),
        Case("Multiply", *joined(Multiply, *_WIDE)),
        Case("Maximum", *joined(Maximum, *_WIDE)),
        Case("Minimum", *joined(Minimum, (4,), (4,))),
        Case("Concatenate", *joined(Concatenate, (2, 3), (2, 1), (2, 2))),
        Case("Concatenate channels", *joined(Concatenate, (1, 3), (2, 3), axis=1)),
    ]
