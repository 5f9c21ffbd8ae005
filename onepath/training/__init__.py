"""Training: models that compile, fit, evaluate, predict and are saved."""

from .callbacks import Callback, EarlyStopping, LearningRateScheduler, ReduceLROnPlateau
from .diagram import plot_model
from .files import CorruptFileError
from .history import History
from .loading import load_model
from .model import Model
from .sequential import Sequential

__all__ = [
    "Callback",
    "CorruptFileError",
    "EarlyStopping",
    "History",
    "LearningRateScheduler",
    "Model",
    "ReduceLROnPlateau",
    "Sequential",
    "load_model",
    "plot_model",
]
