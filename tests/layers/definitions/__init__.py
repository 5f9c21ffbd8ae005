"""What each layer must compute, in float64, as loops that know nothing of onepath."""

from . import (
    activations,
    augmentation,
    composition,
    convolutions,
    dense,
    merging,
    normalization,
    pooling,
    regularization,
    shapes,
)

_FAMILIES = (
    convolutions,
    dense,
    activations,
    pooling,
    normalization,
    regularization,
    augmentation,
    shapes,
    merging,
    composition,
)

DEFINITIONS = {name: entry for family in _FAMILIES for name, entry in family.DEFINITIONS.items()}
