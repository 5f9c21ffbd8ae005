"""Functions by CuPy's names and parameters: they give what NumPy's and SciPy's give."""

import io
from importlib import import_module
from inspect import Parameter

import numpy as np
import pytest
import scipy.linalg

from onepath.backends.simulated import ledger, modules, signatures
from onepath.backends.simulated.array import ndarray
from onepath.backends.simulated.kinds import UNSIMULATED

MODULES = modules()
cupy = MODULES["cupy"]

MATRIX = np.array([[0.3, -1.25, 2.0, 0.5], [1.5, 0.0, -0.75, 3.0], [2.5, 1.0, 0.25, -2.0]])
SQUARE = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 5.0]])
VECTOR = np.array([0.1, 0.4, 0.45, 0.7, 1.3])
COUNTS = np.array([3, 0, 1, 3, 2])
ORDER = np.array([[2, 0, 1, 0], [0, 1, 2, 1], [1, 1, 0, 2]])
CUBE = np.arange(24.0).reshape(2, 3, 4)
MASK = np.array([[True, False, True, True], [False] * 4, [True, True, False, False]])
IMAGE = np.arange(30.0).reshape(5, 6) % 7

# What is given for a required parameter of that name
BY_NAME = {
    **dict.fromkeys(("a", "arr", "array", "element", "m", "prototype", "dst"), MATRIX),
    **dict.fromkeys(("b", "x1", "x2", "structure"), SQUARE),
    **dict.fromkeys(
        ("x", "y", "a1", "data", "p", "pk", "scores", "theta", "phi", "f", "c"), VECTOR
    ),
    **dict.fromkeys(("v", "a2", "bins", "index"), VECTOR[:3]),
    **dict.fromkeys(("ar", "ar1", "arr1"), COUNTS),
    **dict.fromkeys(("ar2", "arr2", "test_elements"), np.array([3, 5])),
    **dict.fromkeys(("input", "image"), IMAGE),
    **dict.fromkeys(("val", "z"), MATRIX + 1j),
    **dict.fromkeys(("M", "N", "n", "num", "number", "start", "target"), 7),
    **dict.fromkeys(("shape", "dimensions", "dims"), (2, 3)),
    **dict.fromkeys(("axis", "axis1", "source"), 0),
    **dict.fromkeys(("axis2", "destination", "k", "connectivity", "percentile", "rank"), 1),
    **dict.fromkeys(("indices_or_sections", "repeats", "reps", "shift", "size", "kth", "d"), 2),
    "A": MATRIX,
    "ary": CUBE,
    "fill_value": 2.5,
    "a_min": -0.5,
    "a_max": 1.0,
    "beta": 8.6,
    "ind": np.array([2, 5]),
    "indices": np.array([2, 5, 5]),
    "mask": MASK,
    "condition": MASK,
    "values": MATRIX * 2,
    "new_shape": (2, 7),
    "newshape": (2, 6),
    "q": 0.4,
    "vals": np.array([7.0, 8.0]),
    "pad_width": ((1, 0), (2, 1)),
    "condlist": [MASK, ~MASK],
    "choicelist": [MATRIX, -MATRIX],
    "src": -MATRIX,
    "filt": np.array([0.0, 1.0, 0.0, 2.0, 0.0]),
    "from_": np.int32,
    "to": np.float64,
    "angle": 30.0,
    "coordinates": np.array([[0.5, 2.0], [1.5, 3.0]]),
    "matrix": np.array([0.5, 0.75]),
    "min": 0.0,
    "max": 7.0,
    "sigma": 0.75,
    "weights": SQUARE,
    "zoom": 1.5,
    "keys": np.array([[3, 1, 2, 1], [0, 1, 0, 0]]),
    "lmb": 0.5,
    "multi_index": (np.array([1, 0]), np.array([2, 1])),
    "sample": MATRIX.T,
    "compare": VECTOR + 1,
    "stop": 9.0,
    "iterations": 2,
    "tup": [SQUARE, SQUARE + 1],
    "dtype": np.float32,
    "window_shape": (2, 2),
    "xp": np.array([0.0, 1.0]),
    "fp": np.array([2.0, 5.0]),
    "s": VECTOR[1:],
    "dln": 0.1,
    "mu": 0.5,
    "proportiontocut": 0.2,
    "lu_and_piv": scipy.linalg.lu_factor(SQUARE),
}
# What is given by position where the names would mislead
SPECIAL = {
    "cupy.append": (MATRIX, VECTOR),
    "cupy.array": (MATRIX,),
    "cupy.array2string": (MATRIX,),
    "cupy.atleast_1d": (VECTOR,),
    "cupy.atleast_2d": (VECTOR, MATRIX),
    "cupy.atleast_3d": (VECTOR,),
    "cupy.bincount": (COUNTS,),
    "cupy.broadcast_arrays": (SQUARE, SQUARE[0]),
    "cupy.broadcast_to": (MATRIX, (2, 3, 4)),
    "cupy.choose": (ORDER, CUBE.reshape(6, 4)[:3].reshape(3, 1, 4)),
    "cupy.common_type": (MATRIX, COUNTS),
    "cupy.compress": (MASK[0], MATRIX[0]),
    "cupy.convolve": (VECTOR, VECTOR[:3]),
    "cupy.correlate": (VECTOR, VECTOR[:3]),
    "cupy.cross": (SQUARE, SQUARE + 1),
    "cupy.delete": (MATRIX, np.array([1, 3])),
    "cupy.diag_indices_from": (SQUARE,),
    "cupy.digitize": (MATRIX, VECTOR),
    "cupy.dot": (SQUARE, SQUARE),
    "cupy.einsum": ("ij,jk->ik", SQUARE, SQUARE),
    "cupy.extract": (MASK, MATRIX),
    "cupy.fill_diagonal": (SQUARE, 7.0),
    "cupy.fromiter": ([1.5, 2.5], float),
    "cupy.fromfunction": (lambda i, j: i - j, (2, 3)),
    "cupy.gradient": (MATRIX,),
    "cupy.format_float_positional": (1.5,),
    "cupy.format_float_scientific": (1.5,),
    "cupy.frombuffer": (VECTOR.tobytes(),),
    "cupy.histogramdd": (MATRIX.T, 3),
    "cupy.hsplit": (CUBE[:, :2], 2),
    "cupy.isclose": (SQUARE, SQUARE + 1e-9),
    "cupy.isin": (COUNTS, np.array([3, 5])),
    "cupy.ix_": (COUNTS[:2], COUNTS[:3]),
    "cupy.inner": (SQUARE, SQUARE),
    "cupy.matmul": (SQUARE, SQUARE),
    "cupy.meshgrid": (VECTOR, VECTOR[:2]),
    "cupy.packbits": (COUNTS > 1,),
    "cupy.poly": (VECTOR,),
    "cupy.polyfit": (VECTOR, VECTOR**2, 2),
    "cupy.polyval": (VECTOR, MATRIX),
    "cupy.put": (MATRIX, np.array([2, 5]), np.array([8.0, 9.0])),
    "cupy.put_along_axis": (MATRIX, ORDER[:1], 9.0, 0),
    "cupy.matrix_transpose": (MATRIX,),
    "cupy.moveaxis": (CUBE, 0, 2),
    "cupy.partition": (VECTOR[::-1].copy(), 2),
    "cupy.argpartition": (VECTOR[::-1].copy(), 2),
    "cupy.result_type": (MATRIX, np.float32),
    "cupy.searchsorted": (VECTOR, MATRIX),
    "cupy.take_along_axis": (MATRIX, ORDER, 0),
    "cupy.tensordot": (SQUARE, SQUARE),
    "cupy.unpackbits": (COUNTS.astype("uint8"),),
    "cupy.unravel_index": (COUNTS, (2, 3)),
    "cupy.vdot": (SQUARE, SQUARE),
    "cupy.where": (MASK, MATRIX, 0.0),
    "cupy.lib.stride_tricks.as_strided": (VECTOR, (3, 2), (8, 16)),
    "cupy.lib.stride_tricks.sliding_window_view": (MATRIX, (2, 2)),
    "cupy.linalg.lstsq": (MATRIX, VECTOR[:3]),
    "cupy.linalg.matmul": (SQUARE, SQUARE),
    "cupy.linalg.matrix_power": (SQUARE, 3),
    "cupy.linalg.matrix_rank": (SQUARE,),
    "cupy.linalg.norm": (MATRIX,),
    "cupy.linalg.cond": (SQUARE,),
    "cupy.linalg.pinv": (MATRIX,),
    "cupy.linalg.qr": (MATRIX,),
    "cupy.linalg.svd": (MATRIX,),
    "cupy.linalg.tensorinv": (np.eye(6).reshape(2, 3, 6) + 0.1, 2),
    "cupy.linalg.tensorsolve": (np.eye(6).reshape(2, 3, 6) + 0.1, MATRIX[:2, :3]),
    "cupyx.scipy.linalg.block_diag": (SQUARE, SQUARE[:2]),
    "cupyx.scipy.linalg.convolution_matrix": (VECTOR, 4),
    "cupyx.scipy.linalg.companion": (VECTOR,),
    "cupyx.scipy.linalg.fiedler": (VECTOR,),
    "cupyx.scipy.linalg.fiedler_companion": (VECTOR,),
    "cupyx.scipy.linalg.hadamard": (8,),
    "cupyx.scipy.linalg.lu_solve": (scipy.linalg.lu_factor(SQUARE), SQUARE[0]),
    "cupyx.scipy.special.multigammaln": (MATRIX + 9, 2),
    "cupyx.scipy.special.polygamma": (np.array([0, 1, 2]), VECTOR[:3] + 1),
    "cupyx.scipy.special.sph_harm_y": (2, 1, VECTOR, VECTOR),
    "cupyx.scipy.special.spherical_yn": (2, VECTOR),
    "cupyx.scipy.special.logsumexp": (MATRIX,),
    "cupyx.scipy.ndimage.convolve1d": (IMAGE, VECTOR[:3]),
    "cupyx.scipy.ndimage.correlate1d": (IMAGE, VECTOR[:3]),
    "cupyx.scipy.ndimage.sum_labels": (IMAGE,),
    "cupyx.scipy.ndimage.find_objects": (IMAGE.astype(int),),
    "cupyx.scipy.ndimage.histogram": (IMAGE, 0.0, 7.0, 4),
    "cupyx.scipy.ndimage.percentile_filter": (IMAGE, 30, 3),
    "cupyx.scipy.ndimage.rank_filter": (IMAGE, 1, 3),
    "cupyx.scipy.ndimage.value_indices": (IMAGE.astype(int),),
    **{
        f"cupyx.scipy.ndimage.{name}": (IMAGE, 3)
        for name in (
            "black_tophat",
            "grey_closing",
            "grey_dilation",
            "grey_erosion",
            "grey_opening",
            "maximum_filter",
            "median_filter",
            "minimum_filter",
            "morphological_gradient",
            "morphological_laplace",
            "white_tophat",
        )
    },
    **{
        f"cupyx.scipy.fft.{name}": (MATRIX,)
        for name in ("fft2", "hfft2", "ifft2", "ihfft2", "irfft2", "rfft2")
    },
    "cupyx.scipy.stats.trim_mean": (VECTOR, 0.2),
}

