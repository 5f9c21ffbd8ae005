"""Models of a Keras that is installed, by way of its file format."""

import tempfile
from pathlib import Path
from typing import Any

from ...backends import Backend
from ...training import Model
from .files import load, save

FILE = "model.keras"


def from_keras(
    model: Any,
    data_format: str | None = None,
    input_shape: Any = None,
    device: str | Backend | None = None,
) -> Model:
    """Return our model for one of Keras's; nothing is shared by the two.

    Parameters
    ----------
    model : keras.Model
        A sequential or functional model.
    data_format, input_shape, device
        As for `load`, whose result and errors these are.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        model.save(path)
        return load(path, data_format, input_shape, device)


def to_keras(model: Model) -> Any:
    """Return Keras's model for one of ours; nothing is shared by the two.

    Parameters
    ----------
    model : Model
        As for `save`, whose errors these are.

    Returns
    -------
    keras.Model
        Compiled if ours is.

    Raises
    ------
    ImportError
        If Keras is not installed.
    """
    try:
        import keras
    except ImportError as error:
        raise ImportError(
            "to_keras needs Keras, which is not installed: pip install 'onepath[keras]'"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        save(model, path)
        return keras.models.load_model(path)
