"""Training: models that compile, fit, evaluate, predict and are saved."""

from .callbacks import Callback, EarlyStopping
from .files import CorruptFileError
from .history import History
from .model import Model, Sequential, load_model

__all__ = [
    "Callback",
    "CorruptFileError",
    "EarlyStopping",
    "History",
    "Model",
    "Sequential",
    "load_model",
]
