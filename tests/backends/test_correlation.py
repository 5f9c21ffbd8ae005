"""scipy.signal's six functions on every backend, against sums written out and SciPy's results.

Most draws are small whole numbers: sums of them are exact in every dtype, so results are compared
for equality, and an error cannot hide in a tolerance.
"""

import itertools
import math
import warnings

import numpy as np
import pytest
import scipy.signal

from onepath.backends.correlation import choose_method

MODES = ("full", "valid", "same")
ND = ("correlate", "convolve")
PLANE = ("correlate2d", "convolve2d")
BY_FFT = ("fftconvolve", "oaconvolve")

SHAPES = (
    ((1,), (1,)),
    ((7,), (3,)),
    ((7,), (4,)),
    ((3,), (8,)),
    ((4, 5), (2, 3)),
    ((5, 4), (2, 2)),
    ((3, 3), (3, 3)),
    ((2, 2), (4, 5)),
    ((2, 3), (5, 3)),
    ((1, 1), (3, 2)),
    ((3, 4), (4, 3)),  # neither fits into the other: refused in mode "valid"
    ((3, 3, 2), (2, 3, 1)),
    ((2, 1, 2), (3, 2, 3)),
)
SHAPES_2D = tuple(pair for pair in SHAPES if len(pair[0]) == 2)
DIRECT = (*itertools.product(ND, SHAPES), *itertools.product(PLANE, SHAPES_2D))

DTYPES = (
    *((t, t) for t in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16")),
    ("i1", "u1"),
    ("u1", "f4"),
    ("i4", "f4"),
    ("i8", "u8"),
    ("f4", "f8"),
    ("f4", "c16"),
    ("c8", "f8"),
)

each_shape = pytest.mark.parametrize("shapes", SHAPES, ids=str)
each_plane_shape = pytest.mark.parametrize("shapes", SHAPES_2D, ids=str)
each_nd = pytest.mark.parametrize("function", ND)
each_2d = pytest.mark.parametrize("function", PLANE)
each_function = pytest.mark.parametrize("function", ND + PLANE + BY_FFT)


def whole(rng, shape, dtype, reach=4):
    """Whole numbers from -reach to reach, complex ones for a complex dtype."""
    dtype = np.dtype(dtype)
    x = rng.integers(0 if dtype.kind == "u" else -reach, reach + 1, shape).astype(dtype)
    return x + x.dtype.type(1j) * rng.permutation(x) if dtype.kind == "c" else x


def normal(rng, shape, dtype):
    x = rng.normal(size=(2, *shape))
    return (x[0] + 1j * x[1] if dtype[0] == "c" else x[0]).astype(dtype)


def anything(rng, shape, dtype):
    """Integers of the dtype's whole range, so that products and sums wrap around."""
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def continued(x, place, boundary, fill):
    """``x[place]`` for a place that may be outside, as the boundary says."""
    inside = []
    for i, n in zip(place, x.shape, strict=True):
        if boundary == "fill" and not 0 <= i < n:
            return fill
        if boundary == "symm":
            i %= 2 * n
            i = min(i, 2 * n - 1 - i)
        inside.append(i % n)
    return x[tuple(inside)]


def summed(function, in1, in2, mode, boundary="fill", fill=0):
    """The sums of the definition, one after the other, in Python's own numbers.

    Every mode is a part of the full result. "same" is its middle, which for a kernel of even size
    lies one place further on in correlate2d than in the others, as SciPy documents.
    """
    in1, in2 = in1.astype(object), in2.astype(object)
    if function.startswith("correlate"):
        weights = np.conjugate(in2)
    else:
        weights = in2[(slice(None, None, -1),) * in2.ndim]
    if mode == "full":
        size, start = [a + b - 1 for a, b in zip(in1.shape, in2.shape, strict=True)], [0] * in1.ndim
    elif mode == "same":
        size = in1.shape
        start = [n // 2 if function == "correlate2d" else (n - 1) // 2 for n in in2.shape]
    else:
        size = [abs(a - b) + 1 for a, b in zip(in1.shape, in2.shape, strict=True)]
        start = [min(a, b) - 1 for a, b in zip(in1.shape, in2.shape, strict=True)]
        boundary, fill = "fill", 0  # nothing outside is read; see test_valid_exchanges_...
    out = np.empty(size, object)
    for place in np.ndindex(*size):
        first = [p + s - (n - 1) for p, s, n in zip(place, start, in2.shape, strict=True)]
        out[place] = sum(
            continued(in1, [f + t for f, t in zip(first, tap, strict=True)], boundary, fill)
            * weights[tap]
            for tap in np.ndindex(in2.shape)
        )
    return out


def as_dtype(total, dtype):
    """Exact sums as a dtype has them: integers wrap around."""
    if dtype.kind not in "iu":
        return total.astype(dtype)
    unsigned = np.dtype(f"u{dtype.itemsize}")
    return (total % 2 ** (8 * dtype.itemsize)).astype(unsigned).view(dtype)


def fits(shapes, mode):
    """Whether one input is at least as large as the other along every axis, if it must be."""
    pairs = list(zip(*shapes, strict=True))
    return mode != "valid" or all(a >= b for a, b in pairs) or all(a <= b for a, b in pairs)


def call(backend, function, in1, in2, *args, **options):
    """Call the backend's function with host arrays, and bring the result back."""
    in1, in2 = backend.asarray(in1), backend.asarray(in2)
    out = getattr(backend, function)(in1, in2, *args, **options)
    assert backend.owns(out)
    return backend.to_numpy(out)


def by_scipy(function, in1, in2, *args, **options):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Use of fft convolution on input with NAN")
        return getattr(scipy.signal, function)(in1, in2, *args, **options)


def forget_conjugation(function, mode, shapes):
    """SciPy's correlate2d exchanges in "valid" mode without conjugating the other operand."""
    return (
        function == "correlate2d"
        and mode == "valid"
        and math.prod(shapes[0]) < math.prod(shapes[1])
    )


# The direct sum


@pytest.mark.parametrize(("function", "shapes"), DIRECT, ids=str)
def test_direct_sums_are_exact(backend, function, shapes):
    rng = np.random.default_rng(0)
    options = {} if function in PLANE else {"method": "direct"}
    for mode, dtypes in itertools.product(MODES, DTYPES):
        if not fits(shapes, mode):
            continue
        wrapping = dtypes[0] == dtypes[1] and dtypes[0][0] in "iu"
        in1, in2 = (
            anything(rng, shape, t) if wrapping else whole(rng, shape, t)
            for shape, t in zip(shapes, dtypes, strict=True)
        )
        expected = as_dtype(summed(function, in1, in2, mode), np.result_type(in1, in2))
        if forget_conjugation(function, mode, shapes):
            expected = expected.conj()
        out = call(backend, function, in1, in2, mode, **options)
        case = f"{mode} {dtypes}"
        np.testing.assert_array_equal(out, expected, case, strict=True)
        np.testing.assert_array_equal(
            out, by_scipy(function, *_common(in1, in2), mode, **options), case, strict=True
        )


def _common(in1, in2):
    dtype = np.result_type(in1, in2)
    return in1.astype(dtype), in2.astype(dtype)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "c16"])
