"""Whole training steps: forward, loss, backward, and the step of plain gradient descent."""

from dataclasses import dataclass, replace
from typing import Literal

from . import networks
from .case import Array, Case, as_it_comes, draws, normal
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


PEERS = "torch", "keras", "jax"
"""Those that train whole networks."""


def cases(device: str) -> list[Case]:
    """Return the cases; the notebook's own code runs on the CPU alone, captured steps on CUDA."""
    if device == "cuda":
        return [_also(each, "torch_compiled") for each in (_NETWORK, *_CLASSIFIERS)]
    kernels = as_it_comes(device)
    return [
        _also(_NETWORK, "notebook", *kernels),
        _LAYER,
        *(_also(each, *kernels) for each in _CLASSIFIERS),
    ]


def _also(case: "TrainingCase", *peers: str) -> "TrainingCase":
    """The case against more peers."""
    return replace(case, peers=(*case.peers, *peers))


def classifier(
    name: str, network: Network, batch: int, input_shape: tuple[int, ...]
) -> TrainingCase:
    """Return steps of a network that tells ten classes apart.

    Parameters
    ----------
    name : str
        The network's.
    network : tuple
        Its layers.
    batch : int
        Samples in a step.
    input_shape : tuple of int
        Of one sample.

    Returns
    -------
    TrainingCase
        Against all peers that train.
    """
    return TrainingCase(
        name=f"{name}, N={batch}",
        peers=PEERS,
        network=network,
        batch=batch,
        input_shape=input_shape,
        output_shape=(10,),
    )


def lenet(batch: int) -> TrainingCase:
    """Return steps of LeNet-5 on images of MNIST's size."""
    return classifier("LeNet-5", networks.LENET, batch, (1, 28, 28))


def vgg(batch: int) -> TrainingCase:
    """Return steps of the VGG-like network on images of CIFAR's size."""
    return classifier("VGG for CIFAR", networks.VGG, batch, (3, 32, 32))


_NETWORK = TrainingCase(
    name="notebook's network, N=1",
    peers=PEERS,
    network=networks.NOTEBOOK,
    batch=1,
    input_shape=(1, 28, 28),
    output_shape=(2,),
    loss="binary_crossentropy",
    momentum=0.0,
)
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
_CLASSIFIERS = (
    *map(lenet, (1, 8, 32, 128)),
    *map(vgg, (32, 128)),
    classifier("ResNet-8", networks.RESNET8, 32, (3, 32, 32)),
    classifier("two 21x21, 8 channels", networks.LARGE_KERNELS, 8, (3, 64, 64)),
    classifier("MLP 784-512-256-10", networks.MLP, 128, (784,)),
    classifier("1-D, three layers", networks.SEQUENCE, 32, (4, 1024)),
)
