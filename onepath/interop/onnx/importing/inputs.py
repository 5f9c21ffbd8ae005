"""What a graph is given: samples of known shapes, and constants."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ....layers.base import Shape
from ...errors import UnsupportedLayerError
from .tensors import DTYPES, dtype_of
from .values import BATCH, Operand, Value, shown

RECURRENT = ("RNN", "GRU", "LSTM")


def inputs_of(
    onnx: Any, graph: Any, input_shape: Any, constants: Mapping[str, Any]
) -> tuple[dict[str, Operand], int]:
    """Return a graph's inputs by name, and the batch's length or what stands for it.

    Raises
    ------
    UnsupportedLayerError
        If an input is none that layers take.
    ValueError
        If a shape is missing or does not fit, or a constant is for no input.
    """
    stored = {tensor.name for tensor in graph.initializer}
    given = [each for each in graph.input if each.name not in stored]
    unknown = constants.keys() - {each.name for each in given}
    if unknown:
        raise ValueError(
            f"constants are for {sorted(unknown)}, the model has the inputs "
            f"{[each.name for each in given]}"
        )
    values: dict[str, Operand] = {name: np.asarray(array) for name, array in constants.items()}
    computed = [each for each in given if each.name not in constants]
    if not computed:
        raise UnsupportedLayerError("the model has no input")
    shapes = _shapes(computed, input_shape)
    batches = set()
    for each, shape in zip(computed, shapes, strict=True):
        batch = 1 if _is_time_major(graph, each.name) else 0
        values[each.name], length = _value(onnx, each, batch, shape)
        batches.add(length)
    known = batches - {BATCH}
    if len(known) > 1:
        raise UnsupportedLayerError(
            f"the inputs have batches of different lengths, {sorted(known)}"
        )
    return values, known.pop() if known else BATCH


def _shapes(computed: list[Any], input_shape: Any) -> list[Shape | None]:
    """The shapes of samples that the user gave, one for each input."""
    if input_shape is None:
        return [None] * len(computed)
    several = bool(input_shape) and not isinstance(input_shape[0], int)
    shapes = [tuple(shape) for shape in (input_shape if several else [input_shape])]
    if len(shapes) != len(computed):
        raise ValueError(
            f"input_shape has {len(shapes)} shapes, the model the inputs "
            f"{[each.name for each in computed]}"
        )
    return list(shapes)


def _value(onnx: Any, info: Any, batch: int, given: Shape | None) -> tuple[Value, int]:
    """An input as a value, and the batch's length."""
    place, tensor = f"the input {info.name!r}", info.type.tensor_type
    dtype = dtype_of(onnx, tensor.elem_type)
    if not info.type.HasField("tensor_type") or dtype not in DTYPES[:-1]:
        raise UnsupportedLayerError(f"{place} is of {dtype}; layers take {', '.join(DTYPES[:-1])}")
    dims = [d.dim_value if d.HasField("dim_value") else BATCH for d in tensor.shape.dim]
    if not tensor.HasField("shape"):
        raise UnsupportedLayerError(f"{place} says nothing of its shape")
    if len(dims) <= batch:
        raise UnsupportedLayerError(f"{place} has {len(dims)} axes, and none for the batch")
    length = dims.pop(batch)
    if given is not None:
        fits = len(given) == len(dims) and all(
            d in (BATCH, n) for d, n in zip(dims, given, strict=True)
        )
        if not fits:
            raise ValueError(f"{place}: input_shape is {given}, samples have {shown(dims)}")
        dims = list(given)
    if BATCH in dims:
        raise ValueError(
            f"{place} leaves open how large samples are: give input_shape, without the batch"
        )
    if any(d < 1 for d in dims):
        raise UnsupportedLayerError(f"{place} has samples of shape {tuple(dims)}, which is empty")
    return Value(info.name.replace("/", "."), tuple(dims), dtype, batch), length or BATCH


def _is_time_major(graph: Any, name: str) -> bool:
    """Whether an input goes straight into a recurrent operator that has time before the batch."""
    consumers = [node for node in graph.node if name in node.input]
    return bool(consumers) and all(
        node.op_type in RECURRENT
        and node.input[0] == name
        and not any(each.name == "layout" and each.i for each in node.attribute)
        for node in consumers
    )
