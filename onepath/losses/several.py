"""The losses of a network with several outputs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from ..arguments import number
from ..backends import Array
from .base import Loss, Mean
from .registry import get


class SeveralLosses(Loss):
    """A loss for each output; what is made small is their sum, each times its weight.

    Targets and predictions are tuples, and so are gradients. `Model.compile` makes one of what it
    is given.

    Parameters
    ----------
    losses : iterable of Loss
        In the order of the outputs.
    loss_weights : iterable of float, optional
        How much each counts: 1 if left out; at least 0.

    Raises
    ------
    TypeError, ValueError
        If a weight is no number or out of range, or there are not as many as losses.
    """

    name = "several"

    def __init__(self, losses: Iterable[Loss], loss_weights: Iterable[float] | None = None) -> None:
        self.losses = tuple(losses)
        given = [1.0] * len(self.losses) if loss_weights is None else loss_weights
        self.loss_weights = tuple(number("loss_weights", weight) for weight in given)
        if len(self.loss_weights) != len(self.losses):
            raise ValueError(
                f"there are {len(self.losses)} losses and {len(self.loss_weights)} weights of them"
            )

    def value_and_gradient(
        self, y_true: Array, y_pred: Array, sample_weight: Array | None = None
    ) -> tuple[Array, Array]:
        """Compute the sum, and the gradient with respect to each output."""
        total, gradients = 0.0, []
        for loss, weight, y, p in zip(self.losses, self.loss_weights, y_true, y_pred, strict=True):
            value, gradient = loss.value_and_gradient(y, p, sample_weight)
            plain = weight == 1
            total = total + (value if plain else weight * value)
            gradients.append(gradient if plain else weight * gradient)
        return total, tuple(gradients)

    def check(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> None:
        """Raise unless each loss can be computed."""
        for loss, y, p in zip(self.losses, y_true, y_pred, strict=True):
            loss.check(y, p, sample_weight)

    def check_targets(self, y_true: Array, output_shape: tuple[Any, ...]) -> None:
        """Raise unless these can be the targets of a network with such outputs."""
        for loss, y, shape in zip(self.losses, y_true, output_shape, strict=True):
            loss.check_targets(y, shape)

    def probabilities(self, y_pred: Array) -> Array:
        """Turn the predictions of each output into probabilities."""
        return tuple(loss.probabilities(p) for loss, p in zip(self.losses, y_pred, strict=True))

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        raise NotImplementedError("each output's loss evaluates its own")

    def get_config(self) -> dict[str, Any]:
        """Return the losses and their weights, as JSON can hold them."""
        weights = list(self.loss_weights)
        return {"losses": [serialize(loss) for loss in self.losses], "loss_weights": weights}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the losses again."""
        losses = [deserialize(loss) for loss in config.get("losses", ())]
        return super().from_config({**config, "losses": losses})


def serialize(loss: Loss) -> list[Any]:
    """Return name and configuration of a loss, as JSON can hold them."""
    return [loss.name, loss.get_config()]


def deserialize(description: Sequence[Any]) -> Loss:
    """Make a loss from what `serialize` returned.

    Raises
    ------
    ValueError
        If the name is unknown, or an argument is.
    """
    name, config = description
    if name == SeveralLosses.name:
        return SeveralLosses.from_config(config)
    return type(get(name)).from_config(config)
