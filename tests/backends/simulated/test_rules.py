"""CuPy's rules, one by one: what is refused, what differs from NumPy, what is counted.

The checks are the same on the simulated device and, where there is one, on a GPU; of a GPU, nothing
is asked where CUDA leaves a result open, and it does not count. ``docs/devices.md`` has a row for
each rule, and the last tests hold the two together.
"""

import operator
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from onepath.backends import DeviceMismatchError, get_backend
from onepath.backends.simulated import ledger

HOST = np.arange(6.0, dtype="float32").reshape(2, 3)
DOCUMENT = Path(__file__).parents[3] / "docs" / "devices.md"


@pytest.fixture(params=["simulated", pytest.param("cuda", marks=pytest.mark.cuda)])
def xp(request):
    """The array module of a device that keeps CuPy's rules."""
    return get_backend(request.param).xp


@pytest.fixture
def x(xp):
    return xp.asarray(HOST)


# What is refused: exception, message, and a call with the module and a float32 array of (2, 3)

NO_NUMPY = "Unsupported type <class 'numpy.ndarray'>"
REFUSED = {
    "conversion to NumPy": [
        (TypeError, "Implicit conversion to a NumPy array", lambda xp, x: np.asarray(x)),
        (TypeError, "Implicit conversion to a NumPy array", lambda xp, x: np.array([x])),
        (TypeError, "Implicit conversion to a NumPy array", lambda xp, x: HOST.__setitem__(0, x)),
    ],
    "NumPy operands": [
        (TypeError, NO_NUMPY, lambda xp, x: x + HOST),
        (TypeError, NO_NUMPY, lambda xp, x: HOST * x),
        (TypeError, NO_NUMPY, lambda xp, x: xp.maximum(x, HOST)),
        (TypeError, NO_NUMPY, lambda xp, x: np.add(HOST, x)),
        (TypeError, NO_NUMPY, lambda xp, x: operator.iadd(x, HOST)),
        (TypeError, ".", lambda xp, x: xp.concatenate([x, HOST])),
        (TypeError, ".", lambda xp, x: xp.where(x > 1, x, HOST)),
        (TypeError, ".", lambda xp, x: xp.matmul(x, HOST.T)),
    ],
    "lists": [
        (TypeError, ".", lambda xp, x: operator.add(x, [1, 2, 3])),
        (TypeError, ".", lambda xp, x: xp.exp([1.0, 2.0])),
        ((TypeError, AttributeError), ".", lambda xp, x: xp.sum([1, 2])),
    ],
    "assignment of host data": [
        (ValueError, "non-scalar numpy.ndarray", lambda xp, x: x.__setitem__(0, HOST[0])),
    ],
    "no index of a scalar": [
        (TypeError, "cannot be interpreted as an integer", lambda xp, x: range(xp.array(3))),
        (TypeError, ".", lambda xp, x: [1, 2, 3][xp.array(1)]),
    ],
    "names": [
        (AttributeError, "no attribute 'nanquantile'", lambda xp, x: xp.nanquantile),
        (AttributeError, "no attribute 'block'", lambda xp, x: xp.block),
        (AttributeError, "no attribute 'matrix'", lambda xp, x: xp.matrix),
        (AttributeError, "no attribute 'newbyteorder'", lambda xp, x: x.newbyteorder),
    ],
    "parameters": [
        (TypeError, "where", lambda xp, x: xp.sum(x, where=x > 1)),
        (TypeError, "initial", lambda xp, x: x.max(initial=0)),
        (TypeError, ".", lambda xp, x: xp.add(x, x, where=x > 1)),
        (TypeError, "casting is not supported", lambda xp, x: x.astype("f", casting="safe")),
        (TypeError, ".", lambda xp, x: x.item(0)),
        (
            ValueError,
            "kind can only be None or 'stable'",
            lambda xp, x: xp.sort(x, kind="heapsort"),
        ),
    ],
    "loops of ufuncs": [
        (TypeError, "Wrong type", lambda xp, x: xp.left_shift(x, 1)),
        (TypeError, "Wrong type", lambda xp, x: xp.logical_and(x + 1j, x)),
        (TypeError, "boolean subtract", lambda xp, x: (x > 1) - (x > 1)),
        (TypeError, ".", lambda xp, x: -(x > 1)),
    ],
    "dtypes": [
        ((ValueError, TypeError), "Unsupported dtype", lambda xp, x: xp.array(["text"])),
        ((ValueError, TypeError), "Unsupported dtype", lambda xp, x: xp.array([None, "a"])),
        ((ValueError, TypeError), "Unsupported dtype", lambda xp, x: x.astype("longdouble")),
        (ValueError, "Unsupported dtype", lambda xp, x: xp.zeros(2, "datetime64[s]")),
    ],
    "methods of ufuncs": [
        (NotImplementedError, "reduce", lambda xp, x: xp.maximum.reduce(x)),
        (NotImplementedError, "accumulate", lambda xp, x: xp.minimum.accumulate(x)),
        (NotImplementedError, "at` is not", lambda xp, x: xp.multiply.at(x, xp.array([0]), 2)),
        (TypeError, "only supports", lambda xp, x: xp.subtract.at(x, xp.array([0]), x[0])),
        (
            TypeError,
            "only supports",
            lambda xp, x: xp.maximum.at(x.astype("e"), xp.array([0]), x[0].astype("e")),
        ),
    ],
    "in-place casts": [
        (TypeError, ".", lambda xp, x: operator.iadd(x.astype("int32"), 1.5)),
        (TypeError, ".", lambda xp, x: xp.add(x, x, out=x.astype("int32"))),
    ],
    "out of dot": [
        (ValueError, "Not supported", lambda xp, x: xp.dot(x, x.T, xp.zeros((2, 2), "float64"))),
        (ValueError, "C-contiguous", lambda xp, x: xp.dot(x, x.T, xp.zeros((2, 2), "f", "F"))),
    ],
    "sorting in place": [
        (NotImplementedError, "non-contiguous", lambda xp, x: x.T.sort()),
    ],
    "attributes": [
        (AttributeError, "no attribute 'note'", lambda xp, x: setattr(x, "note", 1)),
    ],
    "0-d nonzero": [
        (ValueError, "nonzero on 0d arrays", lambda xp, x: xp.array(1).nonzero()),
    ],
    "DLPack of the host": [
        (TypeError, "CPU arrays cannot be directly imported", lambda xp, x: xp.from_dlpack(HOST)),
    ],
}


