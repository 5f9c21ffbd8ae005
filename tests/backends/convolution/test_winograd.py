"""Minimal filtering, against the definition in float64, within the bounds that it states."""

import itertools
import math
from functools import cache

import numpy as np
import pytest
import scipy.signal

from onepath.backends import Geometry, get_backend, get_threads, set_threads
from onepath.backends.convolution import winograd
from onepath.backends.simulated.ledger import ledger

ENGINE = winograd.WinogradEngine()

# input shape, filters, padding, groups
CASES = {
    "whole tiles": ((3, 8, 12), 2, "same", 1),
    "tiles of 2": ((2, 6, 2), 3, "same", 1),
    "tiles of 4 by 2": ((2, 9, 8), 2, "valid", 1),
    "tiles that stick out": ((2, 7, 13), 2, "same", 1),
    "one output": ((3, 3, 3), 2, "valid", 1),
    "a single pixel": ((2, 1, 1), 2, 1, 1),
    "a row": ((2, 1, 9), 2, "same", 1),
    "full": ((2, 5, 9), 3, "full", 1),
    "asymmetric": ((2, 8, 5), 2, ((0, 2), (3, 1)), 1),
    "tiles of nothing but padding": ((1, 3, 4), 2, ((9, 0), (1, 12)), 1),
    "grouped": ((4, 7, 6), 6, "same", 2),
    "depthwise": ((3, 5, 5), 3, "valid", 3),
}

each_case = pytest.mark.parametrize("case", CASES)

LARGEST = {2: 4.0, 4: 15.42}
"""What the module's docstring calls e, of tiles of 2 and 4, worked out by hand from the points."""

LARGEST_ADJOINT = {2: 4.0, 4: 16.27}
"""The same of the kernel's gradient, ``max_l sum_t |G_tl| sum_j |B_jt| max_i |A_ti|``."""


def three_sums(geometry, x, kernel, dy):
    """Output, input gradient and kernel gradient by their definition, tap by tap."""
    window, groups = geometry.window, geometry.groups
    height, width = window.output_size
    padded = np.pad(x, ((0, 0), (0, 0), *window.pads))
    y, dpadded, dk = np.zeros(dy.shape), np.zeros(padded.shape), np.zeros(kernel.shape)
    channels, filters = geometry.channels // groups, geometry.filters // groups
    for g, i, j in itertools.product(range(groups), range(3), range(3)):
        c, f = slice(g * channels, (g + 1) * channels), slice(g * filters, (g + 1) * filters)
        seen = (slice(None), c, slice(i, i + height), slice(j, j + width))
        y[:, f] += np.einsum("nchw,fc->nfhw", padded[seen], kernel[f, :, i, j])
        dpadded[seen] += np.einsum("nfhw,fc->nchw", dy[:, f], kernel[f, :, i, j])
        dk[f, :, i, j] += np.einsum("nfhw,nchw->fc", dy[:, f], padded[seen])
    return y, dpadded[(..., *window.interior)], dk


@cache
def solved(case, batch):
    """A case's geometry, draws, and what they give."""
    shape, filters, padding, groups = CASES[case]
    geometry = Geometry.of(shape, filters, 3, 1, padding, 1, groups)
    drawn = draw(geometry, batch)
    return geometry, drawn, three_sums(geometry, *drawn)


def draw(geometry, batch, seed=0):
    """An input, kernels and an output gradient that are exact in float32."""
    rng = np.random.default_rng(seed)
    shapes = (
        (batch, *geometry.input_shape),
        geometry.kernel_shape,
        (batch, *geometry.output_shape),
    )
    return tuple(rng.normal(size=shape).astype("f4").astype("f8") for shape in shapes)


def three(backend, geometry, x, kernel, dy):
    return (
        ENGINE.forward(backend, x, kernel, geometry),
        ENGINE.input_gradient(backend, dy, kernel, geometry),
        ENGINE.kernel_gradient(backend, x, dy, geometry),
    )


