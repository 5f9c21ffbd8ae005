"""Pooling."""

from typing import Any

from ....layers import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D
from ...errors import UnsupportedLayerError
from ..entry import Entry, Options


def by_word(options: Options, shape: Any) -> Options:
    """Refuse padding that is none of Keras's: it would count there, and does not here."""
    if options["padding"] not in ("valid", "same"):
        raise UnsupportedLayerError(
            f"Keras pools with padding 'valid' or 'same', not {options['padding']!r}"
        )
    return options


ENTRIES = (
    *(Entry(cls.__name__, cls, write=by_word) for cls in (MaxPooling2D, AveragePooling2D)),
    Entry("GlobalAveragePooling2D", GlobalAveragePooling2D),
)
