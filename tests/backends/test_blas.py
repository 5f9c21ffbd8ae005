"""BLAS's threads: threadpoolctl, which asks the libraries by itself, says how many there are."""

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from onepath.backends import blas, get_backend, get_threads, set_threads
from onepath.backends.blas import Control, SingleThread
from onepath.backends.threads import spread, together

MANY = 3


@pytest.fixture
def count():
    """How many threads NumPy's BLAS has, asked for anew at each call: `MANY` to begin with."""
    pool = pytest.importorskip("threadpoolctl", reason="absent: pip install 'onepath[test]'")
    if blas.control() is None:
        pytest.skip("NumPy's BLAS is one that nobody knows how to talk to")

    def threads():
        found = [each for each in pool.threadpool_info() if each["user_api"] == "blas"]
        own = [each for each in found if Path(np.__file__).parent.name in each["filepath"]]
        return {each["num_threads"] for each in own or found}

    before = get_threads()
    set_threads(2)
    with pool.threadpool_limits(MANY, user_api="blas"):
        assert threads() == {MANY}
        yield threads
    set_threads(before)


@pytest.fixture
def told(monkeypatch):
    """A library in place of NumPy's, and what it was told."""
    library = SimpleNamespace(threads=4, told=[])

    def tell(threads):
        library.threads = threads
        library.told.append(threads)

    monkeypatch.setattr(blas, "control", lambda: Control(lambda: library.threads, tell))
    return library


def test_control_speaks_to_numpy_s_library(count):
    assert blas.control().read() == MANY
    blas.control().set(2)
    assert count() == {2}


def test_work_on_pieces_has_one_thread(count):
    assert spread(lambda item: count(), range(4)) == [{1}] * 4
    assert count() == {MANY}
    assert together(lambda party, meeting: count(), 3) == [{1}] * 3
    assert count() == {MANY}


def test_work_on_a_whole_batch_has_one_thread(count):
    with get_backend("cpu").steady():
        assert count() == {1}
    assert count() == {MANY}


def test_errors_do_not_keep_it_at_one_thread(count):
    for work in (spread, together):
        with pytest.raises(ZeroDivisionError):
            work(lambda *piece: 1 // 0, range(4) if work is spread else 4)
        assert count() == {MANY}


def test_the_last_of_several_users_turns_it_back(count):
    inside, leave = threading.Barrier(2), [threading.Event(), threading.Event()]

    def user(number):
        with blas.single_thread:
            inside.wait(20)
            leave[number].wait(20)

    users = [threading.Thread(target=user, args=(number,)) for number in range(2)]
    for each in users:
        each.start()
    for number, expected in ((0, {1}), (1, {MANY})):
        leave[number].set()
        users[number].join(20)
        assert count() == expected


def test_users_who_come_and_go(count):
    seen = []

    def user():
        for _ in range(30):
            with blas.single_thread:
                seen.append(blas.control().read())
            time.sleep(0.0001)

    users = [threading.Thread(target=user) for _ in range(4)]
    for each in users:
        each.start()
    for each in users:
        each.join(20)
    assert seen == [1] * 120
    assert count() == {MANY}


def test_an_unknown_library_is_left_alone(count, monkeypatch):
    monkeypatch.setattr(blas, "control", lambda: None)
    assert spread(lambda item: (item, count()), range(3)) == [(i, {MANY}) for i in range(3)]
    assert together(lambda party, meeting: meeting.exchange(party, 0, party), 2) == [[0, 1]] * 2
    with get_backend("cpu").steady():
        assert count() == {MANY}


def test_it_is_told_only_by_the_first_and_the_last(told):
    context = SingleThread()
    with context:
        with context, context:
            assert told.threads == 1
        assert told.threads == 1
    assert told.told == [1, 4]


def test_where_it_has_one_thread_nothing_is_told(told):
    told.threads = 1
    with SingleThread():
        pass
    assert told.told == []


def test_what_was_set_in_the_meantime_counts_the_next_time(told):
    context = SingleThread()
    with context:
        pass
    told.threads = 7
    with context:
        assert told.threads == 1
    assert told.threads == 7


def library(*names):
    return SimpleNamespace(**{name: name.encode for name in names})


@pytest.mark.parametrize(
    ("read", "write"),
    [
        ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
        ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
        ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
        ("openblas_get_num_threads", "openblas_set_num_threads"),
        ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
        ("bli_thread_get_num_threads", "bli_thread_set_num_threads"),
    ],
)
def test_the_libraries_that_it_knows(monkeypatch, read, write):
    known = library(read, write)
    monkeypatch.setattr(blas, "_libraries", lambda: [library("cblas_sgemm"), known])
    assert blas.control.__wrapped__() == (getattr(known, read), getattr(known, write))


def test_a_library_that_it_does_not_know(monkeypatch):
    half = library("openblas_get_num_threads", "MKL_Set_Num_Threads")
    monkeypatch.setattr(blas, "_libraries", lambda: [half, library()])
    assert blas.control.__wrapped__() is None


def test_libraries_that_cannot_be_opened(monkeypatch):
    def refuse(path):
        raise OSError(path)

    monkeypatch.setattr(blas.ctypes, "CDLL", refuse)
    assert blas.control.__wrapped__() is None


# y = a x + b y


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(1,), (blas.WORTHWHILE - 1,), (blas.WORTHWHILE,), (257, 301)])
@pytest.mark.parametrize("b", [1, 0.5])
def test_axpby(backend, dtype, shape, b):
    """Numbers of few digits: sums and products are exact, however they are rounded."""
    random = np.random.default_rng(0)
    x, y = random.integers(-99, 99, (2, *shape)).astype(dtype)
    here = backend.asarray(y.copy())
    backend.axpby(-0.75, backend.asarray(x), b, here)
    np.testing.assert_array_equal(backend.to_numpy(here), b * y - 0.75 * x, strict=True)


