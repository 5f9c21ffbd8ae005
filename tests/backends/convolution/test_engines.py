"""Each engine's three convolutions, against the definition written out product by product.

Draws are small whole numbers: every sum of them is exact in every dtype and in every order, so
results must be equal, and no tolerance can hide a slip.
"""

import itertools
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import onepath.backends as op
from onepath.backends import Geometry
from onepath.backends.convolution import ENGINES, gemm
from onepath.backends.convolution.planner import choose

EXACT = ("gemm", "signal")

each_engine = pytest.mark.parametrize("engine", EXACT)

# input shape, filters, kernel, strides, padding, dilation, groups
CASES = {
    "1d": ((2, 9), 3, 3),
    "1d strided with leftovers": ((2, 10), 3, 3, 4),
    "1d dilated": ((2, 9), 3, 3, 1, "valid", 3),
    "1d same": ((1, 8), 2, 4, 3, "same"),
    "2d": ((2, 5, 6), 3, (3, 2)),
    "2d tall": ((2, 6, 4), 3, (3, 1)),
    "2d tall, depthwise": ((3, 6, 4), 3, (3, 1), 1, "valid", 1, 3),
    "2d one by one": ((4, 3, 3), 2, 1),
    "2d whole": ((2, 3, 4), 3, (3, 4)),
    "2d strided with leftovers": ((2, 6, 7), 2, 2, (3, 2)),
    "2d stride beyond kernel": ((1, 7, 8), 2, 2, (3, 4), 1),
    "2d dilated": ((2, 6, 7), 2, (2, 3), 1, "valid", (3, 2)),
    "2d strided and dilated": ((2, 8, 7), 2, 2, (2, 3), 1, (3, 2)),
    "2d same": ((2, 5, 4), 2, (2, 3), (2, 1), "same"),
    "2d full": ((2, 3, 4), 2, (3, 2), 1, "full"),
    "2d asymmetric": ((2, 4, 4), 2, (3, 2), (2, 1), ((0, 2), (3, 1))),
    "2d padded on one axis": ((2, 4, 4), 2, 3, 1, ((1, 0), 0)),
    "2d grouped": ((4, 5, 4), 6, 2, 1, 1, 1, 2),
    "2d depthwise": ((3, 4, 5), 3, 3, 2, "same", 1, 3),
    "2d depthwise, more filters": ((2, 4, 4), 6, 2, 1, "valid", 2, 2),
    "3d": ((2, 3, 4, 3), 2, (2, 3, 2)),
    "3d of everything": ((2, 4, 3, 5), 4, (2, 1, 3), (2, 1, 2), ((1, 0), 0, (0, 2)), (1, 2, 2), 2),
}

each_case = pytest.mark.parametrize("case", CASES)


