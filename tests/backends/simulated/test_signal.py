"""The six functions, against CuPy's own Python files on the double of ``conftest.py``.

Draws are small whole numbers, so that sums are exact and results are compared for equality.
"""

import itertools
import math
import sys

import numpy as np
import pytest
import scipy.signal

from onepath.backends.simulated import modules, roundings
from onepath.backends.simulated.array import ndarray
from onepath.backends.simulated.cuda import CompileException

MODES = ("full", "valid", "same")
ND = ("correlate", "convolve")
PLANE = ("correlate2d", "convolve2d")
BY_FFT = ("fftconvolve", "oaconvolve")
BOUNDARIES = ("fill", "wrap", "symm")
DTYPES = "?bBilLefdFD"

SHAPES = (
    ((1,), (1,)),
    ((7,), (3,)),
    ((7,), (4,)),
    ((3,), (8,)),
    ((2,), (9,)),
    ((4, 5), (2, 3)),
    ((5, 4), (2, 2)),
    ((2, 2), (4, 5)),
    ((2, 3), (5, 3)),
    ((3, 4), (4, 3)),  # neither holds the other
    ((1, 2), (5, 7)),
    ((3, 3, 2), (2, 3, 1)),
    ((2, 1, 2), (3, 2, 3)),
)
SHAPES_2D = tuple(pair for pair in SHAPES if len(pair[0]) == 2)

cupy = modules()["cupy"]
ours = modules()["cupyx.scipy.signal"]


@pytest.fixture
def theirs(cupy_double):
    """``cupyx.scipy.signal`` of CuPy's files."""
    return sys.modules["cupyx.scipy.signal"]


def drawn(rng, shape, dtype):
    """Whole numbers of which some are 0; no negative ones, which not every dtype has."""
    x = rng.integers(0, 3, shape).astype(dtype)
    return x + x.dtype.type(1j) * rng.permutation(x) if x.dtype.kind == "c" else x


def outcome(module, function, in1, in2, *args, **options):
    """The result on the host, or the kind of exception."""
    try:
        out = getattr(module, function)(cupy.asarray(in1), cupy.asarray(in2), *args, **options)
    except Exception as error:
        return type(error)
    assert isinstance(out, ndarray)
    assert out.flags.c_contiguous
    return out.get()


def assert_same(theirs, function, in1, in2, *args, **options):
    """Compare with CuPy's files: the numbers, the dtype, the shape, or the exception."""
    mine, other = (outcome(m, function, in1, in2, *args, **options) for m in (ours, theirs))
    case = f"{function} {in1.shape} {in2.shape} {in1.dtype} {in2.dtype} {args} {options}"
    if isinstance(other, np.ndarray):
        assert isinstance(mine, np.ndarray), f"{case}: {mine}"
        np.testing.assert_array_equal(mine, other, case, strict=True)
    else:
        assert mine is other, f"{case}: {mine} for {other}"
    return mine


# Direct sums


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("function", ND)
def test_direct_sums(theirs, function, shapes):
    rng = np.random.default_rng(1)
    for mode, t in itertools.product(MODES, DTYPES):
        in1, in2 = (drawn(rng, shape, t) for shape in shapes)
        assert_same(theirs, function, in1, in2, mode, "direct")


@pytest.mark.parametrize("shapes", SHAPES_2D, ids=str)
@pytest.mark.parametrize("function", PLANE)
def test_direct_sums_in_the_plane(theirs, function, shapes):
    rng = np.random.default_rng(2)
    for mode, boundary, t in itertools.product(MODES, BOUNDARIES, DTYPES):
        in1, in2 = (drawn(rng, shape, t) for shape in shapes)
        assert_same(theirs, function, in1, in2, mode, boundary)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("function", [*ND, *PLANE])
def test_mixed_dtypes(theirs, function, mode):
    """Sums have the dtype of the weights, whichever operand that is, and can overflow there."""
    rng = np.random.default_rng(3)
    options = {"method": "direct"} if function in ND else {"boundary": "wrap"}
    for shapes in (((4, 5), (2, 3)), ((2, 2), (4, 5))):
        for t1, t2 in itertools.product("?bBlefdF", repeat=2):
            in1, in2 = (drawn(rng, n, t) for n, t in zip(shapes, (t1, t2), strict=True))
            if t1 in "bBl" and t2 in "bB":
                in1, in2 = in1 + in1.dtype.type(40), in2 + in2.dtype.type(40)
            assert_same(theirs, function, in1, in2, mode, **options)


