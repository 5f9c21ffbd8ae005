"""A damaged file is refused, or what was damaged did not matter: never other weights."""

import zipfile

import numpy as np
import pytest

from onepath.interop import CorruptFileError, UnsupportedLayerError
from onepath.interop.keras import load

from .handmade import dense_file, hdf5, input_layer, layer, sequential, write

REFUSED = CorruptFileError, UnsupportedLayerError

ROWS = np.arange(6, dtype="float32").reshape(3, 2)


def assert_refused_or_equal(path, expected):
    try:
        model = load(path)
    except REFUSED:
        return False
    np.testing.assert_array_equal(model.layer.parameters["d/kernel"], expected)
    return True


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_cut_is_found(path, compression):
    model = sequential(input_layer("x", 3), layer("Dense", "d", units=2, use_bias=False))
    whole = write(path, model, {"layers/dense": [ROWS]}, compression).read_bytes()
    for length in range(0, len(whole), 23):
        path.write_bytes(whole[:length])
        with pytest.raises(REFUSED, match=r"model\.keras"):
            load(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_flipped_bits_change_no_weight(path, rng, compression):
    model = sequential(input_layer("x", 3), layer("Dense", "d", units=2, use_bias=False))
    whole = write(path, model, {"layers/dense": [ROWS]}, compression).read_bytes()
    ends = 200  # names, sizes and places are at the end, and have no checksum
    places = {*rng.integers(0, len(whole), 200), *range(len(whole) - ends, len(whole))}
    loaded = 0
    for place in sorted(places):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        loaded += assert_refused_or_equal(path, ROWS)
    assert loaded < len(places) / 2
    assert [*path.parent.iterdir()] == [path]


def test_hdf5_that_is_damaged_under_a_right_checksum_is_refused(path, rng):
    """Whoever damages on purpose mends the checksum: an array may be another, nothing else is."""
    model = sequential(input_layer("x", 3), layer("Dense", "d", units=2, use_bias=False))
    whole = hdf5({"layers/dense": [ROWS]})
    for place in rng.integers(0, len(whole), 300):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        write(path, model, bytes(damaged))
        try:
            kernel = load(path).layer.parameters["d/kernel"]
        except REFUSED:
            continue
        assert (kernel.shape, kernel.dtype) == ((3, 2), np.float32)


def test_hdf5_that_is_cut_under_a_right_checksum_is_refused(path):
    model = sequential(input_layer("x", 3), layer("Dense", "d", units=2, use_bias=False))
    whole = hdf5({"layers/dense": [ROWS]})
    for length in range(0, len(whole), 97):
        write(path, model, whole[:length])
        with pytest.raises(REFUSED, match=r"model\.keras"):
            load(path)


def test_flipped_bits_in_the_description_are_refused_or_harmless(path, rng):
    dense_file(path)
    with zipfile.ZipFile(path) as archive:
        text, weights = archive.read("config.json"), archive.read("model.weights.h5")
    for place in rng.integers(0, len(text), 200):
        damaged = bytearray(text)
        damaged[place] ^= 1 << (place % 8)
        write(path, bytes(damaged), weights)
        try:
            parameters = load(path).layer.parameters
        except REFUSED:
            continue
        assert [a.shape for a in parameters.values()] == [(3, 2), (2,)]
