"""Optimizers: what is done to the parameters once their gradients are known.

Formulas, names and defaults are Keras 3's. In the docstrings ``w`` is a parameter, ``g`` its
gradient, ``lr`` the learning rate and ``t`` the number of the update, from 1 on.
"""

from .adaptive import Adam, AdamW, RMSprop
from .loss_scaling import LossScaleOptimizer, scaling
from .optimizer import Optimizer
from .registry import OPTIMIZERS, get
from .sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "LossScaleOptimizer",
    "Optimizer",
    "RMSprop",
    "get",
    "scaling",
]
