"""Whole models beside Keras: read, trained, written, opened again, and trained on."""

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.interop.keras import from_keras, load, save, to_keras
from onepath.interop.keras.compiling import LOSS_CLASSES
from onepath.layers.initializers import INITIALIZERS

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def outputs(keras, model, *x):
    y = model(list(x) if len(x) > 1 else x[0], training=False)
    return [keras.ops.convert_to_numpy(each) for each in (y if isinstance(y, list) else [y])]


def images(rng, n=12):
    return rng.normal(size=(n, 8, 8, 3)).astype("float32"), np.arange(n) % 4


def cnn(keras, **options):
    k = keras.layers
    model = keras.Sequential(
        [
            k.Input((8, 8, 3)),
            k.Conv2D(4, 3, activation="relu", name="first"),
            k.BatchNormalization(momentum=0.8),
            k.MaxPooling2D(),
            k.Conv2D(6, 2, padding="same", use_bias=False),
            k.LeakyReLU(),
            k.Flatten(),
            k.Dropout(0.0),
            k.Dense(8, activation="tanh"),
            k.Dense(4, activation="softmax"),
        ],
        name="cnn",
    )
    if options:
        model.compile(**options)
    return model


def residual_block(k, x, filters):
    around = k.Conv2D(filters, 1, strides=2)(x)
    y = k.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    y = k.BatchNormalization()(y)
    y = k.Conv2D(filters, 3, padding="same")(y)
    return k.ReLU()(k.Add()([y, around]))


def resnet(keras):
    """Images and numbers in; classes, out of a model in the model, and a number out."""
    k = keras.layers
    image, numbers = k.Input((8, 8, 3), name="image"), k.Input((5,), name="numbers")
    x = residual_block(k, residual_block(k, image, 4), 6)
    pooled = k.GlobalAveragePooling2D()(x)
    joined = k.Concatenate()([k.Dense(4, activation="tanh")(numbers), pooled])
    inner = k.Input((10,))
    head = keras.Model(inner, k.Dense(3, activation="softmax")(k.Dense(5)(inner)), name="head")
    return keras.Model([image, numbers], [k.Dense(1, name="value")(joined), head(joined)])


def fit(model, x, y, steps=4):
    """Losses of as many steps."""
    return [float(model.train_on_batch(x, y)) for _ in range(steps)]


def test_a_cnn_is_trained_in_both(fresh_keras, path, rng):
    keras = fresh_keras
    x, y = images(rng)
    theirs = cnn(
        keras, optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy"
    )
    theirs.fit(x, y, batch_size=4, verbose=0)
    theirs.save(path)
    ours = load(path)
    np.testing.assert_allclose(ours.predict(x), outputs(keras, theirs, x)[0], **CLOSE)
    assert ours.optimizer.iterations == 3
    np.testing.assert_allclose(fit(ours, x, y), fit(theirs, x, y), **CLOSE)
    np.testing.assert_allclose(ours.predict(x), outputs(keras, theirs, x)[0], **CLOSE)
    save(ours, path)
    back = keras.models.load_model(path)
    assert back.layers[0].name == "first"
    np.testing.assert_allclose(ours.predict(x), outputs(keras, back, x)[0], **CLOSE)
    np.testing.assert_allclose(fit(back, x, y), fit(ours, x, y), **CLOSE)


def test_a_cnn_is_converted_to_channels_first(fresh_keras, rng):
    keras = fresh_keras
    x, y = images(rng)
    theirs = cnn(keras, optimizer="rmsprop", loss="sparse_categorical_crossentropy")
    theirs.fit(x, y, verbose=0)
    ours = from_keras(theirs, "channels_first")
    first = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    np.testing.assert_allclose(ours.predict(first), outputs(keras, theirs, x)[0], **CLOSE)
    np.testing.assert_allclose(fit(ours, first, y), fit(theirs, x, y), **CLOSE)
    back = to_keras(ours)
    np.testing.assert_allclose(fit(back, first, y), fit(ours, first, y), **CLOSE)


@pytest.mark.parametrize("data_format", [None, "channels_first"])
def test_a_functional_model_goes_there_and_back(fresh_keras, path, rng, data_format):
    keras = fresh_keras
    theirs = resnet(keras)
    image, numbers = images(rng)[0], rng.normal(size=(12, 5)).astype("float32")
    expected = outputs(keras, theirs, image, numbers)
    theirs.save(path)
    ours = load(path, data_format)
    assert isinstance(ours.layer, layers.Graph)
    if data_format:
        image = np.ascontiguousarray(np.moveaxis(image, -1, 1))
    for actual, wanted in zip(ours.layer.infer((image, numbers)), expected, strict=True):
        np.testing.assert_allclose(actual, wanted, **CLOSE)
    save(ours, path)
    back = keras.models.load_model(path)
    for actual, wanted in zip(outputs(keras, back, image, numbers), expected, strict=True):
        np.testing.assert_allclose(actual, wanted, **CLOSE)


