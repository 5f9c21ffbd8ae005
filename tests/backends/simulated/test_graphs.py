"""CUDA graphs of the simulated device: nothing is done before the launch, and all of it then."""

import operator
import pickle

import numpy as np
import pytest

from onepath.backends.simulated import ledger, modules

cupy = modules()["cupy"]
cupyx = modules()["cupyx"]
cuda = cupy.cuda
CUDARuntimeError = cuda.runtime.CUDARuntimeError

FIRST = np.arange(6.0).reshape(2, 3) + 1
SECOND = FIRST[::-1] * 2
PLACES = cupy.arange(2)


def recorded(work):
    """Capture work; return the graph, and what the work returned."""
    stream = cuda.Stream(non_blocking=True)
    with stream:
        stream.begin_capture(cuda.runtime.streamCaptureModeRelaxed)
        try:
            made = work()
        finally:
            graph = stream.end_capture()
    return graph, made


@pytest.fixture
def capturing():
    """A stream that captures, until the test ends."""
    stream = cuda.Stream(non_blocking=True)
    x = cupy.asarray(np.ones(3))
    with stream:
        stream.begin_capture()
        yield stream, x
        if stream.is_capturing():
            stream.end_capture()


# What is captured

MADE = {
    "operators": lambda x: x * 2 + 1 - x / 3,
    "ufunc": lambda x: cupy.exp(x),
    "two outputs": lambda x: cupy.divmod(x, 2),
    "reversed operator": lambda x: 1 - x,
    "comparison": lambda x: x > 2,
    "equality with anything": lambda x: x == None,  # noqa: E711
    "negation": operator.neg,
    "reduction": lambda x: x.sum(axis=0, keepdims=True),
    "ufunc.reduce": lambda x: cupy.add.reduce(x, 1),
    "ufunc.reduceat": lambda x: cupy.add.reduceat(x, PLACES, 1),
    "accumulation": lambda x: cupy.cumsum(x),
    "a method": lambda x: x.clip(2, 4),
    "argmax": lambda x: x.argmax(axis=1),
    "astype": lambda x: x.astype("float32"),
    "astype to integers": lambda x: (x * 1.6).astype("int32"),
    "copy": lambda x: x.copy(),
    "reshape with a copy": lambda x: x.T.reshape(-1),
    "concatenate": lambda x: cupy.concatenate([x, x + 1]),
    "where": lambda x: cupy.where(x > 2, x, 0.0),
    "stack": lambda x: cupy.array([x[0], x[1]]),
    "creation": lambda x: cupy.zeros(3) + cupy.full(3, 2.5) + cupy.arange(3) + cupy.ones_like(x[0]),
    "a number": lambda x: cupy.asarray(2.5) * x,
    "index of the device": lambda x: x[:, cupy.arange(2)],
    "take": lambda x: cupy.take(x, cupy.arange(2), axis=1),
    "flat": lambda x: x.flat[1:4],
    "flat copy": lambda x: x.flat.copy(),
    "brackets": lambda x: cupy.c_[x[0], x[1]],
    "a view of what is made": lambda x: (x + 1)[0],
    "broadcasting": lambda x: cupy.broadcast_to(x[0] * 2, (2, 3)) + x,
    "a list of arrays": lambda x: cupy.split(x + 1, 3, axis=1),
    "transform": lambda x: cupy.fft.rfft(x),
    "signal": lambda x: cupyx.scipy.signal.correlate2d(x, x[:1, :2], "valid"),
    "gradient": lambda x: cupy.gradient(x, axis=1),
    "integer products": lambda x: cupy.arange(4).reshape(2, 2) @ x.astype("int64"),
    "a product that is a number": lambda x: x[:1] @ x[0],
    "rules without a sum": lambda x: cupy.einsum("ij,ij->ij", x, x),
}


def contents(made):
    if isinstance(made, (list, tuple)):
        return [each.get() for each in made]
    return [made.get()]


@pytest.mark.parametrize("name", MADE)
def test_results_come_with_each_launch(name):
    x = cupy.asarray(FIRST)
    graph, made = recorded(lambda: MADE[name](x))
    np.testing.assert_array_equal(x.get(), FIRST)
    for values in (FIRST, SECOND):
        x.set(np.ascontiguousarray(values))
        expected = contents(MADE[name](cupy.asarray(values)))
        before = contents(made)
        graph.launch()
        found = contents(made)
        assert [y.dtype for y in found] == [y.dtype for y in expected]
        for y, wanted, old in zip(found, expected, before, strict=True):
            np.testing.assert_array_equal(y, wanted)
            if values is FIRST and wanted.dtype.kind == "f":
                assert np.isnan(old).all(), "it was there before the launch"


def inplace(operation):
    def work(x):
        operation(x)

    return work


