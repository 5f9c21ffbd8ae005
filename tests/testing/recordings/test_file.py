"""The file of a recording: what is written comes back, and damage is found."""

import io
import json
import os
import zipfile
from hashlib import sha256

import numpy as np
import pytest

from onepath.testing.recordings import file as recording_file
from onepath.testing.recordings.file import RecordingError

MANIFEST = {"origin": {"device": "cpu"}}
TREES = {
    "a": {"x": {"w": np.arange(6, dtype="float32").reshape(2, 3), "b": np.array(2.5)}},
    "b/c": {"n": np.array([1, -2, 3]), "f": np.array([[True]])},
}


@pytest.fixture
def path(tmp_path):
    """A small file."""
    recording_file.write(tmp_path / "f.npz", MANIFEST, TREES)
    return tmp_path / "f.npz"


def same(found, expected):
    """Compare trees of arrays: values, shapes, dtypes."""
    assert list(found) == list(expected)
    for name, part in expected.items():
        if isinstance(part, dict):
            same(found[name], part)
        else:
            assert found[name].dtype == part.dtype
            np.testing.assert_array_equal(found[name], part, strict=True)


def rewritten(path, change):
    """Write a file anew after a change of its entries, name by name."""
    with zipfile.ZipFile(path) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    entries = change(entries)
    with zipfile.ZipFile(path, "w") as file:
        for name, data in entries.items():
            file.writestr(name, data)


def npy(array):
    """An array as an entry has it."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, (2, 0))
    return stream.getvalue()


def with_manifest(entries, **changes):
    """The entries with a changed manifest, whose digest is right."""
    manifest = json.loads(str(np.load(io.BytesIO(entries["manifest.npy"]))))
    text = json.dumps(manifest | changes)
    digest = sha256(text.encode()).hexdigest()
    return entries | {"manifest.npy": npy(np.array(text)), "digest.npy": npy(np.array(digest))}


def refused(path, match):
    with pytest.raises(RecordingError, match=match):
        recording_file.read(path)


def test_what_is_written_comes_back(path):
    manifest, trees = recording_file.read(path)
    assert manifest == MANIFEST
    same(trees, TREES)
    trees["a"]["x"]["w"][0, 0] = 7  # memory of its own


def test_arrays_that_are_not_contiguous_come_back_right(tmp_path):
    array = np.arange(24.0).reshape(4, 6)
    trees = {"a": {"t": array.T, "s": array[:, ::2], "e": array[:0]}}
    recording_file.write(tmp_path / "f.npz", {}, trees)
    same(recording_file.read(tmp_path / "f.npz")[1], trees)


def test_many_arrays_come_back(tmp_path):
    trees = {"a": {f"a long name, number {n}": np.full(3, n) for n in range(3000)}}
    recording_file.write(tmp_path / "f.npz", {}, trees)
    same(recording_file.read(tmp_path / "f.npz")[1], trees)


def test_truncations_and_every_flipped_byte_are_found(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        refused(path, "f.npz is")
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        try:
            manifest, trees = recording_file.read(path)
        except RecordingError:
            continue
        # harmless where it is not refused: a date, or the system that an archive was made on
        assert manifest == MANIFEST
        same(trees, TREES)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda e: {k: v for k, v in e.items() if k != "b/c.npy"}, "'b/c' is missing"),
        (lambda e: e | {"d.npy": npy(np.zeros(1))}, "'d' was not written with the rest"),
        (lambda e: e | {"a.npy": npy(np.zeros(1))}, "'a' is not what was written"),
        (lambda e: e | {"digest.npy": npy(np.array("0"))}, "manifest is not what was written"),
        (lambda e: e | {"manifest.npy": npy(np.array("{}"))}, "manifest is not what was written"),
        (lambda e: {k: v for k, v in e.items() if k != "digest.npy"}, "it has no manifest"),
        (lambda e: e | {"a": e["a.npy"]}, "an entry is there twice"),
        (lambda e: with_manifest(e, format=2), "has format 2, .* reads 1: update onepath"),
        (lambda e: with_manifest(e, format=0), "has format 0, .* reads 1: record again"),
        (lambda e: with_manifest(e, format="x"), r"is no recording, or is damaged \(TypeError"),
        (lambda e: with_manifest(e, digests=[]), r"is no recording, or is damaged \(Attribute"),
    ],
)
def test_damage_is_named(path, change, match):
    rewritten(path, change)
    refused(path, match)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", r"is no recording, or is damaged \(BadZipFile"),
        (b"Dear diary", r"is no recording, or is damaged \(BadZipFile"),
        (npy(np.zeros(3)), r"is no recording, or is damaged \(BadZipFile"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path, data, match):
    (tmp_path / "f").write_bytes(data)
    refused(tmp_path / "f", match)


def test_another_npz_is_refused(tmp_path):
    np.savez(tmp_path / "f.npz", x=np.zeros(3))
    refused(tmp_path / "f.npz", "is no recording: it has no manifest")


def test_a_missing_file_is_told_as_such(tmp_path):
    with pytest.raises(FileNotFoundError):
        recording_file.read(tmp_path / "f.npz")


@pytest.fixture
def smuggled(path):
    """A function that puts other bytes in the place of an array, with all digests right."""

    def smuggled(data):
        def change(entries):
            entries["a.npy"] = data
            digests = {name: sha256(entries[f"{name}.npy"]).hexdigest() for name in TREES}
            return with_manifest(entries, digests=digests)

        rewritten(path, change)
        return path

    return smuggled


def test_what_is_smuggled_in_passes_the_digests(smuggled):
    packed = np.zeros((), [("x", "f8", (2,))])
    same(recording_file.read(smuggled(npy(packed)))[1]["a"], {"x": np.zeros(2)})


def test_objects_are_never_unpickled(smuggled):
    refused(smuggled(npy(np.array([{}, None]))), "is no recording, or is damaged .*object")


def test_a_header_that_claims_more_than_there_is_allocates_nothing(smuggled):
    data = npy(np.zeros(1))
    claim = data.replace(b"(1,), }" + b" " * 15, f"({10**15},), }}".encode())
    assert len(claim) == len(data)
    refused(smuggled(claim), rf"a header that declares float64 of shape \({10**15},\) does not fit")


def test_another_version_of_arrays_is_refused(smuggled):
    stream = io.BytesIO()
    np.save(stream, np.zeros(2))
    refused(smuggled(stream.getvalue()), "in another version of .npy than a recording has")


def test_what_a_file_declares_is_bounded(path, monkeypatch):
    monkeypatch.setattr(recording_file, "LARGEST", 3 << 8)
    refused(path, "declares 0 MiB, more than the 0 that a recording may have")
    with pytest.raises(ValueError, match="holds at most 0 MiB"):
        recording_file.write(path, {}, {"a": {"x": np.zeros(100)}})


def test_a_failed_write_leaves_the_older_file(path, monkeypatch):
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        recording_file.write(path, {}, {})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
