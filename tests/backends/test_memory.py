"""How much memory a device has, and what happens when it runs out."""

import copy
import gc
import re
import threading
from types import SimpleNamespace

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.backends import Memory, OutOfMemoryError, get_backend
from onepath.backends.cuda.sparing import SparingAllocator, available
from onepath.backends.workspace import Workspace

BALLAST = 4 << 20


@pytest.fixture
def device():
    return get_backend("simulated")


@pytest.fixture
def pool(device):
    """The device's pool, without a limit when the test ends, and no scratch memory before."""
    device.workspace.release()
    gc.collect()
    pool = device.xp.get_default_memory_pool()
    yield pool
    pool.set_limit()
    device.workspace.release()


def limit(pool, more):
    """Leave room for so many bytes more."""
    pool.set_limit(pool.used_bytes() + more)


# What there is


def test_memory_is_told_by_name(backend):
    memory = op.memory(backend.name)
    assert isinstance(memory, Memory)
    assert memory.total == backend.memory().total == op.memory(backend).total
    held = backend.xp.ones(1 << 22)  # 32 MiB
    assert memory.used is None or op.memory(backend.name).used - memory.used > 16 << 20
    del held


def test_memory_of_the_device_that_is_chosen_by_itself():
    assert op.memory().total == get_backend("auto").memory().total
    with pytest.raises(ValueError, match="unknown backend 'gpu'"):
        op.memory("gpu")


def test_what_is_available(device, pool):
    free, total = device.xp.cuda.Device().mem_info
    assert available(device.xp) == free < total
    limit(pool, 1000)
    assert available(device.xp) == 1000
    x = device.xp.ones(100)
    assert available(device.xp) == 200
    pool.set_limit(10)
    assert available(device.xp) == 0
    assert x.size == 100


def test_available_is_what_the_pool_holds_and_does_not_use():
    pool = SimpleNamespace(free_bytes=lambda: 5, get_limit=lambda: 0)
    cuda = SimpleNamespace(Device=lambda: SimpleNamespace(mem_info=(7, 100)))
    assert available(SimpleNamespace(get_default_memory_pool=lambda: pool, cuda=cuda)) == 12


# When it runs out


def test_scratch_memory_is_given_up_first(device, pool):
    device.workspace.take("ballast", (BALLAST,), "uint8")
    limit(pool, 1000)
    with pytest.raises(device.xp.cuda.memory.OutOfMemoryError):
        device.xp.ones(1000)
    assert device.workspace.held() == BALLAST
    with device.working(1):
        x = device.xp.ones(1000)
        assert device.workspace.held() == 0
    assert x.tolist() == [1] * 1000


def test_memory_runs_out(backend):
    """On a GPU, too: its pool is given a limit."""
    if backend.name == "cpu":
        pytest.skip("the CPU has no pool")
    pool = backend.xp.get_default_memory_pool()
    before = pool.get_limit()
    backend.workspace.release()
    backend.workspace.take("ballast", (16 * BALLAST,), "uint8")
    pool.free_all_blocks()
    pool.set_limit(pool.total_bytes() + 4096)
    try:
        with backend.working(8):
            x = backend.xp.empty(12 * BALLAST, "int8")
            assert backend.workspace.held() == 0
            with pytest.raises(OutOfMemoryError, match=r"about [0-7] would fit|not even one"):
                backend.xp.empty(pool.get_limit() + 1, "int8")
        assert x.nbytes == 12 * BALLAST
    finally:
        pool.set_limit(before)


def test_scratch_memory_in_use_stays(device, pool):
    scratch = device.workspace.take("ballast", (BALLAST,), "uint8")
    scratch.fill(3)
    limit(pool, 1000)
    with device.working(1), pytest.raises(OutOfMemoryError):
        device.xp.ones(1000)
    assert int(scratch.min()) == 3


def test_the_error_tells_what_is_held_and_what_would_fit(device, pool):
    held = device.xp.ones(1000)
    used = pool.used_bytes()
    pool.set_limit(used + 4000)
    with device.working(64), pytest.raises(OutOfMemoryError) as caught:
        device.xp.empty(1000)
    fitting = 64 * (used + 4000) // (used + 8000)
    assert str(caught.value) == (
        f"simulated:0 has no room for 8,000 bytes: {used:,} are in use, {used:,} reserved by "
        f"CuPy's pool, 8,589,934,592 there in all. The batch has 64 samples; about {fitting} would "
        "fit, by an estimate in proportion to what is in use. Give a smaller batch_size, or let go "
        "of arrays on the device; onepath.memory() tells what is held"
    )
    assert isinstance(caught.value, MemoryError)
    assert caught.value is not MemoryError
    assert op.OutOfMemoryError is OutOfMemoryError
    assert "limit set to" in str(caught.value.__cause__)
    assert held.size == 1000


@pytest.mark.parametrize(
    ("batch", "used", "free", "size", "told"),
    [
        (100, 1000, 100, 1100, r"The batch has 100 samples; about 52 would fit"),
        (10, 0, 10, 100, r"The batch has 10 samples; about 1 would fit"),
        (10, 0, 9, 100, r"The batch has 10 samples; by an estimate, not even one fits\. Give"),
        (1, 0, 9, 10, r"The batch has 1 sample; by an estimate, not even one fits\."),
        # room enough, but not in one piece
        (8, 100, 900, 50, r"The batch has 8 samples; about 7 would fit"),
    ],
)
def test_the_estimate(batch, used, free, size, told):
    class ExhaustedError(MemoryError):
        pass

    def refuse(size):
        raise ExhaustedError

    pool = SimpleNamespace(free_bytes=lambda: 0, get_limit=lambda: 0)
    cuda = SimpleNamespace(
        Device=lambda: SimpleNamespace(mem_info=(free, 5000)),
        get_allocator=lambda: refuse,
        memory=SimpleNamespace(OutOfMemoryError=ExhaustedError),
    )
    backend = SimpleNamespace(
        name="mine",
        xp=SimpleNamespace(cuda=cuda, get_default_memory_pool=lambda: pool),
        workspace=Workspace(np),
        memory=lambda: Memory(used, used + 7, 5000),
    )
    with pytest.raises(OutOfMemoryError, match=told) as caught:
        SparingAllocator(backend, batch)(size)
    start = rf"mine has no room for {size:,} bytes: {used:,} are in use, {used + 7:,} reserved"
    assert re.match(start, str(caught.value))