def meetings(geometry, batch):
    """Every product of the definition: places in the output, the input and the kernel.

    y[n, f, o] = sum of x[n, c, o * stride + k * dilation - padding] kernel[f, c, k] over the taps
    that lie inside the input, where c counts the channels of f's group.
    """
    window, groups = geometry.window, geometry.groups
    depth, width = geometry.channels // groups, geometry.filters // groups
    for n, f, o, d, k in itertools.product(
        range(batch),
        range(geometry.filters),
        np.ndindex(window.output_size),
        range(depth),
        np.ndindex(window.kernel_size),
    ):
        place = tuple(
            i * stride + tap * dilation - before
            for i, stride, tap, dilation, (before, _) in zip(
                o, window.strides, k, window.dilation, window.pads, strict=True
            )
        )
        if all(0 <= i < size for i, size in zip(place, window.input_size, strict=True)):
            yield (n, f, *o), (n, f // width * depth + d, *place), (f, d, *k)


def three_sums(geometry, x, kernel, dy):
    """The output, the input's gradient and the kernel's gradient, in float64."""
    y, dx, dk = np.zeros(dy.shape), np.zeros(x.shape), np.zeros(kernel.shape)
    for out, place, tap in meetings(geometry, len(x)):
        y[out] += x[place] * kernel[tap]
        dx[place] += dy[out] * kernel[tap]
        dk[tap] += dy[out] * x[place]
    return y, dx, dk


def draw(geometry, batch, seed=0):
    """An input, kernels and an output gradient, of small whole numbers."""
    rng = np.random.default_rng(seed)
    shapes = (
        (batch, *geometry.input_shape),
        geometry.kernel_shape,
        (batch, *geometry.output_shape),
    )
    return tuple(rng.integers(-3, 4, shape).astype("f8") for shape in shapes)


@cache
def solved(case, batch):
    """A case's geometry, draws and exact results."""
    geometry = Geometry.of(*CASES[case])
    drawn = draw(geometry, batch)
    return geometry, drawn, three_sums(geometry, *drawn)


def three(backend, geometry, x, kernel, dy, engine):
    """What the backend makes of arrays of its device, on the host."""
    return tuple(
        backend.to_numpy(result)
        for result in (
            backend.conv(x, kernel, geometry, engine),
            backend.conv_input_gradient(dy, kernel, geometry, engine),
            backend.conv_kernel_gradient(x, dy, geometry, engine),
        )
    )


def assert_exact(results, expected, dtype, case=""):
    names = "output", "input gradient", "kernel gradient"
    for name, result, exact in zip(names, results, expected, strict=True):
        np.testing.assert_array_equal(result, exact.astype(dtype), f"{name} {case}", strict=True)


def contiguous(xp, x):
    return x


def every_other(xp, x):
    """The same numbers, in an array that is cut out of a larger one and reversed."""
    wide = xp.zeros((2 * x.shape[0], *x.shape[1:-1], 2 * x.shape[-1]), dtype=x.dtype)
    view = wide[::2, ..., ::-2]
    view[...] = x
    return view


def channels_last(xp, x):
    """The same numbers, as an array that was stored channels last is seen channels first."""
    return xp.moveaxis(xp.ascontiguousarray(xp.moveaxis(x, 1, -1)), -1, 1)


def batch_last(xp, x):
    """The same numbers, with the samples interleaved element by element."""
    return xp.moveaxis(xp.ascontiguousarray(xp.moveaxis(x, 0, -1)), -1, 0)


# Values


@each_case
@each_engine
@pytest.mark.parametrize("layout", [contiguous, every_other, channels_last, batch_last])
def test_values(backend, case, engine, layout):
    """Every geometry, in every layout and dtype, for one sample and for several."""
    for batch, dtype in itertools.product((1, 3), ("f4", "f8")):
        geometry, drawn, expected = solved(case, batch)
        arrays = [layout(backend.xp, backend.asarray(a.astype(dtype))) for a in drawn]
        results = three(backend, geometry, *arrays, engine)
        assert_exact(results, expected, dtype, f"of {batch} in {dtype}")
        for array, before in zip(arrays, drawn, strict=True):
            np.testing.assert_array_equal(backend.to_numpy(array), before, "inputs are left alone")


@each_case
@pytest.mark.parametrize("tile_bytes", [1, 300, 900])
def test_tiles(backend, case, tile_bytes, monkeypatch):
    """Tiles of a row, of a few, of a few samples: the same sums in more products."""
    geometry, drawn, expected = solved(case, 5)
    products = []
    matmul = gemm._matmul
    monkeypatch.setattr(gemm, "_matmul", lambda *args: (products.append(1), matmul(*args)))
    for layout in (contiguous, channels_last, batch_last):
        arrays = [layout(backend.xp, backend.asarray(a.astype("f4"))) for a in drawn]
        products.clear()
        three(backend, geometry, *arrays, "gemm")
        whole = len(products)
        with monkeypatch.context() as patch:
            patch.setattr(backend, "tile_bytes", tile_bytes)
            products.clear()
            assert_exact(three(backend, geometry, *arrays, "gemm"), expected, "f4")
            assert len(products) >= whole
            divisible = layout is not batch_last or geometry.window.output_size[0] > 1
            assert len(products) > whole or not divisible or tile_bytes > 1


@pytest.mark.parametrize("batch", [8, 19, 35])
@pytest.mark.parametrize("depth", [1, 20])
def test_small_images_in_large_batches(backend, batch, depth):
    """They are interleaved first, in blocks, whichever way their input gradient is computed."""
    geometry = Geometry.of((2 * depth, 3, 4), 4, 2, groups=2)
    drawn = draw(geometry, batch)
    arrays = [backend.asarray(a.astype("f4")) for a in drawn]
    assert_exact(three(backend, geometry, *arrays, "gemm"), three_sums(geometry, *drawn), "f4")


@pytest.mark.parametrize("batch", [3, 8])
@each_case
def test_results_lie_in_memory_as_the_input_does(backend, case, batch):
    geometry = Geometry.of(*CASES[case])
    for layout in (contiguous, batch_last):
        x, kernel, dy = (
            layout(backend.xp, backend.asarray(a.astype("f4"))) for a in draw(geometry, batch)
        )
        y = backend.conv(x, kernel, geometry, "gemm")
        dx = backend.conv_input_gradient(dy, kernel, geometry, "gemm")
        assert y.strides == dy.strides
        assert dx.strides == x.strides


@each_case
def test_float16(backend, case):
    geometry, drawn, expected = solved(case, 3)
    arrays = [backend.asarray(a.astype("f2")) for a in drawn]
    assert_exact(three(backend, geometry, *arrays, "gemm"), expected, "f2")


@pytest.mark.parametrize(("dtype", "unit"), [("float16", 2.0**-11), ("bfloat16", 2.0**-8)])
@each_case
def test_narrow_rounding(backend, case, dtype, unit):
    """As `test_rounding` has it; NumPy's functions take bfloat16 here and there only."""
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="bfloat16 is absent: pip install 'onepath[mixed]'")
        if backend.name.startswith("simulated"):
            pytest.skip("the simulated device has no bfloat16")
    geometry = Geometry.of(*CASES[case])
    rng = np.random.default_rng(1)
    drawn = [rng.normal(size=a.shape).astype("f4").astype(dtype) for a in draw(geometry, 9)]
    exact = three_sums(geometry, *(a.astype("f8") for a in drawn))
    sizes = three_sums(geometry, *(abs(a.astype("f8")) for a in drawn))
    results = three(backend, geometry, *(backend.asarray(a) for a in drawn), "gemm")
    outputs = 9 * math.prod(geometry.window.output_size)
    lengths = geometry.reduction, geometry.filters * geometry.reduction, outputs
    for result, truth, size, length in zip(results, exact, sizes, lengths, strict=True):
        assert result.dtype.name == dtype
        error = abs(result.astype("f8") - truth)
        assert (error <= unit * (abs(truth) + math.sqrt(length) * size)).all()


