"""Layers that drop."""

from ...layers import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from .case import Case, untyped


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("Dropout", untyped(Dropout, 0.4), (3, 4)),
        Case("Dropout training", untyped(Dropout, 0.4, seed=7), (3, 5), training=True),
        Case("SpatialDropout1D", untyped(SpatialDropout1D, 0.4), (3, 4)),
        Case(
            "SpatialDropout1D training",
            untyped(SpatialDropout1D, 0.4, seed=7),
            (5, 2),
            training=True,
        ),
        Case(
            "SpatialDropout2D training channels last",
            untyped(SpatialDropout2D, 0.4, data_format="channels_last", seed=7),
            (2, 2, 5),
            training=True,
        ),
        Case(
            "SpatialDropout3D training",
            untyped(SpatialDropout3D, 0.4, seed=7),
            (3, 2, 1, 2),
            training=True,
        ),
    ]
