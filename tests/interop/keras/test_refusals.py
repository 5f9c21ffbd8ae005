"""A file is data: what else it may ask for is refused, by the layer's name or as damage."""

import io
import json
import zipfile

import numpy as np
import pytest

from onepath.interop import CorruptFileError, UnsupportedLayerError
from onepath.interop.keras import load

from .handmade import (
    called,
    dense_file,
    described,
    functional,
    h5py,
    hdf5,
    input_layer,
    layer,
    sequential,
    write,
)

ROWS = np.ones((3, 2), dtype="float32")
SHIFT = np.ones(2, dtype="float32")
DENSE = {"layers/dense": [ROWS, SHIFT]}


def stack(*layers):
    return sequential(input_layer("x", 3), *layers)


def dense(name="d", **options):
    return layer("Dense", name, units=2, **options)


def tensor(name, node=0, index=0):
    config = {"shape": [None, 3], "dtype": "float32", "keras_history": [name, node, index]}
    return {"class_name": "__keras_tensor__", "config": config}


def wired(node, **call):
    """A functional model of one layer, called in an odd way."""
    node = {**node, "name": node["config"]["name"], "inbound_nodes": [{"args": [], **call}]}
    return functional([called(input_layer("x", 3)), node], ["x"], [node["name"]])


UNSUPPORTED = {
    "a class that is not in the table": (
        stack(layer("Lambda", "evil", function={"class_name": "__lambda__", "config": {}})),
        "Lambda 'evil': a layer of this class cannot be read",
    ),
    "a class of another module": (
        stack(described("system", {"name": "evil"}, "os")),
        "layer 1 of the model is a 'system' of 'os'",
    ),
    "a class that is registered": (
        stack(described("Dense", {"name": "evil"}, "keras.layers", "mine>Dense")),
        "registered as 'mine>Dense': only Keras's own",
    ),
    "a class of no module": (
        stack({"class_name": "Dense", "config": {"name": "evil"}}),
        "'Dense' of no module",
    ),
    "a model of its own class": (described("Mine", {}, "keras"), "the model is a 'Mine'"),
    "a module beside Keras": (
        stack(described("Dense", {"name": "evil"}, "keras_evil.layers")),
        "of 'keras_evil.layers'",
    ),
    "an option of consequence": (
        stack(dense(kernel_constraint={"class_name": "MaxNorm"})),
        "Dense 'd': kernel_constraint=.* has no counterpart",
    ),
    "an activation of one's own": (
        stack(dense(activation={"class_name": "function", "config": "mine"})),
        "Dense 'd': activation",
    ),
    "an option that is refused here": (
        stack(layer("Dense", "d", units=-2)),
        "Dense 'd': units must be at least 1, got -2",
    ),
    "an option of another type": (stack(layer("Dense", "d", units="2")), "units must be an int"),
    "a missing option": (stack(layer("Dense", "d")), "'units'"),
    "a dtype that rounds": (
        stack(described("Dense", {"name": "d", "units": 2, "dtype": "bfloat16"})),
        "dtype='bfloat16' is none of",
    ),
    "layers without an input": (sequential(dense()), "the model has 0 inputs"),
    "a layer that is called twice": (
        functional(
            [
                called(input_layer("x", 2)),
                {**called(dense("d"), "x"), "inbound_nodes": [{"args": [], "kwargs": {}}] * 2},
            ],
            ["x"],
            ["d"],
        ),
        "Dense 'd' in the model is called 2 times",
    ),
    "a second output": (wired(dense(), args=[tensor("x", 0, 1)], kwargs={}), "several outputs"),
    "a second call": (wired(dense(), args=[tensor("x", 2, 0)], kwargs={}), "more than once"),
    "a mask": (
        wired(dense(), args=[tensor("x")], kwargs={"mask": tensor("x")}),
        "Dense 'd': it is called with {'mask'",
    ),
    "several inputs for one": (
        functional(
            [called(input_layer("x", 3)), called(dense(), "x", "x")],
            ["x"],
            ["d"],
        ),
        "Dense 'd': it is called with 2 arrays",
    ),
}


