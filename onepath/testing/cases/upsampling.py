"""Upsampling."""

from ...layers import UpSampling1D, UpSampling2D, UpSampling3D
from .case import Case, untyped

_LAST = "channels_last"


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("UpSampling1D", untyped(UpSampling1D), (2, 3)),
        Case("UpSampling1D channels last", untyped(UpSampling1D, 3, data_format=_LAST), (3, 2)),
        Case("UpSampling2D", untyped(UpSampling2D), (2, 2, 3)),
        Case(
            "UpSampling2D channels last",
            untyped(UpSampling2D, (3, 2), data_format=_LAST),
            (2, 3, 2),
        ),
        Case("UpSampling2D bilinear", untyped(UpSampling2D, interpolation="bilinear"), (1, 3, 2)),
        Case(
            "UpSampling2D bilinear channels last",
            untyped(UpSampling2D, (3, 4), data_format=_LAST, interpolation="bilinear"),
            (3, 2, 1),
        ),
        Case(
            "UpSampling2D bilinear of lines",
            untyped(UpSampling2D, (2, 5), interpolation="bilinear"),
            (1, 1, 3),
        ),
        Case("UpSampling3D", untyped(UpSampling3D, (2, 1, 3)), (1, 2, 3, 1)),
    ]