def cases(table):
    return [pytest.param(*each, id=f"{rule}-{i}") for rule in table for i, each in
            enumerate(table[rule])]  # fmt: skip


@pytest.mark.parametrize(("error", "message", "call"), cases(REFUSED))
def test_refused(xp, x, error, message, call):
    with pytest.raises(error, match=message if message == "." else re.escape(message)):
        call(xp, x)
    np.testing.assert_array_equal(x.get(), HOST)


# What comes out otherwise than in NumPy


def masks(xp):
    return xp.arange(2) >= 0, xp.arange(3) != 1


def drawn(xp, seed):
    return xp.random.RandomState(seed).uniform(size=4).tolist()


RESULTS = {
    "0-d results": [
        (lambda xp, x: type(x.sum()) is type(x) and x.sum().shape, ()),
        (lambda xp, x: type(x[0, 1]) is type(x) and x[0, 1].shape, ()),
        (lambda xp, x: type(xp.max(x)) is type(x) and xp.allclose(x, x).shape, ()),
        (lambda xp, x: {type(each) for each in x[0]} == {type(x)}, True),
    ],
    "NumPy's functions": [
        (lambda xp, x: type(np.exp(x)) is type(x), True),
        (lambda xp, x: type(np.sum(x, axis=0)) is type(x), True),
        (lambda xp, x: type(np.linalg.norm(x)) is type(x), True),
        (lambda xp, x: type(np.float32(2) * x) is type(x), True),
    ],
    "dtypes of ufuncs": [
        (lambda xp, x: (x * 2.0).dtype.name, "float32"),
        (lambda xp, x: (x * np.float64(2)).dtype.name, "float64"),
        (lambda xp, x: (x + xp.arange(3)).dtype.name, "float64"),
        (lambda xp, x: (xp.arange(3, dtype="int8") / 2).dtype.name, "float64"),
        (lambda xp, x: (x + 1j).dtype.name, "complex64"),
    ],
    "indices wrap around": [
        (lambda xp, x: xp.arange(3)[xp.array([1, 4, -5])].tolist(), [1, 1, 1]),
        (lambda xp, x: xp.take(xp.arange(3), xp.array([4])).tolist(), [1]),
        (lambda xp, x: xp.take_along_axis(xp.arange(3), xp.array([-4]), 0).tolist(), [2]),
        (lambda xp, x: (x.__setitem__((xp.array([3]), 0), 9), x[1, 0].item())[1], 9.0),
    ],
    "denormals are flushed": [
        (lambda xp, x: (xp.full(1, 1e-38, "float32") * 0.5).tolist(), [0.0]),
        (lambda xp, x: (xp.full(1, 1e-39, "float32") * 1e10).tolist(), [0.0]),
        (lambda xp, x: (xp.full(1, 1e-38, "float64") * 0.5).tolist(), [5e-39]),
    ],
    "several boolean arrays": [
        (lambda xp, x: x[xp.array([True, True]), xp.array([True, False, True])].tolist(), [0, 5]),
        (lambda xp, x: (x.__setitem__(masks(xp), 9), x.tolist())[1], [[9, 1, 2], [3, 4, 9]]),
    ],
    "integers to negative powers": [
        (lambda xp, x: (xp.array([2, 1, -1, 0]) ** -1).tolist(), [0, 1, -1, 0]),
        (lambda xp, x: (xp.array([-1, 3]) ** xp.array([-2, 2])).tolist(), [1, 9]),
    ],
    "singular matrices": [
        (lambda xp, x: xp.linalg.inv(xp.zeros((2, 2))).shape, (2, 2)),
        (lambda xp, x: xp.linalg.solve(xp.zeros((2, 2)), xp.ones(2)).shape, (2,)),
        (lambda xp, x: xp.linalg.cholesky(-xp.eye(2)).shape, (2, 2)),
    ],
    "layout of results": [
        (lambda xp, x: (xp.asfortranarray(x) + 1).flags.c_contiguous, True),
        (lambda xp, x: xp.exp(x.T).flags.c_contiguous, True),
    ],
    "no view is read-only": [
        (lambda xp, x: (x[:, :2].diagonal().fill(9), x.tolist())[1], [[9, 1, 2], [3, 9, 5]]),
        (lambda xp, x: (xp.broadcast_to(x, (2, 2, 3)).fill(9), x.tolist())[1], [[9] * 3] * 2),
    ],
    "order of equal elements": [
        (
            lambda xp, x: xp.argsort(xp.arange(100) % 2).tolist(),
            [*range(0, 100, 2), *range(1, 100, 2)],
        ),
    ],
    "comparison with anything": [
        (lambda xp, x: (x == None).tolist(), [[False] * 3] * 2),  # noqa: E711
        (lambda xp, x: (x != object()).tolist(), [[True] * 3] * 2),
    ],
    "dtypes of random numbers": [
        (lambda xp, x: xp.random.randn(3, dtype="float32").dtype.name, "float32"),
        (lambda xp, x: xp.random.uniform(size=3, dtype="float32").dtype.name, "float32"),
    ],
    "arrays as seeds": [
        (lambda xp, x: drawn(xp, np.arange(9)) == drawn(xp, np.arange(9)), True),
        (lambda xp, x: drawn(xp, np.arange(9)) == drawn(xp, np.arange(8)), False),
    ],
    "views share memory": [
        (lambda xp, x: (x[0].fill(7), x.reshape(-1)[:3].tolist())[1], [7.0] * 3),
        (lambda xp, x: (x.T.__setitem__((0, 0), 9), x[0, 0].item())[1], 9.0),
    ],
}


