"""The one table of all that must compute the same everywhere: layers, engines, losses, optimizers.

Checks, recordings and the tests of the layers run on its entries. What is registered or exported
and has no entry here fails a test.
"""

from . import (
    activations,
    attention,
    augmentation,
    borders,
    composition,
    convolutions,
    dense,
    embedding,
    engines,
    global_pooling,
    losses,
    merging,
    normalization,
    notebook,
    optimizers,
    pooling,
    recurrent,
    regularization,
    separable_convolutions,
    shapes,
    transposed_convolutions,
    upsampling,
)
from .case import BATCH, Case

__all__ = [
    "BATCH",
    "Case",
    "cases",
    "engine_cases",
    "layer_cases",
    "loss_cases",
    "notebook_cases",
    "optimizer_cases",
]

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

engine_cases = engines.cases
loss_cases = losses.cases
notebook_cases = notebook.cases
optimizer_cases = optimizers.cases


def layer_cases() -> list[Case]:
    """Return each layer, in each way that it can be set up."""
    return [case for family in _FAMILIES for case in family.cases()]


def cases() -> list[Case]:
    """Return the whole table: layers, the notebook's too, engines, losses and optimizers."""
    return [
        *layer_cases(),
        *notebook_cases(),
        *engine_cases(),
        *loss_cases(),
        *optimizer_cases(),
    ]
