"""The table of layers, a file a family: what is not in it is refused."""

from ....layers import Layer
from ..entry import Entry
from . import (
    activations,
    convolutions,
    core,
    merging,
    normalization,
    pooling,
    regularization,
    reshaping,
    sequences,
)

_FAMILIES = (
    activations,
    convolutions,
    core,
    merging,
    normalization,
    pooling,
    regularization,
    reshaping,
    sequences,
)

KERAS: dict[str, Entry] = {entry.keras: entry for family in _FAMILIES for entry in family.ENTRIES}
"""By Keras's class names."""

OURS: dict[type[Layer], Entry] = {
    entry.layer: entry for family in reversed(_FAMILIES) for entry in reversed(family.ENTRIES)
}
"""By our classes; of several with one class, the first."""
