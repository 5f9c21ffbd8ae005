"""Ufuncs: dtypes by CuPy's own choice of a loop, values by NumPy's and SciPy's, places, methods."""

import itertools
import operator
import pkgutil

import numpy as np
import pytest
import scipy.special

from onepath.backends.simulated import modules, signatures
from onepath.backends.simulated.array import ndarray
from onepath.backends.simulated.loops import COMPARISONS

MODULES = modules()
CUPY = MODULES["cupy"]
SECTIONS = {"cupy": np, "cupyx.scipy.special": scipy.special}
UFUNCS = [f"{section}.{name}" for section in SECTIONS for name in signatures.ufuncs(section)]
CHARACTERS = "?bBhHiIlLqQefdFD"

# loops in CuPy's lists whose function nothing on the host computes, all of complex numbers
WITHOUT_HOST = ("arctan2", "atan2", "copysign", "exprel", "hypot", "i0", "nextafter")


@pytest.fixture(scope="module")
def real():
    return pytest.importorskip("cupy", reason="CuPy is absent: pip install 'onepath[test]'")


def resolve(path):
    section, _, name = path.rpartition(".")
    return getattr(MODULES[section], name)


def host(path):
    section, _, name = path.rpartition(".")
    return getattr(SECTIONS[section], name)


# The choice of a loop


def rank(kind):
    """CuPy's order of kinds: what is lower gives way."""
    if issubclass(kind, np.bool_):
        return 0
    return 1 if issubclass(kind, np.integer | int) else 2


def cupys_choice(function, operands):
    """Types of the results by the real package, None where it raises TypeError.

    ``operands`` are pairs of a dtype and, for a Python number, its type.
    """
    arrays = [rank(dtype.type) for dtype, number in operands if not number]
    numbers = [rank(number) for _, number in operands if number]
    weak = bool(arrays and numbers) and max(arrays) >= max(numbers)
    dtypes = tuple(dtype for dtype, _ in operands)
    weaks = tuple(number or False for _, number in operands) if weak else (False,) * len(operands)
    loops = function._ops
    if loops.promote_types is not None:
        dtypes, weaks = loops.promote_types(dtypes, weaks)
    loop = loops._guess_routine_from_in_types(dtypes, weaks)
    return None if loop is None or loop.error_func else [np.dtype(t) for t in loop.out_types]


OPERANDS = [
    *((np.dtype(c), None, lambda c=c: CUPY.array(np.ones(1, c))) for c in CHARACTERS),
    (np.dtype(bool), None, lambda: True),
    (np.dtype("int64"), int, lambda: 1),
    (np.dtype("float64"), float, lambda: 1.0),
    (np.dtype("complex128"), complex, lambda: 1 + 0j),
    (np.dtype("float32"), None, lambda: np.float32(1)),
    (np.dtype("int8"), None, lambda: np.int8(1)),
]


def found_dtypes(function, values, **options):
    """The results' dtypes, None for a TypeError."""
    try:
        results = function(*values, **options)
    except TypeError:
        return None
    return [x.dtype for x in (results if isinstance(results, tuple) else (results,))]


# SciPy warns of numbers that it takes for integers; a GPU's kernels do not
quiet = pytest.mark.filterwarnings("ignore:non-integer arg n", "ignore:floating point number tr")


@quiet
@pytest.mark.parametrize("path", UFUNCS)
def test_dtypes_are_cupy_s(path, real):
    ours, theirs = resolve(path), pkgutil.resolve_name(path)
    if ours.nin > 2:
        calls = [(each,) * ours.nin for each in OPERANDS]
    else:
        calls = itertools.product(OPERANDS, repeat=ours.nin)
    for call in calls:
        expected = cupys_choice(theirs, [(dtype, number) for dtype, number, _ in call])
        found = found_dtypes(ours, [make() for _, _, make in call])
        lacking = ours.__name__ in WITHOUT_HOST and expected and expected[0].kind == "c"
        assert found == (None if lacking else expected), [str(dtype) for dtype, *_ in call]


@quiet
@pytest.mark.parametrize("path", UFUNCS)
def test_dtypes_that_are_asked_for_are_cupy_s(path, real):
    ours, theirs = resolve(path), pkgutil.resolve_name(path)
    loops = theirs._out_ops or theirs._ops
    values = [CUPY.ones(1, "int8" if "i" in "".join(ours.types) else "float32")] * ours.nin
    for dtype in map(np.dtype, CHARACTERS):
        loop = loops._guess_routine_from_dtype(dtype)
        refused = loop is None or loop.error_func
        expected = None if refused else [np.dtype(t) for t in loop.out_types]
        lacking = ours.__name__ in WITHOUT_HOST and dtype.kind == "c"
        assert found_dtypes(ours, values, dtype=dtype) == (None if lacking else expected), dtype


