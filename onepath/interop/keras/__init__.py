"""Models in and out of Keras: its files without it, and its objects where it is installed.

>>> model = op.interop.keras.load("model.keras")
>>> op.interop.keras.save(model, "model.keras")
"""

from .files import load, save
from .live import from_keras, to_keras

__all__ = ["from_keras", "load", "save", "to_keras"]