def test_sums_in_a_small_dtype_overflow(theirs):
    in1, in2 = np.array([200, 1], "u1"), np.array([100], "i1")
    out = assert_same(theirs, "convolve", in1, in2, "full", "direct")
    np.testing.assert_array_equal(out, np.array([32, 100], "i2"), strict=True)  # -56 * 100, as i1
    np.testing.assert_array_equal(scipy.signal.convolve(in1.astype("i2"), in2), [20_000, 100])


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("spoiled", ["in1", "in2", "both"])
def test_what_is_not_finite(theirs, shapes, spoiled):
    rng = np.random.default_rng(4)
    ways = [(f, {"method": "direct"}) for f in ND]
    if shapes in SHAPES_2D:
        ways += [(f, {"boundary": b}) for f in PLANE for b in BOUNDARIES]
    for mode, value, (function, options), t in itertools.product(
        MODES, (math.nan, math.inf), ways, "dF"
    ):
        in1, in2 = (rng.integers(-1, 2, shape).astype(t) for shape in shapes)
        for name, x in (("in1", in1), ("in2", in2)):
            if spoiled in (name, "both"):
                x.reshape(-1)[rng.integers(x.size)] = value
        assert_same(theirs, function, in1, in2, mode, **options)


@pytest.mark.parametrize(
    ("in1", "in2", "expected", "by_scipy"),
    [
        # zero weights are left out
        ([math.nan, 1.0], [0.0, 1.0], [0, math.nan, 1], [math.nan, math.nan, 1]),
        # the padding is multiplied
        ([1.0, 1.0], [math.inf, 1.0], [math.inf, math.inf, math.nan], [math.inf, math.inf, 1]),
        # the smaller operand is the weights
        ([0.0, 1.0], [1.0, 1.0, math.nan], [0, 1, 1, math.nan], [0, 1, math.nan, math.nan]),
    ],
)
def test_departures_from_scipy(in1, in2, expected, by_scipy):
    """Those that the backend mends."""
    out = ours.convolve(cupy.asarray(in1), cupy.asarray(in2), method="direct")
    np.testing.assert_array_equal(out.get(), expected)
    np.testing.assert_array_equal(scipy.signal.convolve(in1, in2, method="direct"), by_scipy)


@pytest.mark.parametrize(("a", "b"), [(1e-40, 1e30), (1e30, 1e-40), (1e-20, 1e-20)])
def test_denormals_are_flushed(a, b):
    """Of the data, of the weights, of the sum; float64 has none there."""
    for dtype, product in (("float32", 0), ("float64", a * b)):
        in1, in2 = cupy.asarray([a], dtype), cupy.asarray([b], dtype)
        assert ours.convolve(in1, in2, method="direct").item() == product


# Fill values


@pytest.mark.parametrize(
    "fill",
    [0, 3, -2, 1.5, 1e-9, True, False, np.nan, math.nan, math.inf, -math.inf, 1j, 2 + 0j, None],
    ids=repr,
)
@pytest.mark.parametrize("function", PLANE)
def test_fill_values(theirs, function, fill):
    """They are written into the source: of what is not finite, CuPy knows the name of a few."""
    rng = np.random.default_rng(5)
    for shapes, mode, t in itertools.product((((4, 5), (2, 3)), ((2, 2), (4, 5))), MODES, "idD"):
        if t == "i" and (isinstance(fill, float) or fill == -2):
            continue
        in1, in2 = (drawn(rng, shape, t) for shape in shapes)
        assert_same(theirs, function, in1, in2, mode, "fill", fill)
        assert_same(theirs, function, in1, in2, mode, "wrap", fill)


