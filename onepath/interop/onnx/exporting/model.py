"""Layers as ONNX models."""

from pathlib import Path
from typing import Any

import numpy as np

from ....layers import Graph, Layer
from ....layers.composition import leaves
from ....layers.several import listed
from ....replacing import replace
from ....training import Model
from ....version import __version__
from ..package import IR_VERSION, OPSET, onnx_package
from .writer import Writer


def save(model: Model | Layer, path: Any, input_shape: Any = None) -> None:
    """Write a model, as it computes after training, to an ONNX file.

    Parameters
    ----------
    model : Model or Layer
        What to write; it stays as it is, where it is.
    path : str or path-like
        The file, by custom named ``*.onnx``. An older one is replaced when all is on disk.
    input_shape : tuple of int, optional
        The shape of a sample, without the batch; that which the layer was built for if left out.

    Raises
    ------
    ImportError
        If onnx is not installed.
    UnsupportedLayerError
        If there is a layer that ONNX cannot say; it is named, with its place.
    ValueError
        If the shape is not known, does not fit, or the file would be larger than ONNX allows.
    """
    replace(Path(path), to_onnx(model, input_shape).SerializeToString())


def to_onnx(model: Model | Layer, input_shape: Any = None) -> Any:
    """Describe a model, as it computes after training, in ONNX's words.

    The batch may have any length. Inputs and weights are float32, or float64 where the layers'
    are. Parameters, result aside, and errors are those of `save`.

    Returns
    -------
    onnx.ModelProto
        Checked. Weights have the names that `Layer.parameters` gives them.
    """
    onnx = onnx_package()
    layer = model.layer if isinstance(model, Model) else model
    shape = _built_for(layer, input_shape)
    writer = Writer(onnx)
    x = _inputs(writer, layer, len(shape))
    y = writer.layer(layer, x if layer.several else x[0], shape)
    result = onnx.helper.make_model(
        _graph(writer, layer, x, listed(y), shape),
        producer_name="onepath",
        producer_version=__version__,
        ir_version=IR_VERSION,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
    )
    if result.ByteSize() >= onnx.checker.MAXIMUM_PROTOBUF:
        raise ValueError(
            f"the model takes {result.ByteSize()} bytes, an ONNX file holds at most "
            f"{onnx.checker.MAXIMUM_PROTOBUF}: Model.save writes larger ones"
        )
    onnx.checker.check_model(result, full_check=True)
    return result


def _built_for(layer: Layer, input_shape: Any) -> Any:
    """The shape of a sample; a layer that was not built is."""
    if input_shape is None:
        if layer.input_shape is None:
            raise ValueError(
                f"{layer.title} does not know the shape of its input: give input_shape, without "
                "the batch, or build the model first"
            )
        return layer.input_shape
    layer.build(input_shape)
    return tuple(map(tuple, input_shape)) if layer.several else tuple(input_shape)


def _inputs(writer: Writer, layer: Layer, count: int) -> tuple[str, ...]:
    """Name the inputs; they have the dtype of the first layer that has one."""
    names = layer.inputs if isinstance(layer, Graph) else None
    dtype = next((each.variable_dtype for each in leaves(layer) if each.dtype), "float32")
    if names is None:
        names = tuple(f"input_{n}" for n in range(count)) if layer.several else ("input",)
    for name in names:
        writer.dtypes[name] = "int64" if _takes_indices(layer, name) else str(dtype)
    return names


def _takes_indices(layer: Layer, name: str) -> bool:
    """Whether an input goes where whole numbers are taken, and nowhere else."""
    if not isinstance(layer, Graph):
        return layer.indices
    return all(node.indices for node, sources in layer.nodes.values() if name in sources)


def _graph(writer: Writer, layer: Layer, x: tuple[str, ...], y: tuple[str, ...], shape: Any) -> Any:
    """The nodes that count, with inputs and outputs of any batch length."""
    y = tuple(writer.node("Identity", name) if name in x else name for name in y)

    def described(names: tuple[str, ...], shapes: Any) -> list[Any]:
        return [
            writer.onnx.helper.make_tensor_value_info(
                name,
                writer.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(writer.dtypes[name])),
                ("batch", *sample),
            )
            for name, sample in zip(names, shapes, strict=True)
        ]

    result = layer.compute_output_shape(shape)
    nodes = writer.needed(y)
    used = {name for node in nodes for name in node.input}
    return writer.onnx.helper.make_graph(
        nodes,
        layer.name,
        described(x, shape if layer.several else [shape]),
        described(y, result if len(y) > 1 else [result]),
        [tensor for name, tensor in writer.initializers.items() if name in used],
    )