SECTIONS = (
    "cupy",
    "cupy.fft",
    "cupy.lib.stride_tricks",
    "cupy.linalg",
    "cupyx.scipy.fft",
    "cupyx.scipy.linalg",
    "cupyx.scipy.ndimage",
    "cupyx.scipy.special",
    "cupyx.scipy.stats",
)
ELSEWHERE = {
    "cupy.empty": "has no content",
    "cupy.empty_like": "has no content",
    "cupy.mask_indices": "calls a function of CuPy's",
    **dict.fromkeys(
        (
            "cupy.fromfile",
            "cupy.fromstring",
            "cupy.genfromtxt",
            "cupy.load",
            "cupy.loadtxt",
            "cupy.save",
            "cupy.savetxt",
            "cupy.savez",
            "cupy.savez_compressed",
        ),
        "reads or writes files",
    ),
    **dict.fromkeys(
        ("cupy.allclose", "cupy.array_equal", "cupy.array_equiv"), "answers with an array"
    ),
}


def host_module(section):
    name = (
        "numpy" if section == "cupy" else section.replace("cupyx.", "").replace("cupy.", "numpy.")
    )
    return import_module(name)


def resolve(path, of):
    section, _, name = path.rpartition(".")
    return getattr(of(section), name, None)


FUNCTIONS = {
    f"{section}.{name}": signature.parameters.values()
    for section in SECTIONS
    for name, signature in signatures.functions(section).items()
    if signature is not None
    and name not in UNSIMULATED
    and f"{section}.{name}" not in ELSEWHERE
    and hasattr(host_module(section), name)
}


