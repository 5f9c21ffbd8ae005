"""The Fourier engine, against the definition in float64 and its own statement of its errors."""

import itertools
import math

import numpy as np
import pytest
import scipy.signal

from onepath.backends import Geometry
from onepath.backends.convolution import fft_plan
from onepath.backends.convolution.fft import FFTEngine
from onepath.backends.convolution.fft_plan import Plan, good_length
from onepath.backends.threads import get_threads, set_threads

ENGINE = FFTEngine()

OPERATIONS = ("forward", "input_gradient", "kernel_gradient")

# input shape, filters, kernel, strides, padding, dilation, groups
CASES = {
    "1d": ((2, 11), 3, 4),
    "1d long": ((2, 60), 2, 5, 1, 2),
    "1d strided with leftovers": ((2, 10), 3, 3, 4),
    "1d dilated": ((2, 9), 3, 3, 1, "valid", 3),
    "1d same": ((1, 8), 2, 4, 3, "same"),
    "1d one tap": ((2, 7), 2, 1),
    "2d": ((2, 5, 6), 3, (3, 2)),
    "2d one by one": ((4, 3, 3), 2, 1),
    "2d whole": ((2, 3, 4), 3, (3, 4)),
    "2d large": ((2, 21, 13), 3, 3, 1, 1),
    "2d large and strided": ((2, 21, 13), 3, 3, (2, 3), 1),
    "2d strided with leftovers": ((2, 6, 7), 2, 2, (3, 2)),
    "2d stride beyond kernel": ((1, 7, 8), 2, 2, (3, 4), 1),
    "2d dilated": ((2, 6, 7), 2, (2, 3), 1, "valid", (3, 2)),
    "2d strided and dilated": ((2, 8, 7), 2, 2, (2, 3), 1, (3, 2)),
    "2d same": ((2, 5, 4), 2, (2, 3), (2, 1), "same"),
    "2d full": ((2, 3, 4), 2, (3, 2), 1, "full"),
    "2d padded beyond the kernel": ((2, 4, 3), 2, 2, 1, ((5, 3), (4, 0))),
    "2d asymmetric": ((2, 4, 4), 2, (3, 2), (2, 1), ((0, 2), (3, 1))),
    "2d padded on one axis": ((2, 4, 4), 2, 3, 1, ((1, 0), 0)),
    "2d grouped": ((4, 5, 4), 6, 2, 1, 1, 1, 2),
    "2d depthwise": ((3, 4, 5), 3, 3, 2, "same", 1, 3),
    "2d depthwise, more filters": ((2, 4, 4), 6, 2, 1, "valid", 2, 2),
    "2d prime": ((2, 13, 17), 3, 5, 1, 2),
    "3d": ((2, 3, 4, 3), 2, (2, 3, 2)),
    "3d large": ((1, 6, 5, 12), 2, 2, 1, 1),
    "3d of everything": ((2, 4, 3, 5), 4, (2, 1, 3), (2, 1, 2), ((1, 0), 0, (0, 2)), (1, 2, 2), 2),
}

each_case = pytest.mark.parametrize("case", CASES)