def test_the_allocator_that_is_set_is_asked_and_put_back(device, pool):
    cuda, asked = device.xp.cuda, []

    def allocate(size):
        asked.append(size)
        if len(asked) == 2:
            raise cuda.memory.OutOfMemoryError(size, 0)

    limit(pool, 1 << 20)
    with cuda.using_allocator(allocate):
        with device.working(1):
            device.xp.ones(1)
            device.xp.ones(2)
        assert asked == [8, 16, 16]
        assert cuda.get_allocator() is allocate
        with pytest.raises(ZeroDivisionError), device.working(1):
            1 / 0  # noqa: B018
        assert cuda.get_allocator() is allocate


def test_other_errors_are_left_alone(device, pool):
    def refuse(size):
        raise ValueError("mine")

    device.workspace.take("ballast", (BALLAST,), "uint8")
    limit(pool, 1 << 20)
    with (
        device.xp.cuda.using_allocator(refuse),
        device.working(1),
        pytest.raises(ValueError, match="mine"),
    ):
        device.xp.ones(1)
    assert device.workspace.held() == BALLAST


def test_calls_within_calls_tell_their_own_batch(device, pool):
    limit(pool, 100)
    with device.working(64):
        with device.working(32), pytest.raises(OutOfMemoryError, match="The batch has 32"):
            device.xp.ones(100)
        with pytest.raises(OutOfMemoryError, match="The batch has 64"):
            device.xp.ones(100)


def test_it_is_a_matter_of_the_thread(device, pool):
    seen = []
    with device.working(1):
        inside = device.xp.cuda.get_allocator()
        thread = threading.Thread(target=lambda: seen.append(device.xp.cuda.get_allocator()))
        thread.start()
        thread.join()
    assert isinstance(inside, SparingAllocator)
    assert not isinstance(seen[0], SparingAllocator)


def test_the_device_becomes_the_current_one():
    backend = get_backend("simulated:1")
    with backend.working(1):
        assert backend.owns(backend.xp.ones(1))


def test_the_real_cupy_asks_it_and_lets_its_errors_out():
    """Without a GPU: CuPy's own allocation leads here, and its own error is caught."""
    cupy = pytest.importorskip("cupy", reason="CuPy is absent: pip install 'onepath[test]'")
    workspace, held = Workspace(np), []

    def refuse(size):
        held.append(workspace.held())
        if len(held) < 2:
            raise cupy.cuda.memory.OutOfMemoryError(size, 0)
        raise ValueError("asked twice")

    workspace.take("ballast", (100,), "uint8")
    backend = SimpleNamespace(xp=cupy, workspace=workspace)
    with cupy.cuda.using_allocator(refuse):
        allocate = SparingAllocator(backend, 1)
    with cupy.cuda.using_allocator(allocate), pytest.raises(ValueError, match="asked twice"):
        cupy.ndarray((3,), "float64")
    assert held == [100, 0]


# In models


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(12, 6)).astype("float32"), np.arange(12) % 3


@pytest.fixture
def model(device, pool, data):
    op.set_seed(1)
    model = op.Sequential(
        [layers.Dense(4), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(3)],
        device,
    )
    model.compile("sgd", op.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.build((6,))
    return model


def weights(model):
    return [model.backend.to_numpy(array) for array in model.arrays().values()]


@pytest.mark.parametrize("more", [0, 250, 500, 750])
@pytest.mark.parametrize("call", ["fit", "train_on_batch"])
def test_a_step_for_which_scratch_memory_was_given_up_is_done_once(
    device, pool, model, data, monkeypatch, call, more
):
    """Averages of batch normalization, counters of dropout and weights are those of one step."""
    options = {"batch_size": 6, "verbose": 0} if call == "fit" else {}
    twin = copy.deepcopy(model)
    getattr(twin, call)(*data, **options)
    expected, given_up = weights(twin), []

    def release():
        given_up.append(Workspace.release(device.workspace))
        pool.set_limit()  # keeping to it takes long

    monkeypatch.setattr(device.workspace, "release", release)
    limit(pool, more)
    getattr(model, call)(*data, **options)
    assert len(given_up) == 1
    for one, other in zip(weights(model), expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("call", "batch"),
    [
        (lambda model, x, y: model.fit(x, y, batch_size=8, verbose=0), 8),
        (lambda model, x, y: model.fit(x, y, batch_size=50, verbose=0), 12),
        (lambda model, x, y: model.train_on_batch(x, y), 12),
        (lambda model, x, y: model.evaluate(x, y, batch_size=5), 5),
        (lambda model, x, y: model.predict(x, batch_size=5), 5),
    ],
)
def test_each_call_says_so_when_nothing_is_left(pool, model, data, call, batch):
    limit(pool, 100)
    with pytest.raises(op.OutOfMemoryError, match=rf"no room .* The batch has {batch} samples;"):
        call(model, *data)
    pool.set_limit()
    call(model, *data)