@pytest.mark.parametrize(("call", "expected"), cases(RESULTS))
def test_results(xp, x, call, expected):
    assert call(xp, x) == expected


def test_random_numbers_are_not_numpy_s(xp):
    xp.random.seed(3)
    first = xp.random.uniform(size=8).get()
    xp.random.seed(3)
    np.testing.assert_array_equal(xp.random.uniform(size=8).get(), first)
    assert not np.any(np.isclose(np.random.RandomState(3).uniform(size=8), first))


# What the device does behind the program's back: the simulated one tells, on a GPU it is just done

COUNTED = {
    "copies to the host": [
        (lambda xp, x: x.get(), {"copy to the host": 1, "synchronisation": 1}),
        (lambda xp, x: float(x.sum()), {"copy to the host": 1, "synchronisation": 1}),
        (lambda xp, x: bool(x[0, 0] > 0), {"copy to the host": 1, "synchronisation": 1}),
        (lambda xp, x: x[0, 0].item(), {"copy to the host": 1, "synchronisation": 1}),
        (lambda xp, x: x.tolist(), {"copy to the host": 1, "synchronisation": 1}),
        (lambda xp, x: f"{x.sum()}", {"copy to the host": 1, "synchronisation": 1}),
        (lambda xp, x: repr(x), {"copy to the host": 1, "synchronisation": 1}),
        (lambda xp, x: xp.asnumpy(x), {"copy to the host": 1, "synchronisation": 1}),
    ],
    "copies to the device": [
        (lambda xp, x: xp.asarray(HOST), {"copy to the device": 1}),
        (lambda xp, x: xp.array([1.0, 2.0]), {"copy to the device": 1}),
        (lambda xp, x: x.set(HOST), {"copy to the device": 1}),
        (lambda xp, x: xp.tril(HOST), {"copy to the device": 1}),
        (lambda xp, x: x[[0, 1]], {"copy to the device": 1}),
        (lambda xp, x: x[np.array([0, 1])], {"copy to the device": 1}),
        (lambda xp, x: xp.take(x, [0, 1]), {"copy to the device": 1}),
        (lambda xp, x: x.__setitem__(xp.arange(1), [[7, 8, 9]]), {"copy to the device": 1}),
    ],
    "synchronisations": [
        (lambda xp, x: x[x > 1], {"synchronisation": 1}),
        (lambda xp, x: xp.nonzero(x), {"synchronisation": 1}),
        (lambda xp, x: xp.where(x > 1), {"synchronisation": 1}),
        (lambda xp, x: xp.unique(x), {"synchronisation": 1}),
        (lambda xp, x: x.__setitem__(x > 1, 0), {"synchronisation": 1}),
        (lambda xp, x: xp.extract(x > 1, x), {"synchronisation": 1}),
        (lambda xp, x: xp.bincount(x[0].astype("int32")), {"synchronisation": 1}),
        (lambda xp, x: xp.average(x, weights=x), {"synchronisation": 1}),
        (lambda xp, x: xp.nanmax(x), {"synchronisation": 1}),
        (lambda xp, x: xp.linspace(x[0], x[1], 3), {"synchronisation": 1}),
        (lambda xp, x: xp.unravel_index(xp.arange(3), (2, 3)), {"synchronisation": 1}),
        (
            lambda xp, x: xp.lib.stride_tricks.sliding_window_view(x, (2, 2)),
            {"synchronisation": 1},
        ),
        (lambda xp, x: xp.cuda.Stream.null.synchronize(), {"synchronisation": 1}),
    ],
    "undefined results": [
        (
            lambda xp, x: x.__setitem__((xp.zeros(2, "int32"), xp.ones(2, "int32")), xp.arange(2)),
            {"undefined result": 1},
        ),
        (lambda xp, x: (x * 1e10).astype("int32"), {"undefined result": 1}),
        (lambda xp, x: x[xp.full(1, 5)], {"undefined result": 1}),
        (lambda xp, x: xp.take(x, xp.full(1, 6)), {"undefined result": 1}),
        (lambda xp, x: x[masks(xp)], {"synchronisation": 1, "undefined result": 1}),
        (lambda xp, x: xp.linalg.inv(x[:, :2] * 0), {"undefined result": 1}),
    ],
    "nothing behind the back": [
        (lambda xp, x: xp.exp(x) @ x.T + 1.0, {}),
        (lambda xp, x: xp.zeros((2, 3)) + xp.arange(3), {}),
        (lambda xp, x: xp.where(x > 1, x, 0).sum(axis=0, keepdims=True), {}),
        (lambda xp, x: x[:, xp.arange(2)], {}),
        (lambda xp, x: x.astype("float64").reshape(3, 2).copy(), {}),
        (lambda xp, x: xp.asarray(2.0) * np.float32(3) + xp.full(3, 2.0), {}),
        (lambda xp, x: xp.allclose(xp.clip(x, 0, 1), x), {}),
        (lambda xp, x: xp.array_equal(xp.pad(x, 1), xp.concatenate([x, x])), {}),
        (lambda xp, x: xp.where(x > 1, x, 0.0).argmax(axis=1), {}),
        (lambda xp, x: (x.__setitem__((0, slice(1)), 2.0), x.fill(1), x.max()), {}),
    ],
}


