"""``cupy.cuda`` and ``cupyx`` themselves: streams, events, memory, scattering."""

import gc
import inspect
import pickle
import threading
import time

import numpy as np
import pytest

from onepath.backends.simulated import ledger, modules
from onepath.backends.simulated.array import ndarray
from onepath.backends.simulated.cuda import CONTENTS
from onepath.backends.simulated.signatures import attributes, classes, functions, sections

cupy = modules()["cupy"]
cupyx = modules()["cupyx"]
cuda = cupy.cuda
CUDARuntimeError = cuda.runtime.CUDARuntimeError


def kinds(action):
    """What an action does behind the program's back."""
    with ledger.watch() as events:
        action()
    return [event.kind for event in events]


# What there is


def test_every_name_is_cupy_s():
    known = functions("cupy.cuda").keys() | classes("cupy.cuda")
    assert set(CONTENTS) - {"compiler", "memory", "runtime"} <= known
    assert set(dir(cuda)) >= known
    with pytest.raises(AttributeError, match=r"module 'cupy\.cuda' has no attribute 'stream_of'"):
        cuda.stream_of  # noqa: B018


@pytest.mark.parametrize("name", sorted(functions("cupy.cuda").keys() | classes("cupy.cuda")))
def test_what_is_not_simulated_says_so(name):
    if name in CONTENTS:
        assert getattr(cuda, name) is CONTENTS[name]
    else:
        with pytest.raises(NotImplementedError, match=rf"cupy\.cuda\.{name} is CuPy's, and the"):
            getattr(cuda, name)()()


@pytest.mark.parametrize("name", ["Stream", "Event"])
def test_methods_are_cupy_s(name):
    section = f"cupy.cuda.{name}"
    assert section in sections()
    known = functions(section).keys() | attributes(section) | {"ptr", "device_id"}
    ours = getattr(cuda, name)
    public = {each for each in (*vars(ours), *vars(ours())) if not each.startswith("_")}
    assert public <= known
    special = {each for each in functions(section) if each.startswith("__")}
    assert special <= set(dir(ours))


@pytest.mark.parametrize("name", ["MemoryPool", "PinnedMemoryPool", "Graph"])
def test_methods_are_the_real_package_s(name):
    real = pytest.importorskip("cupy", reason="CuPy is absent: pip install 'onepath[test]'")
    public = {each for each in vars(getattr(cuda, name)) if not each.startswith("_")}
    assert public <= set(dir(getattr(real.cuda, name)))


@pytest.mark.parametrize(
    ("ours", "section"), [(cuda.Stream, "cupy.cuda.Stream"), (cuda.Event, "cupy.cuda.Event")]
)
def test_parameters_are_cupy_s(ours, section):
    for name, theirs in functions(section).items():
        if not name.startswith("__") and theirs is not None and name != "from_external":
            mine = inspect.signature(getattr(ours, name))
            assert list(mine.parameters) == list(theirs.parameters), name


# Waiting


def test_waiting_is_counted():
    stream, event = cuda.Stream(), cuda.Event()
    event.record(stream)
    for wait in (
        stream.synchronize,
        cuda.Stream.null.synchronize,
        event.synchronize,
        cuda.Device().synchronize,
        cuda.runtime.deviceSynchronize,
    ):
        assert kinds(wait) == ["synchronisation"]
        with cupyx.allow_synchronize(False), pytest.raises(cupyx.DeviceSynchronized):
            wait()


def test_what_is_done_in_order_is_not_waited_for():
    stream, event = cuda.Stream(), cuda.Event()

    def work():
        with stream:
            stream.record(event)
            stream.wait_event(event)
            cuda.Stream.null.wait_event(stream.record())
        assert stream.done
        assert event.done

    assert kinds(work) == []


# Streams


def test_the_current_stream():
    first, second = cuda.Stream(non_blocking=True), cuda.Stream(priority=-1)
    assert cuda.get_current_stream() is cuda.Stream.null
    with first as entered:
        assert entered is first
        assert cuda.get_current_stream() is first
        with second:
            assert cuda.get_current_stream() is second
        assert cuda.get_current_stream() is first
        assert cuda.get_current_stream(1) is cuda.Stream.null
    assert cuda.get_current_stream() is cuda.Stream.null
    assert first.use() is first
    assert cuda.get_current_stream() is first
    cuda.Stream.null.use()
    assert cuda.get_current_stream() is cuda.Stream.null
    assert (first.is_non_blocking, second.is_non_blocking) == (True, False)
    assert (first.priority, second.priority) == (0, -1)


