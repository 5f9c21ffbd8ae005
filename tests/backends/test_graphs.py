"""Tapes: work that is captured, numbers that vary in it, and the memory it holds on to."""

import gc
import threading
import weakref

import numpy as np
import pytest

from onepath.backends import Random, get_backend
from onepath.backends.graphs import CaptureError
from onepath.backends.products import summed
from onepath.backends.random import philox4x64


@pytest.fixture(params=["simulated", pytest.param("cuda", marks=pytest.mark.cuda)])
def device(request):
    """A backend that captures."""
    return get_backend(request.param)


@pytest.fixture
def tape(device):
    return device.tape()


def test_work_is_done_by_replays(device, tape):
    x, total = device.asarray(np.arange(3.0)), device.xp.zeros(3)

    def work():
        y = device.matmul(x[:, None], x[None])
        total[...] += y.sum(axis=0)
        return y

    first = tape.rehearse(work)
    np.testing.assert_array_equal(first.get(), np.outer(range(3), range(3)))
    assert total.tolist() == [0, 3, 6]
    made = tape.record(work)
    assert total.tolist() == [0, 3, 6]
    for times in (2, 3):
        x += 1
        tape.replay()
        expected = np.arange(3.0) + times - 1
        np.testing.assert_array_equal(made.get(), np.outer(expected, expected))


def test_memory_and_stream_are_the_tape_s_own(device, tape):
    cuda, seen = device.xp.cuda, []
    outside = cuda.get_allocator(), cuda.get_current_stream()

    def work():
        seen.append((cuda.get_allocator(), cuda.get_current_stream()))

    tape.rehearse(work)
    tape.record(work)
    assert seen[0] == seen[1]
    assert not {*seen[0]} & {*outside}
    assert (cuda.get_allocator(), cuda.get_current_stream()) == outside


def test_streams_wait_for_each_other(monkeypatch):
    """Of which a device that does all at once shows nothing."""
    device = get_backend("simulated")
    cuda, tape, order = device.xp.cuda, device.tape(), []

    def record(stream, event=None):
        order.append(("recorded", stream))
        return len(order) - 1

    monkeypatch.setattr(cuda.Stream, "record", record)
    monkeypatch.setattr(
        cuda.Stream, "wait_event", lambda stream, event: order.append((order[event][1], stream))
    )
    for do in (tape.rehearse, tape.record):
        order.clear()
        with cuda.Stream() as current:
            do(lambda: order.append(("worked", cuda.get_current_stream())))
        own = order[2][1]
        assert order == [
            ("recorded", current),
            (current, own),
            ("worked", own),
            ("recorded", own),
            (own, current),
        ]
        assert own != current


def test_a_failing_capture_leaves_nothing(device, tape):
    x, counted = device.xp.ones(2), []

    def fail():
        device.varying(lambda: counted.append(1), "float32")
        device.afterwards(lambda: counted.append(1))
        x.fill(3)
        float(x[0])

    with pytest.raises(RuntimeError, match="captur"):
        tape.record(fail)
    assert counted == []
    assert x.tolist() == [1, 1]
    assert device.varying(lambda: 2.0, "float32") == 2.0
    tape.record(lambda: x.fill(4))
    tape.replay()
    assert counted == []
    assert x.tolist() == [4, 4]


# Numbers


class Count:
    def __init__(self):
        self.asked = 0

    def number(self):
        self.asked += 1
        return self.asked / 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_vary_with_each_replay(device, tape, dtype):
    x, count = device.xp.zeros(3, dtype), Count()

    def work():
        x[...] = x * 0 + device.varying(count.number, dtype)

    tape.rehearse(work)
    assert x.tolist() == [np.dtype(dtype).type(1 / 3)] * 3
    tape.record(work)
    assert count.asked == 1
    for times in (2, 3):
        tape.replay()
        assert x.tolist() == [np.dtype(dtype).type(times / 3)] * 3
        assert x.dtype == dtype
        assert count.asked == times


def test_equal_functions_share_a_number(device, tape):
    count, twin = Count(), Count()

    def work():
        return [
            device.varying(count.number, "float32"),
            device.varying(count.number, "float32"),
            device.varying(count.number, "float64"),
            device.varying(twin.number, "float32"),
            device.varying(lambda: twin.number(), "float32"),
            device.varying(lambda: twin.number(), "float32"),
        ]

    first, second, *others = tape.record(work)
    assert first is second
    assert len({id(each) for each in others}) == 4
    tape.replay()
    assert (count.asked, twin.asked) == (2, 3)


def test_several_numbers(device, tape):
    pairs = iter([(1, 2**64 - 1), (1, 5)])
    (array,) = tape.record(lambda: [device.varying(lambda: next(pairs), "uint64", 2)])
    tape.replay()
    assert array.tolist() == [1, 2**64 - 1]
    tape.replay()
    assert array.tolist() == [1, 5]