def test_float16_is_added_up_in_float32_over_tiles(backend, monkeypatch):
    """Between 4096 and 8192, where most of a lane's sums lie, float16 has multiples of 4 alone."""
    monkeypatch.setattr(backend, "tile_bytes", 128)  # a sample in each tile
    x = backend.asarray(np.ones((1000, 1, 64), "f2"))
    dy = backend.asarray(np.full((1000, 1, 64), 61.25 / 64, "f2"))
    gradient = backend.conv_kernel_gradient(x, dy, Geometry.of((1, 64), 1, 1), "gemm")
    assert gradient.dtype == "f2"
    assert backend.to_numpy(gradient).item() == np.float16(61_250)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@each_engine
@each_case
def test_rounding(backend, case, engine, dtype):
    """|error| <= c u sqrt(K) times the sum of the K products' sizes."""
    geometry = Geometry.of(*CASES[case])
    rng = np.random.default_rng(1)
    drawn = [rng.normal(size=a.shape).astype(dtype) for a in draw(geometry, 2)]
    exact = three_sums(geometry, *(a.astype("f8") for a in drawn))
    sizes = three_sums(geometry, *(abs(a.astype("f8")) for a in drawn))
    results = three(backend, geometry, *(backend.asarray(a) for a in drawn), engine)
    outputs = 2 * math.prod(geometry.window.output_size)
    lengths = geometry.reduction, geometry.filters * geometry.reduction, outputs
    unit = np.finfo(dtype).eps / 2
    for result, truth, size, length in zip(results, exact, sizes, lengths, strict=True):
        assert (abs(result - truth) <= 4 * unit * math.sqrt(length) * size).all()


@each_case
@each_engine
def test_adjoints(backend, case, engine):
    """<dy, conv(x, k)> = <input gradient(dy, k), x> = <kernel gradient(x, dy), k>."""
    geometry = Geometry.of(*CASES[case])
    rng = np.random.default_rng(2)
    x, kernel, dy = (rng.normal(size=a.shape) for a in draw(geometry, 2))
    y, dx, dk = three(backend, geometry, *map(backend.asarray, (x, kernel, dy)), engine)
    products = [np.vdot(dy, y), np.vdot(dx, x), np.vdot(dk, kernel)]
    scale = np.linalg.norm(dy) * np.linalg.norm(y)
    np.testing.assert_allclose(products, products[0], rtol=0, atol=1e-13 * scale)


