"""Initial values: their distribution, their seeds."""

import json
import math

import numpy as np
import pytest

import onepath as op
from onepath.backends import set_seed
from onepath.layers import Conv2D, Convolutional, Dense, deserialize, serialize
from onepath.layers.initializers import (
    INITIALIZERS,
    Constant,
    GlorotUniform,
    HeNormal,
    Identity,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    check_initializer,
    initial,
)

# (in, out) of a dense kernel, (out, in, *size) of a convolution's: fan-in and fan-out
FANS = {(60, 200): (60, 200), (40, 30, 5, 2): (300, 400), (200,): (200, 200)}


def drawn(backend, name, shape, dtype="float64"):
    array = initial(name, backend.random(8), backend.xp, shape, dtype)
    assert backend.owns(array)
    assert (array.shape, array.dtype) == (shape, dtype)
    return backend.to_numpy(array)


def assert_uniform(values, limit):
    """All within the limit, close up to it, with a uniform distribution's mean and variance."""
    n = values.size
    assert abs(values).max() <= limit
    assert abs(values).max() > limit * (1 - 20 / n)
    # five standard errors: limit / sqrt(3 n), and limit**2 * sqrt(4 / 45 / n)
    assert abs(values.mean()) < 5 * limit / math.sqrt(3 * n)
    assert abs((values**2).mean() - limit**2 / 3) < 5 * limit**2 * math.sqrt(4 / 45 / n)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", FANS)
def test_glorot_uniform(backend, shape, dtype):
    limit = math.sqrt(6 / sum(FANS[shape]))
    assert_uniform(drawn(backend, "glorot_uniform", shape, dtype).astype("float64"), limit)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", FANS)
def test_he_uniform(backend, shape, dtype):
    limit = math.sqrt(6 / FANS[shape][0])
    assert_uniform(drawn(backend, "he_uniform", shape, dtype).astype("float64"), limit)


def test_standard_normal(backend):
    values = drawn(backend, "standard_normal", (100, 100))
    assert abs(values.mean()) < 5 / 100
    assert abs((values**2).mean() - 1) < 5 * math.sqrt(2) / 100
    assert abs((abs(values) < 1).mean() - 0.6827) < 5 * 0.4654 / 100


@pytest.mark.parametrize(
    ("name", "value"), [("zeros", 0), ("ones", 1), ("constant", 0), (Constant(-1.5), -1.5)]
)
def test_constants(backend, name, value):
    assert (drawn(backend, name, (3, 4), "float32") == value).all()


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_are_the_same_bits_everywhere(backend, cpu, name, dtype):
    shape = (7, 5) if name == "identity" else (7, 5, 3)
    assert drawn(backend, name, shape, dtype).tobytes() == drawn(cpu, name, shape, dtype).tobytes()


@pytest.mark.parametrize("cls", [Dense, lambda **options: Conv2D(kernel_size=3, **options)])
@pytest.mark.parametrize("option", ["kernel_initializer", "bias_initializer"])
def test_unknown_initializer(cls, option):
    message = r"an initializer is one of \('zeros', .*'he_uniform'\), or an object .* got 'magic'"
    with pytest.raises(ValueError, match=message):
        cls(**{"units" if cls is Dense else "filters": 2, option: "magic"})


def assert_truncated(values, mean, std):
    """Within two of the standard deviation before the cut, and distributed as SciPy has it."""
    from scipy.stats import kstest, truncnorm

    n = values.size
    assert abs(values - mean).max() <= 2 * std * (1 + 1e-6)
    assert abs(values - mean).max() > 1.99 * std
    # the largest distance between both distribution functions; 2 / sqrt(n) has odds of 1 to 1500
    assert kstest((values.ravel() - mean) / std, truncnorm(-2, 2).cdf).statistic < 2 / math.sqrt(n)


def test_truncated_normal(backend):
    values = drawn(backend, TruncatedNormal(0.5, 2.0), (100, 100))
    assert_truncated(values, 0.5, 2.0)
    assert_truncated(drawn(backend, "truncated_normal", (100, 100)), 0, 0.05)