def test_each_thread_has_a_current_stream():
    seen = []
    with cuda.Stream():
        thread = threading.Thread(target=lambda: seen.append(cuda.get_current_stream()))
        thread.start()
        thread.join()
    assert seen == [cuda.Stream.null]


def test_streams_are_equal_by_their_handle():
    stream = cuda.Stream()
    assert stream == stream
    assert stream != cuda.Stream()
    assert stream != stream.ptr
    assert cuda.Stream(null=True) == cuda.Stream.null
    assert cuda.Stream(ptds=True) == cuda.Stream.ptds != cuda.Stream.null
    assert len({cuda.Stream(null=True), cuda.Stream.null, stream}) == 2
    assert repr(stream) == f"<Stream {stream.ptr} (device 0)>"
    assert repr(cuda.Stream.null) == "<Stream 0 (device -1)>"
    assert stream.__cuda_stream__() == (0, stream.ptr)


def test_a_stream_of_another_device():
    with cuda.Device(1):
        stream = cuda.Stream()
        with stream:
            assert cuda.get_current_stream() is stream
    with pytest.raises(RuntimeError, match=r"created on \(1\) does not match .* device \(0\)"):
        stream.use()
    with pytest.raises(RuntimeError, match="does not match"), stream:
        pass
    assert cuda.get_current_stream() is cuda.Stream.null


def test_functions_of_the_host_are_called():
    called = []
    stream = cuda.Stream()
    stream.launch_host_func(called.append, "a")
    stream.add_callback(lambda *args: called.append(args), "b")
    assert called == ["a", (stream, 0, "b")]


# Events


def test_elapsed_time():
    start, end = cuda.Event(), cuda.Event()
    start.record()
    time.sleep(0.02)
    cuda.Stream().record(end)
    elapsed = cuda.get_elapsed_time(start, end)
    assert 20 <= elapsed < 2000
    assert cuda.get_elapsed_time(end, start) == -elapsed


def test_events_without_a_time():
    start, unrecorded = cuda.Event(), cuda.Event()
    untimed = cuda.Event(disable_timing=True)
    start.record()
    untimed.record()
    for event in (unrecorded, untimed):
        with pytest.raises(CUDARuntimeError, match="cudaErrorInvalidResourceHandle"):
            cuda.get_elapsed_time(start, event)
    with pytest.raises(ValueError, match="Timing must be disabled for interprocess"):
        cuda.Event(interprocess=True)


# Memory, and what CUDA tells


def test_pools_count_the_memory_of_living_arrays():
    pool = cupy.get_default_memory_pool()
    assert pool is cupy.get_default_memory_pool()
    gc.collect()
    before = pool.used_bytes()
    x = cupy.ones((50, 20))
    views = [x.T, x[1:], x.reshape(-1)[::2], x.astype("float64", copy=False)]
    assert pool.used_bytes() == pool.total_bytes() == before + 8000
    views.append(x.copy())
    assert pool.used_bytes() == before + 16_000
    with cuda.Device(1):
        y = cupy.ones(1000)
        assert pool.used_bytes() >= y.nbytes
    assert pool.used_bytes() == before + 16_000
    del x
    assert pool.used_bytes() == before + 16_000, "the views hold it"
    views.clear()
    assert pool.used_bytes() == before


def test_pools_hold_nothing_back():
    pool = cupy.get_default_memory_pool()
    assert pool.free_bytes() == 0
    pool.free_all_blocks()
    assert pool.n_free_blocks() == cuda.PinnedMemoryPool().n_free_blocks() == 0
    cupy.get_default_pinned_memory_pool().free_all_blocks()
    own = cuda.MemoryPool()
    assert own.get_limit() == 0
    own.set_limit(size=1 << 20)
    assert own.get_limit() == 1 << 20
    own.set_limit(fraction=0.5)
    assert own.get_limit() == cuda.runtime.memGetInfo()[1] // 2
    own.set_limit()
    assert own.get_limit() == 0


@pytest.fixture
def limited():
    """The pool, whose limit is lifted when the test ends."""
    pool = cupy.get_default_memory_pool()
    gc.collect()
    yield pool
    pool.set_limit()


