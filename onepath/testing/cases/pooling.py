"""Pooling."""

from ...layers import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D
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
        Case("GlobalAveragePooling2D", untyped(GlobalAveragePooling2D), (3, 4, 2)),
        Case(
            "GlobalAveragePooling2D channels last",
            untyped(GlobalAveragePooling2D, data_format=_LAST),
            (4, 2, 3),
        ),
        Case(
            "GlobalAveragePooling2D kept axes",
            untyped(GlobalAveragePooling2D, keepdims=True, data_format=_LAST),
            (4, 2, 3),
        ),
    ]