def example(path):
    """Arguments by position."""
    if path in SPECIAL:
        return SPECIAL[path]
    names = {**BY_NAME, "a": SQUARE} if ".linalg." in path else BY_NAME
    required = [p for p in FUNCTIONS[path] if p.default is Parameter.empty]
    return tuple(names[p.name] for p in required if p.kind is not Parameter.VAR_KEYWORD)


def mapped(function, value):
    if isinstance(value, list | tuple):
        return type(value)(mapped(function, each) for each in value)
    return function(value) if isinstance(value, np.ndarray) else value


def assert_same(ours, theirs):
    """Arrays and NumPy's numbers are arrays on the device, everything else is the host's."""
    if isinstance(theirs, dict):
        ours, theirs = ([*each.values()] for each in (ours, theirs))
    if isinstance(theirs, list | tuple):
        assert isinstance(ours, list | tuple)
        for a, b in zip(ours, theirs, strict=True):
            assert_same(a, b)
    elif isinstance(theirs, np.ndarray | np.generic):
        assert isinstance(ours, ndarray)
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        np.testing.assert_allclose(ours.get(), theirs, rtol=1e-9, atol=1e-12)
    else:
        assert type(ours) is type(theirs)
        assert ours == theirs


def both(path, by_name):
    """What the simulated function gives, and what the host's does."""
    ours, theirs = (resolve(path, of) for of in (modules().get, host_module))
    expected_of = mapped(np.copy, example(path))
    given = mapped(cupy.array, expected_of)
    names = [parameter.name for parameter in FUNCTIONS[path]]
    found = ours(**dict(zip(names, given, strict=False))) if by_name else ours(*given)
    expected = theirs(*expected_of)
    return (given[0], expected_of[0]) if expected is None else (found, expected)