def test_direct_sums_are_rounded_as_sums_are(backend, dtype):
    """|error| <= c u sqrt(K) (|in1| conv |in2|), for K products summed with unit roundoff u."""
    rng = np.random.default_rng(1)
    shapes = ((40,), (9,)) if dtype == "f2" else ((9, 10), (4, 3))
    in1, in2 = (normal(rng, shape, dtype) for shape in shapes)
    unit = np.finfo(dtype).eps / 2
    for function in ND:
        exact = summed(function, *(x.astype("c16") for x in (in1, in2)), "full").astype("c16")
        size = summed("convolve", abs(in1.astype("c16")), abs(in2.astype("c16")), "full")
        if function == "correlate":
            flipped = np.flip(abs(in2.astype("c16")))
            size = summed("convolve", abs(in1.astype("c16")), flipped, "full")
        error = abs(call(backend, function, in1, in2, method="direct") - exact)
        assert (error <= 4 * unit * math.sqrt(in2.size) * size.astype("f8")).all(), function


def test_one_dimensional_booleans_are_summed_by_or(backend):
    in1, in2 = np.array([True, False, False, True]), np.array([True, True])
    for function in ND:
        out = call(backend, function, in1, in2, method="direct")
        np.testing.assert_array_equal(out, [True, True, False, True, True], strict=True)


# Boundaries

BOUNDARIES = ("fill", "wrap", "symm")


