"""What the training loop and callbacks see of a model."""

from collections.abc import Sequence
from typing import Protocol

from ..backends import Array
from ..layers import Layer
from ..losses import Loss
from ..metrics import Metric
from ..optimizers import Optimizer


class Trainee(Protocol):
    """A compiled model, as far as training it goes; see `Model` for what each part is."""

    layer: Layer
    stop_training: bool
    seed: int
    epochs_begun: int

    @property
    def optimizer(self) -> Optimizer:
        """What changes the parameters."""

    @property
    def loss(self) -> Loss:
        """What is made small."""

    @property
    def metrics(self) -> Sequence[Metric]:
        """What is measured beside the loss."""

    def arrays(self) -> dict[str, Array]:
        """Parameters and state by name."""
