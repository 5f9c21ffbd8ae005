"""Losses by their names."""

from ..arguments import named
from .base import Loss
from .crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from .focal import BinaryFocalCrossentropy, CategoricalFocalCrossentropy
from .hinge import CategoricalHinge, Hinge, SquaredHinge
from .probabilistic import KLDivergence, Poisson
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
)

_SHORT: dict[str, type[Loss]] = {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
    "bce": BinaryCrossentropy,
    "kld": KLDivergence,
}
_ALL: tuple[type[Loss], ...] = (
    MeanSquaredError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    Huber,
    LogCosh,
    CosineSimilarity,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    KLDivergence,
    Poisson,
    Hinge,
    SquaredHinge,
    CategoricalHinge,
)

LOSSES: dict[str, type[Loss]] = {
    **_SHORT,
    **{loss.name: loss for loss in _ALL},
    **{short.upper(): loss for short, loss in _SHORT.items()},
    **{loss.__name__: loss for loss in _ALL},
}
"""Each loss by Keras's names for it: "mse", "mean_squared_error", "MSE", "MeanSquaredError"."""


def get(loss: str | Loss) -> Loss:
    """Return a loss by its name.

    Parameters
    ----------
    loss : str or Loss
        A key of `LOSSES`; a crossentropy by name takes probabilities. A loss is returned as it is.

    Returns
    -------
    Loss
        A new one for a name.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is neither.
    """
    return named("loss", loss, Loss, LOSSES)