@pytest.mark.parametrize(("call", "expected"), cases(COUNTED))
def test_counted(xp, x, call, expected):
    with ledger.watch() as events:
        call(xp, x)
    if is_simulated(xp):
        assert Counter(event.kind for event in events) == expected
        assert all(event.place.startswith(__file__) for event in events)


def is_simulated(xp):
    return getattr(xp, "__simulated__", False)


@pytest.fixture
def simulated():
    return get_backend("simulated").xp


def test_bytes_are_told(simulated):
    with ledger.watch() as events:
        simulated.asarray(HOST).get()
    assert [event.nbytes for event in events if event.kind.startswith("copy")] == [24, 24]


# What CUDA leaves open: the simulated device takes care that it is not as in NumPy


def test_fresh_memory_is_never_zero(xp):
    for dtype in ("float16", "float32", "float64", "complex64"):
        found = [xp.empty((2, 3), dtype), xp.empty_like(xp.zeros(4, dtype))]
        assert all(np.isnan(each.get()).all() for each in found) or not is_simulated(xp)
    assert (xp.empty(3, "int32").get() != 0).all() or not is_simulated(xp)


def test_sums_are_added_in_another_order(xp):
    values = np.random.default_rng(0).standard_normal(10_000).astype("float32")
    found = xp.asarray(values).sum().item()
    assert found != values.sum() or not is_simulated(xp)
    assert found == pytest.approx(float(values.sum(dtype="float64")), rel=1e-4)


