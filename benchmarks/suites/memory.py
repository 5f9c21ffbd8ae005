"""How much memory it takes to train, from the start of a fresh interpreter."""

from dataclasses import dataclass

from . import training
from .case import MEGABYTES, Case
from .training import TrainingCase

STEPS = 4
"""By the second, all is there that any further one needs."""


@dataclass(frozen=True, kw_only=True)
class MemoryCase(Case):
    """Starting Python, importing the library, building a network and training some steps.

    Attributes
    ----------
    training : TrainingCase
        The network and its batch.
    steps : int
        How many.
    """

    kind = "memory"
    unit = MEGABYTES
    training: TrainingCase
    steps: int = STEPS


def cases(device: str) -> list[Case]:
    """Return the cases: on CUDA, against the one peer that tells what it takes of the GPU."""
    peers = training.PEERS if device == "cpu" else ("torch",)
    return [
        MemoryCase(name=each.name, peers=peers, training=each)
        for each in (training.lenet(128), training.vgg(128))
    ]
