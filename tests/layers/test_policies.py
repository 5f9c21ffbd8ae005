"""Mixed precision: what is computed in float16 or bfloat16, and what stays float32."""

import sys
import threading

import numpy as np
import pytest

import onepath as op
from onepath import layers, notebook
from onepath.layers import BatchNormalization, Conv2D, Convolutional, Dense, Layer, ReLU, Sequential
from onepath.layers.policies import POLICIES
from onepath.testing import assert_parity
from onepath.testing.cases import layer_cases, notebook_cases

HALF = {"mixed_float16": ("float16", 2.0**-11), "mixed_bfloat16": ("bfloat16", 2.0**-8)}
"""In which dtype a policy computes, and its unit roundoff."""

CASES = [case for case in layer_cases() + notebook_cases() if "signal" not in case.name]
"""The engine that is the definition takes no narrow dtype."""


@pytest.fixture(autouse=True)
def _float32_is_the_default_again():
    yield
    op.set_dtype_policy("float32")


@pytest.fixture(params=HALF)
def policy(request, backend):
    """Each mixed policy that the device has."""
    if request.param == "mixed_bfloat16":
        pytest.importorskip("ml_dtypes", reason="bfloat16 is absent: pip install 'onepath[mixed]'")
        if backend.name.startswith("simulated"):
            pytest.skip("the simulated device has no bfloat16")
    return request.param


def doubled(array):
    return np.asarray(array).astype("float64")


# The table


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_layer_keeps_within_the_bound(case, policy, backend):
    """Against float64, by the roundoff of the narrow dtype; dtypes of all that is computed, too."""
    layer = case.make("float32")
    report = assert_parity(layer, case.x, backend, policy, training=case.training)
    assert report.rows


@pytest.mark.parametrize("cls", [Dense, Conv2D, Convolutional, notebook.Dense])
def test_dtypes(cls, policy, backend):
    narrow = HALF[policy][0]
    made = {
        Dense: lambda: (Dense(3, dtype=policy), (5,)),
        Conv2D: lambda: (Conv2D(3, 2, dtype=policy), (2, 4, 4)),
        Convolutional: lambda: (Convolutional((2, 4, 4), 2, 3, dtype=policy), (2, 4, 4)),
        notebook.Dense: lambda: (notebook.Dense(5, 3, dtype=policy), (5, 1)),
    }
    layer, shape = made[cls]()
    layer.to(backend)
    assert (layer.compute_dtype, layer.variable_dtype) == (narrow, "float32")
    x = backend.asarray(np.ones((2, *shape), "float32"))
    y = layer.forward(x)
    dx = layer.backward(backend.xp.ones(y.shape, dtype="float32"), learning_rate=0.5)
    assert y.dtype.name == dx.dtype.name == narrow
    for arrays in (layer.parameters, layer.gradients):
        assert {array.dtype.name for array in arrays.values()} == {"float32"}


def test_layers_without_parameters_keep_their_input_s_dtype(policy, backend):
    narrow = HALF[policy][0]
    for layer in (ReLU(), layers.LeakyReLU(), layers.Sigmoid(), layers.Softmax(), layers.Flatten()):
        y = layer.forward(backend.asarray(np.ones((2, 3), "float32")).astype(narrow))
        dx = layer.backward(backend.xp.ones(y.shape, dtype="float32"))
        assert y.dtype.name == dx.dtype.name == narrow, layer


def test_a_layer_of_one_s_own_need_not_know(policy, backend):
    class Scale(Layer):
        def _build(self, input_shape):
            self._add_parameter("scale", input_shape, "ones")

        def _forward(self, x, training):
            self._saved = x
            return x * self.parameters["scale"]

        def _backward(self, dy):
            self.gradients["scale"] = (dy * self._saved).sum(axis=0)
            return dy * self.parameters["scale"]

    layer = Scale(dtype=policy)
    y = layer.forward(backend.asarray(np.ones((2, 3), "float32")))
    dx = layer.backward(y)
    assert y.dtype.name == dx.dtype.name == HALF[policy][0]
    assert layer.gradients["scale"].dtype == layer.parameters["scale"].dtype == "float32"


def test_a_layer_may_say_that_it_computes_in_float32(policy, backend):
    network = Sequential([Dense(4, dtype=policy), ReLU(), Dense(2, dtype="float32")]).to(backend)
    x = backend.asarray(np.ones((3, 5), "float32"))
    y = network.forward(x)
    assert y.dtype == "float32"
    network.backward(y)
    inner = Sequential([ReLU(), network.layers[2]]).to(backend)
    assert inner.forward(network.layers[0].forward(x)).dtype == "float32"
    assert network.layers[1]._output[2].name == HALF[policy][0]


# What float32 is kept for