def test_where_cupy_and_numpy_depart_in_dtypes():
    """A few, by hand: what the lists of loops lead to."""
    small, wide = CUPY.ones(2, "int8"), CUPY.ones(2, "int64")
    assert CUPY.sqrt(small).dtype == "float16"
    assert CUPY.sqrt(wide).dtype == np.sqrt(np.ones(2, "int64")).dtype == "float64"
    assert (small / small).dtype == "float64"
    assert np.ones(1, "int8") / np.ones(1, "int8") == 1.0
    assert CUPY.isnan(wide).dtype == bool
    with pytest.raises(TypeError, match="Wrong type"):
        CUPY.logical_not(CUPY.ones(2, "complex64"))


@pytest.mark.parametrize("name", sorted(COMPARISONS))
@pytest.mark.parametrize(("dtype", "number"), [("int8", 300), ("int64", 2**63), ("uint64", -1)])
def test_python_integers_out_of_range_can_be_compared(name, dtype, number):
    x = np.array([0, 1, 2], dtype)
    found = getattr(CUPY, name)(CUPY.array(x), number)
    expected = getattr(np, name)(x.astype(object), number)  # by Python's own integers
    np.testing.assert_array_equal(found.get(), expected.astype(bool))


def test_division_computes_in_the_dtype_that_is_asked_for():
    x = CUPY.array([1.5, 2.5])
    assert CUPY.true_divide(x, 0.5, dtype="float64").tolist() == [3, 5]
    assert CUPY.divide(CUPY.array([3, 5]), 2, dtype="float32").dtype == "float32"


def test_python_integers_out_of_range_are_refused_elsewhere():
    with pytest.raises(OverflowError, match="300 out of bounds for int8"):
        CUPY.ones(2, "int8") + 300


# Values


@quiet
@pytest.mark.parametrize("path", UFUNCS)
def test_values_are_the_host_s(path):
    ours, theirs = resolve(path), np.trunc if path == "cupy.fix" else host(path)
    rng = np.random.default_rng(0)
    for types in ours.types:
        ins, outs = types.split("->")
        if (ours.__name__ in WITHOUT_HOST and outs[0] in "FD") or "V" in ins:
            continue
        if set(ins + outs) == {"?"} and ours.__name__ in (
            "gcd",
            "lcm",
            "negative",
            "positive",
            "subtract",
        ):
            continue
        operands = [rng.uniform(1, 4, 5).astype(c) for c in ins]
        with np.errstate(all="ignore"):
            expected = theirs(*operands)
        found = ours(*map(CUPY.array, operands))
        pairs = zip(
            found if isinstance(found, tuple) else (found,),
            expected if isinstance(expected, tuple) else (expected,),
            outs,
            strict=True,
        )
        for a, b, char in pairs:
            assert isinstance(a, ndarray)
            assert a.dtype == char
            np.testing.assert_array_equal(a.get(), np.asarray(b).astype(char))


OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "divmod": divmod,
    "matmul": operator.matmul,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
IN_PLACE = ("add", "sub", "mul", "floordiv", "mod", "pow", "lshift", "rshift", "and", "or", "xor")
X, Y = np.array([[5, 3], [2, 7]]), np.array([[2, 1], [3, 1]])


@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name):
    compute = OPERATORS[name]
    x, y = CUPY.array(X), CUPY.array(Y)
    pairs = [(compute(x, y), compute(X, Y))]
    if name != "matmul":
        pairs += [(compute(x, 2), compute(X, 2)), (compute(np.int64(9), x), compute(9, X))]
        pairs += [(compute(9, x), compute(9, X))]
    for found, expected in pairs:
        np.testing.assert_array_equal(np.array([each.get() for each in found]), np.array(expected))


@pytest.mark.parametrize("name", IN_PLACE)
def test_operators_in_place(name):
    compute = getattr(operator, f"i{name}")
    x, expected = CUPY.array(X), X.copy()
    same, expected = compute(x, CUPY.array(Y)), compute(expected, Y)
    assert same is x
    np.testing.assert_array_equal(x.get(), expected)


def test_comparisons_take_numbers_in_numpy_s_arrays():
    x = CUPY.array(X)
    assert (x > np.array(3)).tolist() == (X > 3).tolist()
    assert np.less(np.array(3), x).tolist() == (X > 3).tolist()
    with pytest.raises(TypeError, match=r"Unsupported type <class 'numpy.ndarray'>"):
        x + np.array(3)


def test_operators_of_one_operand():
    x = CUPY.array(X) - 4
    assert (-x).tolist() == (4 - X).tolist()
    assert (+x).tolist() == (X - 4).tolist()
    assert abs(x).tolist() == abs(X - 4).tolist()
    assert (~x).tolist() == (~(X - 4)).tolist()
    with pytest.warns(DeprecationWarning, match="ill-defined"):
        assert (+(x > 0)).tolist() == (X > 4).tolist()


def test_what_does_not_know_the_array_may_answer_itself():
    class Other:
        __array_ufunc__ = None

        def __radd__(self, value):
            return type(value)

    assert CUPY.array(X) + Other() is ndarray


# Places for results