@st.composite
def geometries(draw):
    """Geometries of all sorts, small enough for loops."""
    rank = draw(st.integers(1, 3))
    largest = {1: 9, 2: 5, 3: 3}[rank]

    def each(smallest, largest):
        return draw(st.tuples(*[st.integers(smallest, largest)] * rank))

    size, kernel = each(1, largest), each(1, 3)
    pair = st.tuples(st.integers(0, 2), st.integers(0, 2))
    padding = draw(st.sampled_from(["valid", "same", "full"]) | st.tuples(*[pair] * rank))
    groups = draw(st.integers(1, 3))
    channels, filters = (groups * draw(st.integers(1, 2)) for _ in range(2))
    strides, dilation = each(1, 3), each(1, 3)
    before_and_after = padding if isinstance(padding, tuple) else ((0, 0),) * rank
    spans = ((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    room = (n + sum(pads) for n, pads in zip(size, before_and_after, strict=True))
    assume(padding in ("same", "full") or all(s <= r for s, r in zip(spans, room, strict=True)))
    return Geometry.of((channels, *size), filters, kernel, strides, padding, dilation, groups)


@each_engine
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    geometry=geometries(), batch=st.integers(1, 3), tile_bytes=st.sampled_from([1, 500, 1 << 20])
)
def test_any_geometry(backend, engine, geometry, batch, tile_bytes):
    drawn = draw(geometry, batch)
    arrays = [backend.asarray(a.astype("f4")) for a in drawn]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend, "tile_bytes", tile_bytes)
        assert_exact(three(backend, geometry, *arrays, engine), three_sums(geometry, *drawn), "f4")


# Memory


@each_engine
@each_case
def test_results_are_the_caller_s(backend, case, engine):
    """A later call in the same scratch memory changes no result, nor does NaN left there."""
    geometry, drawn, expected = solved(case, 3)
    arrays = [backend.asarray(a.astype("f4")) for a in drawn]
    x, kernel, dy = arrays
    results = (
        backend.conv(x, kernel, geometry, engine),
        backend.conv_input_gradient(dy, kernel, geometry, engine),
        backend.conv_kernel_gradient(x, dy, geometry, engine),
    )
    with np.errstate(invalid="ignore"):
        three(backend, geometry, *(a * math.nan for a in arrays), engine)
    assert_exact([backend.to_numpy(r) for r in results], expected, "f4")
    assert_exact(three(backend, geometry, *arrays, engine), expected, "f4")
    for result in results:
        assert backend.owns(result)
        assert result.flags.c_contiguous
        result.fill(math.nan)
    assert_exact(three(backend, geometry, *arrays, engine), expected, "f4")


@each_case
@pytest.mark.parametrize("batch", [1, 3])
def test_scratch_memory_is_what_was_announced(backend, case, batch):
    geometry, drawn, _ = solved(case, batch)
    announced = ENGINES["gemm"].workspace(backend, geometry, batch, "float32")
    backend.workspace.release()
    three(backend, geometry, *(backend.asarray(a.astype("f4")) for a in drawn), "gemm")
    assert 0 < backend.workspace.held() <= announced


@pytest.mark.parametrize(("case", "size"), [("2d", 0), ("2d same", 3 * 2 * (6 * 6) * 4)])
def test_the_definition_s_scratch_memory_is_the_padded_input(backend, case, size):
    geometry = Geometry.of(*CASES[case])
    assert ENGINES["signal"].workspace(backend, geometry, 3, "float32") == size


@each_case
def test_a_device_without_threads_of_ours_multiplies_plain_matrices(case, monkeypatch):
    """CuPy multiplies two matrices without a copy; stacks of them it copies if they have gaps."""
    device = op.get_backend("simulated")
    geometry, drawn, expected = solved(case, 3)
    ranks = []
    matmul = device.xp.matmul

    def spy(a, b, out):
        ranks.append(a.ndim)
        return matmul(a, b, out=out)

    monkeypatch.setattr(device.xp, "matmul", spy)
    arrays = [device.asarray(a.astype("f4")) for a in drawn]
    assert_exact(three(device, geometry, *arrays, "gemm"), expected, "f4")
    if geometry.groups == 1:
        assert set(ranks) == {2}
        phases = map(min, geometry.window.strides, geometry.window.kernel_size)
        assert len(ranks) <= 2 + math.prod(phases)


