"""Files of weights: safetensors, which hold names, shapes and numbers, and no code."""

from pathlib import Path
from typing import Any

import numpy as np

from ...layers import Layer
from ...replacing import replace
from ...training import Model
from ..errors import CorruptFileError
from .states import built, state_dict, take

PICKLES = b"PK\x03\x04", b"\x80\x02\x8a"
"""What files by ``torch.save`` begin with, new and old ones."""

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8"}
"""How numbers lie in a file."""


def save(model: Model | Layer, path: Any, names: str = "names") -> None:
    """Write all weights to a safetensors file, as `state_dict` tells them.

    In PyTorch, ``net.load_state_dict(safetensors.torch.load_file(path))`` reads it.

    Parameters
    ----------
    model : Model or Layer
        A built network; it stays as it is, where it is.
    path : str or path-like
        The file, by custom named ``*.safetensors``. An older one is replaced when all is on disk.
    names : {"names", "positions"}, optional
        See `state_dict`.

    Raises
    ------
    ImportError
        If safetensors is not installed.
    RuntimeError, UnsupportedLayerError, ValueError
        As `state_dict` raises them.
    """
    library = _safetensors()
    replace(Path(path), library.numpy.save(state_dict(model, names), metadata={"format": "pt"}))


def load(model: Model | Layer, path: Any) -> None:
    """Give a network the weights in a safetensors file, as `load_state_dict` does.

    In PyTorch, ``safetensors.torch.save_file(net.state_dict(), path)`` writes it.

    Parameters
    ----------
    model : Model or Layer
        A built network, on any device.
    path : str or path-like
        The file; float64, float32, float16 and bfloat16 are read.

    Raises
    ------
    CorruptFileError
        If the file is damaged, or is none of safetensors.
    FileNotFoundError
        If there is none.
    ImportError
        If safetensors is not installed.
    RuntimeError, TypeError, UnsupportedLayerError, ValueError
        As `load_state_dict` raises them. After any error the network is as it was.
    """
    take(built(model), read(path), str(path))


def read(path: Any) -> dict[str, Any]:
    """Return the arrays in a safetensors file by name, in dtypes that NumPy has.

    Parameters and errors are those of `load`; a dtype that is not read is a TypeError.
    """
    library = _safetensors()
    data = Path(path).read_bytes()
    try:
        tensors = library.deserialize(data)
    except Exception as error:
        if data.startswith(PICKLES):
            raise CorruptFileError(
                f"{path} is a pickle, which may hold any code and is not opened here: write it "
                "again in PyTorch, by safetensors.torch.save_file(net.state_dict(), path)"
            ) from None
        raise CorruptFileError(
            f"{path} is no safetensors file, or is damaged: {error!r}"
        ) from error
    return {name: _array(name, tensor, path) for name, tensor in tensors}


def _array(name: str, tensor: dict[str, Any], path: Any) -> Any:
    dtype = tensor["dtype"]
    if dtype not in DTYPES:
        raise TypeError(f"{path}: {name!r} has the dtype {dtype}; allowed are {', '.join(DTYPES)}")
    array = np.frombuffer(tensor["data"], DTYPES[dtype]).reshape(tensor["shape"])
    # a bfloat16 is the upper half of a float32; NumPy knows none
    return (array.astype("<u4") << 16).view("<f4") if dtype == "BF16" else array


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "files of weights need safetensors, which is not installed: "
            "pip install 'onepath[train]'"
        ) from error
    return safetensors