@each_plane_shape
@each_2d
def test_boundaries(backend, function, shapes):
    rng = np.random.default_rng(2)
    for mode, boundary, dtype in itertools.product(MODES, BOUNDARIES, ("i4", "f4", "c16")):
        if not fits(shapes, mode):
            continue
        in1, in2 = (whole(rng, shape, dtype) for shape in shapes)
        expected = summed(function, in1, in2, mode, boundary).astype(dtype)
        if forget_conjugation(function, mode, shapes):
            expected = expected.conj()
        out = call(backend, function, in1, in2, mode, boundary)
        case = f"{mode} {boundary} {dtype}"
        np.testing.assert_array_equal(out, expected, case, strict=True)
        theirs = by_scipy(function, in1, in2, mode, boundary)
        np.testing.assert_array_equal(out, theirs, case, strict=True)


@each_2d
@pytest.mark.parametrize(
    ("alias", "boundary"), [("pad", "fill"), ("circular", "wrap"), ("symmetric", "symm")]
)
def test_boundaries_have_second_names(backend, function, alias, boundary):
    rng = np.random.default_rng(15)
    in1, in2 = whole(rng, (4, 5), "f8"), whole(rng, (3, 2), "f8")
    expected = summed(function, in1, in2, "full", boundary, 3).astype("f8")
    np.testing.assert_array_equal(call(backend, function, in1, in2, "full", alias, 3), expected)


FILLS = (
    ("u1", 3),
    ("i4", -3),
    ("f4", 1.5),
    ("f8", -2),
    ("f8", math.inf),
    ("f8", math.nan),
    ("c8", 2.5),
    ("c16", 1 - 2j),
)


@each_plane_shape
@each_2d
def test_fill_values(backend, function, shapes):
    rng = np.random.default_rng(3)
    for mode, (dtype, fill) in itertools.product(MODES, FILLS):
        if not fits(shapes, mode):
            continue
        in1, in2 = (whole(rng, shape, dtype) for shape in shapes)
        with np.errstate(invalid="ignore"):
            total = summed(function, in1, in2, mode, "fill", fill)
        expected = as_dtype(total, in1.dtype)
        if forget_conjugation(function, mode, shapes):
            expected = expected.conj()
        out = call(backend, function, in1, in2, mode, "fill", fill)
        case = f"{mode} {dtype} {fill}"
        np.testing.assert_array_equal(out, expected, case, strict=True)
        theirs = by_scipy(function, in1, in2, mode, "fill", fill)
        np.testing.assert_array_equal(out, theirs, case, strict=True)


def test_valid_exchanges_inputs_without_looking_outside(backend):
    """A fill value, or a period, has no part in the result, even where SciPy exchanges inputs."""
    rng = np.random.default_rng(4)
    small, large = whole(rng, (2, 3), "f8"), whole(rng, (4, 5), "f8")
    for function, order in itertools.product(PLANE, (1, -1)):
        in1, in2 = (small, large)[::order]
        plain = call(backend, function, in1, in2, "valid")
        for boundary in BOUNDARIES:
            out = call(backend, function, in1, in2, "valid", boundary, 9)
            np.testing.assert_array_equal(out, plain)


def test_exchanged_correlate2d_conjugates_the_other_input_as_scipy_does(backend):
    """SciPy's slip is kept, alike on every device: correlate2d gives correlate's conjugate here."""
    rng = np.random.default_rng(5)
    in1, in2 = whole(rng, (2, 2), "c16"), whole(rng, (3, 4), "c16")
    out = call(backend, "correlate2d", in1, in2, "valid")
    np.testing.assert_array_equal(out, by_scipy("correlate2d", in1, in2, "valid"))
    np.testing.assert_array_equal(
        out, call(backend, "correlate", in1, in2, "valid", "direct").conj()
    )


# The Fourier transform


@each_shape
@pytest.mark.parametrize("function", ND + BY_FFT)
def test_transforms(backend, function, shapes):
    rng = np.random.default_rng(6)
    options = {"method": "fft"} if function in ND else {}
    for mode, dtype in itertools.product(MODES, ("f4", "f8", "c8", "c16")):
        if not fits(shapes, mode):
            continue
        in1, in2 = (normal(rng, shape, dtype) for shape in shapes)
        expected = summed(function, in1, in2, mode).astype("c16")
        out = call(backend, function, in1, in2, mode, **options)
        assert out.dtype == dtype
        assert out.shape == expected.shape
        bound = 8 * np.finfo(dtype).eps * np.linalg.norm(in1) * np.linalg.norm(in2)
        assert abs(out - expected).max() <= bound, f"{mode} {dtype}"
        assert abs(out - by_scipy(function, in1, in2, mode, **options)).max() <= bound