def bounds(geometry, x, kernel, dy, unit):
    """The likely bounds of the module's docstring, with the largest input of all for a tile's."""
    window, depth = geometry.window, geometry.channels // geometry.groups
    of_output = math.prod(LARGEST[tile(n)] for n in window.output_size)
    of_input = math.prod(LARGEST[tile(n)] for n in window.input_size)
    of_kernel = math.prod(LARGEST_ADJOINT[tile(n)] for n in window.output_size)
    filters = geometry.filters // geometry.groups
    tiles = len(x) * math.prod(window.output_size)
    into = abs(kernel).reshape(geometry.groups, filters, depth, 9)
    return (
        likely(unit, depth) * of_output * abs(x).max() * into.sum((2, 3)).max(),
        likely(unit, filters) * of_input * abs(dy).max() * into.sum((1, 3)).max(),
        likely(unit, tiles) * of_kernel * abs(x).max() * abs(dy).sum((0, 2, 3)).max(),
    )


def likely(unit, length):
    return 8 * math.sqrt(length + 82) * unit


def tile(size):
    """Outputs of 1, 2, 5 and 6 take no more products in tiles of 2."""
    return 2 if size in (1, 2, 5, 6) else 4


def samples_first(xp, x):
    return x


def batch_last(xp, x):
    """The same numbers, in memory as (C, H, W, N)."""
    return xp.moveaxis(xp.ascontiguousarray(xp.moveaxis(x, 0, -1)), -1, 0)


def channels_last(xp, x):
    return xp.moveaxis(xp.ascontiguousarray(xp.moveaxis(x, 1, -1)), -1, 1)


def every_other(xp, x):
    """The same numbers, cut out of a larger array and reversed."""
    wide = xp.zeros((2 * x.shape[0], *x.shape[1:-1], 2 * x.shape[-1]), dtype=x.dtype)
    view = wide[::2, ..., ::-2]
    view[...] = x
    return view


def memory_order(array):
    return sorted(range(array.ndim), key=lambda axis: -array.strides[axis])


# Values


@each_case
@pytest.mark.parametrize("layout", [samples_first, batch_last, channels_last, every_other])
@pytest.mark.parametrize("tile_bytes", [10_000, 1 << 20])
def test_values(backend, case, layout, tile_bytes, monkeypatch):
    """Every geometry, in every layout and dtype, in many blocks and steps and in one."""
    monkeypatch.setattr(backend, "tile_bytes", tile_bytes)
    for batch, dtype in ((1, "f4"), (5, "f8")):
        geometry, drawn, expected = solved(case, batch)
        arrays = [layout(backend.xp, backend.asarray(a.astype(dtype))) for a in drawn]
        results = three(backend, geometry, *arrays)
        allowed = bounds(geometry, *drawn, np.finfo(dtype).eps / 2)
        for result, truth, most in zip(results, expected, allowed, strict=True):
            assert result.dtype == dtype
            assert result.shape == truth.shape
            assert abs(backend.to_numpy(result) - truth).max() <= most
        for array, before in zip(arrays, drawn, strict=True):
            np.testing.assert_array_equal(backend.to_numpy(array), before, "inputs are left alone")


def test_tiles_one_at_a_time(backend, monkeypatch):
    monkeypatch.setattr(backend, "tile_bytes", 1)
    geometry, drawn, expected = solved("tiles that stick out", 5)
    results = three(backend, geometry, *map(backend.asarray, drawn))
    for result, truth in zip(results, expected, strict=True):
        np.testing.assert_allclose(backend.to_numpy(result), truth, rtol=0, atol=1e-12)


def test_scipy_computes_the_same(cpu):
    geometry, (x, kernel, dy), _ = solved("tiles that stick out", 5)
    y, dx, dk = three(cpu, geometry, x, kernel, dy)
    correlated = [
        scipy.signal.correlate(a, b, "same") for a, b in zip(x[3], kernel[1], strict=True)
    ]
    np.testing.assert_allclose(y[3, 1], sum(correlated), rtol=0, atol=1e-12)
    convolved = [
        scipy.signal.convolve(a, b, "same") for a, b in zip(dy[3], kernel[:, 1], strict=True)
    ]
    np.testing.assert_allclose(dx[3, 1], sum(convolved), rtol=0, atol=1e-12)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    pairs = zip(padded[:, 1], dy[:, 0], strict=True)
    summed = [scipy.signal.correlate(a, b, "valid") for a, b in pairs]
    np.testing.assert_allclose(dk[0, 1], sum(summed), rtol=0, atol=1e-12)


