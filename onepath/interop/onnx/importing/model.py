"""ONNX models as layers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....training import Model
from ..package import onnx_package
from .assembly import Assembly
from .inputs import inputs_of
from .reading import checked, decoded
from .values import Value
from .wiring import wired


def load(path: Any, input_shape: Any = None, constants: Mapping[str, Any] | None = None) -> Model:
    """Read a model from an ONNX file, as layers that can be trained on.

    Files may come from anywhere: nothing in them is run, and no other file is opened.

    Parameters
    ----------
    path : str or path-like
        The file.
    input_shape : tuple of int, or one for each input, optional
        The shape of a sample, without the batch, where the file leaves it open.
    constants : dict of str to array, optional
        Values of inputs that are to be constants, as for files that take weights as inputs.

    Returns
    -------
    Model
        Built, on the CPU, with the weights: a `layers.Sequential` where each layer takes what the
        one before gives, or else a `layers.Graph`. It takes and gives batches first: an array that
        ONNX has as (time, batch, features) is (batch, time, features).

    Raises
    ------
    CorruptFileError
        If the file is damaged, or is no ONNX file.
    FileNotFoundError
        If there is none.
    ImportError
        If onnx is not installed.
    UnsupportedLayerError
        If there is something that no layer computes; operator and place are named.
    ValueError
        If a shape is missing or does not fit.
    """
    onnx = onnx_package()
    return from_onnx(decoded(onnx, Path(path).read_bytes(), path), input_shape, constants)


def from_onnx(
    model: Any, input_shape: Any = None, constants: Mapping[str, Any] | None = None
) -> Model:
    """Make layers of an ONNX model.

    Parameters
    ----------
    model : onnx.ModelProto
        The model; it is not changed.
    input_shape, constants
        As for `load`, as are result and errors.

    Returns
    -------
    Model
        See `load`.
    """
    onnx = onnx_package()
    opset = checked(onnx, model)
    values, batch = inputs_of(onnx, model.graph, input_shape, constants or {})
    given = [value for value in values.values() if isinstance(value, Value)]
    assembly = Assembly(onnx, model.graph, opset, values, batch)
    assembly.read()
    made = Model(wired(assembly, given))
    shapes: Any = tuple(value.shape for value in given)
    made.build(shapes if made.layer.several else shapes[0])
    return made