@pytest.mark.parametrize("function", ND + BY_FFT)
def test_transforms_of_integers(backend, function):
    """correlate and convolve round to the integer dtype; the others give float64."""
    rng = np.random.default_rng(7)
    for dtypes in (("i1", "i1"), ("u1", "u1"), ("i4", "i2"), ("i8", "i8")):
        in1, in2 = whole(rng, (6, 5), dtypes[0], 1), whole(rng, (2, 3), dtypes[1], 1)
        expected = summed(function, in1, in2, "full")
        if function in ND:
            out = call(backend, function, in1, in2, method="fft")
            expected = expected.astype(np.result_type(in1, in2))
            np.testing.assert_array_equal(out, expected, str(dtypes), strict=True)
        else:
            out = call(backend, function, in1, in2)
            assert out.dtype == "f8"
            np.testing.assert_allclose(out, expected.astype("f8"), atol=1e-12)


@pytest.mark.parametrize("function", BY_FFT)
def test_what_is_no_float_is_transformed_as_float64(backend, function):
    x = np.array([True, False, True])
    out = call(backend, function, x, x)
    assert out.dtype == "f8"
    np.testing.assert_allclose(out, [1, 0, 2, 0, 1], atol=1e-12)
    np.testing.assert_array_equal(
        call(backend, function, np.array(2), np.array(3)), np.array(6.0), strict=True
    )