@pytest.mark.parametrize("fill", [math.nan, 1j, True, None])
def test_what_is_no_cpp_does_not_compile(fill):
    x = cupy.ones((2, 2), complex)
    with pytest.raises(CompileException, match=f"fill value {fill} in it".replace("+", r"\+")):
        ours.convolve2d(x, x, fillvalue=fill)
    assert ours.convolve2d(x, x, boundary="symm", fillvalue=fill).shape == (3, 3)


def test_complex_data_with_real_weights_do_not_compile():
    x, weights = cupy.ones((3, 3), "complex64"), cupy.ones((2, 2))
    with pytest.raises(CompileException, match="converts complex64 to float64"):
        ours.convolve2d(x, weights)
    assert ours.convolve2d(x, weights.astype("float32")).dtype == "complex64"


# Transforms


@pytest.mark.parametrize("shapes", [*SHAPES, ((40,), (3,)), ((30, 2), (3, 30))], ids=str)
@pytest.mark.parametrize("function", [*ND, *BY_FFT])
def test_transforms(theirs, function, shapes):
    rng = np.random.default_rng(6)
    options = {"method": "fft"} if function in ND else {}
    pairs = ("BB", "ii", "ee", "ff", "dd", "FF", "DD", "?i", "ef", "lf", "fD", "iF")
    for mode, (t1, t2) in itertools.product(MODES, pairs):
        in1, in2 = (drawn(rng, n, t) for n, t in zip(shapes, (t1, t2), strict=True))
        mine, other = (outcome(m, function, in1, in2, mode, **options) for m in (ours, theirs))
        case = f"{mode} {t1} {t2}"
        if not isinstance(other, np.ndarray):
            assert mine is other, case
            continue
        assert (mine.dtype, mine.shape) == (other.dtype, other.shape), case
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-4, err_msg=case)


@pytest.mark.parametrize("axes", [0, -1, (1,), (0, 1), (1, 0), None, (), 2, (0, 0)], ids=str)
@pytest.mark.parametrize("function", BY_FFT)
def test_axes(theirs, function, axes):
    rng = np.random.default_rng(7)
    for shapes, mode in itertools.product((((4, 5), (2, 5)), ((4, 5), (4, 3))), MODES):
        in1, in2 = (rng.normal(size=shape) for shape in shapes)
        mine, other = (outcome(m, function, in1, in2, mode, axes) for m in (ours, theirs))
        if isinstance(other, np.ndarray):
            np.testing.assert_allclose(mine, other, rtol=0, atol=1e-13)
        else:
            assert issubclass(mine, ValueError)
            assert issubclass(other, ValueError)


# The choice


@pytest.mark.parametrize("shapes", [((5,), (3,)), ((500,), (300,)), ((3, 3), (2, 2))], ids=str)
def test_the_choice(theirs, shapes):
    for t1, t2 in itertools.product(DTYPES, repeat=2):
        in1, in2 = (cupy.ones(n, t) for n, t in zip(shapes, (t1, t2), strict=True))
        chosen = []
        for module in (ours, theirs):
            try:
                chosen.append(module.choose_conv_method(in1, in2))
            except NotImplementedError as error:
                chosen.append(str(error))
        assert chosen[0] == chosen[1]


def test_auto_is_that_choice(theirs):
    rng = np.random.default_rng(8)
    whole, broken = rng.integers(0, 9, 6), rng.normal(size=6)
    broken[0] = math.nan
    for function in ND:
        assert np.isnan(assert_same(theirs, function, broken, broken[1:3])).all()
        assert_same(theirs, function, whole, whole[:2])
        for n in (2, 3):
            cube = np.ones((2,) * n)
            assert assert_same(theirs, function, cube, cube) is NotImplementedError


# What is refused, and what is known without a sum


@pytest.mark.parametrize("function", [*ND, *BY_FFT])
@pytest.mark.parametrize("t", ["d", "D", "i"])
def test_zero_dimensions(theirs, function, t):
    in1, in2 = np.array(3, t), np.array(2 + 1j if t == "D" else 2, t)
    assert assert_same(theirs, function, in1, in2).shape == ()