@pytest.mark.parametrize("shape", FANS)
@pytest.mark.parametrize(
    ("name", "scale", "mode"),
    [("glorot_normal", 1, "avg"), ("he_normal", 2, "in"), ("lecun_normal", 1, "in")],
)
def test_normal_of_a_variance(backend, name, scale, mode, shape):
    fan_in, fan_out = FANS[shape]
    n = fan_in if mode == "in" else (fan_in + fan_out) / 2
    # the cut takes the standard deviation down to 0.8796 of what it was
    cut = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))
    values = drawn(backend, name, shape)
    assert abs(values).max() <= 2 * math.sqrt(scale / n) / cut * (1 + 1e-6)
    if values.size > 1000:
        assert_truncated(values, 0, math.sqrt(scale / n) / cut)
        assert values.std() == pytest.approx(math.sqrt(scale / n), rel=0.05)


@pytest.mark.parametrize("shape", FANS)
def test_lecun_uniform(backend, shape):
    limit = math.sqrt(3 / FANS[shape][0])
    assert_uniform(drawn(backend, "lecun_uniform", shape), limit)


def test_variance_scaling(backend):
    shape = (60, 200)
    values = drawn(backend, VarianceScaling(3.0, "fan_out", "uniform"), shape)
    assert_uniform(values, math.sqrt(3 * 3 / 200))
    values = drawn(backend, VarianceScaling(3.0, "fan_avg", "untruncated_normal"), shape)
    assert values.std() == pytest.approx(math.sqrt(3 / 130), rel=0.05)
    assert abs(values).max() > 2.5 * math.sqrt(3 / 130)
    cut = drawn(backend, VarianceScaling(distribution="normal"), shape)
    by_name = drawn(backend, "lecun_normal", shape)
    np.testing.assert_array_equal(cut, by_name)


def test_random_normal_and_uniform(backend):
    values = drawn(backend, RandomNormal(1.0, 3.0), (100, 100))
    np.testing.assert_array_equal(values, drawn(backend, "standard_normal", (100, 100)) * 3 + 1)
    values = drawn(backend, RandomUniform(2.0, 4.0), (100, 100))
    assert_uniform(values - 3, 1)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (6, 2, 3, 3), (3, 2, 2)])
def test_orthogonal(backend, shape):
    matrix = drawn(backend, Orthogonal(gain=3.0), shape).reshape(shape[0], -1)
    rows, columns = matrix.shape
    product = matrix @ matrix.T if rows <= columns else matrix.T @ matrix
    np.testing.assert_allclose(product, 9 * np.eye(min(rows, columns)), atol=1e-12)


def test_orthogonal_prefers_no_direction(backend):
    """Of a LAPACK's Q alone, the first column has one sign only."""
    first = [
        backend.to_numpy(
            initial("orthogonal", backend.random(seed), backend.xp, (3, 3), "float64")
        )[0, 0]
        for seed in range(60)
    ]
    assert 15 < sum(value > 0 for value in first) < 45


def test_identity(backend):
    np.testing.assert_array_equal(drawn(backend, Identity(2.5), (2, 3)), 2.5 * np.eye(2, 3))


