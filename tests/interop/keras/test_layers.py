"""Each layer of the table computes what Keras's does, read from Keras and written back."""

import numpy as np
import pytest

from onepath.interop.keras import load, save
from onepath.interop.keras.mappings import KERAS

from .cases import CASES

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def randomized(model, rng):
    """Weights of which none is what it starts as; variances are positive."""
    model.set_weights([np.abs(rng.normal(size=w.shape)) + 0.5 for w in model.weights])
    return model


def outputs(keras, model, x):
    given = list(x) if isinstance(x, tuple) else x
    return keras.ops.convert_to_numpy(model(given, training=False))


def inputs(shapes, rng):
    x = tuple(rng.normal(size=(3, *shape)).astype("float32") for shape in shapes)
    return x if len(x) > 1 else x[0]


@pytest.mark.parametrize(
    ("class_name", "options", "shape"),
    CASES,
    ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)],
)
def test_a_layer_goes_there_and_back(fresh_keras, path, rng, class_name, options, shape):
    keras = fresh_keras
    shapes = shape if isinstance(shape, list) else [shape]
    tensors = [keras.Input(each) for each in shapes]
    taken = tensors if len(tensors) > 1 else tensors[0]
    layer = getattr(keras.layers, class_name)(**options)
    called = layer(*tensors) if class_name == "MultiHeadAttention" else layer(taken)
    theirs = randomized(keras.Model(taken, called), rng)
    theirs.save(path)
    x = inputs(shapes, rng)
    expected = outputs(keras, theirs, x)
    ours = load(path)
    np.testing.assert_allclose(ours.layer.infer(x), expected, rtol=1e-5, atol=1e-5)
    save(ours, path)
    back = keras.models.load_model(path)
    np.testing.assert_allclose(outputs(keras, back, x), expected, rtol=1e-5, atol=1e-5)
    assert len(back.weights) == len(theirs.weights)


def test_every_entry_has_a_case():
    elsewhere = {"Bidirectional", "Embedding"}
    assert {class_name for class_name, _, _ in CASES} | elsewhere == set(KERAS)