@pytest.mark.parametrize("function", [*ND, *PLANE, *BY_FFT])
def test_empty_inputs_give_an_empty_array(theirs, function):
    x, empty = np.ones((2, 3), "f4"), np.ones((2, 0), "i4")
    for in1, in2 in ((x, empty), (empty, x), (empty, empty)):
        out = assert_same(theirs, function, in1, in2)
        assert out.shape == (0,)
        assert out.dtype == in1.dtype


@pytest.mark.parametrize("function", [*ND, *PLANE, *BY_FFT])
def test_options_and_dimensions(theirs, function):
    x, line = np.ones((3, 3)), np.ones(3)
    for args in ((x, line), (line, x), (x, x, "Full"), (x, x, None)):
        assert assert_same(theirs, function, *args) is ValueError
    if function in PLANE:
        assert assert_same(theirs, function, line, line) is ValueError
        assert assert_same(theirs, function, x, x, boundary="reflect") is ValueError
        for boundary in ("pad", "circular", "symmetric"):
            assert_same(theirs, function, x, x, boundary=boundary)
    if function in ND:
        assert assert_same(theirs, function, x, x, method="quick") is ValueError
    wide, high = np.ones((3, 4)), np.ones((4, 3))
    options = {"method": "direct"} if function in ND else {}
    assert assert_same(theirs, function, wide, high, "valid", **options) is ValueError


@pytest.mark.parametrize("function", [*ND, *PLANE])
def test_large_weights(theirs, function):
    """The smaller operand has less than 2 GiB; no memory is behind these."""
    x = cupy.broadcast_to(cupy.ones((1, 1), "c16"), (1 << 14, 1 << 13))
    options = {"method": "direct"} if function in ND else {}
    for module in (ours, theirs):
        with pytest.raises(RuntimeError, match="2 GiB"):
            getattr(module, function)(x, x, **options)


@pytest.mark.parametrize("function", [*ND, *PLANE, *BY_FFT])
def test_operands_of_the_host_are_refused(function):
    x = cupy.ones((2, 2))
    for host in (np.ones((2, 2)), [[1.0, 1.0]]):
        with pytest.raises(TypeError, match="Unsupported type"):
            getattr(ours, function)(x, host)
        with pytest.raises(TypeError, match="Unsupported type"):
            getattr(ours, function)(host, x)
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'out'"):
        getattr(ours, function)(x, x, out=x)


# The rest


@pytest.mark.parametrize("function", [*ND, *PLANE, *BY_FFT])
def test_inputs_stay_as_they_are(function):
    rng = np.random.default_rng(9)
    in1, in2 = rng.normal(size=(4, 5)), rng.normal(size=(2, 3))
    first, second = cupy.asarray(in1), cupy.asarray(in2)
    options = {"method": "direct"} if function in ND else {}
    getattr(ours, function)(first, second, **options)
    np.testing.assert_array_equal(first.get(), in1)
    np.testing.assert_array_equal(second.get(), in2)


@pytest.mark.parametrize("function", [*ND, *PLANE, *BY_FFT])
def test_roundings_are_the_terms_of_a_sum(function):
    x, kernel = cupy.asarray(np.ones((9, 5))), cupy.asarray(np.ones((2, 8)))
    options = {"method": "direct"} if function in ND else {}
    out = getattr(ours, function)(x, kernel, **options)
    assert roundings(out) == 2 * 5
    deeper = getattr(ours, function)(out, kernel, **options)
    assert roundings(deeper) == 10 + 2 * 8
    assert roundings(ours.convolve(x.astype(int), kernel.astype(int), method="direct")) == 0


def test_results_are_on_the_device_of_the_operands():
    with cupy.cuda.Device(1):
        x = cupy.ones(3)
        assert ours.correlate(x, x).device.id == 1
    with pytest.raises(ValueError, match="Peer access is unavailable"):
        ours.correlate(x, x)


def test_other_functions_are_scipy_s():
    x = np.random.default_rng(10).normal(size=50)
    out = ours.savgol_filter(cupy.asarray(x), 5, 2)
    np.testing.assert_array_equal(out.get(), scipy.signal.savgol_filter(x, 5, 2))
    with pytest.raises(AttributeError, match="no attribute 'ShortTimeFFT'"):
        ours.ShortTimeFFT  # noqa: B018