def test_a_place_is_filled_and_returned():
    x, out = CUPY.array([1.0, 2.0]), CUPY.empty((3, 2))
    assert CUPY.add(x, 1, out) is out
    assert out.tolist() == [[2, 3]] * 3
    assert CUPY.multiply(x, 3, out=out[0]).tolist() == [3, 6]
    assert out.tolist() == [[3, 6], [2, 3], [2, 3]]
    first, second = CUPY.empty(2), CUPY.empty(2)
    CUPY.modf(x + 0.5, out=(first, second))
    assert (first.tolist(), second.tolist()) == ([0.5, 0.5], [1, 2])


def test_a_place_may_be_an_operand():
    x = CUPY.arange(6.0)
    CUPY.add(x[:-1], x[1:], out=x[1:])
    assert x.tolist() == [0, 1, 3, 5, 7, 9]


def test_a_place_converts_as_casting_allows():
    out = CUPY.empty(2, "int32")
    CUPY.add(CUPY.array([1.5, 1e10]), 1, out=out, casting="unsafe")
    assert out.tolist() == [2, 2**31 - 1]
    with pytest.raises(TypeError, match=r"float64.* to dtype\('int32'\).* rule 'same_kind'"):
        CUPY.add(CUPY.array([1.5, 2]), 1, out=out)


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, "Wrong number of arguments for 'cupy_add'", lambda x: CUPY.add(x)),
        (TypeError, "Wrong arguments {'where': True}", lambda x: CUPY.add(x, x, where=True)),
        (TypeError, "must be cupy.ndarray", lambda x: CUPY.add(x, x, out=np.empty(2))),
        (ValueError, "both a positional and keyword", lambda x: CUPY.add(x, x, x, out=x)),
        (ValueError, "one for each output", lambda x: CUPY.modf(x, out=x)),
        (ValueError, r"Out shape is mismatched: \(1,\)", lambda x: CUPY.add(x, x, out=x[:1])),
        (TypeError, "Unsupported type <class 'list'>", lambda x: CUPY.add(x, [1, 2])),
        (TypeError, "Unsupported type <class 'str'>", lambda x: CUPY.add(x, "a")),
        (TypeError, "Wrong type", lambda x: CUPY.sqrt(x, dtype="int32")),
        (ValueError, "Unsupported dtype object", lambda x: CUPY.add(x, x, dtype=object)),
    ],
)
def test_misuse(error, message, call):
    with pytest.raises(error, match=message):
        call(CUPY.ones(2))


# Methods


def test_methods_that_cupy_has():
    x = CUPY.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert CUPY.add.reduce(x).tolist() == [5, 7, 9]
    assert CUPY.multiply.reduce(x, axis=1, keepdims=True).tolist() == [[6], [120]]
    assert CUPY.add.accumulate(x, axis=1).tolist() == [[1, 3, 6], [4, 9, 15]]
    assert CUPY.add.reduceat(x, CUPY.array([0, 2]), axis=1).tolist() == [[3, 3], [9, 6]]
    assert CUPY.subtract.outer(x[0], x[1, :2]).tolist() == [[-3, -4], [-2, -3], [-1, -2]]


def test_at_adds_as_often_as_an_element_is_meant():
    x = CUPY.zeros((2, 3), "float32")
    CUPY.add.at(x, (CUPY.array([0, 0, 1]), CUPY.array([1, 1, 4])), CUPY.array([1.0, 2.0, 5.0]))
    assert x.tolist() == [[0, 3, 0], [0, 5, 0]]
    CUPY.maximum.at(x, CUPY.array([0, 0]), 2)
    assert x.tolist() == [[2, 3, 2], [0, 5, 0]]
    CUPY.add.at(x, (slice(None), 0), 1)
    assert x.tolist() == [[3, 3, 2], [1, 5, 0]]


SCATTERED = {
    "add": "int32 int64 uint32 uint64 float16 float32 float64",
    "subtract": "int32 uint32",
    "maximum": "int32 int64 uint32 uint64 float32 float64",
    "minimum": "int32 int64 uint32 uint64 float32 float64",
    "bitwise_and": "int32 int64 uint32 uint64",
    "bitwise_or": "int32 int64 uint32 uint64",
    "bitwise_xor": "int32 int64 uint32 uint64",
}


@pytest.mark.parametrize("name", SCATTERED)
def test_at_takes_the_dtypes_that_cuda_has_atomic_operations_for(name):
    allowed = set()
    for dtype in map(np.dtype, "?bBhHiIlLefdFD"):
        x = CUPY.zeros(3, dtype)
        try:
            getattr(CUPY, name).at(x, CUPY.array([0, 0]), x[:2])
            allowed.add(dtype.name)
        except TypeError as error:
            assert f"cupy.{name}.at only supports" in str(error)  # noqa: PT017
        getattr(CUPY, name).at(CUPY.zeros(3, "int32"), slice(1, 2), 1)
    assert allowed == set(SCATTERED[name].split())
