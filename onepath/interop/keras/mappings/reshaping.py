"""What changes the shape alone."""

from typing import Any

from ....layers import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from ...errors import UnsupportedLayerError
from ..entry import Entry, Options

SPATIAL = (
    Cropping2D,
    Cropping3D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)


def flat(options: Options, shape: Any) -> Options:
    """Drop the format: Keras moves channels to the end before it flattens, if they are first."""
    options = dict(options)
    if options.pop("data_format", None) == "channels_first" and len(shape) > 1:
        raise UnsupportedLayerError(
            "data_format='channels_first' moves axes; a Permute and a Flatten say it in two steps"
        )
    return options


LAST = {"data_format": "channels_last"}

ENTRIES = (
    Entry(
        "Flatten",
        Flatten,
        read=flat,
        write=lambda options, shape: {**options, "data_format": "channels_last"},
    ),
    Entry("Reshape", Reshape),
    Entry("Permute", Permute),
    Entry("RepeatVector", RepeatVector),
    *(Entry(cls.__name__, cls, fixed=LAST) for cls in (Cropping1D, UpSampling1D)),
    *(Entry(cls.__name__, cls) for cls in SPATIAL),
)
