"""How long it takes until a library can be used, in a fresh interpreter."""

from dataclasses import dataclass

from . import training
from .case import Case
from .training import TrainingCase


@dataclass(frozen=True, kw_only=True)
class ImportCase(Case):
    """Starting Python and importing the library; nothing is computed."""

    kind = "fresh_import"


@dataclass(frozen=True, kw_only=True)
class FirstStepCase(Case):
    """Starting Python, importing the library, building a network and training one step.

    Attributes
    ----------
    training : TrainingCase
        The network and its batch.
    """

    kind = "first_step"
    training: TrainingCase


def cases(device: str) -> list[Case]:
    """Return the cases, the same for every device."""
    lenet = training.lenet(32)
    return [
        ImportCase(name="python -c 'import ...'", peers=("numpy", *training.PEERS)),
        FirstStepCase(
            name=f"import and first step of {lenet.name}", peers=training.PEERS, training=lenet
        ),
    ]
