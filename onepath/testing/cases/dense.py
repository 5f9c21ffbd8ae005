"""Fully connected layers."""

from ...layers import Dense
from .case import Case, typed


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("Dense", typed(Dense, 5), (4,)),
        Case("Dense on rows", typed(Dense, 3, bias_initializer="ones"), (2, 4)),
        Case(
            "Dense without bias",
            typed(Dense, 3, use_bias=False, kernel_initializer="he_uniform"),
            (4,),
        ),
    ]