quiet = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@quiet
@pytest.mark.parametrize("path", FUNCTIONS)
def test_by_position(path):
    assert_same(*both(path, by_name=False))


@quiet
@pytest.mark.parametrize(
    "path",
    [
        path
        for path, parameters in FUNCTIONS.items()
        if not {p.kind for p in parameters} & {Parameter.VAR_POSITIONAL, Parameter.POSITIONAL_ONLY}
    ],
)
def test_by_cupy_s_names(path):
    assert_same(*both(path, by_name=True))


def test_the_tables_name_no_function_that_is_not_called():
    assert SPECIAL.keys() <= FUNCTIONS.keys()
    assert all(resolve(path, modules().get) for path in ELSEWHERE)


# Parameters that may be left out, where CuPy's differ from NumPy's


def a():
    return cupy.array(MATRIX)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lambda: cupy.argmax(a(), 1, "int32"), np.argmax(MATRIX, 1).astype("int32")),
        (lambda: cupy.nanargmin(a(), dtype="int16"), np.int16(np.nanargmin(MATRIX))),
        (lambda: a().argmin(0, None, "int32", True), np.argmin(MATRIX, 0)[None].astype("int32")),
        (lambda: cupy.bincount(cupy.array(COUNTS), None, None), np.bincount(COUNTS)),
        (lambda: cupy.clip(a(), None, 1), np.clip(MATRIX, None, 1)),
        (lambda: a().clip(max=1), np.clip(MATRIX, None, 1)),
        (lambda: cupy.concatenate([a(), a()], None), np.concatenate([MATRIX, MATRIX], None)),
        (lambda: cupy.copy(a=a(), order="F"), MATRIX),
        (lambda: cupy.cov(a=a(), rowvar=False), np.cov(MATRIX, rowvar=False)),
        (lambda: cupy.diff(a(), prepend=None, append=a()), np.diff(MATRIX, append=MATRIX)),
        (lambda: cupy.full_like(a(), 2, subok=None), np.full_like(MATRIX, 2)),
        (
            lambda: cupy.histogram2d(a()[0], a()[1], 3, None, a()[2], True),
            np.histogram2d(MATRIX[0], MATRIX[1], 3, None, True, MATRIX[2]),
        ),
        (lambda: cupy.histogram(a(), 4, None, True)[0], np.histogram(MATRIX, 4, density=True)[0]),
        (lambda: cupy.linspace(0, 1, 4, True, True), (np.linspace(0, 1, 4), 1 / 3)),
        (lambda: cupy.linalg.pinv(a()), np.linalg.pinv(MATRIX, 1e-15)),
        (lambda: cupy.median(a(), 0, None, False, True), np.median(MATRIX, 0, keepdims=True)),
        (lambda: cupy.prod(a(), keepdims=True), np.prod(MATRIX, keepdims=True)),
        (lambda: a().prod(keepdims=None), np.prod(MATRIX)),
        (lambda: cupy.ravel_multi_index((cupy.array([3]), cupy.array([1])), (2, 3)), np.array([4])),
        (lambda: cupy.reshape(a(), newshape=(4, 3), order="F"), MATRIX.reshape(4, 3, order="F")),
        (lambda: cupy.std(a(), 1, None, None, 1, True), np.std(MATRIX, 1, ddof=1, keepdims=True)),
        (
            lambda: cupy.unique(cupy.array(COUNTS), True, return_counts=True),
            np.unique(COUNTS, True, return_counts=True),
        ),
        (lambda: cupy.zeros(shape=(2,), order="F"), np.zeros(2)),
        (lambda: cupy.linalg.svd(a(), compute_uv=False), np.linalg.svd(MATRIX, compute_uv=False)),
        (lambda: a().reshape(4, 3, order="F"), MATRIX.reshape(4, 3, order="F")),
        (lambda: a().reshape((-1,), copy=True), MATRIX.reshape(-1)),
        (lambda: a().sum(axis=1, dtype="float32"), np.sum(MATRIX, 1, "float32")),
        (lambda: a().take([1, 20], axis=1), np.take(MATRIX, [1, 0], 1)),
        (lambda: a().var(ddof=1, axis=0), np.var(MATRIX, 0, ddof=1)),
        (lambda: cupy.mask_indices(3, cupy.triu, 1), np.mask_indices(3, np.triu, 1)),
        (lambda: cupy.in1d(a(), a()[0], invert=True), ~np.isin(MATRIX, MATRIX[0]).ravel()),
        (lambda: cupy.trapz(a()[0], dx=2), np.trapezoid(MATRIX[0], dx=2)),
        (lambda: MODULES["cupyx.scipy.special"].round(a(), 1), np.round(MATRIX, 1)),
    ],
)  # fmt: skip
def test_parameters_that_may_be_left_out(found, expected):
    assert_same(found(), expected)


