import re
import zipfile

import numpy as np
import pytest

from onepath.datasets import npz


def refuses(path):
    """Expect an error that names the file."""
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        npz.read(path)
    return str(caught.value)


@pytest.fixture(params=[np.savez, np.savez_compressed], ids=["stored", "deflated"])
def whole(request, tmp_path, write_npz):
    """A good file's path and bytes."""
    path = write_npz(tmp_path / "tiny.npz", request.param)
    return path, path.read_bytes()


def test_arrays_are_read_as_they_are_stored(whole, same):
    assert same(npz.read(whole[0]))


def test_every_truncation_is_found(whole):
    path, data = whole
    for length in range(len(data)):
        path.write_bytes(data[:length])
        refuses(path)


def test_a_flipped_bit_is_found_or_harmless(whole, same):
    path, data = whole
    messages = []
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        try:
            assert same(npz.read(path))
        except ValueError as error:
            messages.append(str(error))
    assert all(str(path) in message for message in messages)
    assert len(messages) > len(data) / 2  # the rest are time stamps and sizes stored twice


def test_smaller_shapes_in_the_headers_are_found(tmp_path, write_npz):
    """Then bytes are left over, and whoever stops reading before them sees no checksum."""
    large = np.zeros((6, 64, 64), np.uint8)
    path = write_npz(tmp_path / "a.npz", x_train=large, x_test=large[:3])
    data = path.read_bytes()
    assert data.count(b"64, 64)") == 2
    path.write_bytes(data.replace(b"64, 64)", b"14, 64)"))
    assert "Bad CRC-32" in refuses(path)


def test_objects_are_refused_without_being_loaded(tmp_path, write_npz):
    class Loaded:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was loaded",))

    path = write_npz(tmp_path / "a.npz", y_test=np.array([Loaded()] * 3, object))
    assert "allow_pickle=False" in refuses(path)


def test_missing_array_is_told_with_what_is_there(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x_train=np.zeros(3), labels=np.zeros(3))
    assert "expected the arrays x_train, y_train, x_test, y_test; found: x_train, labels" in (
        refuses(path)
    )


def test_empty_archive(tmp_path):
    path = tmp_path / "a.npz"
    zipfile.ZipFile(path, "w").close()
    assert refuses(path).endswith("found: nothing")


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY\x01\x00"])
def test_another_kind_of_file(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    assert "not a whole .npz file" in refuses(path)


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"x_train": np.zeros((6, 4, 3))}, r"x_train: expected uint8.*got float64"),
        ({"x_test": np.zeros((3, 12), np.uint8)}, r"x_test: expected .*got uint8 of shape \(3, 12"),
        ({"x_test": np.zeros((3, 5, 3), np.uint8)}, r"differ in size: \(4, 3\).*\(5, 3\)"),
        ({"y_train": np.zeros(7, np.uint8)}, "6 images in .*x_train, but 7 labels in .*y_train"),
        ({"y_train": np.zeros(6)}, "y_train: expected integer labels.*got float64"),
        ({"y_test": np.zeros((3, 1), np.uint8)}, r"y_test: expected .* of shape \(3, 1\)"),
        ({"y_test": np.array([0, 1, -2])}, "y_test: .*from 0 to 255, got -2 at position 2"),
        ({"y_test": np.array([0, 256, 0])}, "y_test: .*from 0 to 255, got 256 at position 1"),
        ({"x_test": np.zeros((0, 4, 3), np.uint8), "y_test": np.zeros(0, np.uint8)}, "x_test: .*0"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, write_npz, others, message):
    assert re.search(message, refuses(write_npz(tmp_path / "a.npz", **others)))