def exact(geometry, x, kernel, dy):
    """The definition in float64, tap by tap: y, dx and dk."""
    window, groups = geometry.window, geometry.groups
    x, kernel, dy = (a.astype("f8") for a in (x, kernel, dy))
    padded = np.pad(x, ((0, 0), (0, 0), *window.pads))
    kernel = kernel.reshape(groups, -1, *kernel.shape[1:])
    dy = dy.reshape(len(dy), groups, -1, *dy.shape[2:])
    y, dk = np.zeros(dy.shape), np.zeros(kernel.shape)
    dx = np.zeros((len(x), groups, geometry.channels // groups, *padded.shape[2:]))
    padded = padded.reshape(dx.shape)
    for tap in np.ndindex(window.kernel_size):
        meets = tuple(
            slice(t * d, t * d + (o - 1) * s + 1, s)
            for t, d, o, s in zip(
                tap, window.dilation, window.output_size, window.strides, strict=True
            )
        )
        part, weights = padded[(..., *meets)], kernel[(..., *tap)]
        y += np.einsum("ngc...,gfc->ngf...", part, weights)
        dx[(..., *meets)] += np.einsum("ngf...,gfc->ngc...", dy, weights)
        axes = "".join("xyz"[: window.rank])
        dk[(..., *tap)] = np.einsum(f"ngf{axes},ngc{axes}->gfc", dy, part)
    inside = tuple(
        slice(before, before + size)
        for (before, _), size in zip(window.pads, window.input_size, strict=True)
    )
    return (
        y.reshape(len(x), -1, *y.shape[3:]),
        dx[(..., *inside)].reshape(x.shape),
        dk.reshape(-1, *dk.shape[2:]),
    )


def norms(geometry, x, kernel, dy):
    """What the three results' errors are relative to: sums of products of norms."""
    groups = geometry.groups

    def norm(a, by_group):
        flat = np.linalg.norm(a.astype("f8").reshape(*a.shape[:2], -1), axis=2)
        return (
            flat.reshape(len(a), groups, -1)
            if by_group
            else flat.reshape(groups, -1, flat.shape[1])
        )

    x, kernel, dy = norm(x, True), norm(kernel, False), norm(dy, True)
    y = np.einsum("ngc,gfc->ngf", x, kernel).reshape(len(x), -1)
    dx = np.einsum("ngf,gfc->ngc", dy, kernel).reshape(len(x), -1)
    dk = np.einsum("ngf,ngc->gfc", dy, x).reshape(-1, x.shape[2])
    axes = tuple(range(2, 2 + geometry.window.rank))
    return tuple(np.expand_dims(a, axes) for a in (y, dx, dk))


def draw(geometry, batch, dtype="f4", seed=0):
    rng = np.random.default_rng(seed)
    shapes = (
        (batch, *geometry.input_shape),
        geometry.kernel_shape,
        (batch, *geometry.output_shape),
    )
    return tuple(rng.normal(size=shape).astype(dtype) for shape in shapes)


def three(backend, geometry, x, kernel, dy):
    results = (
        ENGINE.forward(backend, x, kernel, geometry),
        ENGINE.input_gradient(backend, dy, kernel, geometry),
        ENGINE.kernel_gradient(backend, x, dy, geometry),
    )
    return tuple(map(backend.to_numpy, results))


def assert_close(geometry, results, drawn, plain=None):
    """Errors are below 4 u log2(n) times the norms, n being the size of the largest transform."""
    unit = np.finfo(drawn[0].dtype).eps / 2
    for operation, result, truth, size in zip(
        OPERATIONS, results, plain or exact(geometry, *drawn), norms(geometry, *drawn), strict=True
    ):
        assert result.dtype == drawn[0].dtype
        assert result.shape == truth.shape
        lengths = (
            math.prod(plan.tiling.lengths)
            for plan in fft_plan.plans(operation, geometry, 1, 4, 1 << 20)
        )
        bound = 4 * unit * math.log2(max(2, *lengths)) * size
        assert (abs(result - truth) <= bound).all(), operation


def contiguous(xp, x):
    return x


def every_other(xp, x):
    """The same numbers, in an array that is cut out of a larger one and reversed."""
    wide = xp.zeros((2 * x.shape[0], *x.shape[1:-1], 2 * x.shape[-1]), dtype=x.dtype)
    view = wide[::2, ..., ::-2]
    view[...] = x
    return view


def batch_last(xp, x):
    """The same numbers, the samples side by side in memory."""
    return xp.moveaxis(xp.ascontiguousarray(xp.moveaxis(x, 0, -1)), -1, 0)


@pytest.fixture
def planned(monkeypatch):
    """Make the engine take the plan of a number, or the last one."""

    def take(number):
        known = {}

        def of(device, operation, geometry, batch, dtype):
            real = np.dtype(dtype).itemsize
            key = operation, geometry, batch, real
            if key not in known:
                known[key] = list(fft_plan.plans(*key, device.tile_bytes))
            return known[key][min(number, len(known[key]) - 1)]

        monkeypatch.setattr(Plan, "of", staticmethod(of))

    return take


# Values


@pytest.mark.parametrize("layout", [contiguous, every_other, batch_last])
@each_case
def test_values(backend, case, layout):
    """In every layout and dtype, for one sample and for several."""
    geometry = Geometry.of(*CASES[case])
    for batch, dtype in itertools.product((1, 3), ("f4", "f8")):
        drawn = draw(geometry, batch, dtype)
        arrays = [layout(backend.xp, backend.asarray(a)) for a in drawn]
        assert_close(geometry, three(backend, geometry, *arrays), drawn)
        for array, before in zip(arrays, drawn, strict=True):
            np.testing.assert_array_equal(backend.to_numpy(array), before, "inputs are left alone")


def assert_every_plan(backend, case, planned):
    geometry = Geometry.of(*CASES[case])
    drawn = draw(geometry, 3)
    truth = exact(geometry, *drawn)
    arrays = [backend.asarray(a) for a in drawn]
    many = max(
        len(list(fft_plan.plans(operation, geometry, 3, 4, backend.tile_bytes)))
        for operation in OPERATIONS
    )
    for number in range(many):
        planned(number)
        assert_close(geometry, three(backend, geometry, *arrays), drawn, truth)


@each_case
def test_every_plan(backend, case, planned):
    """Tiles of all sizes, and both kinds of sums."""
    assert_every_plan(backend, case, planned)


@pytest.mark.parametrize("tile_bytes", [1, 3000])
@each_case
def test_blocks_and_pieces(cpu, case, tile_bytes, planned, monkeypatch):
    """Some kernels, segments and frequencies at a time, in every plan."""
    monkeypatch.setattr(cpu, "tile_bytes", tile_bytes)
    assert_every_plan(cpu, case, planned)


@each_case
def test_long_kernels(backend, case, planned, monkeypatch):
    """Where matrices of waves would be too large, kernels are transformed as tiles are."""
    monkeypatch.setattr(fft_plan, "WAVES", 0)
    geometry = Geometry.of(*CASES[case])
    drawn = draw(geometry, 2)
    for number in (0, 1, 4, 5):
        planned(number)
        assert_close(geometry, three(backend, geometry, *map(backend.asarray, drawn)), drawn)


@pytest.mark.parametrize(
    ("shape", "filters", "kernel", "padding"),
    [((3, 64, 48), 4, 15, 7), ((2, 3000), 3, 129, 64), ((1, 12, 30, 31), 2, 5, 2)],
)
def test_against_scipy(backend, shape, filters, kernel, padding):
    """Whole sums of scipy.signal's direct correlations."""
    geometry = Geometry.of(shape, filters, kernel, 1, padding)
    drawn = draw(geometry, 2)
    x, weights, dy = (a.astype("f8") for a in drawn)
    pads = [(padding, padding)] * (x.ndim - 2)
    x = np.pad(x, ((0, 0), (0, 0), *pads))
    inside = (slice(padding, -padding),) * len(pads)

    def correlate(a, b):
        return scipy.signal.correlate(a, b, "valid", "direct")

    def convolve(a, b):
        return scipy.signal.convolve(a, b, "full", "direct")[inside]

    channels, samples = range(shape[0]), range(2)
    truth = (
        [[sum(correlate(x[n, c], k[c]) for c in channels) for k in weights] for n in samples],
        [
            [sum(convolve(dy[n, f], weights[f, c]) for f in range(filters)) for c in channels]
            for n in samples
        ],
        [
            [sum(correlate(x[n, c], dy[n, f]) for n in samples) for c in channels]
            for f in range(filters)
        ],
    )
    results = three(backend, geometry, *map(backend.asarray, drawn))
    assert_close(geometry, results, drawn, tuple(map(np.array, truth)))


@each_case
def test_adjoints(backend, case):
    """<dy, conv(x, k)> = <input gradient(dy, k), x> = <kernel gradient(x, dy), k>."""
    geometry = Geometry.of(*CASES[case])
    x, kernel, dy = draw(geometry, 2, "f8")
    y, dx, dk = three(backend, geometry, *map(backend.asarray, (x, kernel, dy)))
    products = [np.vdot(dy, y), np.vdot(dx, x), np.vdot(dk, kernel)]
    scale = (abs(dy) * norms(geometry, x, kernel, dy)[0]).sum()
    np.testing.assert_allclose(products, products[0], rtol=0, atol=1e-13 * scale)


# Rounding


def flat(rng, a):
    return np.ones_like(a)


def alternating(rng, a):
    return np.where(np.indices(a.shape).sum(0) % 2, -1, 1).astype(a.dtype)


def wide(rng, a):
    """Twelve orders of magnitude."""
    return a * 10 ** rng.uniform(-6, 6, a.shape).astype(a.dtype)


def one_huge(rng, a):
    a = a.copy()
    a[(0,) * a.ndim] = 1e8
    return a


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("distort", [flat, alternating, wide, one_huge])
@pytest.mark.parametrize(
    "case",
    [((4, 40, 40), 4, 11, 1, 5), ((2, 31, 37), 6, 9, 2, 4, 1, 2), ((3, 2000), 2, 65, 1, 32)],
)
def test_rounding(backend, case, distort, dtype):
    """The bound that the engine states, with 4 for its constant."""
    geometry, rng = Geometry.of(*case), np.random.default_rng(3)
    drawn = tuple(distort(rng, a) for a in draw(geometry, 2, dtype))
    assert_close(geometry, three(backend, geometry, *map(backend.asarray, drawn)), drawn)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("matrices", [False, True])
def test_what_is_not_finite_stays_in_its_sample(backend, bad, matrices, planned):
    """And, in the kernels' gradient, with its channel."""
    planned(int(matrices))
    geometry = Geometry.of((2, 12, 12), 3, 5, 1, 2)
    x, kernel, dy = draw(geometry, 4)
    clean = three(backend, geometry, *map(backend.asarray, (x, kernel, dy)))
    x[1, 0, 3, 3] = dy[2, 1, 4, 4] = bad
    with np.errstate(invalid="ignore"):
        y, dx, dk = three(backend, geometry, *map(backend.asarray, (x, kernel, dy)))
    for result, before, sample in ((y, clean[0], 1), (dx, clean[1], 2)):
        assert not np.isfinite(result[sample]).any()
        others = np.arange(4) != sample
        np.testing.assert_array_equal(result[others], before[others])
    touched = np.zeros((3, 2), bool)
    touched[:, 0] = touched[1] = True
    np.testing.assert_array_equal(np.isnan(dk).all((2, 3)), touched)
    np.testing.assert_array_equal(dk[~touched], clean[2][~touched])


# Kernels that change


def test_kernels_are_read_anew(backend):
    geometry = Geometry.of((2, 20, 20), 3, 7)
    x, kernel, dy = draw(geometry, 1)
    arrays = [backend.asarray(a.copy()) for a in (x, kernel, dy)]
    three(backend, geometry, *arrays)
    arrays[1][1] *= 3
    kernel[1] *= 3
    assert_close(geometry, three(backend, geometry, *arrays), (x, kernel, dy))


# Memory


@each_case
def test_results_are_the_caller_s(backend, case):
    """A later call in the same scratch memory changes no result, nor does NaN left there."""
    geometry = Geometry.of(*CASES[case])
    drawn = draw(geometry, 3)
    arrays = [backend.asarray(a) for a in drawn]
    results = three(backend, geometry, *arrays)
    kept = [a.copy() for a in results]
    with np.errstate(invalid="ignore"):
        three(backend, geometry, *(a * math.nan for a in arrays))
    for first, later, copy in zip(results, three(backend, geometry, *arrays), kept, strict=True):
        np.testing.assert_array_equal(first, copy)
        np.testing.assert_array_equal(later, copy)


def test_results_lie_in_memory_as_their_sources(backend):
    geometry = Geometry.of((3, 8, 9), 5, 3)
    x, kernel, dy = map(backend.asarray, draw(geometry, 4))
    for layout, axis in ((contiguous, -1), (batch_last, 0)):
        y = ENGINE.forward(backend, layout(backend.xp, x), kernel, geometry)
        dx = ENGINE.input_gradient(backend, layout(backend.xp, dy), kernel, geometry)
        for result in (y, dx):
            assert result.strides[axis] == result.itemsize


@each_case
def test_scratch_memory_is_what_was_announced(cpu, case, monkeypatch):
    geometry = Geometry.of(*CASES[case])
    for batch, tile_bytes in itertools.product((1, 3), (1, 1 << 14, 1 << 20)):
        monkeypatch.setattr(cpu, "tile_bytes", tile_bytes)
        announced = ENGINE.workspace(cpu, geometry, batch, "float32")
        cpu.workspace.release()
        three(cpu, geometry, *draw(geometry, batch))
        assert 0 < cpu.workspace.held() <= announced


@pytest.mark.parametrize("batch", [8, 512])
def test_scratch_memory_is_bounded(cpu, batch):
    """Neither samples nor filters without end are transformed at a time."""
    geometry = Geometry.of((64, 128, 128), 512, 31)
    assert ENGINE.workspace(cpu, geometry, batch, "float32") < 1.5 * fft_plan.KEPT * cpu.tile_bytes


# Threads


@pytest.fixture
def any_threads():
    before = get_threads()
    yield set_threads
    set_threads(before)


@pytest.mark.parametrize("tile_bytes", [1 << 12, 1 << 20])
@pytest.mark.parametrize(
    "case", [((8, 64, 64), 8, 15, 1, 7), ((16, 40, 40), 16, 11, 1, 5, 1, 16), ((2, 9000), 3, 129)]
)
def test_results_do_not_depend_on_threads(cpu, case, tile_bytes, any_threads, monkeypatch):
    monkeypatch.setattr(cpu, "tile_bytes", tile_bytes)
    geometry = Geometry.of(*case)
    drawn = draw(geometry, 3)
    any_threads(1)
    alone = three(cpu, geometry, *drawn)
    for threads in (2, 5):
        any_threads(threads)
        for one, many in zip(alone, three(cpu, geometry, *drawn), strict=True):
            np.testing.assert_array_equal(one, many)


# Plans


@pytest.mark.parametrize("dtype", ["float16", "longdouble"])
def test_dtypes_without_transforms_are_refused(cpu, dtype):
    geometry = Geometry.of((1, 9), 1, 3)
    assert "computed in float32 and float64, not in " + dtype in ENGINE.refusal(
        cpu, geometry, dtype
    )


def test_other_dtypes_are_taken(backend):
    geometry = Geometry.of((1, 9), 1, 3)
    assert all(ENGINE.refusal(backend, geometry, dtype) is None for dtype in ("f4", "f8"))


def test_good_lengths():
    factors = {n: [p for p in range(2, n + 1) if n % p == 0] for n in range(1, 400)}
    good = [n for n, divisors in factors.items() if all(math.gcd(d, 210) > 1 for d in divisors)]
    for n in range(1, 390):
        assert good_length(n) == min(m for m in good if m >= n)


def test_prime_sizes_cost_no_more_than_the_next_good_one(cpu):
    for prime, good in ((61, 64), (127, 128), (251, 256), (509, 512)):
        costs = [
            ENGINE.cost(cpu, "forward", Geometry.of((4, n, n), 4, 15), 2, "float32")
            for n in (prime, good)
        ]
        assert costs[0].moved <= costs[1].moved


def test_padding_is_shared_by_both_ends():
    """128 + 15 places do for a "same" convolution with 31 taps, where 128 + 30 would be needed."""
    geometry = Geometry.of((1, 128), 1, 31, 1, "same")
    assert fft_plan._axes(geometry)[0].whole == 143


def test_kernels_much_smaller_than_the_input_get_tiles(cpu):
    for shape, kernel in (((64, 65536), 65), ((16, 1024, 1024), 9)):
        plan = Plan.of(cpu, "forward", Geometry.of(shape, shape[0], kernel), 1, "float32")
        assert max(plan.tiling.lengths) < shape[1] / 4


def test_costs_grow(cpu):
    """With samples, channels and filters, and not with taps as products do."""

    def seconds(batch=2, channels=8, filters=8, taps=15):
        geometry = Geometry.of((channels, 64, 64), filters, taps, 1, "same")
        cost = [ENGINE.cost(cpu, each, geometry, batch, "float32") for each in OPERATIONS]
        return sum(fft_plan._seconds(each) for each in cost)

    assert seconds() < seconds(batch=4) < 3 * seconds()
    assert seconds() < seconds(channels=16) < 3 * seconds()
    assert seconds() < seconds(filters=16) < 3 * seconds()
    assert seconds() < seconds(taps=31) < 2 * seconds()