@pytest.mark.parametrize("name", ["allclose", "array_equal", "array_equiv"])
def test_answers_about_elements_are_arrays(name):
    for other, expected in ((MATRIX, True), (-MATRIX, False)):
        found = getattr(cupy, name)(cupy.array(MATRIX), cupy.array(other))
        assert_same(found, np.array(expected))


# Operands of the host


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda: cupy.sum([1, 2]), "a of cupy.sum"),
        (lambda: cupy.sum(MATRIX), "a of cupy.sum"),
        (lambda: cupy.sum(3.0), "a of cupy.sum"),
        (lambda: cupy.dot(cupy.array(SQUARE), 2.0), "b of cupy.dot"),
        (lambda: cupy.concatenate([[1], [2]]), "arrays of cupy.concatenate"),
        (lambda: cupy.stack([cupy.array(VECTOR), VECTOR]), "arrays of cupy.stack"),
        (lambda: cupy.matmul(SQUARE, cupy.array(SQUARE)), "operands of cupy.matmul"),
        (lambda: cupy.matmul(cupy.array(SQUARE), [[1]] * 3), "operands of cupy.matmul"),
        (lambda: cupy.where(MASK, cupy.array(MATRIX), 0), "condition of cupy.where"),
        (lambda: cupy.sum(cupy.array(MATRIX), out=np.empty(())), "out of cupy.sum"),
        (lambda: cupy.linalg.inv(SQUARE), "a of cupy.inv"),
        (lambda: cupy.fft.fft(VECTOR), "a of cupy.fft"),
        (lambda: cupy.sort(VECTOR), "a of cupy.sort"),
    ],
)
def test_operands_of_the_host_are_refused(call, parameter):
    with pytest.raises(
        TypeError, match=f"^Unsupported type .* for {parameter}: it has to be a cupy"
    ):
        call()


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: cupy.append(a(), [1.0]), np.append(MATRIX, [1.0])),
        (lambda: cupy.around(VECTOR, 1), np.around(VECTOR, 1)),
        (lambda: cupy.atleast_2d(VECTOR), np.atleast_2d(VECTOR)),
        (lambda: cupy.hstack([VECTOR, VECTOR]), np.hstack([VECTOR, VECTOR])),
        (lambda: cupy.linalg.norm(VECTOR), np.linalg.norm(VECTOR)),
        (lambda: cupy.percentile(a(), [20, 80]), np.percentile(MATRIX, [20, 80])),
        (lambda: cupy.take(a(), [1, 2]), np.take(MATRIX, [1, 2])),
        (lambda: cupy.tril(SQUARE), np.tril(SQUARE)),
    ],
)
def test_some_functions_copy_operands_of_the_host(call, expected):
    with ledger.watch() as events:
        found = call()
    assert "copy to the device" in {event.kind for event in events}
    assert_same(found, expected)


