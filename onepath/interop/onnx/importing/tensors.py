"""ONNX's tensors as NumPy's arrays: what is stored must be what is declared."""

import math
from typing import Any

import numpy as np

from ...errors import CorruptFileError, UnsupportedLayerError

DTYPES = ("float32", "float64", "int32", "int64", "bool")
"""What layers, shapes and flags are made of."""


def array_of(onnx: Any, tensor: Any, place: str) -> Any:
    """Return a tensor's numbers; nothing larger than what is stored is ever made.

    Raises
    ------
    CorruptFileError
        If dimensions and stored bytes do not agree.
    UnsupportedLayerError
        If the numbers lie in another file, or are of a kind that no layer holds.
    """
    refuse_external(onnx, tensor, place)
    dtype = dtype_of(onnx, tensor.data_type)
    if dtype not in DTYPES:
        raise UnsupportedLayerError(
            f"{place}: the tensor {tensor.name!r} is of {dtype}; what can be read is "
            f"{', '.join(DTYPES)}"
        )
    shape = tuple(tensor.dims)
    field = onnx.helper.tensor_dtype_to_field(tensor.data_type)
    if tensor.HasField("raw_data"):
        stored = len(tensor.raw_data) / np.dtype(dtype).itemsize
    else:
        stored = len(getattr(tensor, field))
    if any(n < 0 for n in shape) or math.prod(shape) != stored:
        raise CorruptFileError(
            f"{place}: the tensor {tensor.name!r} declares shape {shape}, and {stored:g} numbers "
            "are stored"
        )
    try:
        return onnx.numpy_helper.to_array(tensor)
    except (
        ValueError
    ) as error:  # more axes than an array may have, or none of some astronomic length
        raise CorruptFileError(f"{place}: the tensor {tensor.name!r}: {error}") from None


def refuse_external(onnx: Any, tensor: Any, place: str) -> None:
    """Raise if a tensor's numbers are in another file."""
    if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise UnsupportedLayerError(
            f"{place}: the tensor {tensor.name!r} lies in another file, and none is read because a "
            "model names it: save the model with its weights inside"
        )


def dtype_of(onnx: Any, data_type: int) -> str:
    """Return NumPy's name of an element type, or what there is to say of one that it has not."""
    try:
        return str(onnx.helper.tensor_dtype_to_np_dtype(data_type))
    except KeyError:
        return f"element type {data_type}"