def test_transforms_of_float16(backend):
    """SciPy rounds correlate's result to float16, and gives fftconvolve's as float32."""
    in1, in2 = np.arange(6, dtype="f2"), np.arange(3, dtype="f2")
    for function, dtype in (("correlate", "f2"), ("convolve", "f2"), ("fftconvolve", "f4")):
        out = call(backend, function, in1, in2, **({} if dtype == "f4" else {"method": "fft"}))
        assert out.dtype == dtype
        expected = summed(function, in1, in2, "full").astype("f8")
        np.testing.assert_allclose(out, expected, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("function", BY_FFT)
@pytest.mark.parametrize("axes", [0, -1, (1,), (0, 1), (1, 0)], ids=str)
def test_axes(backend, function, axes):
    """Axes that are left out go side by side: each slice is a convolution of its own."""
    rng = np.random.default_rng(8)
    over = {a % 2 for a in np.atleast_1d(axes)}
    in1 = rng.normal(size=(24, 24))
    in2 = rng.normal(size=[3 if axis in over else 24 for axis in range(2)])
    for mode in MODES:
        if over == {0, 1}:
            expected = summed(function, in1, in2, mode).astype("f8")
        else:
            (axis,) = over
            slices = zip(np.moveaxis(in1, axis, 1), np.moveaxis(in2, axis, 1), strict=True)
            expected = np.moveaxis(
                np.stack([summed(function, a, b, mode).astype("f8") for a, b in slices]), 1, axis
            )
        out = call(backend, function, in1, in2, mode, axes=axes)
        np.testing.assert_allclose(out, expected, rtol=0, atol=1e-12, err_msg=mode)
        theirs = by_scipy(function, in1, in2, mode, axes=axes)
        np.testing.assert_allclose(out, theirs, rtol=0, atol=1e-12, err_msg=mode)


def test_overlap_add_in_several_blocks(backend):
    rng = np.random.default_rng(9)
    in1, in2 = rng.normal(size=1000), rng.normal(size=7)
    for mode in MODES:
        out = call(backend, "oaconvolve", in1, in2, mode)
        expected = summed("convolve", in1, in2, mode).astype("f8")
        np.testing.assert_allclose(out, expected, rtol=0, atol=1e-12)


# The choice between the two

CHOICES = (((50,), (5,)), ((20_000,), (10_000,)), ((9, 8), (3, 3)), ((64, 64), (32, 32)))


@each_nd
@pytest.mark.parametrize("shapes", CHOICES, ids=str)
def test_auto_is_the_method_that_is_chosen(backend, function, shapes):
    rng = np.random.default_rng(10)
    in1, in2 = (rng.normal(size=shape).astype("f4") for shape in shapes)
    out = call(backend, function, in1, in2)
    method = choose_method(*shapes, "full")
    np.testing.assert_array_equal(out, call(backend, function, in1, in2, method=method))


def test_both_methods_are_chosen():
    assert {choose_method(*shapes, "full") for shapes in CHOICES} == {"direct", "fft"}


@each_nd
def test_auto_is_exact_for_integers(backend, function):
    """Of a size at which floats are transformed; float64 could not hold these sums."""
    rng = np.random.default_rng(11)
    in1, in2 = anything(rng, 20_000, "i8"), anything(rng, 10_000, "i8")
    assert choose_method(in1.shape, in2.shape, "full", "f") == "fft"
    out = call(backend, function, in1, in2)
    weights = (in2[::-1] if function == "correlate" else in2).astype(object)
    for place in (0, 1, 7, 50):
        total = in1[: place + 1].astype(object) @ weights[place::-1]
        assert out[place] == as_dtype(np.array([total]), out.dtype)[0]


def test_the_choice_depends_on_shapes_mode_and_kind_alone():
    assert choose_method((10**6,), (10**6,), "full", "i") == "direct"
    assert choose_method((10**6,), (10**6,), "full", "u") == "direct"
    assert choose_method((10**6,), (10**6,), "full", "b") == "direct"
    assert choose_method((10**6,), (10**6,), "full", "f") == "fft"
    assert choose_method((10**6,), (10**6,), "full", "c") == "fft"
    assert choose_method((10**6,), (10**6,), "valid", "f") == "direct", "one output"
    assert choose_method((10**6,), (3,), "full") == "direct"
    assert choose_method((), (), "full") == "direct"
    for mode in MODES:
        methods = [choose_method((2**e,), (2**e // 2 or 1,), mode) for e in range(20)]
        assert methods[0] == "direct"
        assert methods[-1] == "fft"
        assert methods == sorted(methods), "beyond some size it stays the transform"


def test_the_choice_counts_the_products_of_each_mode():
    """A kernel nearly as long as the data leaves "valid" little to sum."""
    shapes = (40_000,), (39_990,)
    assert choose_method(*shapes, "full") == "fft"
    assert choose_method(*shapes, "same") == "fft"
    assert choose_method(*shapes, "valid") == "direct"
    assert choose_method(*shapes[::-1], "valid") == "direct", "the inputs are exchanged"


# What is not a number


@each_nd
@pytest.mark.parametrize("in_two_dimensions", [False, True], ids=["", "2d"])
@pytest.mark.parametrize("spoiled", ["in1", "in2", "both"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_direct_sums_of_what_is_not_finite(backend, function, in_two_dimensions, spoiled, value):
    """Wherever SciPy has NaN or an infinity, and nowhere else; NaN times a zero weight is NaN."""
    rng = np.random.default_rng(12)
    function += "2d" * in_two_dimensions
    boundaries = [{"boundary": b, "fillvalue": f} for b, f in (("fill", 0), ("fill", 2))]
    boundaries += [{"boundary": "wrap"}, {"boundary": "symm"}]
    every = boundaries if in_two_dimensions else [{"method": "direct"}]
    for shapes, mode, dtype, options in itertools.product(
        SHAPES_2D if in_two_dimensions else SHAPES, MODES, ("f4", "f8"), every
    ):
        if not fits(shapes, mode):
            continue
        in1, in2 = (rng.integers(-1, 2, shape).astype(dtype) for shape in shapes)
        for name, x in (("in1", in1), ("in2", in2)):
            if spoiled in (name, "both"):
                x.reshape(-1)[rng.integers(x.size)] = value
        with np.errstate(invalid="ignore"):
            expected = by_scipy(function, in1, in2, mode, **options)
        with np.errstate(invalid="ignore"):
            out = call(backend, function, in1, in2, mode, **options)
        np.testing.assert_array_equal(out, expected, f"{shapes} {mode} {dtype} {options}")


@pytest.mark.parametrize("function", ND + PLANE)
def test_nan_times_a_zero_weight_is_nan(backend, function):
    x = np.ones((1, 5) if function in PLANE else 5)
    x[..., 2] = math.nan
    kernel = np.array([0.0, 1.0, 0.0]).reshape((1, 3) if function in PLANE else 3)
    out = call(backend, function, x, kernel, "same")
    np.testing.assert_array_equal(np.isnan(out).ravel(), [False, True, True, True, False])


@each_nd
def test_the_transform_spreads_nan_over_everything(backend, function):
    x, kernel = np.ones(9), np.ones(3)
    x[0] = math.nan
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Use of fft convolution on input with NAN")
        assert np.isnan(call(backend, function, x, kernel, method="fft")).all()


# Arrays of all sorts


@pytest.mark.parametrize("function", ND + BY_FFT)
@pytest.mark.parametrize("dtype", ["f4", "c16"])
def test_zero_dimensions(backend, function, dtype):
    in1, in2 = whole(np.random.default_rng(13), (2,), dtype)
    in1, in2 = np.array(in1), np.array(in2) + np.array(1j if dtype[0] == "c" else 1, dtype)
    for mode in MODES:
        expected = in1 * (in2.conj() if function == "correlate" else in2)
        out = call(backend, function, in1, in2, mode)
        assert out.shape == ()
        np.testing.assert_array_equal(out, expected)


@each_function
def test_strided_inputs_are_read_as_they_are_and_left_unchanged(backend, function):
    rng = np.random.default_rng(14)
    base1, base2 = rng.normal(size=(9, 12)), rng.normal(size=(6, 4))
    device1, device2 = backend.asarray(base1), backend.asarray(base2)
    views = (device1.T[::2, ::-1], base1.T[::2, ::-1]), (device2[::-2, 1:], base2[::-2, 1:])
    (in1, host1), (in2, host2) = views
    out = backend.to_numpy(getattr(backend, function)(in1, in2, "same"))
    expected = summed(function, host1, host2, "same").astype("f8")
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(backend.to_numpy(device1), base1)
    np.testing.assert_array_equal(backend.to_numpy(device2), base2)


def test_an_input_may_be_both(backend):
    x = np.arange(12.0).reshape(3, 4)
    device = backend.asarray(x)
    for function in ND + PLANE:
        options = {"method": "direct"} if function in ND else {}
        out = backend.to_numpy(getattr(backend, function)(device, device, "same", **options))
        np.testing.assert_array_equal(out, summed(function, x, x, "same").astype("f8"))


# What is refused, alike on every device


class Elsewhere:
    """An array of a device that is not there."""

    __cuda_array_interface__ = {"shape": (3, 3), "typestr": "<f8", "data": (0, False), "version": 3}  # noqa: RUF012


@each_function
def test_only_arrays_of_the_device_are_taken(backend, function):
    good = backend.asarray(np.ones((3, 3)))
    foreign = Elsewhere() if backend.owns(np.ones(1)) else np.ones((3, 3))
    for bad, kind in (([[1.0]], "builtins.list"), (1.0, "builtins.float"), (None, "NoneType")):
        with pytest.raises(TypeError, match=f"{function}: in1 must be an array on .*{kind}"):
            getattr(backend, function)(bad, good)
        with pytest.raises(TypeError, match=f"{function}: in2 must be an array on .*{kind}"):
            getattr(backend, function)(good, bad)
    with pytest.raises(
        TypeError,
        match=rf"in2 must be an array on {backend.name}, got .*; "
        rf"get_backend\('{backend.name}'\)\.asarray\(in2\) makes one",
    ):
        getattr(backend, function)(good, foreign)


@each_function
def test_options_are_checked(backend, function):
    x = backend.asarray(np.ones((3, 3)))
    call_it = getattr(backend, function)
    for mode in ("Full", "", None, 2):
        with pytest.raises(ValueError, match=rf"{function}: mode must be one of \('full', 'val"):
            call_it(x, x, mode)
    if function in ND:
        with pytest.raises(ValueError, match=r"method must be one of \('auto', .* got 'quick'"):
            call_it(x, x, method="quick")
    if function in PLANE:
        for boundary in ("reflect", "", None):
            with pytest.raises(ValueError, match=r"boundary must be one of \('fill', 'pad', "):
                call_it(x, x, boundary=boundary)
    if function in BY_FFT:
        for axes in ((), 2, (0, 0)):
            with pytest.raises(ValueError, match=r"ax[ei]s"):
                call_it(x, x, axes=axes)


@each_2d
@pytest.mark.parametrize(
    ("dtype", "fill"),
    [
        ("u1", -1),
        ("u1", 256),
        ("i4", 2**31),
        ("i4", math.nan),
        ("i4", math.inf),
        ("i4", 1j),
        ("f4", 1 + 1j),
        ("c8", "x"),
        ("f8", None),
        ("f8", [1, 2]),
    ],
    ids=repr,
)
def test_fill_values_that_the_dtype_does_not_hold(backend, function, dtype, fill):
    x = backend.asarray(np.ones((2, 2), dtype))
    with pytest.raises(
        ValueError, match=f"{function}: fillvalue must be a number that {x.dtype} holds, got "
    ):
        getattr(backend, function)(x, x, fillvalue=fill)


@each_2d
def test_integers_cut_the_fraction_of_a_fill_value_off(backend, function):
    x = np.ones((2, 2), "u1")
    out = call(backend, function, x, x, "full", "fill", 1.75)
    np.testing.assert_array_equal(out, np.full((3, 3), 4))
    np.testing.assert_array_equal(out, by_scipy(function, x, x, "full", "fill", 1.75))


@each_function
def test_dimensions_are_checked(backend, function):
    arrays = [backend.asarray(np.ones(shape)) for shape in ((), (3,), (3, 3))]
    for in1, in2 in itertools.permutations(arrays, 2):
        with pytest.raises(
            ValueError, match=f"same number of dimensions, got {in1.ndim} and {in2.ndim}"
        ):
            getattr(backend, function)(in1, in2)


@each_2d
@pytest.mark.parametrize("ndim", [0, 1, 3])
def test_the_plane_functions_take_two_dimensions(backend, function, ndim):
    x = backend.asarray(np.ones((2,) * ndim))
    with pytest.raises(
        ValueError, match=f"must be 2-D, got {ndim}-D; {function[:-2]} takes any number"
    ):
        getattr(backend, function)(x, x)


@each_function
def test_empty_inputs_are_refused(backend, function):
    x, empty = backend.asarray(np.ones((2, 3))), backend.asarray(np.ones((2, 0)))
    with pytest.raises(ValueError, match=rf"{function}: in1 is empty, its shape is \(2, 0\)"):
        getattr(backend, function)(empty, x)
    with pytest.raises(ValueError, match=rf"{function}: in2 is empty, its shape is \(2, 0\)"):
        getattr(backend, function)(x, empty)


@each_function
def test_valid_wants_one_input_to_hold_the_other(backend, function):
    in1, in2 = backend.asarray(np.ones((3, 4))), backend.asarray(np.ones((4, 3)))
    with pytest.raises(ValueError, match="one must be at least as large as the other in every"):
        getattr(backend, function)(in1, in2, "valid")


@pytest.mark.parametrize(
    ("function", "dtype", "options"),
    [
        ("correlate", "f2", {"method": "direct"}),
        ("convolve", "f2", {"method": "direct"}),
        ("correlate", "?", {"method": "direct"}),
        ("convolve", "?", {"method": "fft"}),
        ("correlate2d", "f2", {}),
        ("convolve2d", "f2", {}),
        ("correlate2d", "?", {}),
        ("convolve2d", "?", {}),
    ],
)
def test_dtypes_that_scipy_or_cupy_does_not_sum(backend, function, dtype, options):
    x = backend.asarray(np.ones((2, 2), dtype))
    with pytest.raises(
        TypeError, match=rf"{function}: .* 2-D {np.dtype(dtype)} arrays; convert both .* float32"
    ):
        getattr(backend, function)(x, x, **options)


@each_nd
def test_booleans_are_not_transformed(backend, function):
    x = backend.asarray(np.ones(3, bool))
    with pytest.raises(TypeError, match="1-D bool arrays"):
        getattr(backend, function)(x, x, method="fft")


@each_function
@pytest.mark.parametrize("dtype", ["g", "G", "O", "M8[s]", "m8[s]", "U1"])
def test_dtypes_that_no_gpu_has(cpu, function, dtype):
    """Such arrays exist on the CPU alone; there they are refused too."""
    good, bad = np.ones((2, 2)), np.zeros((2, 2), dtype)
    with pytest.raises(TypeError, match=rf"{function}: in1 has dtype .*; allowed are booleans, "):
        getattr(cpu, function)(bad, good)
    with pytest.raises(TypeError, match=rf"{function}: in2 has dtype .*; allowed are booleans, "):
        getattr(cpu, function)(good, bad)