CHANGED = {
    "in-place operator": inplace(lambda x: operator.iadd(x, 2)),
    "in place of a view": inplace(lambda x: operator.imul(x[:, ::2], 3)),
    "ufunc with out": lambda x: cupy.add(x, x, out=x),
    "function with out": lambda x: cupy.clip(x, 2, 3, out=x),
    "assignment": lambda x: x.__setitem__((slice(None), 1), x[:, 0]),
    "assignment of a number": lambda x: x.__setitem__(0, 9.0),
    "assignment through indices": lambda x: x.__setitem__((0, cupy.arange(2)), 9.0),
    "fill": lambda x: x.fill(4),
    "fill with an array": lambda x: x[0].fill(x[1, 1]),
    "flat": lambda x: x.flat.__setitem__(slice(2), 5.0),
    "a function that writes": lambda x: cupy.copyto(x, 7.0),
    "sorting": lambda x: (operator.imul(x, -2), x.sort(axis=0)),
    "scattering": lambda x: cupyx.scatter_add(x, cupy.arange(2), 1.0),
    "ufunc.at": lambda x: cupy.add.at(x, (0, cupy.arange(3)), x[1]),
    "the real part": lambda x: setattr(x, "real", 3.0),
    "several": inplace(lambda x: (operator.iadd(x, 1), operator.imul(x, x), x[0].fill(0))),
}


@pytest.mark.parametrize("name", CHANGED)
def test_nothing_is_written_before_the_launch(name):
    x = cupy.asarray(FIRST)
    graph, _ = recorded(lambda: CHANGED[name](x))
    np.testing.assert_array_equal(x.get(), FIRST)
    expected = cupy.asarray(FIRST)
    for _ in range(2):
        CHANGED[name](expected)
        graph.launch()
        np.testing.assert_array_equal(x.get(), expected.get())
    assert not np.array_equal(x.get(), FIRST)


def test_results_lead_to_results():
    x = cupy.asarray(FIRST)

    def work():
        y = cupy.zeros((2, 3))
        y[...] = x
        y += x.mean(axis=0)
        return cupy.concatenate([y, y * 2]).sum()

    graph, total = recorded(work)
    assert np.isnan(total.item())
    graph.launch()
    assert total.item() == 3 * (FIRST.sum() + 2 * FIRST.mean(axis=0).sum())


def test_a_graph_keeps_its_arrays_and_what_they_looked_like():
    x = cupy.asarray(FIRST)
    parts = [x, x]
    y, z = cupy.zeros((4, 3)), cupy.zeros((2, 3))

    def work():
        y[...] = cupy.concatenate(parts) + cupy.ones((4, 3))
        cupy.negative(x, out=z)
        x.fill(5)

    graph, _ = recorded(work)
    parts.clear()
    x.shape = z.shape = (6,)
    graph.launch()
    np.testing.assert_array_equal(z.get(), -FIRST.reshape(-1))
    np.testing.assert_array_equal(y.get(), np.concatenate([FIRST, FIRST]) + 1)
    assert x.tolist() == [5] * 6


def test_other_streams_and_threads_work_on():
    x = cupy.asarray(FIRST)

    def work():
        with cuda.Stream.null:
            here = x + 1
            assert here.tolist() == (FIRST + 1).tolist()
        return x + 2

    graph, there = recorded(work)
    assert np.isnan(there.get()).all()
    graph.launch(stream=cuda.Stream())
    np.testing.assert_array_equal(there.get(), FIRST + 2)


def test_roundings_are_counted_with_each_launch():
    from onepath.backends.simulated import roundings

    x = cupy.asarray(FIRST)
    graph, y = recorded(lambda: x.copy())
    assert roundings(y) == 0
    graph, _ = recorded(lambda: operator.iadd(x, 0.1))
    before = roundings(x)
    graph.launch()
    graph.launch()
    assert roundings(x) == before + 2


def test_a_graph_in_a_graph():
    x = cupy.asarray(FIRST)
    inner, _ = recorded(lambda: operator.iadd(x, 1))
    outer, _ = recorded(lambda: (inner.launch(), operator.imul(x, 2)))
    np.testing.assert_array_equal(x.get(), FIRST)
    outer.upload()
    outer.launch()
    np.testing.assert_array_equal(x.get(), (FIRST + 1) * 2)


def test_functions_of_the_host_are_called_with_each_launch(capturing):
    stream, _ = capturing
    called = []
    stream.launch_host_func(called.append, 1)
    with pytest.raises(CUDARuntimeError, match="cudaErrorStreamCaptureUnsupported"):
        stream.add_callback(lambda *args: None, 0)
    graph = stream.end_capture()
    assert called == []
    graph.launch()
    graph.launch()
    assert called == [1, 1]


def test_what_is_undefined_is_told_at_the_launch():
    x = cupy.asarray(FIRST * 1e10)
    with ledger.watch() as events:
        graph, _ = recorded(lambda: (x + 0).astype("int32"))
        assert events == []
        graph.launch()
    assert [event.kind for event in events] == ["undefined result"]


