"""Depthwise and separable convolutions."""

from ...layers import DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D
from .case import Case, typed

_LAST = "channels_last"


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("DepthwiseConv1D", typed(DepthwiseConv1D, 3), (2, 4)),
        Case(
            "DepthwiseConv1D multiplied strided",
            typed(DepthwiseConv1D, 2, strides=2, padding=1, depth_multiplier=3),
            (2, 4),
        ),
        Case("DepthwiseConv2D", typed(DepthwiseConv2D, (2, 3)), (2, 3, 4)),
        Case(
            "DepthwiseConv2D multiplied same channels last",
            typed(
                DepthwiseConv2D,
                3,
                strides=(1, 2),
                padding="same",
                depth_multiplier=2,
                data_format=_LAST,
                use_bias=False,
            ),
            (2, 3, 2),
        ),
        Case("DepthwiseConv2D dilated", typed(DepthwiseConv2D, 2, dilation_rate=(1, 2)), (3, 2, 3)),
        Case("SeparableConv1D", typed(SeparableConv1D, 3, 2), (2, 4)),
        Case(
            "SeparableConv1D multiplied strided channels last",
            typed(SeparableConv1D, 2, 3, 2, padding="same", data_format=_LAST, depth_multiplier=2),
            (5, 2),
        ),
        Case("SeparableConv2D", typed(SeparableConv2D, 3, (2, 3), padding="same"), (2, 2, 3)),
        Case(
            "SeparableConv2D dilated without bias signal",
            typed(
                SeparableConv2D,
                2,
                2,
                padding=((1, 0), (0, 1)),
                dilation_rate=2,
                depth_multiplier=2,
                use_bias=False,
                engine="signal",
            ),
            (2, 3, 2),
        ),
    ]