def test_small_steps_add_up(policy, backend):
    """Each is less than half the distance of narrow numbers at 1; 100 of them are 0.01."""
    layer = Dense(1, use_bias=False, kernel_initializer="ones", dtype=policy).to(backend)
    one = backend.asarray(np.ones((1, 1), "float32"))
    for _ in range(100):
        layer.forward(one)
        layer.backward(one, learning_rate=1e-4)
    kernel = backend.to_numpy(layer.parameters["kernel"])
    np.testing.assert_allclose(kernel, 0.99, rtol=1e-5)


def test_biases_gradients_are_summed_in_float32(policy, backend):
    """70,000 ones are more than float16 has numbers for, and bfloat16 stays at 256 of them."""
    x = backend.asarray(np.ones((70_000, 1), "float32"))
    for layer in (Dense(1, dtype=policy), notebook.Dense(1, 1, dtype=policy)):
        batch = x[..., None] if isinstance(layer, notebook.Dense) else x
        layer.to(backend).forward(batch)
        layer.learn(batch)
        assert backend.to_numpy(layer.gradients["bias"]).item() == 70_000
    image = x.reshape(1, 1, 700, 100)
    convolution = Conv2D(1, 1, dtype=policy).to(backend)
    convolution.forward(image)
    convolution.learn(image)
    assert backend.to_numpy(convolution.gradients["bias"]).item() == 70_000


