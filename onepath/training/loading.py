"""Models out of files."""

from typing import Any

from .. import losses
from ..backends import Backend
from ..layers import deserialize
from .files import CorruptFileError, read
from .model import Model


def load_model(path: Any, device: str | Backend | None = None) -> Model:
    """Read a model that `Model.save` wrote.

    Layers of one's own must have been made known by `onepath.layers.register_layer`.

    Parameters
    ----------
    path : str or path-like
        The file.
    device : str or Backend, optional
        Where to put the model: on the CPU if left out.

    Returns
    -------
    Model
        Built, with the weights, and with the loss if there was one; `compile` it to go on training.

    Raises
    ------
    CorruptFileError
        If the file is damaged, or is no model file.
    FileNotFoundError
        If there is none.
    ImportError
        If safetensors is not installed.
    ValueError
        If it holds a layer whose class is not registered.
    """
    description, arrays = read(path)
    model = Model(deserialize(description["layer"]))
    model.build(description["input_shape"])
    places = model.arrays()
    if {k: (a.shape, a.dtype) for k, a in places.items()} != {
        k: (a.shape, a.dtype) for k, a in arrays.items()
    }:
        raise CorruptFileError(f"{path}: the weights do not fit the layers")
    for name, place in places.items():
        place[...] = arrays[name]
    if description["loss"] is not None:
        model.compile(loss=losses.deserialize(description["loss"]))
    return model if device is None else model.to(device)
