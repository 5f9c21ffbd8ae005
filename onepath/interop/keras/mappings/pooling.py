"""Pooling."""

from typing import Any

from ....layers import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from ...errors import UnsupportedLayerError
from ..entry import Entry, Options

LOCAL = (
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
)
GLOBAL = (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)


def by_word(options: Options, shape: Any) -> Options:
    """Refuse padding that is none of Keras's: it would count there, and does not here."""
    if options["padding"] not in ("valid", "same"):
        raise UnsupportedLayerError(
            f"Keras pools with padding 'valid' or 'same', not {options['padding']!r}"
        )
    return options


ENTRIES = (
    *(Entry(cls.__name__, cls, write=by_word) for cls in LOCAL),
    *(Entry(cls.__name__, cls) for cls in GLOBAL),
)
