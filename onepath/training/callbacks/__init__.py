"""What may look on, and step in, while a model is trained."""

from .callback import Callback, Logs
from .monitor import Monitor
from .rates import LearningRateScheduler, ReduceLROnPlateau
from .stopping import EarlyStopping

__all__ = [
    "Callback",
    "EarlyStopping",
    "LearningRateScheduler",
    "Logs",
    "Monitor",
    "ReduceLROnPlateau",
]
