"""Zeros around, and cutting off."""

from ...layers import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from .case import Case, untyped

_LAST = "channels_last"


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("ZeroPadding1D", untyped(ZeroPadding1D, (2, 1)), (2, 3)),
        Case("ZeroPadding2D", untyped(ZeroPadding2D), (2, 2, 3)),
        Case(
            "ZeroPadding2D asymmetric channels last",
            untyped(ZeroPadding2D, ((0, 1), (3, 2)), data_format=_LAST),
            (2, 3, 2),
        ),
        Case("ZeroPadding3D", untyped(ZeroPadding3D, (1, (0, 2), 0)), (2, 1, 2, 2)),
        Case("Cropping1D", untyped(Cropping1D, (2, 1)), (2, 5)),
        Case("Cropping2D", untyped(Cropping2D), (2, 3, 4)),
        Case(
            "Cropping2D asymmetric channels last",
            untyped(Cropping2D, ((0, 1), (1, 0)), data_format=_LAST),
            (3, 4, 2),
        ),
        Case("Cropping3D", untyped(Cropping3D, (1, (0, 2), 0)), (2, 3, 4, 2)),
    ]
