"""Whole training steps: forward, loss, backward, and the step of plain gradient descent."""

from dataclasses import dataclass
from typing import Literal

from . import networks
from .case import Array, Case, draws, normal
from .networks import Network


@dataclass(frozen=True, kw_only=True)
class TrainingCase(Case):
    """Steps of gradient descent on one batch, over and over.

    Attributes
    ----------
    network : tuple
        The layers.
    batch : int
        Samples in a step.
    input_shape, output_shape : tuple of int
        Shapes of one sample.
    loss : str
        ``"crossentropy"`` of logits with integer labels, ``"binary_crossentropy"`` of
        probabilities, or ``"mean_squared_error"``; a mean over all elements.
    learning_rate, momentum : float
        The optimizer's.
    tolerance : float
        Wider than elsewhere: where rounding takes an activation over the kink of ReLU, one sample's
        gradient enters or does not.
    """

    kind = "training"
    network: Network
    batch: int
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    loss: Literal["crossentropy", "binary_crossentropy", "mean_squared_error"] = "crossentropy"
    learning_rate: float = 0.01
    momentum: float = 0.9
    tolerance: float = 1e-2

    def inputs(self) -> tuple[Array, Array]:
        """Return the batch and its targets."""
        rng = draws()
        x = normal(rng, (self.batch, *self.input_shape))
        if self.loss == "crossentropy":
            return x, rng.integers(self.output_shape[0], size=self.batch)
        return x, rng.random((self.batch, *self.output_shape), dtype="float32")


def cases(device: str) -> list[Case]:
    """Return the cases; the notebook's own code runs on the CPU alone."""
    return [
        TrainingCase(
            name="notebook's network, N=1",
            peers=("torch", "notebook") if device == "cpu" else ("torch",),
            network=networks.NOTEBOOK,
            batch=1,
            input_shape=(1, 28, 28),
            output_shape=(2,),
            loss="binary_crossentropy",
            momentum=0.0,
        ),
        *([_LAYER] if device == "cpu" else []),
        *(_classifier("LeNet-5", networks.LENET, n, (1, 28, 28)) for n in (1, 8, 32, 128)),
        _classifier("VGG for CIFAR", networks.VGG, 32, (3, 32, 32)),
        _classifier("ResNet-8", networks.RESNET8, 32, (3, 32, 32)),
        _classifier("MLP 784-512-256-10", networks.MLP, 128, (784,)),
        _classifier("1-D, three layers", networks.SEQUENCE, 32, (4, 1024)),
    ]


_LAYER = TrainingCase(
    name="notebook's layer, 32 to 64, N=1",
    peers=("notebook",),
    network=networks.NOTEBOOK_LAYER,
    batch=1,
    input_shape=(32, 14, 14),
    output_shape=(64, 12, 12),
    loss="mean_squared_error",
    momentum=0.0,
)


def _classifier(
    name: str, network: Network, batch: int, input_shape: tuple[int, ...]
) -> TrainingCase:
    """Ten classes, against PyTorch."""
    return TrainingCase(
        name=f"{name}, N={batch}",
        peers=("torch",),
        network=network,
        batch=batch,
        input_shape=input_shape,
        output_shape=(10,),
    )