@each_case
def test_adjoints(backend, case):
    """<dy, conv(x, k)> = <input gradient(dy, k), x> = <kernel gradient(x, dy), k>."""
    geometry, (x, kernel, dy), _ = solved(case, 5)
    results = three(backend, geometry, *map(backend.asarray, (x, kernel, dy)))
    y, dx, dk = map(backend.to_numpy, results)
    products = [np.vdot(dy, y), np.vdot(dx, x), np.vdot(dk, kernel)]
    scale = np.linalg.norm(dy) * np.linalg.norm(y)
    np.testing.assert_allclose(products, products[0], rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize(
    ("size", "outputs", "counts"),
    [
        ((1, 2), (2, 2), (1, 1)),
        ((3, 4), (4, 4), (1, 1)),
        ((5, 6), (2, 2), (3, 3)),
        ((7, 14), (4, 4), (2, 4)),
        ((2, 9), (2, 4), (1, 3)),
    ],
)
def test_tiles_take_the_fewest_products(size, outputs, counts):
    assert winograd._Tiling.over(size) == (outputs, counts)


# Rounding


def spikes(rng, shape):
    """One number of a million among small ones, in each image."""
    x = rng.normal(size=shape)
    x[..., shape[-2] // 2, shape[-1] // 3] = 1e6
    return x


def alternating(rng, shape):
    """Signs like a chequerboard's, whose sums cancel."""
    return (-1.0) ** sum(np.indices(shape)) + 1e-3 * rng.normal(size=shape)


def offset(rng, shape):
    return 1000 + rng.normal(size=shape)


def normal(rng, shape):
    return rng.normal(size=shape)


@pytest.mark.parametrize("data", [normal, spikes, alternating, offset])
@pytest.mark.parametrize("size", [(6, 6), (6, 9), (9, 13)])
@pytest.mark.parametrize("channels", [1, 8, 64])
def test_rounding(backend, data, size, channels):
    rng = np.random.default_rng(3)
    geometry = Geometry.of((channels, *size), 4, 3, 1, "same")
    shapes = (3, channels, *size), (4, channels, 3, 3), (3, 4, *size)
    drawn = [data(rng, shape).astype("f4") for shape in shapes]
    wide = [a.astype("f8") for a in drawn]
    results = three(backend, geometry, *map(backend.asarray, drawn))
    for result, truth, most in zip(
        results, three_sums(geometry, *wide), bounds(geometry, *wide, 2.0**-24), strict=True
    ):
        assert abs(backend.to_numpy(result) - truth).max() <= most


@pytest.mark.parametrize(("size", "most"), [((6, 6), 1.0), ((12, 12), 2.0)])
def test_rounding_of_layers(backend, size, most):
    """|error| <= c u sqrt(K) times the sum of the K products' sizes, for what layers see."""
    geometry = Geometry.of((64, *size), 64, 3, 1, "same")
    x, kernel, dy = draw(geometry, 4)
    drawn = np.maximum(x, 0), kernel, dy
    results = three(backend, geometry, *(backend.asarray(a.astype("f4")) for a in drawn))
    sizes = three_sums(geometry, *map(abs, drawn))
    lengths = 9 * 64, 9 * 64, 4 * math.prod(size)
    for result, truth, summed, length in zip(
        results, three_sums(geometry, *drawn), sizes, lengths, strict=True
    ):
        error = abs(backend.to_numpy(result) - truth)
        assert (error <= most * 2.0**-24 * math.sqrt(length) * summed).all()


# Memory and threads


@pytest.mark.parametrize("layout", [samples_first, batch_last, channels_last])
def test_results_lie_in_memory_as_their_arguments(backend, layout):
    geometry, drawn, _ = solved("full", 5)
    x, kernel, dy = (layout(backend.xp, backend.asarray(a)) for a in drawn)
    y, dx, _ = three(backend, geometry, x, kernel, dy)
    assert memory_order(y) == memory_order(x)
    assert memory_order(dx) == memory_order(dy)


@each_case
def test_results_are_the_caller_s(backend, case):
    """A later call in the same scratch memory changes no result, nor does NaN left there."""
    geometry, drawn, _ = solved(case, 5)
    arrays = [backend.asarray(a) for a in drawn]
    results = three(backend, geometry, *arrays)
    before = [backend.to_numpy(result).copy() for result in results]
    with np.errstate(invalid="ignore"):
        three(backend, geometry, *(a * math.nan for a in arrays))
    for again in (results, three(backend, geometry, *arrays)):
        for result, first in zip(again, before, strict=True):
            assert backend.owns(result)
            np.testing.assert_array_equal(backend.to_numpy(result), first)


@pytest.mark.parametrize("layout", [samples_first, batch_last])
@pytest.mark.parametrize("batch", [1, 5])
@each_case
def test_scratch_memory_is_what_was_announced(cpu, case, batch, layout, monkeypatch):
    """On one thread, which meets all items."""
    monkeypatch.setattr(cpu, "spread", lambda work, items: list(map(work, items)))
    geometry, drawn, _ = solved(case, batch)
    for tile_bytes in (1, 30_000, 1 << 20):
        monkeypatch.setattr(cpu, "tile_bytes", tile_bytes)
        cpu.workspace.release()
        three(cpu, geometry, *(layout(np, a) for a in drawn))
        held = cpu.workspace.held()
        assert held <= ENGINE.workspace(cpu, geometry, batch, "float64") <= 4 * held


@pytest.mark.parametrize("layout", [samples_first, batch_last])
def test_results_do_not_depend_on_threads(cpu, layout, monkeypatch):
    monkeypatch.setattr(cpu, "tile_bytes", 40_000)
    geometry = Geometry.of((20, 19, 17), 30, 3, 1, "same")
    arrays = [layout(np, a.astype("f4")) for a in draw(geometry, 7)]
    before, results = get_threads(), []
    try:
        for count in (1, 2, 5):
            set_threads(count)
            results.append(three(cpu, geometry, *arrays))
    finally:
        set_threads(before)
    for alone, two, five in zip(*results, strict=True):
        np.testing.assert_array_equal(alone, two)
        np.testing.assert_array_equal(alone, five)


def test_nothing_is_copied_to_the_device():
    """Not even the matrices, when they are needed first."""
    device = get_backend("simulated")
    geometry, drawn, _ = solved("whole tiles", 5)
    arrays = [device.asarray(a) for a in drawn]
    winograd._matrices.cache_clear()
    with ledger.watch() as events:
        three(device, geometry, *arrays)
    assert not events


# What is refused, and what it costs


@pytest.mark.parametrize(
    ("arguments", "dtype", "reason"),
    [
        (((2, 9), 3, 3), "f4", r"for kernels of \(3, 3\), not \(3,\)"),
        (((2, 9, 9), 3, (3, 2)), "f4", r"for kernels of \(3, 3\), not \(3, 2\)"),
        (((2, 9, 9, 9), 3, 3), "f4", r"for kernels of \(3, 3\), not \(3, 3, 3\)"),
        (((2, 9, 9), 3, 3, (1, 2)), "f4", r"\(1, 1\), not \(1, 2\) and \(1, 1\)"),
        (((2, 9, 9), 3, 3, 1, "same", 2), "f4", r"\(1, 1\), not \(1, 1\) and \(2, 2\)"),
        (((2, 9, 9), 3, 3), "f2", "too few digits"),
    ],
)
def test_refusals(backend, arguments, dtype, reason):
    with pytest.raises(ValueError, match=reason):
        raise ValueError(ENGINE.refusal(backend, Geometry.of(*arguments), dtype))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@each_case
def test_what_it_is_for(backend, case, dtype):
    assert ENGINE.refusal(backend, solved(case, 1)[0], dtype) is None


@pytest.mark.parametrize("operation", ["forward", "input_gradient", "kernel_gradient"])
def test_many_channels_make_it_worth_while(cpu, operation):
    """Beside the same in plain products, whose operations are 9 for each pair of channels."""

    def speedup(channels, size, batch):
        geometry = Geometry.of((channels, size, size), channels, 3, 1, "same")
        cost = ENGINE.cost(cpu, operation, geometry, batch, "float32")
        seconds = cost.flops / 90e9 + cost.moved / 10e9 + cost.calls * 1e-6
        return 2 * 9 * (channels * size) ** 2 * batch / 85e9 / seconds

    assert speedup(256, 28, 32) > 1.5
    assert speedup(16, 28, 32) < 1
    assert speedup(256, 7, 1) < 1