def test_outside_of_captures_numbers_are_numbers(backend):
    done = []
    assert backend.varying(lambda: 1.5, "float32") == 1.5
    assert backend.varying(lambda: (1, 2), "uint64", 2) == (1, 2)
    backend.afterwards(lambda: done.append(1))
    assert done == [1]
    backend.refuse_capture("there is none")


def test_actions_follow_replays(device, tape):
    done = []

    def work():
        device.afterwards(lambda: done.append(1))

    tape.rehearse(work)
    assert done == [1]
    tape.record(work)
    assert done == [1]
    tape.replay()
    tape.replay()
    assert done == [1, 1, 1]


def test_captures_can_be_refused(device, tape):
    tape.rehearse(lambda: device.refuse_capture("too early"))
    with pytest.raises(CaptureError, match="it is secret"):
        tape.record(lambda: device.refuse_capture("it is secret"))


def test_other_threads_and_devices_are_not_on_the_tape(device, tape):
    found = []

    def work():
        thread = threading.Thread(target=lambda: found.append(device.varying(lambda: 7, "f")))
        thread.start()
        thread.join()
        for name in ("cpu", "simulated:1"):
            found.append(get_backend(name).varying(lambda: 8, "f"))
        return device.varying(lambda: 9, "f")

    slot = tape.record(work)
    assert found == [7, 8, 8]
    tape.replay()
    assert slot.item() == 9


def test_the_cpu_has_no_tape(cpu):
    with pytest.raises(CaptureError, match=r"'cpu'> captures nothing: it computes at once"):
        cpu.tape()
    assert get_backend("simulated").uncapturable is None


# Scratch memory


def test_buffers_that_are_replaced_live_as_long_as_the_tape():
    device = get_backend("simulated")
    tape = device.tape()

    device.workspace.release()

    def work():
        for size in (2, 1000):
            device.workspace.take("graphs test", (size,), "float32").fill(1)

    device.workspace.take("graphs test", (2,), "float32")
    alive = [weakref.ref(each) for each in device.workspace.buffers()]
    tape.record(work)
    alive += [weakref.ref(each) for each in device.workspace.buffers()]
    device.workspace.release()
    tape._graph = None  # it keeps arrays here, as CUDA's does not
    gc.collect()
    assert all(each() is not None for each in alive)
    del tape
    gc.collect()
    assert [each() for each in alive] == [None, None]


# Random numbers


def test_a_seed_of_each_replay(device, tape):
    seeds = iter([5, 2**127 + 9, 2**64 - 1])

    def work():
        return device.random(lambda: next(seeds)).uniform((10,))

    drawn = [tape.rehearse(work).get()]
    made = tape.record(work)
    for _ in range(2):
        tape.replay()
        drawn.append(made.get())
    for numbers, seed in zip(drawn, (5, 2**127 + 9, 2**64 - 1), strict=True):
        np.testing.assert_array_equal(numbers, get_backend("cpu").random(seed).uniform((10,)))


def test_a_seed_may_come_from_a_function(backend):
    expected = backend.random(7).bits(5)
    found = Random(backend, lambda: 7).bits(5)
    np.testing.assert_array_equal(backend.to_numpy(found), backend.to_numpy(expected))


@pytest.mark.parametrize("key", [(0, 0), (2**64 - 1, 2**63), (0x0123456789ABCDEF, 3)])
@pytest.mark.parametrize("counter", [0, 2**64 - 9])
def test_keys_on_the_device(backend, key, counter):
    source = np.random.Philox(counter=np.array([counter, 0, 0, 0], "u8"), key=np.array(key, "u8"))
    words = philox4x64(backend.xp, backend.asarray(np.array(key, "u8")), counter, 8)
    np.testing.assert_array_equal(backend.to_numpy(words), source.random_raw(32))


# Sums of products


@pytest.mark.parametrize(
    "rule",
    ["ij->j", "ijkl->j", "ijkl,ijkl->j", "ijk,ijk->ki", "gkn,gfn->gkf", "ij,jk->ki", "ij,ij->ij"],
)
def test_sums_of_products(backend, rule):
    rng = np.random.default_rng(0)
    lengths = dict(zip("ijklgnf", range(2, 9), strict=True))
    shapes = [[lengths[i] for i in term] for term in rule.partition("->")[0].split(",")]
    hosts = [rng.normal(size=shape) for shape in shapes]
    arrays = [backend.asarray(host) for host in hosts]
    expected = np.einsum(rule, *hosts)
    for found in (summed(rule, *arrays), backend.einsum(rule, *arrays)):
        assert backend.owns(found)
        np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=1e-12, strict=True)
