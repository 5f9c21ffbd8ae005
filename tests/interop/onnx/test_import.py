"""What others write is read as it is meant: attributes, constants, wiring, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from onepath.interop import UnsupportedLayerError
from onepath.interop.onnx import from_onnx
from onepath.layers import Conv2D, Dense, Graph, Sequential

EXAMPLES = settings(deadline=None, max_examples=25, derandomize=True)


@pytest.fixture(scope="session")
def same(run_onnx, infer):
    """The function ``same(model, *arrays)``: read, and hold it to onnxruntime; return the layer."""

    def check(model, *arrays, **options):
        layer = from_onnx(model, **options).layer
        actual = infer(layer, arrays if len(arrays) > 1 else arrays[0])
        for a, b in zip(actual, run_onnx(model, *arrays), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
        return layer

    return check


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


ranks = st.integers(1, 3)


@st.composite
def windows(draw, rank, most=3):
    """Attributes of a window: all axes apart."""
    axes = [st.integers(1, most)] * rank
    options = {"kernel_shape": draw(st.tuples(*axes)), "strides": draw(st.tuples(*axes))}
    way = draw(st.sampled_from(["NOTSET", "pads", "VALID", "SAME_UPPER", "SAME_LOWER"]))
    if way == "pads":
        less = [st.integers(0, k - 1) for k in options["kernel_shape"]]
        options["pads"] = draw(st.tuples(*less, *less))
    elif way != "NOTSET":
        options["auto_pad"] = way
    return options


@given(data=st.data(), rank=ranks)
@EXAMPLES
def test_convolutions(model_of, same, data, rank):
    options = data.draw(windows(rank))
    if options.get("auto_pad", "NOTSET") == "NOTSET":
        options["dilations"] = data.draw(st.tuples(*[st.integers(1, 2)] * rank))
    options["group"] = groups = data.draw(st.sampled_from([1, 2]))
    weights = {"w": drawn(4, 2, *options["kernel_shape"], seed=1)}
    if data.draw(st.booleans()):
        weights["b"] = drawn(4, seed=2)
    x = drawn(2, 2 * groups, *data.draw(st.tuples(*[st.integers(5, 7)] * rank)))
    node = ("Conv", ["x", *weights], ["y"], options)
    same(model_of([node], {"x": x.shape}, {"y": None}, weights), x)


@given(data=st.data(), rank=ranks)
@EXAMPLES
def test_transposed_convolutions(model_of, same, data, rank):
    options = data.draw(windows(rank))
    if "SAME" in options.get("auto_pad", ""):
        assume(
            all(k >= s for k, s in zip(options["kernel_shape"], options["strides"], strict=True))
        )
    else:
        options["dilations"] = data.draw(st.tuples(*[st.integers(1, 2)] * rank))
    if options.get("auto_pad", "NOTSET") == "NOTSET":
        rests = [st.integers(0, s - 1) for s in options["strides"]]
        options["output_padding"] = data.draw(st.tuples(*rests))
    options["group"] = groups = data.draw(st.sampled_from([1, 2]))
    weights = {"w": drawn(2 * groups, 2, *options["kernel_shape"], seed=1)}
    if data.draw(st.booleans()):
        weights["b"] = drawn(2 * groups, seed=2)
    x = drawn(2, 2 * groups, *data.draw(st.tuples(*[st.integers(3, 5)] * rank)))
    node = ("ConvTranspose", ["x", *weights], ["y"], options)
    same(model_of([node], {"x": x.shape}, {"y": None}, weights), x)


@given(data=st.data(), rank=ranks, op=st.sampled_from(["MaxPool", "AveragePool"]))
@EXAMPLES
def test_pooling(model_of, same, data, rank, op):
    options = data.draw(windows(rank))
    if op == "AveragePool":
        options["count_include_pad"] = data.draw(st.sampled_from([0, 1]))
        assume(not (options["count_include_pad"] and "SAME" in options.get("auto_pad", "")))
    x = drawn(2, 3, *data.draw(st.tuples(*[st.integers(5, 7)] * rank)))
    same(model_of([(op, ["x"], ["y"], options)], {"x": x.shape}, {"y": None}), x)


@given(alpha=st.floats(-2, 2), beta=st.floats(-2, 2), turned=st.booleans(), bias=st.integers(0, 3))
@EXAMPLES
def test_products(model_of, same, alpha, beta, turned, bias):
    weights = {"w": drawn(4, 3, seed=1).T if turned else drawn(3, 4, seed=1)}
    weights["w"] = drawn(4, 3, seed=1) if turned else weights["w"]
    if bias:
        weights["b"] = [None, drawn(4, seed=2), drawn(1, 4, seed=2), drawn(1, seed=2)][bias]
    options = {"alpha": alpha, "beta": beta, "transB": int(turned)}
    node = ("Gemm", ["x", *weights], ["y"], options)
    layer = same(model_of([node], {"x": ("n", 3)}, {"y": ("n", 4)}, weights), drawn(5, 3))
    assert isinstance(layer.layers[0], Dense)


@pytest.mark.parametrize("op", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize(
    ("direction", "taken"),
    [("forward", 0), ("forward", 1), ("reverse", 1), ("bidirectional", 0), ("bidirectional", 1)],
)
def test_recurrent_layers(model_of, same, op, direction, taken):
    gates, ways = {"RNN": 1, "GRU": 3, "LSTM": 4}[op], 1 + (direction == "bidirectional")
    weights = {
        "w": drawn(ways, gates * 3, 2, seed=1),
        "r": drawn(ways, gates * 3, 3, seed=2),
        "b": drawn(ways, 2 * gates * 3, seed=3),
    }
    options = {"hidden_size": 3, "direction": direction}
    outputs = [["every"], ["", "last"]][taken]
    # batch first, as a framework writes it: transposed before and after
    nodes = [
        ("Transpose", ["x"], ["steps"], {"perm": [1, 0, 2]}),
        (op, ["steps", *weights], outputs, options),
        ("Transpose", outputs[-1:], ["y"], {"perm": [[2, 0, 1, 3], [1, 0, 2]][taken]}),
    ]
    same(model_of(nodes, {"x": ("n", 5, 2)}, {"y": None}, weights), drawn(4, 5, 2))


@pytest.mark.parametrize("reset", [0, 1])
def test_where_the_reset_gate_acts(model_of, same, reset):
    weights = {"w": drawn(1, 9, 2, seed=1), "r": drawn(1, 9, 3, seed=2), "b": drawn(1, 18, seed=3)}
    options = {"hidden_size": 3, "linear_before_reset": reset}
    nodes = [
        ("Transpose", ["x"], ["steps"], {"perm": [1, 0, 2]}),
        ("GRU", ["steps", *weights], ["", "last"], options),
        ("Squeeze", ["last", "axes"], ["y"], {}),
    ]
    weights["axes"] = np.array([0])
    same(model_of(nodes, {"x": ("n", 4, 2)}, {"y": ("n", 3)}, weights), drawn(3, 4, 2))


def test_activations_of_recurrent_layers(model_of, same):
    weights = {"w": drawn(1, 12, 2, seed=1), "r": drawn(1, 12, 3, seed=2)}
    options = {
        "hidden_size": 3,
        "activations": ["HardSigmoid", "Softsign", "Softsign"],
        "activation_alpha": [1 / 6],
        "activation_beta": [0.5],
    }
    nodes = [
        ("Transpose", ["x"], ["steps"], {"perm": [1, 0, 2]}),
        ("LSTM", ["steps", *weights], ["", "last"], options),
        ("Squeeze", ["last", "axes"], ["y"], {}),
    ]
    weights["axes"] = np.array([0])
    same(model_of(nodes, {"x": ("n", 4, 2)}, {"y": ("n", 3)}, weights), drawn(3, 4, 2))


def test_inputs_with_time_first_are_taken_batch_first(model_of, run_onnx, infer):
    weights = {"w": drawn(1, 3, 2, seed=1), "r": drawn(1, 3, 3, seed=2)}
    nodes = [
        ("RNN", ["x", *weights], ["every"], {"hidden_size": 3}),
        ("Squeeze", ["every", "axes"], ["y"], {}),
    ]
    weights["axes"] = np.array([1])
    model = model_of(nodes, {"x": (4, "n", 2)}, {"y": (4, "n", 3)}, weights)
    x = drawn(5, 4, 2)
    (y,) = run_onnx(model, x.swapaxes(0, 1))
    actual = infer(from_onnx(model).layer, x)[0]
    np.testing.assert_allclose(actual, y.swapaxes(0, 1), rtol=1e-4, atol=1e-5)


def test_ways_that_part_and_meet_make_a_graph(model_of, same):
    weights = {"w": drawn(4, 3, 3, 3, seed=1), "v": drawn(4, 3, 1, 1, seed=2)}
    nodes = [
        ("Conv", ["x", "w"], ["a"], {"pads": [1, 1, 1, 1]}),
        ("Conv", ["x", "v"], ["b"], {}),
        ("Add", ["a", "b"], ["c"], {}),
        ("Concat", ["c", "a", "x"], ["d"], {"axis": 1}),
        ("GlobalAveragePool", ["d"], ["e"], {}),
        ("Mul", ["d", "e"], ["y"], {}),
    ]
    model = model_of(nodes, {"x": ("n", 3, 4, 5)}, {"y": None, "c": None}, weights)
    layer = same(model, drawn(2, 3, 4, 5))
    assert isinstance(layer, Graph)
    assert layer.inputs == ("x",)
    assert next(iter(layer.nodes)) == "conv_0"


def test_several_inputs(model_of, same):
    nodes = [("Sub", ["a", "b"], ["c"], {}), ("Max", ["c", "b", "a"], ["y"], {})]
    model = model_of(nodes, {"a": ("n", 3), "b": ("n", 3)}, {"y": None})
    assert same(model, drawn(4, 3), drawn(4, 3, seed=1)).inputs == ("a", "b")


def test_biases_that_are_added_behind(model_of, same):
    weights = {
        "k": drawn(2, 1, 3, 3, seed=1),
        "c": drawn(1, 2, 1, 1, seed=2),
        "m": drawn(4, 3, seed=3),
        "b": drawn(3, seed=4),
    }
    nodes = [
        ("Conv", ["x", "k"], ["p"], {}),
        ("Add", ["p", "c"], ["q"], {}),
        ("MatMul", ["q", "m"], ["r"], {}),
        ("Add", ["b", "r"], ["y"], {}),
    ]
    layer = same(model_of(nodes, {"x": ("n", 1, 5, 6)}, {"y": None}, weights), drawn(2, 1, 5, 6))
    assert [type(each) for each in layer.layers] == [Conv2D, Dense]
    assert all(each.use_bias for each in layer.layers)


@pytest.mark.parametrize("shape", [(3,), (3, 4, 2)])
def test_scales_that_follow_a_normalization(model_of, same, shape):
    wide = (3, *(1,) * (len(shape) - 1))
    weights = {name: drawn(3, seed=n) for n, name in enumerate("gbm")} | {"v": drawn(3) ** 2 + 1}
    weights |= {"scale": drawn(3, seed=4), "shift": drawn(1, *wide, seed=5)}
    nodes = [
        ("BatchNormalization", ["x", "g", "b", "m", "v"], ["p"], {}),
        ("Reshape", ["scale", "wide"], ["q"], {}),
        ("Mul", ["q", "p"], ["r"], {}),
        ("Add", ["r", "shift"], ["y"], {}),
    ]
    weights["wide"] = np.array(wide)
    layer = same(model_of(nodes, {"x": ("n", *shape)}, {"y": None}, weights), drawn(2, *shape))
    assert len(layer.layers) == 1


def test_a_bias_behind_something_that_is_taken_twice_stays_apart(model_of):
    weights = {"m": drawn(3, 3, seed=3), "b": drawn(3, seed=4)}
    nodes = [
        ("MatMul", ["x", "m"], ["r"], {}),
        ("Add", ["r", "b"], ["s"], {}),
        ("Mul", ["r", "s"], ["y"], {}),
    ]
    for kept, outputs in ((nodes, {"y": None}), (nodes[:2], {"s": None, "r": None})):
        with pytest.raises(UnsupportedLayerError, match="Add at 'add_1' takes 1 constants, which"):
            from_onnx(model_of(kept, {"x": ("n", 3)}, outputs, weights))


def test_shapes_that_are_computed_with(model_of, same):
    """As PyTorch writes ``x.view(x.size(0), -1)``."""
    weights = {"zero": np.array(0), "axes": np.array([0]), "rest": np.array([-1])}
    nodes = [
        ("Shape", ["x"], ["shape"], {}),
        ("Gather", ["shape", "zero"], ["n"], {}),
        ("Unsqueeze", ["n", "axes"], ["batch"], {}),
        ("Concat", ["batch", "rest"], ["target"], {"axis": 0}),
        ("Reshape", ["x", "target"], ["y"], {}),
    ]
    same(model_of(nodes, {"x": ("n", 3, 4)}, {"y": None}, weights), drawn(5, 3, 4))
    same(model_of(nodes, {"x": (5, 3, 4)}, {"y": None}, weights), drawn(5, 3, 4))


def test_sizes_that_are_left_open_are_asked_for(model_of, same):
    weights = {"w": drawn(2, 3, 3, 3)}
    model = model_of(
        [("Conv", ["x", "w"], ["y"], {})], {"x": ("n", 3, "h", "w")}, {"y": None}, weights
    )
    with pytest.raises(ValueError, match="'x' leaves open how large samples are: give input_shape"):
        from_onnx(model)
    with pytest.raises(ValueError, match=r"input_shape is \(4, 5, 6\), samples have \(3, \?, \?\)"):
        from_onnx(model, (4, 5, 6))
    same(model, drawn(2, 3, 7, 8), input_shape=(3, 5, 6))


def test_inputs_that_are_to_be_constants(model_of, run_onnx, infer):
    x, w = drawn(2, 3), drawn(3, 4, seed=1)
    model = model_of([("MatMul", ["x", "w"], ["y"], {})], {"x": ("n", 3), "w": (3, 4)}, {"y": None})
    with pytest.raises(UnsupportedLayerError, match=r"input 1 from the model's input 'w', where a"):
        from_onnx(model)
    layer = from_onnx(model, constants={"w": w}).layer
    np.testing.assert_allclose(infer(layer, x)[0], run_onnx(model, x, w)[0], rtol=1e-5)
    with pytest.raises(
        ValueError, match=r"constants are for \['v'\], the model has the inputs \['x'"
    ):
        from_onnx(model, constants={"v": w})


def test_float64_models(model_of, onnx, infer):
    weights = {"w": drawn(3, 2).astype("float64")}
    double = onnx.TensorProto.DOUBLE
    model = model_of(
        [("MatMul", ["x", "w"], ["y"], {})], {"x": ("n", 3)}, {"y": ("n", 2)}, weights, dtype=double
    )
    x = drawn(4, 3).astype("float64")
    (y,) = infer(from_onnx(model).layer, x)
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, x @ weights["w"], rtol=1e-14)


@pytest.mark.parametrize("backend_name", ["simulated"])
def test_models_move(model_of, backend_name, infer):
    weights = {"w": drawn(2, 3, 3, 3)}
    model = from_onnx(
        model_of([("Conv", ["x", "w"], ["y"], {})], {"x": ("n", 3, 5, 5)}, {"y": None}, weights)
    )
    x = drawn(2, 3, 5, 5)
    expected = model.predict(x)
    np.testing.assert_allclose(model.to(backend_name).predict(x), expected, rtol=1e-5, atol=1e-6)


IMAGE, ROW = ("n", 2, 4, 4), ("n", 4)
REFUSALS = [
    (
        "MaxPool",
        IMAGE,
        {},
        {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
        "ceil_mode",
    ),
    ("MaxPool", IMAGE, {}, {"kernel_shape": [2, 2], "dilations": [2, 2]}, "holes"),
    ("Softmax", IMAGE, {}, {"axis": 0}, "works along axis 0, which is the batch"),
    ("Flatten", IMAGE, {}, {"axis": 2}, "mixes the samples"),
    ("Transpose", ROW, {}, {"perm": [1, 0]}, "has the batch on axis 1, layers have it on axis 0"),
    ("Gemm", ROW, {"w": (3, 5)}, {}, "gets 4 features, and its weights are for 3"),
    ("Gemm", ROW, {"w": (4, 5)}, {"transA": 1}, "would mix the samples"),
    ("Conv", IMAGE, {"w": (1, 3, 2, 2)}, {}, "gets 2 channels, and its weights are for 3"),
    ("Conv", IMAGE, {"w": (1, 2, 2, 2)}, {"pads": [-1, 0, 0, 0]}, "fits no layer"),
    ("Conv", IMAGE, {"w": (1, 2, 9, 9)}, {}, "fits no layer: .* the kernel spans 9 positions"),
    ("Mul", ROW, {"w": (4,)}, {}, "takes 1 constants, which no layer holds"),
    ("PRelu", ROW, {"w": (3,)}, {}, r"has slopes of shape \(3,\) for samples of shape \(4,\)"),
    ("Reshape", ROW, {"w": np.array([-1, 2])}, {}, "which mixes them"),
    (
        "Pad",
        IMAGE,
        {"w": np.array([0, 1, 1, 1, 0, 0, 0, 0])},
        {},
        "leave the batch and the channels",
    ),
    (
        "Pad",
        IMAGE,
        {"w": np.array([0, 0, 1, 0] * 2)},
        {"mode": "edge"},
        "something else than zeros",
    ),
    ("Cast", ROW, {}, {"to": 11}, "converts float32 to float64; layers keep what they get"),
    ("Selu", ROW, {}, {"alpha": 2.0}, "constants of its own, alpha 2.0"),
    ("Shrink", ROW, {}, {"lambd": 1.0, "bias": 0.5}, "shrinks by 0.5, neither by nothing nor by"),
]


@pytest.mark.parametrize(("op", "shape", "weights", "options", "message"), REFUSALS)
def test_what_no_layer_does_is_refused_by_name_and_place(
    model_of, op, shape, weights, options, message
):
    arrays = {k: drawn(*v) if isinstance(v, tuple) else v for k, v in weights.items()}
    model = model_of([(op, ["x", *arrays], ["y"], options)], {"x": shape}, {"y": ("n",)}, arrays)
    with pytest.raises(UnsupportedLayerError, match=message):
        from_onnx(model)


def test_attributes_that_no_layer_has_are_refused(model_of):
    weights = {"w": drawn(1, 3, 2), "r": drawn(1, 3, 3)}
    node = ("RNN", ["x", *weights], ["y"], {"hidden_size": 3, "clip": 1.0})
    model = model_of([node], {"x": (5, "n", 2)}, {"y": None}, weights)
    with pytest.raises(
        UnsupportedLayerError, match=r"RNN at 'rnn_0' has the attributes \['clip'\]"
    ):
        from_onnx(model)


def test_a_stack_is_a_sequential_with_the_nodes_names(model_of):
    nodes = [("Relu", ["x"], ["a"], {}), ("Tanh", ["a"], ["y"], {})]
    layer = from_onnx(model_of(nodes, {"x": ("n", 3)}, {"y": None})).layer
    assert isinstance(layer, Sequential)
    assert [each.name for each in layer.layers] == ["relu_0", "tanh_1"]
    assert layer.name == "graph"


@pytest.mark.parametrize("name", ["squeezenet", "shufflenet"])
def test_networks_that_come_with_onnx(onnx, same, name):
    """Whole networks, whose weights are left out of their files and drawn here."""
    path = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / f"light_{name}.onnx"
    model = onnx.load(path)
    model.ir_version = 8  # from 4 on, weights are no inputs
    graph, rng = model.graph, np.random.default_rng(0)
    stored = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    kept, weights = [], []
    for node in graph.node:
        if node.op_type != "ConstantOfShape":
            kept.append(node)
            continue
        shape = tuple(stored.pop(node.input[0]))
        spread = 1 / np.sqrt(np.prod(shape[1:]))
        array = (
            np.abs(rng.normal(0, spread, shape))
            if len(shape) == 1
            else rng.normal(0, spread, shape)
        )
        weights.append(onnx.numpy_helper.from_array(array.astype("float32"), node.output[0]))
    weights += [onnx.numpy_helper.from_array(array, name) for name, array in stored.items()]
    for field, values in (("node", kept), ("initializer", weights)):
        graph.ClearField(field)
        getattr(graph, field).extend(values)
    (image,) = [each for each in graph.input if each.name.startswith(("data", "gpu_0/data"))]
    shape = [d.dim_value for d in image.type.tensor_type.shape.dim]
    graph.ClearField("input")
    graph.input.append(image)
    assert isinstance(same(model, drawn(*shape)), Graph)
