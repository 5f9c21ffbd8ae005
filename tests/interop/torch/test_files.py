"""Files: those of PyTorch's users are read, ours are read there, and damage is found."""

import builtins
import json
import struct

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.interop import CorruptFileError
from onepath.interop.torch import load, save, state_dict


@pytest.mark.parametrize("names", ["names", "positions"])
def test_files_come_back(backend, net, path, names):
    net.to(backend)
    save(op.Model(net), path, names)
    state = state_dict(net)
    again = layers.Sequential.from_config(net.get_config())
    again.build((2, 4, 5), backend)
    load(op.Model(again), path)
    assert backend.owns(again.parameters["conv/kernel"])
    for name, array in state_dict(again).items():
        np.testing.assert_array_equal(array, state[name])


def test_pytorch_reads_ours(torch, net, path):
    from safetensors.torch import load_file

    save(net, path)
    state, read = state_dict(net), load_file(path)
    assert read.keys() == state.keys()
    for name, tensor in read.items():
        assert tensor.shape == state[name].shape
        np.testing.assert_array_equal(tensor.numpy(), state[name])
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        assert json.loads(file.read(length))["__metadata__"] == {"format": "pt"}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_ours_reads_pytorchs(torch, net, path, dtype):
    from safetensors.torch import save_file

    module = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, (2, 3)),
        torch.nn.BatchNorm2d(3),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Sequential(torch.nn.Linear(27, 4), torch.nn.Linear(4, 2)),
    ).to(getattr(torch, dtype))
    save_file(module.state_dict(), path)
    load(net, path)
    read = state_dict(net, "positions")
    for name, tensor in module.state_dict().items():
        np.testing.assert_array_equal(read[name], tensor.float().numpy())


def test_errors_name_the_file(net, path, unchanged):
    save(net.children[0], path)
    with (
        unchanged(net),
        pytest.raises(ValueError, match=r"model\.safetensors does not fit Sequent"),
    ):
        load(net, path)


def test_an_older_file_stays_if_the_new_one_cannot_be_written(net, path, monkeypatch):
    import os

    save(net, path)
    before = path.read_bytes()

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save(net, path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


# Damage


def test_every_truncation_is_found(net, path, unchanged):
    save(net, path)
    data = path.read_bytes()
    with unchanged(net):
        for length in {*range(0, 32), *range(32, len(data), 41), len(data) - 1}:
            path.write_bytes(data[:length])
            with pytest.raises(CorruptFileError, match="no safetensors file, or is damaged"):
                load(net, path)


def test_flipped_bits_in_the_header_do_no_harm(net, path, unchanged):
    """What the header then says is refused, or is the same network's, as in its metadata."""
    save(net, path)
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    rng, refused = np.random.default_rng(1), 0
    for place in rng.choice(8 + length, 300, replace=False):
        flipped = bytearray(data)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        with unchanged(net):
            try:
                load(net, path)
            except (CorruptFileError, TypeError, ValueError):
                refused += 1
    assert refused > 280


@pytest.mark.parametrize(
    "header",
    [
        {"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}},
        {"a": 5},
        [1],
    ],
)
def test_headers_that_lie(net, path, header):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
    with pytest.raises(
        CorruptFileError, match=r"model\.safetensors is no safetensors file, or is "
    ):
        load(net, path)


@pytest.mark.parametrize("dtype", ["I8", "U8", "BOOL"])
def test_dtypes_that_no_parameter_has(path, unchanged, dtype):
    dense = layers.Dense(1, use_bias=False)
    dense.build((4,))
    text = json.dumps({"weight": {"dtype": dtype, "shape": [1, 4], "data_offsets": [0, 4]}})
    path.write_bytes(struct.pack("<Q", len(text)) + text.encode() + bytes(4))
    with (
        unchanged(dense),
        pytest.raises(TypeError, match=f"'weight' has the dtype {dtype}; allowed"),
    ):
        load(dense, path)


@pytest.mark.parametrize(
    "start", [b"PK\x03\x04\x00\x00\x08\x08", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9"]
)
def test_pickles_are_not_opened(net, path, start):
    path.write_bytes(start + bytes(100))
    with pytest.raises(CorruptFileError, match=r"is a pickle.*safetensors\.torch\.save_file"):
        load(net, path)


def test_no_file(net, path):
    with pytest.raises(FileNotFoundError):
        load(net, path)


def test_safetensors_is_missing(net, path, monkeypatch):
    def refuse(name, *args, __import__=builtins.__import__, **kwargs):
        if name.startswith("safetensors"):
            raise ImportError(name)
        return __import__(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    for call in (save, load):
        with pytest.raises(ImportError, match=r"pip install 'onepath\[train\]'"):
            call(net, path)