def test_axpby_of_arrays_with_gaps():
    cpu = get_backend("cpu")
    x, y = np.arange(2.0, 6 * blas.WORTHWHILE + 2).reshape(2, -1)
    square = x[: 3 * 99**2].reshape(-1, 99).T, y[: 3 * 99**2].reshape(99, -1)
    for a, b in ((x[::3], y[1::3]), square):
        expected, before = 2 * a - b, y.copy()
        cpu.axpby(2, a, -1, b)
        np.testing.assert_array_equal(b, expected)
        assert (y != before).sum() <= b.size, "what lies between stays as it is"


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_axpby_without_a_library_that_is_known(monkeypatch, dtype):
    monkeypatch.setattr(blas, "_libraries", list)
    blas._axpby.cache_clear()
    y = np.ones(blas.WORTHWHILE, dtype)
    get_backend("cpu").axpby(0.5, y.copy(), 2, y)
    blas._axpby.cache_clear()
    np.testing.assert_array_equal(y, np.full_like(y, 2.5), strict=True)


def test_axpby_uses_the_library():
    if blas._axpby("f") is None:
        pytest.skip("NumPy's BLAS is one that nobody knows how to talk to")
    y = np.ones((200, 300), "f4")
    assert blas.axpby(2.0, np.ones_like(y), 3.0, y)
    np.testing.assert_array_equal(y, np.full_like(y, 5))
    assert not blas.axpby(2.0, np.ones_like(y).T, 3.0, y)
    assert not blas.axpby(2.0, np.ones(9, "f4"), 3.0, np.ones(9, "f4"))


@pytest.mark.parametrize("factor", [0.0, 1.0])
def test_axpby_lets_nan_through(factor):
    for x, y in ((np.nan, 1), (1, np.nan)):
        x, y = (np.full(blas.WORTHWHILE, each, "f4") for each in (x, y))
        get_backend("cpu").axpby(factor, x, factor, y)
        assert np.isnan(y).all()


def test_axpby_has_one_thread(count, monkeypatch):
    seen = []
    monkeypatch.setattr(blas, "_axpby", lambda char: lambda *arguments: seen.append(count()))
    blas.axpby(1.0, np.ones(blas.WORTHWHILE), 1.0, np.ones(blas.WORTHWHILE))
    assert seen == [{1}]
    assert count() == {MANY}
