"""Convolutions."""

from ...layers import Conv1D, Conv2D, Conv3D, Convolutional
from .case import Case, typed

_LAST = "channels_last"


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("Conv1D", typed(Conv1D, 4, 3), (2, 7)),
        Case("Conv1D same strided", typed(Conv1D, 2, 3, strides=2, padding="same"), (2, 6)),
        Case(
            "Conv1D asymmetric dilated grouped",
            typed(Conv1D, 4, 2, padding=((2, 1),), dilation_rate=3, groups=2),
            (4, 5),
        ),
        Case("Conv1D channels last", typed(Conv1D, 3, 2, strides=2, data_format=_LAST), (7, 2)),
        Case(
            "Conv1D full signal",
            typed(Conv1D, 2, 3, strides=2, padding="full", dilation_rate=2, engine="signal"),
            (2, 5),
        ),
        Case("Conv2D", typed(Conv2D, 4, (3, 2)), (3, 4, 5)),
        Case(
            "Conv2D same strided",
            typed(Conv2D, 3, (3, 4), strides=(2, 1), padding="same"),
            (2, 4, 4),
        ),
        Case("Conv2D full", typed(Conv2D, 2, (2, 3), padding="full"), (2, 3, 3)),
        Case("Conv2D padded by an int", typed(Conv2D, 2, 3, strides=2, padding=1), (2, 5, 4)),
        Case("Conv2D asymmetric", typed(Conv2D, 2, (2, 3), padding=(1, (0, 2))), (2, 3, 4)),
        Case(
            "Conv2D dilated without bias",
            typed(Conv2D, 3, 2, dilation_rate=(1, 3), use_bias=False),
            (2, 3, 5),
        ),
        Case(
            "Conv2D grouped",
            typed(Conv2D, 4, 2, groups=2, bias_initializer="standard_normal"),
            (6, 3, 3),
        ),
        Case(
            "Conv2D depthwise",
            typed(Conv2D, 6, 2, groups=3, kernel_initializer="he_uniform"),
            (3, 3, 3),
        ),
        Case("Conv2D pointwise strided", typed(Conv2D, 2, 1, strides=2), (3, 4, 3)),
        Case(
            "Conv2D channels last",
            typed(Conv2D, 4, (3, 2), strides=(2, 1), padding="same", groups=2, data_format=_LAST),
            (4, 3, 2),
        ),
        Case(
            "Conv2D signal",
            typed(
                Conv2D,
                4,
                (3, 2),
                strides=(2, 1),
                padding=((1, 0), (0, 2)),
                dilation_rate=(1, 2),
                groups=2,
                engine="signal",
            ),
            (4, 4, 3),
        ),
        Case(
            "Conv2D signal channels last",
            typed(Conv2D, 2, 2, data_format=_LAST, engine="signal"),
            (3, 4, 2),
        ),
        Case("Conv3D", typed(Conv3D, 2, (2, 1, 2)), (2, 3, 2, 3)),
        Case(
            "Conv3D same strided",
            typed(Conv3D, 2, (2, 3, 1), strides=(1, 2, 2), padding="same"),
            (2, 2, 4, 3),
        ),
        Case(
            "Conv3D signal channels last",
            typed(Conv3D, 2, 2, groups=2, data_format=_LAST, engine="signal"),
            (2, 3, 2, 4),
        ),
        Case("Convolutional", typed(Convolutional, (2, 5, 4), 3, 3), (2, 5, 4)),
        Case(
            "Convolutional one channel signal",
            typed(Convolutional, (1, 4, 4), 2, 2, engine="signal"),
            (1, 4, 4),
        ),
    ]