def test_numbers_of_the_host_may_be_in_its_arrays():
    sizes = np.array([2, 3])
    assert cupy.zeros(sizes).shape == (2, 3)
    assert cupy.ones((2, 3)).sum(axis=np.int64(1)).shape == (2,)
    assert cupy.pad(cupy.ones(2), np.array([1, 2])).shape == (5,)


@pytest.mark.parametrize(
    "call",
    [
        lambda n: cupy.zeros(n),
        lambda n: cupy.zeros((2, n)),
        lambda n: cupy.eye(n),
        lambda n: a().sum(axis=n),
        lambda n: a().reshape(n, -1),
        lambda n: cupy.linspace(0, 1, n),
        lambda n: cupy.fft.fft(a(), n),
        lambda n: cupy.tile(a(), n),
    ],
)
def test_numbers_of_the_host_are_not_on_the_device(call):
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        call(cupy.array(2))


def test_what_the_host_s_function_cannot_do_is_said():
    with pytest.raises(NotImplementedError, match=r"parameter 'bias' .* bias=True cannot be simul"):
        cupy.corrcoef(a(), bias=True)
    with pytest.raises(NotImplementedError, match=r"gives a scipy\.interpolate\..*, of which"):
        modules()["cupyx.scipy.interpolate"].make_interp_spline(*map(cupy.array, (VECTOR, VECTOR)))
    sparse = modules()["cupyx.scipy.sparse"]
    with pytest.raises(NotImplementedError, match=r"cupyx\.scipy\.sparse\.identity is CuPy's"):
        sparse.identity(3)
    assert not sparse.issparse(a())


