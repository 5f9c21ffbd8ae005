"""What changes the shape alone."""

from typing import Any

from ....layers import Flatten, Reshape
from ...errors import UnsupportedLayerError
from ..entry import Entry, Options


def flat(options: Options, shape: Any) -> Options:
    """Drop the format: Keras moves channels to the end before it flattens, if they are first."""
    options = dict(options)
    if options.pop("data_format", None) == "channels_first" and len(shape) > 1:
        raise UnsupportedLayerError(
            "data_format='channels_first' moves axes; a Permute and a Flatten say it in two steps"
        )
    return options


ENTRIES = (
    Entry(
        "Flatten",
        Flatten,
        read=flat,
        write=lambda options, shape: {**options, "data_format": "channels_last"},
    ),
    Entry("Reshape", Reshape),
)