def test_atomic_sums_are_added_in_another_order(xp):
    values = np.random.default_rng(0).standard_normal(1000).astype("float32")
    x, y, at = np.zeros(1, "float32"), xp.zeros(1, "float32"), np.zeros(1000, int)
    np.add.at(x, at, values)
    xp.add.at(y, xp.asarray(at), xp.asarray(values))
    assert x[0] != y[0].item() or not is_simulated(xp)
    assert x[0] == pytest.approx(y[0].item(), abs=1e-3)


def test_of_several_values_numpy_keeps_another_one(xp):
    x, at = np.zeros(2), np.array([0, 0, 1])
    x[at] = [1.0, 2.0, 3.0]
    y = xp.zeros(2)
    y[xp.asarray(at)] = xp.array([1.0, 2.0, 3.0])
    assert x.tolist() == [2, 3]
    assert y.tolist() == [1, 3] or not is_simulated(xp)


def test_of_several_nans_numpy_takes_another_one(xp):
    values = np.array([0.5 + 3.7j, complex(0.7, np.nan), complex(np.nan, -3.9)])
    for reduction in ("max", "min"):
        expected = getattr(values, reduction)()
        found = getattr(xp.asarray(values), reduction)().item()
        assert np.isnan(expected)
        assert np.isnan(found)
        assert np.isnan(expected.real) != np.isnan(found.real) or not is_simulated(xp)


def test_casts_out_of_range_are_not_numpy_s(xp):
    numbers = np.array([1e10, -1e10, np.nan, -1.0])
    signed, unsigned = (xp.asarray(numbers).astype(t).tolist() for t in ("int32", "uint8"))
    assert signed == [2**31 - 1, -(2**31), 0, -1] or not is_simulated(xp)
    assert unsigned == [255, 0, 0, 0] or not is_simulated(xp)