# As plain functions


@each_engine
@each_case
def test_plain_functions(backend, case, engine):
    geometry, drawn, expected = solved(case, 3)
    x, kernel, dy = (backend.asarray(a.astype("f4")) for a in drawn)
    _, _, kernel_size, *rest = CASES[case]
    size = geometry.window.input_size
    results = (
        op.conv(x, kernel, *rest, engine=engine),
        op.conv_input_gradient(dy, kernel, size, *rest, engine=engine),
        op.conv_kernel_gradient(x, dy, kernel_size, *rest, engine=engine),
    )
    assert_exact([backend.to_numpy(r) for r in results], expected, "f4")


def test_plain_functions_have_the_layers_defaults(backend):
    geometry, drawn, expected = solved("2d", 3)
    x, kernel, dy = map(backend.asarray, drawn)
    results = (
        op.conv(x, kernel),
        op.conv_input_gradient(dy, kernel, list(geometry.window.input_size)),
        op.conv_kernel_gradient(x, dy, (3, 2)),
    )
    assert_exact([backend.to_numpy(r) for r in results], expected, "f8")


def test_a_strided_input_may_have_several_sizes(backend):
    """The rows left over at a stride get no gradient."""
    dy, kernel = np.ones((1, 1, 2)), np.ones((1, 1, 2))
    for size, expected in (
        (5, [1, 1, 0, 1, 1]),
        (6, [1, 1, 0, 1, 1, 0]),
        (7, [1, 1, 0, 1, 1, 0, 0]),
    ):
        dx = op.conv_input_gradient(backend.asarray(dy), backend.asarray(kernel), (size,), 3)
        np.testing.assert_array_equal(backend.to_numpy(dx), [[expected]])


def test_plain_functions_want_matching_ranks(backend):
    x, kernel = backend.asarray(np.ones((1, 1, 4))), backend.asarray(np.ones((1, 1, 2, 2)))
    flat, deep = backend.asarray(np.ones((1, 1))), backend.asarray(np.ones((1,) * 6))
    calls = {
        "conv": op.conv,
        "conv_input_gradient": lambda a, b: op.conv_input_gradient(a, b, (4,)),
        "conv_kernel_gradient": lambda a, b: op.conv_kernel_gradient(a, b, 2),
    }
    for name, call in calls.items():
        for a, b in ((x, kernel), (flat, flat), (deep, deep), (x, flat)):
            with pytest.raises(
                ValueError,
                match=f"{name}: both arrays need two axes and one to three spatial ones, got "
                rf"shapes .* \({a.shape[0]}, .*\), .* \({b.shape[0]}, .*\)",
            ):
                call(a, b)


def test_plain_functions_find_what_does_not_fit(backend):
    x, kernel = backend.asarray(np.ones((1, 3, 4))), backend.asarray(np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match=r"kernel must have shape \(2, 3, 2\), got \(2, 2, 2\)"):
        op.conv(x, kernel)
    with pytest.raises(ValueError, match="groups=2 does not divide the 3 channels"):
        op.conv(x, kernel, groups=2)
    with pytest.raises(ValueError, match=r"dy must have shape \(N, 2, 3\), got \(1, 3, 4\)"):
        op.conv_input_gradient(x, kernel, (4,))
    with pytest.raises(ValueError, match="the kernel spans 5 positions on spatial axis 0"):
        op.conv_kernel_gradient(x, x, 5)


def test_plain_functions_want_arrays(backend):
    x = backend.asarray(np.ones((1, 1, 4)))
    with pytest.raises(
        TypeError, match=r"argument 1 is a builtins\.list, not an array of a backend"
    ):
        op.conv(x, [[[1.0]]])


# What is refused


def one_of_each(backend):
    geometry = Geometry.of((2, 5, 5), 3, 2)
    x, kernel, dy = draw(geometry, 2)
    return geometry, *(backend.asarray(a.astype("f4")) for a in (x, kernel, dy))


def calls(backend, geometry):
    """Name, arguments' names, and how to call each of the three."""
    return (
        ("conv", ("x", "kernel"), lambda a, b: backend.conv(a, b, geometry)),
        (
            "conv_input_gradient",
            ("dy", "kernel"),
            lambda a, b: backend.conv_input_gradient(a, b, geometry),
        ),
        (
            "conv_kernel_gradient",
            ("x", "dy"),
            lambda a, b: backend.conv_kernel_gradient(a, b, geometry),
        ),
    )


