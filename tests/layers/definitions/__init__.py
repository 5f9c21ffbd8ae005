"""What each layer must compute, in float64, as loops that know nothing of onepath."""

from . import (
    activations,
    attention,
    augmentation,
    borders,
    composition,
    convolutions,
    dense,
    embedding,
    global_pooling,
    merging,
    normalization,
    pooling,
    recurrent,
    regularization,
    separable_convolutions,
    shapes,
    transposed_convolutions,
    upsampling,
)

_FAMILIES = (
    convolutions,
    transposed_convolutions,
    separable_convolutions,
    dense,
    activations,
    pooling,
    global_pooling,
    upsampling,
    borders,
    normalization,
    regularization,
    augmentation,
    shapes,
    merging,
    attention,
    embedding,
    recurrent,
    composition,
)

DEFINITIONS = {name: entry for family in _FAMILIES for name, entry in family.DEFINITIONS.items()}