@pytest.mark.parametrize(
    ("initializer", "shape", "message"),
    [
        ("identity", (2, 3, 4), r"Identity is for matrices, but .* shape is \(2, 3, 4\)"),
        ("orthogonal", (5,), r"Orthogonal is for two axes or more, but .* shape is \(5,\)"),
    ],
)
def test_shapes_that_do_not_fit(backend, initializer, shape, message):
    with pytest.raises(ValueError, match=message):
        drawn(backend, initializer, shape)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_a_seed_of_one_s_own(backend, name):
    """The same numbers whatever the layer's stream is; without one, that stream decides."""
    made = INITIALIZERS[name]()
    if not hasattr(made, "seed"):
        return
    shape = (4, 3)

    def values(initializer, seed):
        array = initial(initializer, backend.random(seed), backend.xp, shape, "float32")
        return backend.to_numpy(array)

    seeded = type(made)(**made.get_config() | {"seed": 7})
    np.testing.assert_array_equal(values(seeded, 1), values(seeded, 2))
    np.testing.assert_array_equal(values(seeded, 1), values(made, 7))
    assert (values(made, 1) != values(made, 2)).any()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Constant("1"), TypeError, "value must be a number, got '1'"),
        (lambda: RandomNormal(stddev=-1), ValueError, "stddev must be at least 0 .* got -1"),
        (lambda: RandomUniform(1, 0), ValueError, "maxval must be at least 1 .* got 0"),
        (lambda: VarianceScaling(0), ValueError, "scale must be above 0 .* got 0"),
        (lambda: VarianceScaling(mode="fan"), ValueError, "mode must be one of .* got 'fan'"),
        (lambda: VarianceScaling(distribution="x"), ValueError, "distribution must be .* got 'x'"),
        (lambda: GlorotUniform(seed=-1), ValueError, "a seed is an integer from 0 .* got -1"),
        (lambda: check_initializer(None), ValueError, "an initializer is one of .* got None"),
        (
            lambda: check_initializer({"class_name": "Magic", "config": {}}),
            ValueError,
            "an initializer is one of .* got .*Magic",
        ),
    ],
)
def test_arguments_that_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    "value",
    [
        "he_normal",
        "HeNormal",
        HeNormal(seed=3),
        VarianceScaling(2.0, "fan_out", "uniform"),
        {"class_name": "Orthogonal", "config": {"gain": 0.5}},
    ],
    ids=repr,
)
def test_layers_take_names_objects_and_descriptions(backend, value):
    layer = Dense(4, kernel_initializer=value, seed=5).to(backend)
    description = json.loads(json.dumps(serialize(layer)))
    again = deserialize(description).to(backend)
    for each in (layer, again):
        each.build((3,))
    assert again.get_config() == layer.get_config()
    assert repr(again) == repr(layer)
    np.testing.assert_array_equal(
        backend.to_numpy(layer.parameters["kernel"]), backend.to_numpy(again.parameters["kernel"])
    )
    if isinstance(value, str):
        assert layer.get_config()["kernel_initializer"] == value


def test_names_are_keras_s(keras):
    for name, made in INITIALIZERS.items():
        if name != "standard_normal":
            theirs = getattr(keras.initializers, made.__name__)
            assert getattr(keras.initializers, name) is theirs
            config = theirs().get_config()
            for option, value in made().get_config().items():
                # those of a fixed scale describe themselves by it here
                assert config.get(option, value) == value, (name, option)


def test_they_are_offered_at_the_top():
    assert op.initializers.HeNormal is HeNormal
    assert op.layers.initializers is op.initializers
    assert op.regularizers is op.layers.regularizers


def built(seed=None):
    layer = Dense(50, seed=seed, bias_initializer="glorot_uniform")
    layer.build((1,))
    return layer.parameters


def test_same_seed_same_parameters():
    first, second, other = built(3), built(3), built(4)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])
        assert not np.isin(array, other[name]).any()


def test_parameters_of_a_layer_have_streams_of_their_own():
    parameters = built(3)
    assert not np.isin(parameters["kernel"], parameters["bias"]).any()
    layer = Convolutional((1, 6, 6), 3, 4, seed=3)
    assert not np.isin(layer.kernels, layer.biases).any()


def test_layers_without_a_seed_follow_set_seed():
    set_seed(11)
    first, second = built(), built()
    set_seed(11)
    again, other = built(), built()
    set_seed(12)
    elsewhere = built()
    np.testing.assert_array_equal(first["kernel"], again["kernel"])
    np.testing.assert_array_equal(second["kernel"], other["kernel"])
    assert not np.isin(first["kernel"], second["kernel"]).any()
    assert not np.isin(first["kernel"], elsewhere["kernel"]).any()
