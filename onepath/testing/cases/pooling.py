"""Pooling."""

from ...layers import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from .case import Case, untyped

_LAST = "channels_last"
_WINDOW = {"pool_size": 3, "strides": 2}


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("MaxPooling2D", untyped(MaxPooling2D), (2, 5, 4)),
        Case("MaxPooling2D overlapping", untyped(MaxPooling2D, (3, 2), strides=(2, 1)), (2, 5, 4)),
        Case("MaxPooling2D same", untyped(MaxPooling2D, **_WINDOW, padding="same"), (2, 4, 5)),
        Case(
            "MaxPooling2D asymmetric channels last",
            untyped(MaxPooling2D, **_WINDOW, padding=((1, 0), (0, 2)), data_format=_LAST),
            (4, 3, 2),
        ),
        Case("AveragePooling2D", untyped(AveragePooling2D), (2, 5, 4)),
        Case(
            "AveragePooling2D overlapping",
            untyped(AveragePooling2D, (3, 2), strides=(2, 1)),
            (2, 5, 4),
        ),
        Case(
            "AveragePooling2D same",
            untyped(AveragePooling2D, **_WINDOW, padding="same"),
            (2, 4, 5),
        ),
        Case(
            "AveragePooling2D asymmetric channels last",
            untyped(AveragePooling2D, **_WINDOW, padding=((1, 0), (0, 2)), data_format=_LAST),
            (4, 3, 2),
        ),
        Case("MaxPooling1D", untyped(MaxPooling1D), (2, 5)),
        Case(
            "MaxPooling1D same channels last",
            untyped(MaxPooling1D, **_WINDOW, padding="same", data_format=_LAST),
            (6, 2),
        ),
        Case("MaxPooling3D", untyped(MaxPooling3D), (2, 2, 4, 3)),
        Case(
            "MaxPooling3D asymmetric channels last",
            untyped(
                MaxPooling3D,
                (2, 3, 1),
                strides=(1, 2, 1),
                padding=(1, (0, 2), 0),
                data_format=_LAST,
            ),
            (2, 3, 2, 2),
        ),
        Case("AveragePooling1D", untyped(AveragePooling1D), (2, 5)),
        Case(
            "AveragePooling1D same channels last",
            untyped(AveragePooling1D, **_WINDOW, padding="same", data_format=_LAST),
            (6, 2),
        ),
        Case("AveragePooling3D", untyped(AveragePooling3D), (2, 2, 4, 3)),
        Case(
            "AveragePooling3D asymmetric channels last",
            untyped(
                AveragePooling3D,
                (2, 3, 1),
                strides=(1, 2, 1),
                padding=(1, (0, 2), 0),
                data_format=_LAST,
            ),
            (2, 3, 2, 2),
        ),
    ]