@pytest.mark.parametrize(("model", "message"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_is_not_known_is_named(path, model, message):
    with pytest.raises(UnsupportedLayerError, match=message) as raised:
        load(write(path, model, DENSE))
    assert str(raised.value).startswith(f"{path}: ")


def deep(depth):
    model = sequential(input_layer("x", 3), dense())
    for n in range(depth):
        model = sequential(
            input_layer("x", 3), {**model, "config": {**model["config"]}}, name=f"{n}"
        )
    return model


CORRUPT_MODELS = {
    "not JSON": b"{",
    "not text": b"\xff\xfe",
    "JSON that is too deep": b"[" * 200_000,
    "a number that is too long": b'{"class_name": ' + b"9" * 10_000 + b"}",
    "no description": b"[]",
    "no layers": described("Sequential", {"name": "s"}, "keras"),
    "layers that are none": sequential(3),
    "no name": stack(described("Dense", {"units": 2})),
    "a shape of words": sequential(input_layer("x", "3"), dense()),
    "a negative length": sequential(input_layer("x", -3), dense()),
    "a source that is not there": functional(
        [called(input_layer("x", 3)), called(dense(), "nobody")], ["x"], ["d"]
    ),
    "a circle": functional(
        [
            called(input_layer("x", 3)),
            called(layer("Add", "a"), "x", "b"),
            called(layer("Add", "b"), "x", "a"),
        ],
        ["x"],
        ["b"],
    ),
    "no source": functional([called(input_layer("x", 3)), called(layer("Add", "a"))], ["x"], ["x"])
    | {"registered_name": None},
    "two layers of one name": stack(dense(), dense()),
    "models in models without end": deep(40),
    "an input that is none": functional([called(input_layer("x", 3))], ["y"], ["x"]),
}


@pytest.mark.parametrize("model", CORRUPT_MODELS.values(), ids=CORRUPT_MODELS)
def test_a_broken_description_is_refused(path, model):
    with pytest.raises((CorruptFileError, UnsupportedLayerError), match=r"model\.keras"):
        load(write(path, model, DENSE))


def external_link(place):
    place["0"] = h5py.ExternalLink("/etc/passwd", "/")
    place["1"] = SHIFT


def soft_link(place):
    place.parent["rows"] = ROWS
    place["0"] = h5py.SoftLink("/layers/dense/rows")
    place["1"] = SHIFT


def external_storage(place):
    place.create_dataset("0", (3, 2), "f4", external=[("/etc/passwd", 0, 24)])
    place["1"] = SHIFT


def virtual(place):
    layout = h5py.VirtualLayout((3, 2), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "d", (3, 2))
    place.create_virtual_dataset("0", layout)
    place["1"] = SHIFT


def nothing_behind(place):
    place.create_dataset("0", (3, 2), "f4")
    place["1"] = SHIFT


def nothing_behind_chunks(place):
    place.create_dataset("0", (3, 2), "f4", chunks=(3, 2), compression="gzip")
    place["1"] = SHIFT


def giant(place):
    place.create_dataset("0", (1 << 40, 1 << 20), "f4", chunks=(1, 1024), compression="gzip")
    place["1"] = SHIFT


def words(place):
    place.create_dataset("0", data=[[b"ab"] * 2] * 3)
    place["1"] = SHIFT


def objects(place):
    place.create_dataset("0", data=[["ab"] * 2] * 3, dtype=h5py.string_dtype())
    place["1"] = SHIFT


def references(place):
    place["1"] = SHIFT
    place.create_dataset("0", data=[[place["1"].ref] * 2] * 3, dtype=h5py.ref_dtype)


def empty(place):
    place["0"] = h5py.Empty("f4")
    place["1"] = SHIFT


def group_for_data(place):
    place.create_group("0")
    place["1"] = SHIFT


def plugin_filter(place):
    place.create_dataset("0", data=ROWS, chunks=(3, 2), compression="lzf")
    place["1"] = SHIFT


def other_names(place):
    place["0"], place["bias"] = ROWS, SHIFT


WEIGHTS = {
    "an external link": external_link,
    "a soft link": soft_link,
    "data in another file": external_storage,
    "a virtual dataset": virtual,
    "a shape without data": nothing_behind,
    "a shape without chunks": nothing_behind_chunks,
    "a giant shape": giant,
    "words": words,
    "objects": objects,
    "references": references,
    "an empty dataset": empty,
    "a group in the place of data": group_for_data,
    "a filter that is a plugin": plugin_filter,
    "other names": other_names,
    "no arrays": [],
    "too few arrays": [ROWS],
    "too many arrays": [ROWS, SHIFT, SHIFT],
    "another shape": [ROWS.T.copy(), SHIFT],
    "a larger shape": [np.ones((3, 3), "f4"), SHIFT],
    "other numbers": [ROWS.astype("f8"), SHIFT],
    "whole numbers": [ROWS.astype("i4"), SHIFT],
}


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
def test_weights_that_are_not_plain_are_refused(path, weights):
    with pytest.raises(CorruptFileError, match=r"model\.keras"):
        load(write(path, stack(dense()), {"layers/dense": weights}))


def test_data_in_other_files_are_not_looked_at(path, tmp_path):
    """The other file has all that is asked for."""
    other = tmp_path / "other.h5"
    other.write_bytes(hdf5(DENSE))

    def linked(place):
        place["0"] = h5py.ExternalLink(str(other), "/layers/dense/vars/0")
        place["1"] = SHIFT

    with pytest.raises(CorruptFileError, match="ExternalLink"):
        load(write(path, stack(dense()), {"layers/dense": linked}))


def test_a_link_in_the_place_of_a_group_is_refused(path):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers"] = h5py.ExternalLink("/tmp/other.h5", "/layers")
    with pytest.raises(CorruptFileError, match="ExternalLink"):
        load(write(path, stack(dense()), buffer.getvalue()))


def test_a_layer_larger_than_the_file_is_not_made(path, monkeypatch):
    """Of 4 TB nothing is asked for."""
    from onepath.layers import base

    monkeypatch.setattr(base, "initial", lambda *_: pytest.fail("memory was taken"))
    huge = layer("Dense", "huge", units=1 << 40)
    with pytest.raises(CorruptFileError, match=r"Dense 'huge': 'kernel' of shape .* is larger"):
        load(write(path, stack(huge), {"layers/dense": []}))


ARCHIVES = {
    "nothing": b"",
    "no zip": b"PK but no zip",
    "HDF5": b"\x89HDF\r\n\x1a\n",
}


@pytest.mark.parametrize("data", ARCHIVES.values(), ids=ARCHIVES)
def test_other_files_are_refused(path, data):
    path.write_bytes(data)
    with pytest.raises((CorruptFileError, UnsupportedLayerError), match=r"model\.keras"):
        load(path)


def test_a_model_of_the_older_kind_is_named(path):
    path.write_bytes(hdf5({}))
    with pytest.raises(UnsupportedLayerError, match=r"older kind.* save it as '\.keras'"):
        load(path)


def test_what_is_missing_is_named(path):
    for name in ("config.json", "model.weights.h5"):
        with zipfile.ZipFile(path, "w") as archive:
            for other in {"config.json", "model.weights.h5"} - {name}:
                archive.writestr(other, "{}")
        with pytest.raises(CorruptFileError, match=f"'{name}' is there 0 times"):
            load(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(path):
    dense_file(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(CorruptFileError, match=r"'config\.json' is there 2 times"):
        load(path)


def test_a_bomb_is_not_opened(path):
    weights = b"\x89HDF\r\n\x1a\n" + bytes(10_000_000)
    write(path, stack(dense()), weights, zipfile.ZIP_DEFLATED)
    with pytest.raises(CorruptFileError, match="claims 10000008 bytes"):
        load(path)


def test_other_methods_of_compression_are_refused(path):
    write(path, stack(dense()), DENSE, zipfile.ZIP_BZIP2)
    with pytest.raises(CorruptFileError, match="compressed by method 12"):
        load(path)


def test_names_are_never_paths(tmp_path):
    """Members that climb out of the folder, and a layer that is named as one, do nothing."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    path = folder / "model.keras"
    model = stack(dense("climb"))
    others = {"../../evil": "x", "/tmp/onepath-evil": "x", "assets/../../../evil": "x"}
    load(write(path, model, DENSE, **others))
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]
    model = json.loads(json.dumps(model).replace("climb", "../../climb"))
    with pytest.raises(UnsupportedLayerError, match="must be without '/'"):
        load(write(path, model, DENSE))
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]
