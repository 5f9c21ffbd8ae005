"""Batches on their way to the device: which rows, how many bytes, in which order of events."""

from collections import deque

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.backends import get_backend, transfers
from onepath.backends.cuda import streaming
from onepath.backends.feeding import Feeder
from onepath.backends.simulated import ledger, modules
from onepath.training.feeding import Batches

ROWS = 23


@pytest.fixture
def device():
    return get_backend("simulated")


@pytest.fixture
def streamed(monkeypatch):
    """No data is little enough to stay on a device."""
    monkeypatch.setattr(streaming, "SHARE", 1 << 60)


def images(dtype="float32"):
    return (np.random.default_rng(0).normal(size=(ROWS, 3, 4)) * 50).astype(dtype)


LABELS = np.arange(ROWS)


def on_host(backend, batches):
    return [tuple(backend.to_numpy(array).copy() for array in batch) for batch in batches]


def uploaded(action):
    """The bytes that an action sends, and its result."""
    before = transfers()
    result = action()
    return transfers().host_to_device - before.host_to_device, result


# Which rows


LAYOUTS = {
    "C": lambda x: x,
    "F": np.asfortranarray,
    "with gaps": lambda x: np.repeat(x, 2, axis=0)[::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "transposed": lambda x: np.ascontiguousarray(x.transpose(2, 0, 1)).transpose(1, 2, 0),
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
    "one row again and again": lambda x: np.broadcast_to(x[:1], x.shape),
}


@pytest.mark.parametrize("size", [1, 5, ROWS - 1, ROWS, 1000])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("way", ["streamed", "kept"])
def test_each_row_comes_once(backend, request, way, layout, size):
    if way == "streamed":
        request.getfixturevalue("streamed")
    x = LAYOUTS[layout](images())
    batches = Batches(backend, size, x=x, y=LABELS)
    whole = [min(size, ROWS)] * (ROWS // min(size, ROWS))
    lengths = whole + [ROWS - sum(whole)] * (sum(whole) < ROWS)
    for given in (batches, batches.shuffled(7), batches, batches.shuffled(8)):
        given = list(given)
        assert all(backend.owns(array) for batch in given for array in batch)
        found = on_host(backend, given)
        assert [len(batch) for batch, _ in found] == lengths
        kinds = {(rows.dtype.newbyteorder("="), labels.dtype) for rows, labels in found}
        assert kinds == {(np.dtype("float32"), LABELS.dtype)}
        places = np.concatenate([labels for _, labels in found])
        np.testing.assert_array_equal(np.sort(places), LABELS)
        np.testing.assert_array_equal(np.concatenate([rows for rows, _ in found]), x[places])


@pytest.mark.parametrize("dtype", ["float16", "float64", "bool", "uint8", "int16", "complex64"])
def test_dtypes_are_kept(backend, dtype, streamed):
    x = images().astype(dtype)
    found = on_host(backend, Batches(backend, 6, x=x))
    assert {batch.dtype for (batch,) in found} == {np.dtype(dtype)}
    np.testing.assert_array_equal(np.concatenate([batch for (batch,) in found]), x)


def test_data_that_cannot_be_written_to(backend, streamed, tmp_path):
    np.save(tmp_path / "x.npy", images())
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    for batches in (Batches(backend, 4, x=x), Batches(backend, 4, x=x).shuffled(1)):
        assert sum(len(batch) for (batch,) in batches) == ROWS


@pytest.mark.parametrize("far", ["x", "y", "both", "none"])
def test_the_order_is_the_host_s_wherever_data_are(backend, cpu, far, streamed):
    x, y = images(), LABELS
    expected = on_host(cpu, Batches(cpu, 4, x=x, y=y).shuffled(3))
    assert [list(labels) for _, labels in expected] != [list(LABELS[i : i + 4]) for i in (0, 4)]
    here = {"x": x if far in ("x", "both") else backend.asarray(x)}
    here["y"] = y if far in ("y", "both") else backend.asarray(y)
    found = on_host(backend, Batches(backend, 4, **here).shuffled(3))
    for batch, other in zip(found, expected, strict=True):
        for array, right in zip(batch, other, strict=True):
            np.testing.assert_array_equal(array, right)


def test_batches_are_never_written_to_again(backend, streamed):
    x = images()
    kept = [batch for (batch,) in Batches(backend, 4, x=x).shuffled(2)]
    again = [batch for (batch,) in Batches(backend, 4, x=x).shuffled(2)]
    for first, second in zip(kept, again, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(first), backend.to_numpy(second))


# How many bytes, and who waits


def test_a_step_sends_the_bytes_of_a_batch_and_waits_for_nothing(device, streamed):
    x, y = images("float64"), LABELS
    a_batch, the_last = 5 * (12 * 8 + 8), 3 * (12 * 8 + 8)
    data = Batches(device, 5, x=x, y=y)
    for batches in (iter(data), data.shuffled(1)):
        with modules()["cupyx"].allow_synchronize(False), ledger.watch() as events:
            sent = [uploaded(batches.__next__)[0] for _ in range(5)]
            assert next(batches, None) is None
        assert sent == [2 * a_batch, a_batch, a_batch, the_last, 0], "each is sent one ahead"
        assert {event.kind for event in events} == {"copy to the device"}
        assert sum(event.nbytes for event in events) == x.nbytes + y.nbytes


def test_small_data_are_sent_once(device):
    x, y = images(), LABELS
    batches = Batches(device, 5, x=x, y=y)
    with modules()["cupyx"].allow_synchronize(False):
        assert uploaded(lambda: list(batches))[0] == x.nbytes + y.nbytes
    with ledger.watch() as events:
        for seed in range(3):
            list(batches.shuffled(seed))
        list(batches)
    assert events == [], "the order is drawn on the device, too"


def test_what_is_there_already_is_not_sent(device, streamed):
    x, y = images(), device.asarray(LABELS)
    far = Batches(device, 5, x=x, y=y)
    assert uploaded(lambda: list(far))[0] == x.nbytes
    assert uploaded(lambda: list(far.shuffled(1)))[0] == x.nbytes
    near = Batches(device, 5, x=device.asarray(x), y=y)
    assert uploaded(lambda: [*near, *near.shuffled(1)])[0] == 0


def test_a_feeder_is_made_once_and_not_for_a_single_batch(device, monkeypatch, streamed):
    made, make = [], type(device).feeder
    monkeypatch.setattr(type(device), "feeder", lambda self: made.append(self) or make(self))
    batches = Batches(device, 5, x=images())
    assert [len(list(batches)) for _ in range(3)] == [5, 5, 5]
    assert made == [device]
    assert len(list(Batches(device, ROWS, x=images()))) == 1
    assert made == [device]


def test_the_cpu_s_batches_are_parts_of_the_data(cpu):
    x = images()
    assert all(np.shares_memory(batch, x) for (batch,) in Batches(cpu, 5, x=x))


@pytest.mark.parametrize(("more", "stays"), [(0, False), (1, True)])
def test_data_stay_that_take_less_than_a_quarter_of_what_is_free(device, more, stays):
    x, pool = images(), device.xp.get_default_memory_pool()
    pool.set_limit(pool.used_bytes() + 4 * x.nbytes + more)
    try:
        assert device.feeder().stays(x.nbytes) is stays
    finally:
        pool.set_limit()
    free, _ = device.xp.cuda.Device().mem_info
    assert device.feeder().stays(free // 4 - 1)
    assert not device.feeder().stays(free // 4)


@pytest.mark.parametrize("rows", [1, 4, ROWS])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_data_are_sent_in_pieces(device, monkeypatch, layout, rows):
    x = LAYOUTS[layout](images())
    monkeypatch.setattr(streaming, "PIECE", rows * x[0].nbytes)
    with ledger.watch() as events:
        sent, there = uploaded(lambda: device.feeder().whole(x))
    assert sent == x.nbytes
    assert [event.nbytes // x[0].nbytes for event in events] == [
        min(rows, ROWS - start) for start in range(0, ROWS, rows)
    ]
    np.testing.assert_array_equal(there.get(), x)


def test_a_backend_of_someone_else_s_is_fed_when_it_asks(cpu, device):
    class Plain(type(device)):
        def feeder(self):
            return Feeder(self)

    plain = Plain()
    batches = Batches(plain, 5, x=images(), y=plain.asarray(LABELS))
    for given in (batches, batches.shuffled(4)):
        found = on_host(plain, given)
        places = np.concatenate([labels for _, labels in found])
        np.testing.assert_array_equal(np.sort(places), LABELS)
        np.testing.assert_array_equal(np.concatenate([x for x, _ in found]), images()[places])


# In which order: a device that copies as late as it may


class Late:
    """Lets copies happen only when somebody waits for them; if `idle`, when the host does."""

    def __init__(self, monkeypatch):
        self.queue, self.idle = deque(), False
        cupy = modules()["cupy"]
        stream, event = cupy.cuda.Stream, cupy.cuda.Event
        self.copy = cupy.ndarray.set
        monkeypatch.setattr(cupy.ndarray, "set", lambda x, y, stream: self.put(x, y, stream))
        monkeypatch.setattr(stream, "record", lambda stream, event: self.record(stream, event))
        monkeypatch.setattr(stream, "wait_event", lambda _, event: self.idle or self.wait(event))
        monkeypatch.setattr(event, "synchronize", lambda event: self.wait(event))

    def put(self, array, source, stream):
        assert stream.is_non_blocking
        self.queue.append(lambda: self.copy(array, source))

    def record(self, stream, event):
        event.done = not stream.is_non_blocking
        if not event.done:
            self.queue.append(event)

    def wait(self, event):
        """Do what was asked for before an event was recorded last."""
        while event in self.queue:
            first = self.queue.popleft()
            if callable(first):
                first()
            elif first not in self.queue:
                first.done = True

    @property
    def copies(self):
        return sum(map(callable, self.queue))


@pytest.fixture
def late(monkeypatch, streamed):
    return Late(monkeypatch)


@pytest.mark.parametrize("size", [1, 4, ROWS - 1])
def test_no_batch_is_seen_before_it_is_there(device, late, size):
    x, y = images(), LABELS
    batches = Batches(device, size, x=x, y=y)
    for given in (batches, batches.shuffled(7), batches.shuffled(8)):
        for rows, labels in given:
            assert late.copies <= 2, "of the next batch alone"
            np.testing.assert_array_equal(rows.get(), x[labels.get()])
        assert not late.copies, "page-locked memory is given back when it was copied"


def test_page_locked_memory_is_written_to_when_it_was_copied(device, late):
    x, y, late.idle = images(), LABELS, True
    batches = Batches(device, 4, x=x, y=y)
    for given in (batches, batches.shuffled(7)):
        kept = []
        for batch in given:
            kept.append(batch)
            assert late.copies <= 4, "of two batches"
        for rows, labels in kept:
            np.testing.assert_array_equal(rows.get(), x[labels.get()])


def test_batches_do_not_wait_for_the_next_ones(device, late):
    for number, _ in enumerate(Batches(device, 4, x=images(), y=LABELS)):
        assert late.copies == (2 if number < 5 else 0)


def test_data_that_stay_are_there(device, late, monkeypatch):
    x = images()
    monkeypatch.setattr(streaming, "PIECE", 4 * x[0].nbytes)
    there = device.feeder().whole(x)
    assert not late.copies
    np.testing.assert_array_equal(there.get(), x)


def test_an_end_in_the_midst_waits_for_what_is_on_its_way(device, late):
    batches = iter(Batches(device, 4, x=images()))
    next(batches)
    assert late.copies == 1
    batches.close()
    assert not late.copies


def test_an_error_in_the_midst_waits_for_what_is_on_its_way(device, late, monkeypatch):
    batches = Batches(device, 4, x=images())

    def stumble():
        for _ in batches:
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        stumble()
    assert not late.copies
    filled = streaming._Slot.filled

    def fail(slot, number, array, rows):
        if rows.start == 12:
            raise MemoryError("there")
        return filled(slot, number, array, rows)

    monkeypatch.setattr(streaming._Slot, "filled", fail)
    with pytest.raises(MemoryError, match="there"):
        list(batches)
    assert not late.copies
    monkeypatch.undo()
    assert sum(len(batch) for (batch,) in batches) == ROWS


def test_a_copy_waits_for_the_work_that_may_still_use_its_memory(device, monkeypatch, streamed):
    """Memory is taken, an event recorded where it is used, waited for where it is copied."""
    done, cuda = [], device.xp.cuda
    record, wait, put, empty = (
        cuda.Stream.record,
        cuda.Stream.wait_event,
        device.xp.ndarray.set,
        device.xp.empty,
    )

    def noted(what, call):
        def note(*args, **kwargs):
            done.append(what(*args, **kwargs))
            return call(*args, **kwargs)

        return note

    def name(stream):
        return "copies" if stream.is_non_blocking else "work"

    def work(*_):
        return f"taken for {name(cuda.get_current_stream())}"

    monkeypatch.setattr(cuda.Stream, "record", noted(lambda s, e: (name(s), "records", e), record))
    monkeypatch.setattr(cuda.Stream, "wait_event", noted(lambda s, e: (name(s), "waits", e), wait))
    monkeypatch.setattr(device.xp.ndarray, "set", noted(lambda x, y, stream: name(stream), put))
    monkeypatch.setattr(device.xp, "empty", noted(work, empty))
    for _ in Batches(device, 12, x=images()):
        done.append("given")
    queued, first, second = (done[i][2] for i in (1, 4, 9))
    of_a_batch = ["taken for work", ("work", "records", queued), ("copies", "waits", queued)]
    assert done == [
        *of_a_batch,
        *("copies", ("copies", "records", first)),
        *of_a_batch,
        *("copies", ("copies", "records", second)),
        *(("work", "waits", first), "given"),
        *(("work", "waits", second), "given"),
    ]
    assert len({queued, first, second}) == 3


# In models


def network(backend):
    op.set_seed(3)
    model = op.Sequential(
        [layers.Dense(6), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(3)],
        backend,
    )
    model.compile("adam", op.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    return model


def outcome(backend, x, y, **options):
    """What comes of training, measuring and predicting."""
    model = network(backend)
    history = model.fit(x, y, batch_size=5, epochs=3, verbose=0, **options)
    measured = model.evaluate(x, y, batch_size=4)
    predicted = model.predict(x, batch_size=6)
    return [
        *history.history.values(),
        *measured.values(),
        backend.to_numpy(predicted) if backend.owns(predicted) else predicted,
        *(backend.to_numpy(array) for array in model.arrays().values()),
    ]


def test_training_is_the_same_whichever_way_data_come(backend, monkeypatch):
    x, y = images().reshape(ROWS, 12) / 50, LABELS % 3
    kept = outcome(backend, x, y, validation_data=(x, y))
    monkeypatch.setattr(streaming, "SHARE", 1 << 60)
    sent = outcome(backend, x, y, validation_data=(x, y))
    for one, other in zip(kept, sent, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("where", ["host", "device"])
def test_training_is_the_same_on_a_second_device(where):
    x, y = images().reshape(ROWS, 12) / 50, LABELS % 3
    results = []
    for number in (0, 1):
        backend = get_backend(f"simulated:{number}")
        here = (x, y) if where == "host" else (backend.asarray(x), backend.asarray(y))
        results.append(outcome(backend, *here))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_fit_sends_each_byte_once_or_once_an_epoch(device, monkeypatch):
    x, y = images().reshape(ROWS, 12), LABELS % 3
    model = network(device)
    model.build((12,))
    size = x.nbytes + y.nbytes
    for way, times in (("kept", 1), ("streamed", 4)):
        if way == "streamed":
            monkeypatch.setattr(streaming, "SHARE", 1 << 60)
        fit = lambda: model.fit(x, y, batch_size=5, epochs=4, verbose=0)  # noqa: E731
        assert uploaded(fit)[0] == times * size
        assert uploaded(lambda: model.evaluate(x, y, batch_size=5))[0] == size
        assert uploaded(lambda: model.predict(x, batch_size=5))[0] == x.nbytes
        assert uploaded(lambda: model.train_on_batch(x, y))[0] == size


def test_steps_wait_for_nothing(device, streamed):
    x, y = images().reshape(ROWS, 12), LABELS % 3
    model = network(device)
    model.train_on_batch(x, y)  # which makes the parameters
    batches = Batches(device, 5, x=x, y=y)
    with modules()["cupyx"].allow_synchronize(False), ledger.watch() as events:
        for rows, labels in batches.shuffled(1):
            model.train_on_batch(rows, labels)
    assert {event.kind for event in events} == {"copy to the device"}
    assert sum(event.nbytes for event in events) == x.nbytes + y.nbytes
