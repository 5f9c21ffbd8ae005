"""Transposed convolutions."""

from ...layers import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from .case import Case, typed

_LAST = "channels_last"


def cases() -> list[Case]:
    """Return each, in each way that it can be set up."""
    return [
        Case("Conv1DTranspose", typed(Conv1DTranspose, 3, 3, strides=2), (2, 3)),
        Case("Conv1DTranspose smaller than its stride", typed(Conv1DTranspose, 2, 1, 3), (2, 2)),
        Case(
            "Conv1DTranspose same channels last",
            typed(Conv1DTranspose, 2, 4, strides=2, padding="same", data_format=_LAST),
            (3, 2),
        ),
        Case("Conv2DTranspose", typed(Conv2DTranspose, 2, (3, 2)), (3, 2, 3)),
        Case(
            "Conv2DTranspose same strided",
            typed(Conv2DTranspose, 2, (2, 5), strides=(3, 2), padding="same"),
            (2, 2, 3),
        ),
        Case(
            "Conv2DTranspose same, more at the end",
            typed(Conv2DTranspose, 2, 3, strides=(1, 2), padding="same", output_padding=(0, 1)),
            (2, 3, 2),
        ),
        Case(
            "Conv2DTranspose padded dilated grouped channels last",
            typed(
                Conv2DTranspose,
                4,
                (3, 2),
                strides=(2, 3),
                padding=((1, 0), (2, 1)),
                output_padding=(1, 2),
                dilation_rate=(1, 3),
                groups=2,
                data_format=_LAST,
            ),
            (2, 2, 2),
        ),
        Case(
            "Conv2DTranspose without bias by an int signal",
            typed(Conv2DTranspose, 2, 3, 2, padding=1, use_bias=False, engine="signal"),
            (2, 2, 3),
        ),
        Case(
            "Conv3DTranspose",
            typed(Conv3DTranspose, 2, (2, 1, 3), strides=(1, 2, 1), padding="same"),
            (2, 2, 1, 2),
        ),
    ]