def test_another_device():
    with cuda.Device(1):
        x = cupy.asarray(FIRST)
        graph, y = recorded(lambda: x + 1)
    graph.launch()
    with cuda.Device(1):
        np.testing.assert_array_equal(y.get(), FIRST + 1)
    assert y.device.id == 1


# What is refused


@pytest.mark.parametrize(
    "forbidden",
    [
        lambda x: x.get(),
        lambda x: x[0].item(),
        lambda x: bool(x[0]),
        lambda x: float(x[0]),
        repr,
        pickle.dumps,
        lambda x: x[x > 0],
        cupy.nonzero,
        lambda x: cupy.asarray(np.ones(2)),
        lambda x: cupy.array([1.0]),
        lambda x: x[[0, 1]],
        lambda x: x.set(np.ones(3)),
        cupy.asnumpy,
    ],
)
def test_a_capture_refuses_to_copy(capturing, forbidden):
    stream, x = capturing
    before = ledger.counts.copy()
    with pytest.raises(RuntimeError, match="cudaErrorStreamCaptureUnsupported: operation not perm"):
        forbidden(x)
    assert ledger.counts == before
    with cuda.Stream.null:
        forbidden(x)
    stream.end_capture().launch()
    forbidden(x)


@pytest.mark.parametrize(
    "wait",
    [
        lambda: cuda.get_current_stream().synchronize(),
        lambda: cuda.Event().synchronize(),
        lambda: cuda.Device().synchronize(),
        lambda: cuda.runtime.deviceSynchronize(),
    ],
)
def test_a_capture_is_spoiled_by_waiting(capturing, wait):
    stream, _ = capturing
    with pytest.raises(RuntimeError, match="cudaErrorStreamCaptureUnsupported: operation not perm"):
        wait()
    with pytest.raises(CUDARuntimeError, match="cudaErrorStreamCaptureInvalidated"):
        stream.end_capture()
    assert not stream.is_capturing()
    wait()


LIBRARIES = {
    "cuBLAS": [
        lambda x: x[:, None] @ x[None],
        lambda x: cupy.matmul(x[None, None], cupy.ones((2, 3, 1))),
        lambda x: cupy.dot(x[None], cupy.ones((3, 2))),
        lambda x: cupy.tensordot(x[:, None], x[None], 1),
        lambda x: cupy.inner(x[:, None], x[:, None]),
        lambda x: cupy.einsum("i,ij->j", x, cupy.ones((3, 3))),
        lambda x: cupy.einsum("i,i", x, x),
    ],
    "cuSOLVER": [
        lambda x: cupy.linalg.inv(cupy.eye(3)),
        lambda x: cupy.linalg.svd(x[None]),
        lambda x: cupy.linalg.solve(cupy.eye(3), x),
    ],
    "cuRAND": [
        lambda x: cupy.random.rand(3),
        lambda x: cupy.random.permutation(3),
        lambda x: cupy.random.RandomState(0).normal(size=3),
    ],
}


@pytest.mark.parametrize(
    ("library", "call"), [(name, call) for name, calls in LIBRARIES.items() for call in calls]
)
def test_a_capture_refuses_libraries_as_cupy_does(capturing, library, call):
    stream, x = capturing
    with pytest.raises(NotImplementedError, match=f"calling {library} API during stream capture"):
        call(x)
    stream.end_capture()
    call(x)


def test_a_generator_is_not_captured(capturing):
    stream, _ = capturing
    generator = cupy.random.default_rng(0)
    with pytest.raises(NotImplementedError, match="captures no random numbers"):
        generator.random(3)
    stream.end_capture()
    assert generator.random(3).shape == (3,)


def test_a_failing_operation_changes_nothing(capturing):
    stream, x = capturing
    with pytest.raises(ValueError, match="shape"):
        cupy.add(x, cupy.ones((2, 3)), out=x)
    assert stream.end_capture().launch() is None
    assert x.tolist() == [1, 1, 1]


def test_captures_have_a_beginning_and_an_end(capturing):
    stream, _ = capturing
    assert stream.is_capturing()
    assert not cuda.Stream.null.is_capturing()
    with pytest.raises(CUDARuntimeError, match="a stream is capturing already"):
        cuda.Stream().begin_capture()
    with pytest.raises(CUDARuntimeError, match="the stream is not capturing"):
        cuda.Stream().end_capture()
    assert isinstance(stream.end_capture(), cuda.Graph)
    assert not stream.is_capturing()
    with pytest.raises(CUDARuntimeError, match="the stream is not capturing"):
        stream.end_capture()
    with pytest.raises(RuntimeError, match="cannot capture on the default"):
        cuda.Stream.null.begin_capture()
    with pytest.raises(NotImplementedError, match=r"a graph is made by Stream\.begin_capture"):
        cuda.Graph()
