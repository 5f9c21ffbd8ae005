import gzip
import re
import struct

import numpy as np
import pytest

from onepath.datasets import idx


@pytest.fixture
def images(tmp_path, tiny, idx_bytes):
    """A small file of images: its path and its bytes."""
    data = idx_bytes(tiny[2])
    path = tmp_path / "images"
    path.write_bytes(data)
    return path, data


def refuses(path, axes=3):
    """Expect an error that names the file."""
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        idx.read(path, axes)
    return str(caught.value)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("joint", ["-", "."])
def test_folder_in_each_spelling(tmp_path, write_idx, same, joint, packed):
    assert same(idx.read_folder(write_idx(tmp_path, joint, packed)))


def test_unpacked_file_is_known_by_its_content(tmp_path, write_idx, same):
    write_idx(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(f"{path}.gz")
    assert same(idx.read_folder(tmp_path))


def test_folders_named_like_files_are_passed_over(tmp_path, write_idx, same):
    write_idx(tmp_path, joint=".")
    (tmp_path / "train-images-idx3-ubyte").mkdir()
    assert same(idx.read_folder(tmp_path))


def test_arrays_can_be_written_to(images):
    idx.read(images[0], 3)[0, 0, 0] = 5


@pytest.mark.parametrize("packed", [False, True])
def test_every_truncation_is_found(images, packed):
    path, data = images
    data = gzip.compress(data) if packed else data
    for length in range(len(data)):
        path.write_bytes(data[:length])
        refuses(path)


def test_bytes_too_many_are_found(images):
    path, data = images
    path.write_bytes(data + b"\0")
    assert "promises 3 x 4 x 3 bytes, and 37 follow" in refuses(path)


def test_every_flipped_bit_of_the_header_is_found(images):
    path, data = images
    for bit in range(16 * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        refuses(path)


def test_a_flipped_bit_in_gzip_is_found_or_harmless(images, tiny):
    path, data = images
    whole = gzip.compress(data)
    messages = []
    for bit in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            assert np.array_equal(idx.read(path, 3), tiny[2])
        except ValueError as error:
            messages.append(str(error))
    assert all(str(path) in message for message in messages)
    assert len(messages) > 0.8 * len(whole) * 8  # the header's time stamp and its like do no harm


@pytest.mark.parametrize(
    ("start", "axes", "message"),
    [
        (b"\0\0\x08\x01", 3, "images start with 0x00000803, this file with 0x00000801: .* labels"),
        (b"\0\0\x08\x03", 1, "labels start with 0x00000801, this file with 0x00000803: .* images"),
        (b"\0\0\x0d\x03", 3, "this file with 0x00000d03"),
    ],
)
def test_another_kind_of_file_is_told(images, start, axes, message):
    path, data = images
    path.write_bytes(start + data[4:])
    assert re.search(message, refuses(path, axes))


def test_impossible_lengths_take_no_memory(images):
    path, data = images
    path.write_bytes(data[:4] + struct.pack(">3I", *[2**32 - 1] * 3) + data[16:])
    assert "promises 4294967295 x 4294967295 x 4294967295 bytes" in refuses(path)


def test_missing_file_is_told_with_what_is_there(tmp_path, write_idx):
    write_idx(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").rename(tmp_path / "labels.bak")
    with pytest.raises(
        ValueError, match=r"no t10k-labels here.*t10k-labels-idx1-ubyte.*found: labels\.bak, t10k-"
    ):
        idx.read_folder(tmp_path)


def test_long_and_empty_folders_are_told_briefly(tmp_path):
    with pytest.raises(ValueError, match="found: nothing"):
        idx.read_folder(tmp_path)
    for number in range(13):
        (tmp_path / f"{number:02}.txt").touch()
    with pytest.raises(ValueError, match=r"found: 00\.txt.*09\.txt and 3 more$"):
        idx.read_folder(tmp_path)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (
            "train-labels-idx1-ubyte",
            np.zeros(5),
            r"6 images in .*images.*, but 5 labels in .*label",
        ),
        ("t10k-labels-idx1-ubyte", np.zeros(4), r"3 images in .*images.*, but 4 labels in .*label"),
        ("t10k-images-idx3-ubyte", np.zeros((3, 4, 4)), r"differ in size: \(4, 3\).*\(4, 4\)"),
        ("t10k-images-idx3-ubyte", np.zeros((3, 0, 3)), r"t10k-images.*of shape \(3, 0, 3\)"),
        (
            "train-labels-idx1-ubyte",
            np.array([0, 1, 2, 10, 1, 1]),
            r"train-labels.*labels go from 0 to 9, got 10 at position 3",
        ),
    ],
)
def test_files_that_do_not_fit_together(tmp_path, write_idx, idx_bytes, name, array, message):
    write_idx(tmp_path)
    (tmp_path / name).write_bytes(idx_bytes(array.astype(np.uint8)))
    with pytest.raises(ValueError, match=message):
        idx.read_folder(tmp_path)