def test_devices_do_not_mix(simulated):
    first, second = (get_backend(f"simulated:{i}") for i in (0, 1))
    x, y = first.asarray(HOST), second.asarray(HOST)
    with pytest.raises(ValueError, match="Peer access is unavailable between these devices"):
        x + y
    assert y.reshape(-1)[0].device.id == y.T.copy().device.id + 1 == 1
    with second.scope():
        assert (y + y).device.id == 1
    with pytest.raises(DeviceMismatchError, match="lives on a CUDA device"):
        get_backend("cpu").asarray(x)


def test_a_pool_keeps_its_limit(xp):
    pool, asked = xp.get_default_memory_pool(), []
    before = pool.get_limit()

    def allocate(size):
        asked.append(size)
        return pool.malloc(size)

    pool.set_limit(pool.total_bytes() + (1 << 20))
    try:
        xp.empty(1 << 18, "int8")
        with pytest.raises(xp.cuda.memory.OutOfMemoryError, match="Out of memory allocating"):
            xp.empty(pool.get_limit() + 1, "int8")
        with xp.cuda.using_allocator(allocate):
            xp.empty(1 << 18, "int8")
        assert asked == [1 << 18]
    finally:
        pool.set_limit(before)


@pytest.fixture
def stream(xp):
    """A stream that captures; whatever was captured is dropped."""
    made = xp.cuda.Stream(non_blocking=True)
    with made:
        yield made
        if made.is_capturing():
            made.end_capture()


def test_captured_work_is_done_by_each_launch(xp, stream):
    x, total = xp.asarray(HOST), xp.zeros(3, "float32")
    xp.cuda.Device().synchronize()
    stream.begin_capture()
    y = x * 2
    total += y[1]
    graph = stream.end_capture()
    if is_simulated(xp):
        assert np.isnan(y.get()).all()
    assert total.tolist() == [0, 0, 0]
    x += 1
    for launch in (1, 2):
        graph.launch()
        assert y.tolist() == [[2, 4, 6], [8, 10, 12]]
        assert total.tolist() == [launch * each for each in (8, 10, 12)]


def test_captures_refuse_libraries(xp, stream):
    x = xp.asarray(HOST)
    for library, call in [
        ("cuBLAS", lambda: x @ x.T),
        ("cuSOLVER", lambda: xp.linalg.svd(x)),
        ("cuRAND", lambda: xp.random.rand(3)),
    ]:
        call()  # CuPy loads and prepares the library when it is first asked for something
        stream.begin_capture()
        with pytest.raises(NotImplementedError, match=library):
            call()
        stream.end_capture()


# The document

ALONE = {
    "random numbers": test_random_numbers_are_not_numpy_s,
    "fresh memory": test_fresh_memory_is_never_zero,
    "order of sums": test_sums_are_added_in_another_order,
    "repeated indices": test_of_several_values_numpy_keeps_another_one,
    "atomic sums": test_atomic_sums_are_added_in_another_order,
    "NaN in complex `max` and `min`": test_of_several_nans_numpy_takes_another_one,
    "casts out of range": test_casts_out_of_range_are_not_numpy_s,
    "mixed devices": test_devices_do_not_mix,
    "limit of memory": test_a_pool_keeps_its_limit,
    "captured work": test_captured_work_is_done_by_each_launch,
    "libraries in a capture": test_captures_refuse_libraries,
}


def rows():
    """Rule and treatment of each row of the document's table."""
    text = DOCUMENT.read_text(encoding="utf-8").partition("## The simulated device")[2]
    text = text.partition("\n## ")[0]
    table = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|")]
    return {row[0].strip(): row[2].strip() for row in table[2:]}


def test_the_document_has_each_rule():
    checked = REFUSED | RESULTS | COUNTED | ALONE
    told = {rule for rule, treatment in rows().items() if not treatment.startswith("not possible")}
    assert told == set(checked)


def test_the_document_tells_how_each_is_treated():
    for rule, treatment in rows().items():
        kind = "counted" if rule in COUNTED else "enforced"
        assert treatment.startswith((kind, "not possible:")), rule