NEW = [
    lambda x: cupy.empty(1000),
    lambda x: cupy.asarray(np.ones(1000)),
    lambda x: x + 1,
    lambda x: x.copy(),
    lambda x: x[cupy.arange(1, dtype="int8").repeat(1000)],
    lambda x: x.astype("int64"),
    lambda x: cupy.concatenate([x[:500], x[500:]]),
    lambda x: pickle.loads(pickle.dumps(x)),
]


@pytest.mark.parametrize("make", NEW)
def test_a_limit_is_kept_by_whatever_makes_an_array(limited, make):
    x = cupy.ones(1000)
    used = limited.used_bytes()
    limited.set_limit(used + 10_000)
    make(x)
    limited.set_limit(used + 7999)
    with pytest.raises(cuda.memory.OutOfMemoryError, match="Out of memory allocating 8,000 bytes"):
        make(x)
    limited.set_limit()
    make(x)


def test_a_limit_is_not_reached_by_views_and_what_is_in_place(limited):
    x = cupy.ones(1000)
    limited.set_limit(limited.used_bytes())
    x.reshape(10, 100).T[::2]
    x += 1
    cupy.multiply(x, 2, out=x)
    x[...] = 3
    x.fill(4)
    with cuda.Device(1):
        cupy.ones(1000)  # the limit is the other device's


def test_garbage_is_collected_before_a_limit_is_reached(limited):
    limited.set_limit(limited.used_bytes() + 10_000)
    ring = [cupy.ones(1000)]
    ring.append(ring)
    del ring
    assert cupy.ones(1000).size == 1000


def test_errors_of_memory_are_those_of_the_real_package():
    real = pytest.importorskip("cupy", reason="CuPy is absent: pip install 'onepath[test]'")
    for args in ((1024, 5), (1024, 5, 10_000)):
        ours, theirs = (each.cuda.memory.OutOfMemoryError(*args) for each in (cupy, real))
        assert str(ours) == str(theirs)
        assert isinstance(theirs, MemoryError)


def test_page_locked_memory_is_the_host_s():
    for allocate in (cuda.alloc_pinned_memory, cupy.get_default_pinned_memory_pool().malloc):
        x = np.ndarray((2, 3), "float32", allocate(24))
        assert np.isnan(x).all()
        x[...] = 1
        assert x.sum() == 6


def test_allocators_are_kept_for_a_thread():
    before = cuda.get_allocator()
    pool = cuda.MemoryPool()
    seen = []
    with cuda.using_allocator(pool.malloc):
        assert cuda.get_allocator() == pool.malloc
        with cuda.using_allocator():
            assert cuda.get_allocator() not in (None, pool.malloc, before)
        assert cuda.get_allocator() == pool.malloc
        thread = threading.Thread(target=lambda: seen.append(cuda.get_allocator()))
        thread.start()
        thread.join()
        with pytest.raises(ValueError, match="Can't change the global allocator inside"):
            cuda.set_allocator(before)
    assert seen == [before]
    assert cuda.get_allocator() == before
    cuda.set_allocator(pool.malloc)
    assert cuda.get_allocator() == pool.malloc
    cuda.set_allocator(before)


def test_allocators_are_asked_where_there_is_a_limit(limited):
    x, asked = cupy.ones(10), []
    with cuda.using_allocator(asked.append):
        x + 1
        assert asked == []
        limited.set_limit(1)
        x + 1
        cupy.empty((2, 3), "float32")
        assert asked == [80, 24]
        with cuda.using_allocator():
            cupy.ones(10)  # no pool, no limit
    with pytest.raises(cuda.memory.OutOfMemoryError):
        cupy.ones(10)


def test_profiling_is_deprecated():
    deprecated = pytest.warns(UserWarning, match="has been deprecated since CuPy v10")
    with deprecated as caught, cuda.profile():
        pass
    assert caught[0].filename == __file__


def test_the_runtime():
    runtime = cuda.runtime
    assert cuda.is_available()
    assert runtime.getDeviceCount() == 2
    assert runtime.runtimeGetVersion() == runtime.driverGetVersion() >= 12000
    assert not runtime.is_hip
    with cuda.Device(0):
        runtime.setDevice(1)
        assert runtime.getDevice() == cuda.get_device_id() == cupy.ones(1).device.id == 1
    assert runtime.getDevice() == 0
    properties = runtime.getDeviceProperties(1)
    assert properties["name"] == b"simulated"
    assert f"{properties['major']}{properties['minor']}" == cuda.Device(1).compute_capability
    assert runtime.memGetInfo() == cuda.Device().mem_info
    assert properties["totalGlobalMem"] == runtime.memGetInfo()[1]
    with pytest.raises(RuntimeError, match="cudaErrorInvalidDevice"):
        runtime.setDevice(2)
    assert issubclass(cuda.compiler.CompileException, Exception)