def test_batch_statistics_are_float32_s(policy, backend):
    """Of numbers around 100, whose squares' sum float16 does not hold."""
    narrow = HALF[policy][0]
    x = backend.asarray(100 + np.random.default_rng(0).normal(size=(4096, 2)).astype("float32"))
    seen = doubled(backend.to_numpy(x.astype(narrow).astype("float32")))
    layer = BatchNormalization(momentum=0, dtype=policy).to(backend)
    y = layer.forward(x, training=True)
    assert y.dtype.name == narrow
    state = {name: backend.to_numpy(array) for name, array in layer.state.items()}
    assert {array.dtype.name for array in state.values()} == {"float32"}
    np.testing.assert_allclose(state["moving_mean"], seen.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(state["moving_variance"], seen.var(axis=0), rtol=1e-4)


def test_global_averages_are_float32_s(policy, backend):
    x = backend.xp.ones((1, 1, 300, 300), dtype="float32").astype(HALF[policy][0])
    y = layers.GlobalAveragePooling2D().forward(x)
    assert float(backend.to_numpy(y.astype("float32")).item()) == 1


def test_softmax_sums_in_float32(policy, backend):
    narrow, unit = HALF[policy]
    y = layers.Softmax().forward(backend.xp.zeros((1, 3000), dtype="float32").astype(narrow))
    np.testing.assert_allclose(
        doubled(backend.to_numpy(y.astype("float32"))), 1 / 3000, rtol=2 * unit
    )


# Parameters in the dtype of computation


def test_parameters_are_converted_once_for_a_forward_and_its_backward(policy, backend):
    layer = Dense(2, dtype=policy).to(backend)
    x = backend.asarray(np.ones((3, 4), "float32"))
    y = layer.forward(x)
    weight = layer._weight("kernel")
    layer.backward(y)
    assert layer._weight("kernel") is weight
    layer.parameters["kernel"][...] = 0
    assert not backend.to_numpy(layer.forward(x).astype("float32")).any()
    layer.clear()
    assert layer._weights == {}


def test_replicas_convert_their_own(policy, backend):
    layer = Dense(2, dtype=policy).to(backend)
    layer.forward(backend.asarray(np.ones((3, 4), "float32")))
    assert layer.replica()._weights == {}


# Numbers out of range


@pytest.mark.parametrize("make", [lambda: Dense(64), lambda: Conv2D(8, 3)], ids=["Dense", "Conv2D"])
def test_gradients_out_of_range_come_without_a_warning(make, policy, backend):
    """Loss scaling looks for them; pytest would make an error of a warning, on any thread."""
    op.set_dtype_policy(policy)
    layer = make().to(backend)
    shape = (4, 64) if isinstance(layer, Dense) else (32, 8, 24, 24)
    y = layer.forward(backend.asarray(np.full(shape, 1e3, "float32")))
    layer.backward(backend.xp.full(y.shape, 3e38, dtype="float32"))
    assert not np.isfinite(backend.to_numpy(layer.gradients["kernel"])).all()


def test_quiet_is_left_again(cpu):
    with cpu.scope(quiet=True), cpu.scope(quiet=True):
        assert not np.isfinite(np.float32(3e38) * np.float32(10))
    before = op.get_threads()
    op.set_threads(2)
    try:
        both = threading.Barrier(2, timeout=30)  # neither thread does the work of both

        def treatment(item):
            both.wait()
            return np.geterr()["over"]

        assert cpu.spread(treatment, [1, 2]) == ["warn", "warn"]
        with cpu.scope(quiet=True):
            assert cpu.spread(treatment, [1, 2]) == ["ignore", "ignore"]
        assert cpu.spread(treatment, [1, 2]) == ["warn", "warn"]
    finally:
        op.set_threads(before)


# Against PyTorch


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_autocast_of_pytorch_gives_the_same(kind, policy, backend, torch):
    """Both round operands and results once, and sum in float32, or in narrow parts of a sum."""
    narrow, unit = HALF[policy]
    rng = np.random.default_rng(3)
    if kind == "dense":
        layer, shape = Dense(5, dtype=policy), (6, 7)
    else:
        layer, shape = Conv2D(5, 3, dtype=policy), (2, 3, 6, 6)
    x = rng.normal(size=shape).astype("float32")
    layer.to(backend).build(shape[1:])
    bias = rng.normal(size=5).astype("float32")
    layer.parameters["bias"][...] = backend.asarray(bias)
    y = layer.forward(backend.asarray(x))
    dy = rng.normal(size=y.shape).astype("float32")
    dx = layer.backward(backend.asarray(dy))

    kernel = backend.to_numpy(layer.parameters["kernel"])
    function = torch.nn.functional.linear if kind == "dense" else torch.nn.functional.conv2d

    def through(x, kernel, bias, dy, autocast):
        x, weight, bias, dy = (torch.tensor(a) for a in (x, kernel, bias, dy))
        for leaf in (x, weight, bias):
            leaf.requires_grad_()
        with torch.autocast("cpu", dtype=getattr(torch, narrow), enabled=autocast):
            out = function(x, weight.T if kind == "dense" else weight, bias)
        out.backward(dy.to(out.dtype))
        arrays = out, x.grad, weight.grad, bias.grad
        return [a.detach().to(torch.float64).numpy() for a in arrays]

    found = y.astype("float32"), dx.astype("float32"), *map(layer.gradients.get, layer.parameters)
    theirs = through(x, kernel, bias, dy, autocast=True)
    sizes = through(*(abs(a) for a in (x, kernel, bias, dy)), autocast=False)
    for ours, other, size in zip(found, theirs, sizes, strict=True):
        # on each side: two operands, the bias, and a result are rounded
        assert (abs(doubled(backend.to_numpy(ours)) - other) <= 8 * unit * size).all()


# The global policy


def test_layers_take_the_global_policy(policy):
    op.set_dtype_policy(policy)
    assert op.get_dtype_policy() == policy
    made = [Dense(2), Conv2D(2, 3), BatchNormalization(), Convolutional((1, 3, 3), 2, 1)]
    assert [layer.dtype for layer in made] == [policy] * 4
    assert notebook.Dense(2, 2).dtype == policy
    assert Dense(2, dtype="float64").dtype == "float64"
    assert ReLU().dtype is None
    op.set_dtype_policy("float32")
    assert made[0].dtype == policy


def test_a_configuration_tells_the_policy_whatever_is_global_then(policy):
    op.set_dtype_policy(policy)
    description = layers.serialize(Sequential([Dense(2), ReLU()]))
    op.set_dtype_policy("float64")
    again = layers.deserialize(description)
    assert again.layers[0].dtype == policy
    assert repr(again.layers[0]) == f"Dense(units=2, dtype='{policy}')"
    op.set_dtype_policy(policy)
    assert repr(again.layers[0]) == "Dense(units=2)"


@pytest.mark.parametrize("set_it", [op.set_dtype_policy, lambda name: Dense(2, dtype=name)])
def test_bad_names(set_it):
    known = ", ".join(map(repr, POLICIES))
    with pytest.raises(ValueError, match=f"dtype must be one of {known}, got 'half'"):
        set_it("half")
    with pytest.raises(ValueError, match=r"would keep .* in float16.*: 'mixed_float16' computes"):
        set_it("float16")
    with pytest.raises(ValueError, match=r"'mixed_bfloat16' computes in bfloat16 and keeps"):
        set_it("bfloat16")
    assert op.get_dtype_policy() == "float32"


def test_the_simulated_device_says_that_it_has_no_bfloat16():
    pytest.importorskip("ml_dtypes")
    simulated = op.get_backend("simulated")
    layer = Dense(2, dtype="mixed_bfloat16").to(simulated)
    with pytest.raises(ValueError, match=r"Unsupported dtype bfloat16: .* not simulated"):
        layer.forward(simulated.asarray(np.ones((1, 2), "float32")))


def test_missing_ml_dtypes_is_named_with_its_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(ImportError, match=r"needs ml_dtypes.*pip install 'onepath\[mixed\]'"):
        op.set_dtype_policy("mixed_bfloat16")
    with pytest.raises(ImportError, match="needs ml_dtypes"):
        Dense(2, dtype="mixed_bfloat16")
    assert op.get_dtype_policy() == "float32"


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        ("fft", "computed in float32 and float64, not in {}"),
        ("winograd", "{} has too few digits"),
        ("signal", "do not sum {} directly"),
    ],
)
def test_engines_that_compute_in_float32_refuse(engine, reason, policy, backend):
    layer = Conv2D(2, 3, engine=engine, dtype=policy).to(backend)
    with pytest.raises(ValueError, match=reason.format(HALF[policy][0])):
        layer.forward(backend.asarray(np.ones((1, 1, 5, 5), "float32")))
