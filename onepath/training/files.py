"""Model files: one safetensors file with the weights, the configuration and a digest of each.

Nothing in a file is code: layers are made from a closed registry, and arrays are plain numbers.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..replacing import replace

FORMAT = 1


class CorruptFileError(ValueError):
    """A model file is damaged, or is none; the message says what was found."""


def write(path: Any, description: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write a model file; an older one of that name is replaced only when all is on the disk.

    Parameters
    ----------
    path : str or path-like
        The file.
    description : dict
        What JSON can hold.
    arrays : dict of str to numpy.ndarray
        The weights.

    Raises
    ------
    ImportError
        If safetensors is not installed.
    OSError
        If the file cannot be written; an older one is left as it was.
    """
    save = _safetensors().save
    # safetensors writes the memory as it lies: only C-contiguous arrays come back right
    tensors = {name: array.copy(order="C") for name, array in arrays.items()}
    text = json.dumps(
        {
            "format": FORMAT,
            "description": description,
            "digests": {name: _digest(array) for name, array in tensors.items()},
        }
    )
    data = save(tensors, metadata={"onepath": text, "digest": _text_digest(text)})
    replace(Path(path), data)


def read(path: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a model file and verify it.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    description : dict
        As it was given to `write`.
    arrays : dict of str to numpy.ndarray
        As they were given to `write`.

    Raises
    ------
    CorruptFileError
        If a byte that matters is not what was written, or the file is no model file.
    FileNotFoundError
        If there is none.
    ImportError
        If safetensors is not installed.
    """
    library = _safetensors()
    data = Path(path).read_bytes()
    try:
        tensors = library.load(data)
        length = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + length])["__metadata__"]
        text, digest = metadata["onepath"], metadata["digest"]
    except Exception as error:
        raise CorruptFileError(f"{path} is no model file, or is damaged: {error!r}") from error
    if _text_digest(text) != digest:
        raise CorruptFileError(f"{path} is damaged: its description is not what was written")
    content = json.loads(text)
    if content["format"] != FORMAT:
        raise CorruptFileError(
            f"{path} has format {content['format']}, this version of onepath reads {FORMAT}: "
            "update onepath"
        )
    if set(tensors) != set(content["digests"]):
        raise CorruptFileError(f"{path} is damaged: it does not hold the arrays it declares")
    for name, array in tensors.items():
        if _digest(array) != content["digests"][name]:
            raise CorruptFileError(f"{path} is damaged: {name!r} is not what was written")
    return content["description"], tensors


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "model files need safetensors, which is not installed: pip install 'onepath[train]'"
        ) from error
    return safetensors.numpy


def _digest(array: Any) -> str:
    kind = f"{array.dtype.str}{array.shape}".encode()
    return sha256(kind + array.tobytes()).hexdigest()


def _text_digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
