"""Losses."""

from typing import Any

from ...backends import get_backend
from ...layers.base import Shape
from ...losses import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Crossentropy,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    Loss,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from ..losses import LossLayer
from .case import Case


def cases() -> list[Case]:
    """Return each loss; crossentropies of probabilities and of logits, and each option."""
    # targets that each dtype has exactly
    numbers = [[0.5, -2.0, 0.0, 3.0], [1.0, 0.25, -1.5, 8.0], [-0.125, 40.0, 0.75, -6.0]]
    shares = [[0.0, 1.0, 0.25, 1.0], [1.0, 0.0, 0.0, 0.5], [0.875, 0.0, 1.0, 0.0]]
    distributions = [[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.125, 0.25, 0.5, 0.125]]
    labels = [[2, 0], [3, 3], [1, 2]]
    bits = [[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]]
    one_hot = [[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
    positive = [[0.5, 2.0, 1.0, 3.0], [1.0, 0.25, 4.0, 8.0], [0.125, 40.0, 0.75, 6.0]]
    return [
        _loss_case(MeanSquaredError(), numbers, (4,)),
        _loss_case(MeanAbsoluteError(), numbers, (4,)),
        _loss_case(BinaryCrossentropy(), shares, (4,)),
        _loss_case(BinaryCrossentropy(from_logits=True), shares, (4,)),
        _loss_case(CategoricalCrossentropy(), distributions, (4,)),
        _loss_case(CategoricalCrossentropy(from_logits=True), distributions, (4,)),
        _loss_case(SparseCategoricalCrossentropy(), labels, (2, 4)),
        _loss_case(SparseCategoricalCrossentropy(from_logits=True), labels, (2, 4)),
        _loss_case(BinaryCrossentropy(from_logits=True, label_smoothing=0.25), shares, (4,)),
        _loss_case(CategoricalCrossentropy(label_smoothing=0.25), one_hot, (4,)),
        _loss_case(SparseCategoricalCrossentropy(True, label_smoothing=0.25), labels, (2, 4)),
        _loss_case(BinaryFocalCrossentropy(), shares, (4,)),
        _loss_case(BinaryFocalCrossentropy(True, 0.75, 1.5, from_logits=True), bits, (4,)),
        _loss_case(CategoricalFocalCrossentropy(), distributions, (4,)),
        _loss_case(CategoricalFocalCrossentropy(0.5, 1.5, True), distributions, (4,)),
        _loss_case(MeanAbsolutePercentageError(), positive, (4,)),
        _loss_case(MeanSquaredLogarithmicError(), positive, (4,)),
        _loss_case(Huber(), numbers, (4,)),
        _loss_case(Huber(delta=2.5), numbers, (4,)),
        _loss_case(LogCosh(), numbers, (4,)),
        _loss_case(CosineSimilarity(), numbers, (4,)),
        _loss_case(KLDivergence(), distributions, (4,)),
        _loss_case(Poisson(), positive, (4,)),
        _loss_case(Hinge(), bits, (4,)),
        _loss_case(SquaredHinge(), bits, (4,)),
        _loss_case(CategoricalHinge(), one_hot, (4,)),
    ]


LOGARITHMS = (KLDivergence, MeanSquaredLogarithmicError, Poisson)
"""Losses beside the crossentropies that take logarithms of what is predicted."""


def _loss_case(loss: Loss, y_true: list[Any], shape: Shape) -> Case:
    """A loss of a batch of predictions; those from which a logarithm is taken are probabilities."""
    logarithm = isinstance(loss, LOGARITHMS)
    if isinstance(loss, Crossentropy):
        logarithm = not loss.from_logits
    return Case(
        repr(loss),
        lambda dtype: LossLayer(loss, get_backend("cpu").asarray(y_true)),
        shape,
        values="probabilities" if logarithm else "normal",
    )