def test_calls_that_do_not_fit():
    with pytest.raises(
        TypeError, match=r"cupy\.sum\(\) missing a required argument: 'a'; it is cal"
    ):
        cupy.sum()
    with pytest.raises(
        TypeError, match=r"too many positional arguments; it is called as \(a, axis"
    ):
        cupy.count_nonzero(a(), 0, True)
    with pytest.raises(TypeError, match="multiple values for argument 'axis'"):
        cupy.sum(a(), 0, axis=0)
    with pytest.raises(ValueError, match="got y without what comes before it"):
        cupy.where(a() > 0, y=a())


# Functions that write, and those that read


def test_out_is_filled_and_returned():
    out = cupy.empty(4)
    assert cupy.sum(a(), axis=0, out=out) is out
    np.testing.assert_allclose(out.get(), MATRIX.sum(axis=0))
    assert cupy.matmul(a(), a().T, out=cupy.empty((3, 3))).shape == (3, 3)
    assert a().max(0, out) is out


def test_results_are_views_where_they_are_in_cupy():
    x = a()
    for view in (x.ravel(), x.T, x.squeeze(), cupy.split(x, 2, 1)[0], cupy.flip(x), x.real):
        assert view.base is x
    assert cupy.diag(cupy.array(SQUARE)).base is None
    windows = cupy.lib.stride_tricks.sliding_window_view(x, (2, 2))
    windows[0, 0] = 7
    assert x[:2, :2].tolist() == [[7, 7], [7, 7]]


def test_files():
    file, x = io.BytesIO(), a()
    with ledger.watch() as events:
        cupy.save(file, x)
    assert [event.kind for event in events] == ["copy to the host", "synchronisation"]
    file.seek(0)
    with ledger.watch() as events:
        loaded = cupy.load(file)
    assert [event.kind for event in events] == ["copy to the device"]
    assert_same(loaded, MATRIX)
    text = io.StringIO()
    cupy.savetxt(text, a())
    text.seek(0)
    assert_same(cupy.loadtxt(text), MATRIX)
    several = io.BytesIO()
    cupy.savez(several, first=a())
    several.seek(0)
    assert_same(cupy.array(np.load(several)["first"]), MATRIX)


def test_classes_beside_the_array():
    both_ways = cupy.broadcast(a(), a()[:, :1])
    assert (both_ways.shape, both_ways.nd, both_ways.size) == ((3, 4), 2, 12)
    assert [x.shape for x in both_ways.values] == [(3, 4)] * 2
    assert_same(cupy.mgrid[0:2, 0:3], np.mgrid[0:2, 0:3])
    assert_same(cupy.r_[cupy.array(VECTOR), 2.0], np.r_[VECTOR, 2.0])
    assert_same(cupy.c_[cupy.array(VECTOR), cupy.array(VECTOR)], np.c_[VECTOR, VECTOR])
    with pytest.raises(NotImplementedError, match="no special directives"):
        cupy.r_["0,2", 1]
    assert isinstance(cupy.exp, cupy.ufunc)


def test_decorators_leave_functions_as_they_are():
    assert cupy.fuse(abs) is abs
    assert cupy.fuse(kernel_name="a")(abs) is abs
    assert cupy.memoize()(lambda: 3)() == cupy.memoize(for_each_device=True)(lambda: 3)() == 3


def test_linalg_raises_if_it_is_told_to():
    singular = cupy.zeros((2, 2))
    assert np.isnan(cupy.linalg.inv(singular).get()).all()
    with modules()["cupyx"].errstate(linalg="raise"), pytest.raises(np.linalg.LinAlgError):
        cupy.linalg.inv(singular)
    with pytest.raises(np.linalg.LinAlgError, match="square"):
        cupy.linalg.inv(a())