def every_argument(backend):
    """Function's name, argument's name, its shape in the message, and a call with a replacement."""
    geometry, x, kernel, dy = one_of_each(backend)
    good = {"x": x, "kernel": kernel, "dy": dy}
    shapes = {"x": r"\(N, 2, 5, 5\)", "kernel": r"\(3, 2, 2, 2\)", "dy": r"\(N, 3, 4, 4\)"}
    for function, names, call in calls(backend, geometry):
        for name in names:
            yield (
                function,
                name,
                shapes[name],
                good[name],
                (
                    lambda bad, call=call, names=names, name=name: call(
                        *(bad if n == name else good[n] for n in names)
                    )
                ),
            )


def test_wrong_shapes(backend):
    for function, name, shape, good, call in every_argument(backend):
        for bad in (good[:, :1], good[..., :1], good[0], good[None], good[:0]):
            got = str(bad.shape).replace("(", r"\(").replace(")", r"\)")
            with pytest.raises(
                ValueError, match=f"{function}: {name} must have shape {shape}, got {got}"
            ):
                call(bad)


def test_wrong_places(backend):
    elsewhere = [] if backend.owns(np.ones(1)) else [np.ones((2, 2, 5, 5), "f4")]
    for function, name, _, good, call in every_argument(backend):
        for bad in [None, [[1.0]], *elsewhere]:
            kind = f"{type(bad).__module__}.{type(bad).__qualname__}"
            with pytest.raises(
                TypeError,
                match=f"{function}: {name} must be an array on {backend.name}, got {kind}",
            ):
                call(bad)
        assert call(good) is not None


def test_wrong_dtypes(backend):
    for function, name, _, good, call in every_argument(backend):
        for dtype in ("int64", "bool", "complex64"):
            with pytest.raises(
                TypeError,
                match=rf"{function}: {name} must be floating, got {dtype}; "
                rf"{name}\.astype\('float32'\) makes it so",
            ):
                call(good.astype(dtype))
        with pytest.raises(
            TypeError, match=f"{function}: arguments must share one dtype, got .*{name} float64"
        ):
            call(good.astype("float64"))


def test_different_batches(backend):
    geometry, x, _, dy = one_of_each(backend)
    with pytest.raises(
        ValueError, match="conv_kernel_gradient: x has 2 samples and dy 1; they must be as many"
    ):
        backend.conv_kernel_gradient(x, dy[:1], geometry)


@pytest.mark.parametrize("engine", ["quick", "", "Gemm", None])
def test_unknown_engines(backend, engine):
    geometry, x, kernel, dy = one_of_each(backend)
    for call in (
        lambda: backend.conv(x, kernel, geometry, engine),
        lambda: backend.conv_input_gradient(dy, kernel, geometry, engine),
        lambda: backend.conv_kernel_gradient(x, dy, geometry, engine),
    ):
        with pytest.raises(
            ValueError, match=rf"engine must be 'auto' or one of \(.*\), got {engine!r}"
        ):
            call()


def test_the_definition_refuses_float16(backend):
    geometry, x, kernel, _ = one_of_each(backend)
    with pytest.raises(
        ValueError,
        match=r"engine 'signal' does not support this case: .* do not sum float16 directly",
    ):
        backend.conv(x.astype("f2"), kernel.astype("f2"), geometry, "signal")


def test_auto_is_an_engine_that_takes_the_case(backend):
    geometry, x, kernel, _ = one_of_each(backend)
    for dtype in ("float16", "float32", "float64"):
        engine = choose("auto", backend, "forward", geometry, len(x), dtype)
        assert engine is ENGINES[engine.name]
        assert engine.refusal(backend, geometry, dtype) is None
        a, b = x.astype(dtype), kernel.astype(dtype)
        auto = backend.to_numpy(backend.conv(a, b, geometry))
        named = backend.to_numpy(backend.conv(a, b, geometry, engine.name))
        np.testing.assert_array_equal(auto, named)


def test_every_engine_is_tested_here():
    """A new one joins ``EXACT``, or gets a file of tests with a tolerance of its own."""
    apart = {name for name in ENGINES if Path(__file__).with_name(f"test_{name}.py").exists()}
    assert set(ENGINES) == {*EXACT, *apart}
    assert all(engine.name == name for name, engine in ENGINES.items())
