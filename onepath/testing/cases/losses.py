"""Losses."""

from typing import Any

from ...backends import get_backend
from ...layers.base import Shape
from ...losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Crossentropy,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from ..losses import LossLayer
from .case import Case


def cases() -> list[Case]:
    """Return each loss; crossentropies of probabilities and of logits."""
    # targets that each dtype has exactly
    numbers = [[0.5, -2.0, 0.0, 3.0], [1.0, 0.25, -1.5, 8.0], [-0.125, 40.0, 0.75, -6.0]]
    shares = [[0.0, 1.0, 0.25, 1.0], [1.0, 0.0, 0.0, 0.5], [0.875, 0.0, 1.0, 0.0]]
    distributions = [[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.125, 0.25, 0.5, 0.125]]
    labels = [[2, 0], [3, 3], [1, 2]]
    return [
        _loss_case(MeanSquaredError(), numbers, (4,)),
        _loss_case(MeanAbsoluteError(), numbers, (4,)),
        _loss_case(BinaryCrossentropy(), shares, (4,)),
        _loss_case(BinaryCrossentropy(from_logits=True), shares, (4,)),
        _loss_case(CategoricalCrossentropy(), distributions, (4,)),
        _loss_case(CategoricalCrossentropy(from_logits=True), distributions, (4,)),
        _loss_case(SparseCategoricalCrossentropy(), labels, (2, 4)),
        _loss_case(SparseCategoricalCrossentropy(from_logits=True), labels, (2, 4)),
    ]


def _loss_case(loss: Loss, y_true: list[Any], shape: Shape) -> Case:
    """A loss of a batch of predictions; those from which a logarithm is taken are probabilities."""
    logarithm = isinstance(loss, Crossentropy) and not loss.from_logits
    return Case(
        repr(loss),
        lambda dtype: LossLayer(loss, get_backend("cpu").asarray(y_true)),
        shape,
        values="probabilities" if logarithm else "normal",
    )
