"""Optimizers: what is done to the parameters once their gradients are known.

Formulas, names and defaults are Keras 3's. In the docstrings ``w`` is a parameter, ``g`` its
gradient, ``lr`` the learning rate and ``t`` the number of the update, from 1 on. What
all have in common, as weight decay, clipping and moving averages, is in `Optimizer`.
"""

from .. import schedules
from .adam import Adam, Adamax, AdamW, Nadam
from .adaptive import Adadelta, Adagrad, RMSprop
from .ftrl import Ftrl
from .lion import Lion
from .loss_scaling import LossScaleOptimizer, scaling
from .optimizer import Optimizer
from .registry import OPTIMIZERS, get
from .sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lion",
    "LossScaleOptimizer",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "get",
    "scaling",
    "schedules",
]