# cupyx


def test_every_name_of_cupyx_is_there():
    for name in functions("cupyx").keys() | classes("cupyx"):
        assert getattr(cupyx, name) is not None
    with pytest.raises(NotImplementedError, match=r"cupyx\.GeneralizedUFunc is CuPy's"):
        cupyx.GeneralizedUFunc()()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("add", [1, 6, 0, 3]), ("max", [1, 4, 0, 3]), ("min", [0, 0, 0, 0])],
)
def test_scattering(name, expected):
    a, at = cupy.zeros(4), cupy.asarray([1, 0, 1, -1, 1])
    values = cupy.asarray([4.0, 1.0, -1.0, 3.0, 3.0])
    if name == "min":
        values = values * 0
    assert getattr(cupyx, f"scatter_{name}")(a, at, values) is None
    assert a.tolist() == expected


def test_scattering_on_rows_and_slices():
    a = cupy.zeros((3, 2))
    cupyx.scatter_add(a, cupy.asarray([0, 0, 2]), cupy.asarray([[1.0, 2.0]]))
    cupyx.scatter_add(a, (slice(1, 2), 0), 5.0)
    assert a.tolist() == [[2, 4], [5, 0], [1, 2]]
    with pytest.raises(TypeError, match="only supports"):
        cupyx.scatter_add(cupy.zeros(2, "complex64"), cupy.asarray([0]), 1)


@pytest.mark.parametrize("order", ["C", "F"])
def test_pinned_memory_is_the_host_s(order):
    for make in (cupyx.empty_pinned, cupyx.zeros_pinned):
        x = make((2, 3), "float32", order)
        assert type(x) is np.ndarray
        assert (x.shape, x.dtype) == ((2, 3), "float32")
        assert x.flags[f"{order}_CONTIGUOUS"]
    assert not x.any()
    for like in (cupy.ones((2, 3), "int16"), np.ones((2, 3), "int16", order)):
        for make in (cupyx.empty_like_pinned, cupyx.zeros_like_pinned):
            x = make(like)
            assert type(x) is np.ndarray
            assert (x.shape, x.dtype) == ((2, 3), "int16")
            assert make(like, dtype="f8", order=order, shape=(4, 5)).shape == (4, 5)
        assert not x.any()
        with pytest.raises(TypeError, match="subok is not supported"):
            make(like, subok=False)
    with pytest.raises(TypeError):
        cupyx.zeros_pinned(3, device="cpu")


def test_a_guard_against_waiting():
    x = cupy.ones(2)
    with cupyx.allow_synchronize(False):
        (x + 1)[:1].reshape(1, 1)
        with pytest.raises(cupyx.DeviceSynchronized):
            float(x[0])
        with cupyx.allow_synchronize(True):
            assert float(x[0]) == 1
    assert float(x[0]) == 1
    assert issubclass(cupyx.DeviceSynchronized, RuntimeError)


def test_what_becomes_of_errors():
    default = {"divide": None, "over": None, "under": None, "invalid": None, "linalg": "ignore"}
    assert cupyx.geterr() == default
    with cupyx.errstate(linalg="raise"):
        assert cupyx.geterr() == {**default, "linalg": "raise"}
    assert cupyx.geterr() == default
    assert cupyx.seterr(linalg="raise") == default
    assert cupyx.seterr() == {**default, "linalg": "raise"}
    assert cupyx.seterr(linalg="ignore")["linalg"] == "raise"
    for options in ({"divide": "raise"}, {"invalid": "ignore"}, {"linalg": "warn"}):
        with pytest.raises(NotImplementedError), cupyx.errstate(**options):
            pass
    assert cupyx.geterr() == default


def test_reciprocal_square_roots():
    out = cupyx.rsqrt(cupy.asarray([4.0, 16.0], "float32"))
    assert isinstance(out, ndarray)
    assert out.dtype == "float32"
    assert out.tolist() == [0.5, 0.25]
    with pytest.raises(TypeError):
        cupyx.rsqrt(np.ones(2))
