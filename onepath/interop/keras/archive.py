"""The zip file that a Keras model is: two members, read within bounds and never unpacked."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...replacing import replace
from ..errors import CorruptFileError, UnsupportedLayerError

CONFIGURATION = "config.json"
WEIGHTS = "model.weights.h5"
METADATA = "metadata.json"

LARGEST_CONFIGURATION = 1 << 26
"""Bytes; Keras writes about 1000 for each layer."""

LARGEST_RATIO = 100
"""How many bytes one compressed byte may become; weights hardly shrink at all."""

LEGACY = b"\x89HDF"


def read_archive(path: Any) -> tuple[Any, bytes]:
    """Return the configuration and the file of weights in a ``.keras`` file.

    Raises
    ------
    CorruptFileError
        If it is no such file, or damaged: the checksums of both members are verified.
    OSError
        If it cannot be opened.
    ValueError
        If it is a model file of the older kind, ``.h5``.
    """
    with open(path, "rb") as file:
        if file.read(4) == LEGACY:
            raise UnsupportedLayerError(
                f"{path} is a model file of the older kind, HDF5 as a whole: open it in Keras, and "
                "save it as '.keras'"
            )
        with named(path), zipfile.ZipFile(file) as archive:
            text = _member(archive, CONFIGURATION, LARGEST_CONFIGURATION)
            weights = _member(archive, WEIGHTS, LARGEST_RATIO * Path(path).stat().st_size)
            return json.loads(text), weights


def write_archive(path: Any, configuration: Any, weights: bytes, version: str) -> None:
    """Write a ``.keras`` file; an older one is replaced when all is on the disk."""
    now = datetime.now(UTC)
    content = {
        METADATA: {"keras_version": version, "date_saved": f"{now:%Y-%m-%d@%H:%M:%S}"},
        CONFIGURATION: configuration,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, value in content.items():
            archive.writestr(name, json.dumps(value))
        archive.writestr(WEIGHTS, weights)
    replace(Path(path), buffer.getvalue())


@contextmanager
def named(path: Any) -> Iterator[None]:
    """Let what is raised name the file; what is not understood means that the file is damaged."""
    try:
        yield
    except ImportError:
        raise
    except (CorruptFileError, UnsupportedLayerError) as error:
        raise type(error)(f"{path}: {error}") from error.__cause__
    except Exception as error:
        raise CorruptFileError(f"{path} is no Keras model, or is damaged: {error!r}") from error


def _member(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Read a member, which is there once, of a size that is known before."""
    found = [info for info in archive.infolist() if info.filename == name]
    if len(found) != 1:
        raise CorruptFileError(f"{name!r} is there {len(found)} times, not once")
    (info,) = found
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise CorruptFileError(f"{name!r} is compressed by method {info.compress_type}")
    if info.file_size > min(largest, LARGEST_RATIO * max(info.compress_size, 1)):
        raise CorruptFileError(
            f"{name!r} claims {info.file_size} bytes, in {info.compress_size} compressed ones"
        )
    return archive.read(info)
