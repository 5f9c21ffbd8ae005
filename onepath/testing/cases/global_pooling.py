"""Global pooling."""

from ...layers import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from .case import Case, untyped

_LAST = "channels_last"


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
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
        Case("GlobalAveragePooling1D", untyped(GlobalAveragePooling1D), (3, 4)),
        Case(
            "GlobalAveragePooling1D kept axes channels last",
            untyped(GlobalAveragePooling1D, keepdims=True, data_format=_LAST),
            (4, 3),
        ),
        Case("GlobalAveragePooling3D", untyped(GlobalAveragePooling3D), (2, 2, 3, 2)),
        Case("GlobalMaxPooling1D", untyped(GlobalMaxPooling1D), (3, 4)),
        Case("GlobalMaxPooling2D", untyped(GlobalMaxPooling2D), (3, 4, 2)),
        Case(
            "GlobalMaxPooling2D channels last",
            untyped(GlobalMaxPooling2D, data_format=_LAST),
            (4, 2, 3),
        ),
        Case(
            "GlobalMaxPooling2D kept axes",
            untyped(GlobalMaxPooling2D, keepdims=True),
            (3, 4, 2),
        ),
        Case(
            "GlobalMaxPooling3D kept axes channels last",
            untyped(GlobalMaxPooling3D, keepdims=True, data_format=_LAST),
            (2, 3, 2, 2),
        ),
    ]
