"""Keras's files, written by hand: JSON, HDF5 and zip, as Keras writes them, and worse."""

import io
import json
import zipfile

import numpy as np
import pytest

h5py = pytest.importorskip("h5py", reason="h5py is absent: pip install h5py")


def described(class_name, config, module="keras.layers", registered_name=None):
    return {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": registered_name,
    }


def layer(class_name, name, **options):
    return described(class_name, {"name": name, "trainable": True, "dtype": "float32", **options})


def input_layer(name, *sample):
    return layer("InputLayer", name, batch_shape=[None, *sample])


def sequential(*layers, name="stack"):
    return described("Sequential", {"name": name, "layers": [*layers]}, "keras")


def called(node, *sources):
    """A layer of a functional model, with what it takes."""
    tensors = [
        {
            "class_name": "__keras_tensor__",
            "config": {"shape": [None], "dtype": "float32", "keras_history": [source, 0, 0]},
        }
        for source in sources
    ]
    arguments = tensors if len(tensors) < 2 else [tensors]
    calls = [{"args": arguments, "kwargs": {}}] if sources else []
    return {**node, "name": node["config"]["name"], "inbound_nodes": calls}


def functional(layers, inputs, outputs, name="wired"):
    config = {
        "name": name,
        "layers": layers,
        "input_layers": [[each, 0, 0] for each in inputs],
        "output_layers": [[each, 0, 0] for each in outputs],
    }
    return described("Functional", config, "keras.src.models.functional", "Functional")


def hdf5(groups):
    """An HDF5 file of arrays by the names of groups; a function instead of arrays does it all."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, arrays in groups.items():
            place = file.create_group(f"{name}/vars")
            if callable(arrays):
                arrays(place)
                continue
            for n, array in enumerate(arrays):
                place[str(n)] = array
    return buffer.getvalue()


def write(path, model, weights, compression=zipfile.ZIP_STORED, **others):
    """A file of a model's description and weights, or of whatever bytes they are."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.5.0"}')
        text = model if isinstance(model, bytes | str) else json.dumps(model)
        archive.writestr("config.json", text)
        data = weights if isinstance(weights, bytes) else hdf5(weights)
        archive.writestr("model.weights.h5", data)
        for name, content in others.items():
            archive.writestr(name, content)
    return path


def dense_file(path, **options):
    """The smallest of models: y = x @ [[1, 2], [3, 4], [5, 6]] + [7, 8]."""
    model = sequential(input_layer("x", 3), layer("Dense", "d", units=2, **options))
    kernel = np.arange(1, 7, dtype="float32").reshape(3, 2)
    return write(path, model, {"layers/dense": [kernel, np.array([7, 8], dtype="float32")]})