OPTIMIZERS = {
    "SGD": {},
    "SGD with momentum": {"momentum": 0.5, "nesterov": True},
    "RMSprop": {},
    "RMSprop centered": {"momentum": 0.5, "centered": True},
    "Adam": {"beta_1": 0.8},
    "Adam with amsgrad": {"amsgrad": True},
    "Adam with averages": {"use_ema": True, "clipnorm": 0.5},
    "AdamW": {"weight_decay": 0.1},
    "Adamax": {},
    "Nadam": {},
    "Adagrad": {},
    "Adadelta": {},
    "Lion": {},
    "Ftrl": {"l2_regularization_strength": 0.1},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_go_on_where_they_were(fresh_keras, rng, name):
    """After some steps in Keras, some here, and some in Keras again."""
    keras, k = fresh_keras, fresh_keras.layers
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    optimizer = getattr(keras.optimizers, name.split()[0])(learning_rate=0.02, **OPTIMIZERS[name])
    theirs = keras.Sequential([k.Input((3,)), k.Dense(4, activation="tanh"), k.Dense(2)])
    theirs.compile(optimizer, "mse")
    fit(theirs, x, y)
    ours = from_keras(theirs)
    assert type(ours.optimizer).__name__ == type(optimizer).__name__
    np.testing.assert_allclose(fit(ours, x, y), fit(theirs, x, y), **CLOSE)
    back = to_keras(ours)
    np.testing.assert_allclose(fit(back, x, y), fit(theirs, x, y), **CLOSE)
    np.testing.assert_allclose(outputs(keras, back, x), outputs(keras, theirs, x), **CLOSE)


def test_a_schedule_goes_on_where_it_was(fresh_keras, rng):
    keras, k = fresh_keras, fresh_keras.layers
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10, warmup_target=0.2, warmup_steps=3)
    theirs = keras.Sequential([k.Input((3,)), k.Dense(2)])
    theirs.compile(keras.optimizers.SGD(schedule, momentum=0.5), "mse")
    fit(theirs, x, y)
    ours = from_keras(theirs)
    np.testing.assert_allclose(fit(ours, x, y), fit(theirs, x, y), **CLOSE)
    np.testing.assert_allclose(fit(to_keras(ours), x, y), fit(theirs, x, y), **CLOSE)


def test_frozen_layers_have_no_part_in_the_optimizer(fresh_keras, rng):
    keras, k = fresh_keras, fresh_keras.layers
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    theirs = keras.Sequential([k.Input((3,)), k.Dense(4, trainable=False), k.Dense(2)])
    theirs.compile("adam", "mse")
    fit(theirs, x, y)
    ours = from_keras(theirs)
    assert not ours.layers[0].trainable
    assert set(ours.optimizer.slots) == {"dense_1/kernel", "dense_1/bias"}
    np.testing.assert_allclose(fit(to_keras(ours), x, y), fit(theirs, x, y), **CLOSE)


@pytest.mark.parametrize("name", sorted(LOSS_CLASSES))
def test_losses_go_there_and_back(fresh_keras, name):
    ours = op.Sequential([layers.Dense(3)])
    ours.build((2,))
    ours.compile("adam", LOSS_CLASSES[name]())
    theirs = to_keras(ours)
    assert type(theirs.loss).__name__ == name
    assert from_keras(theirs).loss.get_config() == ours.loss.get_config()


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_keras_knows_our_initializers(fresh_keras, name):
    ours = op.Sequential([layers.Dense(2, kernel_initializer=name)])
    ours.build((2,))
    assert callable(to_keras(ours).layers[0].kernel_initializer)


