"""Keras's model files, without Keras."""

from collections.abc import Sequence
from typing import Any

from ...backends import Backend
from ...layers import Layer
from ...layers import Sequential as SequentialLayer
from ...layers.base import Shape
from ...training import Model, Sequential
from ..errors import UnsupportedLayerError
from .archive import named, read_archive, write_archive
from .channels import PLAIN, input_axes, moved_shape
from .compiling import compile_config, compile_from, unscaled
from .configuration import read_network
from .description import described
from .network import Network
from .placing import collected
from .reading import Reader
from .slots import GROUP, restore, state
from .weights import StoredWeights, h5py_package, write
from .writing import Writer

KERAS_VERSION = "3.5.0"
"""The version whose format is written."""


def load(
    path: Any,
    data_format: str | None = None,
    input_shape: Shape | Sequence[Shape] | None = None,
    device: str | Backend | None = None,
) -> Model:
    """Read a ``.keras`` file, for which Keras is not needed.

    Sequential and functional models of the layers in docs/interop.md can be read. Where loss and
    optimizer are known here, the model is compiled as it was, and the optimizer goes on where it
    was; if not, ``compile`` is up to the caller.

    A file is data: classes are looked up in a table, nothing is imported by a name in it, and
    nothing is unpacked. Sizes are checked before memory is taken.

    Parameters
    ----------
    path : str or path-like
        The file.
    data_format : {"channels_first"}, optional
        Keeps the file's if left out. "channels_first" moves channels to the front, of inputs that
        go to convolutions and the like, of all that is made of them, and of the rows of a `Dense`
        behind a `Flatten`.
    input_shape : tuple of int, or sequence of such, optional
        The shape of a sample, or of each input's, with the axes as in the file; needed where the
        file leaves a length open.
    device : str or Backend, optional
        Where to put the model: on the CPU if left out.

    Returns
    -------
    Model
        An `onepath.Sequential` for a stack of layers.

    Raises
    ------
    CorruptFileError
        If the file is damaged, or is no model file.
    ImportError
        If h5py is not installed.
    OSError
        If it cannot be opened.
    UnsupportedLayerError
        If there is a layer, or something about one, that is not known here; it is named, with its
        place in the model.
    """
    if data_format not in (None, "channels_first"):
        raise ValueError(f"data_format must be None or 'channels_first', got {data_format!r}")
    h5py_package()
    description, data = read_archive(path)
    with named(path):
        file = StoredWeights(data)
        network = read_network(description)
        reader = Reader(file)
        axes = input_axes(network) if data_format else dict.fromkeys(network.inputs, PLAIN)
        shapes = {
            name: moved_shape(shape, axes[name])
            for name, shape in _shapes(network, input_shape).items()
        }
        layer, _ = reader.network(network, shapes, axes)
        model = _model(layer)
        if compile_from(model, description.get("compile_config")):
            restore(model, unscaled(model.optimizer), reader.placed, file)
    return model if device is None else model.to(device)


def save(model: Model, path: Any) -> None:
    """Write a model as a ``.keras`` file, for which Keras is not needed.

    ``keras.models.load_model`` opens it, and goes on training if the model is compiled: with the
    same loss and optimizer, and with what that remembers.

    Parameters
    ----------
    model : Model
        What to write; it stays as it is, where it is. Its shapes are written as they were built,
        but for the batch's length.
    path : str or path-like
        The file, by custom named ``*.keras``. An older one is replaced when all is on disk.

    Raises
    ------
    ImportError
        If h5py is not installed.
    OSError
        If the file cannot be written; an older one is left as it was.
    RuntimeError
        If the model is not built.
    UnsupportedLayerError
        If there is a layer that Keras has not, or something about one.
    """
    if model.layer.input_shape is None:
        raise RuntimeError("the model is not built: call build(input_shape) or fit first")
    writer = Writer(model.layer)
    groups = collected(writer.placed)
    config = compile_config(model)
    if config:
        groups[GROUP] = state(model, unscaled(model.optimizer), writer.placed)
    data = write(groups, {each.group: each.layer.name for each in writer.placed})
    configuration = described(writer.network) | {"compile_config": config}
    write_archive(path, configuration, data, KERAS_VERSION)


def _model(layer: Layer) -> Model:
    """A layer as a model; a stack as the model of one."""
    if not isinstance(layer, SequentialLayer):
        return Model(layer)
    model = Sequential(layer.layers, name=layer.name)
    assert layer.input_shape is not None
    model.layer.build(layer.input_shape)
    return model


def _shapes(network: Network, given: Any) -> dict[str, Shape]:
    """The shape of each input's samples, as the file or the caller says."""
    shapes: dict[str, Any] = dict(network.inputs)
    if given is not None:
        several = [tuple(shape) for shape in given] if len(shapes) > 1 else [tuple(given)]
        for (name, shape), chosen in zip(shapes.items(), several, strict=True):
            open_or_equal = (n in (None, m) for n, m in zip(shape, chosen, strict=False))
            if len(shape) != len(chosen) or not all(open_or_equal):
                raise UnsupportedLayerError(
                    f"input {name!r} has shape {shape} in the file, which {chosen} does not fit"
                )
            shapes[name] = chosen
    for name, shape in shapes.items():
        if None in shape:
            raise UnsupportedLayerError(
                f"input {name!r} has shape {shape}, with open lengths: say what they are to be, as "
                "in load(path, input_shape=...)"
            )
    return shapes
