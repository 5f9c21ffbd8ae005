"""Recordings as files: one .npz of plain numbers, with a digest of everything in it.

NumPy alone reads one, too:

>>> numpy.load("cpu.npz")["Conv2D"]["float32"]["truth"]["forward"]  # doctest: +SKIP
"""

import json
import math
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ...replacing import replace

FORMAT = 1

LARGEST = 1 << 28
"""How many bytes of numbers a recording may hold, and how many a file may declare."""

RECORD_AGAIN = "record again: python -m onepath parity record --device DEVICE -o FILE"

Tree: TypeAlias = Mapping[str, Any]
"""Arrays, and trees of arrays, by name."""

_MANIFEST, _DIGEST = "manifest", "digest"
_LONGEST_HEADER = 1 << 20
_VERSION = 2, 0  # of .npy: the first one stops at 64 KiB of names


class RecordingError(ValueError):
    """A recording is damaged, stale, or none; the message says what was found and what mends it."""


def write(path: Any, manifest: Mapping[str, Any], trees: Mapping[str, Tree]) -> None:
    """Write a recording; an older one of that name is replaced only when all is on the disk.

    Parameters
    ----------
    path : str or path-like
        The file.
    manifest : dict
        What JSON can hold.
    trees : dict of str to dict
        The arrays, in dicts of dicts. What has a name here becomes one entry of the file.

    Raises
    ------
    OSError
        If the file cannot be written; an older one is left as it was.
    ValueError
        If there are too many numbers.
    """
    members = {name: _bytes_of(_packed(tree)) for name, tree in trees.items()}
    total = sum(map(len, members.values()))
    if total > LARGEST:
        raise ValueError(
            f"a recording holds at most {LARGEST >> 20} MiB, these are {total >> 20}: record "
            "smaller inputs"
        )
    digests = {name: sha256(data).hexdigest() for name, data in members.items()}
    text = json.dumps({"format": FORMAT, **manifest, "digests": digests})
    members[_MANIFEST] = _bytes_of(np.array(text))
    members[_DIGEST] = _bytes_of(np.array(_digest_of(text)))
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            # a ZipInfo has no time of its own, so that the same numbers give the same bytes
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), data, zipfile.ZIP_DEFLATED)
    replace(Path(path), archive.getvalue())


def read(path: Any) -> tuple[dict[str, Any], dict[str, Tree]]:
    """Read a recording and verify it.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    manifest : dict
        As it was given to `write`.
    trees : dict of str to dict
        As they were given to `write`.

    Raises
    ------
    FileNotFoundError
        If there is none.
    RecordingError
        If a byte that matters is not what was written, or the file is no recording.
    """
    data = Path(path).read_bytes()
    try:
        return _verified(_members(data))
    except RecordingError as error:
        raise RecordingError(f"{path} {error}") from None
    except Exception as error:
        raise RecordingError(
            f"{path} is no recording, or is damaged ({type(error).__name__}: {error}): "
            f"{RECORD_AGAIN}"
        ) from error


def _verified(members: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, Tree]]:
    """Manifest and arrays, if all is what was written."""
    if not {_MANIFEST, _DIGEST} <= members.keys():
        raise RecordingError("is no recording: it has no manifest")
    text = str(_array_of(members.pop(_MANIFEST)))
    if _digest_of(text) != str(_array_of(members.pop(_DIGEST))):
        raise RecordingError(f"is damaged: its manifest is not what was written. {RECORD_AGAIN}")
    manifest = json.loads(text)
    found = manifest.pop("format")
    if found != FORMAT:
        mend = "update onepath" if found > FORMAT else RECORD_AGAIN
        raise RecordingError(f"has format {found}, this version of onepath reads {FORMAT}: {mend}")
    digests = manifest.pop("digests")
    for name in digests.keys() - members.keys():
        raise RecordingError(f"is damaged: {name!r} is missing. {RECORD_AGAIN}")
    for name in members.keys() - digests.keys():
        raise RecordingError(f"is damaged: {name!r} was not written with the rest. {RECORD_AGAIN}")
    for name, data in members.items():
        if sha256(data).hexdigest() != digests[name]:
            raise RecordingError(f"is damaged: {name!r} is not what was written. {RECORD_AGAIN}")
    return manifest, {name: _unpacked(_array_of(data)) for name, data in members.items()}


def _members(data: bytes) -> dict[str, bytes]:
    """What a zip file holds, in its order, if that is not more than it may be."""
    with zipfile.ZipFile(BytesIO(data)) as file:
        declared = sum(entry.file_size for entry in file.infolist())
        if declared > LARGEST:
            raise RecordingError(
                f"declares {declared >> 20} MiB, more than the {LARGEST >> 20} that a recording "
                "may have"
            )
        names = [name.removesuffix(".npy") for name in file.namelist()]
        if len(set(names)) < len(names):
            raise RecordingError("is damaged: an entry is there twice")
        return {name: file.read(entry) for name, entry in zip(names, file.infolist(), strict=True)}


def _packed(tree: Tree) -> Any:
    """One array, with a field for each array and with fields of fields for each tree."""
    packed = np.zeros((), _kind(tree))
    _fill(packed, tree)
    return packed


def _kind(tree: Tree) -> list[tuple[Any, ...]]:
    return [
        (name, _kind(part)) if isinstance(part, Mapping) else (name, part.dtype, part.shape)
        for name, part in tree.items()
    ]


def _fill(packed: Any, tree: Tree) -> None:
    for name, part in tree.items():
        if isinstance(part, Mapping):
            _fill(packed[name], part)
        else:
            packed[name] = part


def _unpacked(packed: Any) -> Any:
    """The tree of a packed array; its arrays have memory of their own."""
    if packed.dtype.names is None:
        return packed.copy()
    return {name: _unpacked(packed[name]) for name in packed.dtype.names}


def _bytes_of(array: Any) -> bytes:
    """An array as a .npy file."""
    stream = BytesIO()
    np.lib.format.write_array(stream, array, _VERSION, allow_pickle=False)
    return stream.getvalue()


def _array_of(data: bytes) -> Any:
    """The array of a .npy file; nothing is allocated for what only its header claims."""
    stream = BytesIO(data)
    if np.lib.format.read_magic(stream) != _VERSION:
        raise ValueError("an array in another version of .npy than a recording has")
    shape, _, dtype = np.lib.format.read_array_header_2_0(stream, _LONGEST_HEADER)
    if math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise ValueError(f"a header that declares {dtype} of shape {shape} does not fit its array")
    return np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape)


def _digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()