def test_sequences_go_there_and_back(fresh_keras, path, rng):
    """Words in, through an embedding, recurrent layers both ways and attention, to classes."""
    keras, k = fresh_keras, fresh_keras.layers
    words = k.Input((6,), dtype="int32")
    x = k.Embedding(11, 4)(words)
    x = k.Bidirectional(k.LSTM(3, return_sequences=True))(x)
    x = k.Bidirectional(k.GRU(6, return_sequences=True), merge_mode="sum")(x)
    x = k.LayerNormalization()(k.Add()([x, k.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)]))
    theirs = keras.Model(words, k.Dense(3, activation="softmax")(k.LSTM(4)(x)))
    theirs.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    x, y = rng.integers(0, 11, size=(8, 6)), np.arange(8) % 3
    fit(theirs, x, y)
    theirs.save(path)
    ours = load(path)
    np.testing.assert_allclose(ours.layer.infer(x), outputs(keras, theirs, x)[0], **CLOSE)
    np.testing.assert_allclose(fit(ours, x, y), fit(theirs, x, y), **CLOSE)
    save(ours, path)
    back = keras.models.load_model(path)
    np.testing.assert_allclose(ours.layer.infer(x), outputs(keras, back, x)[0], **CLOSE)
    np.testing.assert_allclose(fit(back, x, y), fit(ours, x, y), **CLOSE)


def test_our_own_layers_of_layers_are_opened_by_keras(fresh_keras, rng):
    """What Keras has no class for: residual layers, paddings of all kinds, a graph."""
    keras = fresh_keras
    ours = op.Sequential(
        [
            layers.Conv2D(4, 3, padding=1),
            layers.Residual(
                layers.Sequential([layers.Conv2D(4, 3, padding="full"), layers.Conv2D(4, 3)]),
                layers.Conv2D(4, 1),
            ),
            layers.Residual(layers.Tanh()),
            layers.Graph(
                "x",
                {
                    "input": (layers.Conv2D(2, (3, 2), padding=[(0, 2), (1, 0)]), "x"),
                    "b": (layers.Conv2D(2, 2, strides=2, padding="same"), "x"),
                    "c": (layers.Flatten(), "input"),
                    "d": (layers.Flatten(), "b"),
                    "e": (layers.Concatenate(), ["d", "c"]),
                },
                "e",
            ),
            layers.Sequential([layers.Dense(3)]),
        ]
    )
    ours.build((3, 6, 6))
    for array in ours.layer.parameters.values():
        array[...] = rng.normal(size=array.shape)
    x = rng.normal(size=(4, 3, 6, 6)).astype("float32")
    back = to_keras(ours)
    (expected,) = outputs(keras, back, x)
    np.testing.assert_allclose(ours.predict(x), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(from_keras(back).predict(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_weights_find_their_layers_however_these_are_wired(fresh_keras, path, seed):
    """Keras numbers layers by its own order of the wiring, which files must agree with."""
    keras, rng = fresh_keras, np.random.default_rng(seed)
    names, nodes = ["x", "z"], {}
    for n in range(9):
        taken = list(
            rng.choice(names, size=min(len(names), int(rng.integers(1, 4))), replace=False)
        )
        layer = layers.Add() if len(taken) > 1 else layers.Dense(3, use_bias=bool(rng.integers(2)))
        nodes[f"n{n}"] = (layer, taken)
        names.append(f"n{n}")
    used = {source for _, sources in nodes.values() for source in sources}
    ends = [name for name in nodes if name not in used]
    inputs = [name for name in ("x", "z") if name in used]
    ours = op.Model(layers.Graph(inputs, nodes, ends))
    ours.build((3,) if len(inputs) == 1 else ((3,), (3,)))
    x = [rng.normal(size=(2, 3)).astype("float32") for _ in inputs]
    expected = ours.layer.infer(x[0] if len(x) == 1 else tuple(x))
    save(ours, path)
    actual = outputs(keras, keras.models.load_model(path), *x)
    for each, wanted in zip(actual, expected if len(ends) > 1 else [expected], strict=True):
        np.testing.assert_allclose(each, wanted, **CLOSE)


def test_a_double_precision_model_stays_one(fresh_keras, rng):
    keras, k = fresh_keras, fresh_keras.layers
    theirs = keras.Sequential(
        [
            k.Input((3,), dtype="float64"),
            k.Dense(4, dtype="float64"),
            k.ReLU(dtype="float64"),
            k.Dense(2, dtype="float64", activation="softmax"),
        ]
    )
    ours = from_keras(theirs)
    assert [layer.dtype for layer in ours.layers[::2]] == ["float64", "float64"]
    back = to_keras(ours)
    assert [layer.dtype_policy.name for layer in back.layers] == ["float64"] * 4
    for weight, same in zip(theirs.get_weights(), back.get_weights(), strict=True):
        assert same.dtype == np.float64
        np.testing.assert_array_equal(weight, same)
    x = rng.normal(size=(5, 3))  # which Keras rounds, as the model itself is none of float64
    (expected,) = outputs(keras, theirs, x)
    np.testing.assert_allclose(ours.predict(x), expected, rtol=1e-6)
