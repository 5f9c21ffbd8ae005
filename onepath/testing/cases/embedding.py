"""Vectors for indices."""

from ...layers import Embedding
from ..indexing import Indexed
from .case import Case


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("Embedding", lambda dtype: Indexed(Embedding(5, 3, dtype=dtype, seed=1), 5), (4,)),
        Case(
            "Embedding of floats",
            lambda dtype: Indexed(Embedding(4, 2, dtype=dtype, seed=1), 4, floating=True),
            (2, 2),
        ),
    ]
