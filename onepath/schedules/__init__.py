"""Learning rates that change from step to step, by Keras's names.

Formulas, names and defaults are Keras 3's; `OneCycle` is PyTorch's ``OneCycleLR``. A schedule is
given to an optimizer in place of a number. It is a function of the step's number, from 0 on,
computed on the host in Python's floats: the same on every device, and no step is captured anew.
"""

from .cosine import CosineDecay, CosineDecayRestarts
from .cycles import OneCycle
from .decays import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from .registry import SCHEDULES, check_rate, register_schedule
from .schedule import LearningRateSchedule, Rate
from .warming import WarmUp

__all__ = [
    "SCHEDULES",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "Rate",
    "WarmUp",
    "check_rate",
    "register_schedule",
]
