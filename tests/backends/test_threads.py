"""Threads: who does which piece of work, how many at a time, and what becomes of errors."""

import contextlib
import os
import random
import subprocess
import sys
import threading
import time

import pytest

from onepath.backends import get_threads, set_threads
from onepath.backends.threads import spread, together, usable_cpus

PATIENCE = 20
"""Seconds after which what waits for another thread gives up: only a failing test waits so long."""


@pytest.fixture(autouse=True)
def _the_number_is_restored():
    before = get_threads()
    yield
    set_threads(before)


class AtWork:
    """Counts how many threads are inside at a time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __enter__(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *exception):
        with self.lock:
            self.now -= 1


def run(code, **environment):
    """Run a program that must end by itself."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


# The setting


def test_the_number_is_what_was_set():
    for threads in (1, 5, 2):
        set_threads(threads)
        assert get_threads() == threads


@pytest.mark.parametrize(
    ("threads", "error", "message"),
    [
        (0, ValueError, "threads must be at least 1, got 0"),
        (-3, ValueError, "threads must be at least 1, got -3"),
        (1.5, TypeError, "threads must be an integer, got 1.5"),
        ("2", TypeError, "threads must be an integer, got '2'"),
        (None, TypeError, "threads must be an integer, got None"),
    ],
)
def test_other_numbers_are_refused_and_change_nothing(threads, error, message):
    set_threads(3)
    with pytest.raises(error, match=message):
        set_threads(threads)
    assert get_threads() == 3


def test_the_environment_says_how_many():
    program = run("import onepath; print(onepath.get_threads())", ONEPATH_THREADS="7")
    assert program.stdout.split() == ["7"]


@pytest.mark.parametrize("text", ["0", "-2", "two", "1.5", ""])
def test_an_environment_that_says_nonsense(text):
    program = run("import onepath; onepath.get_threads()", ONEPATH_THREADS=text)
    assert program.returncode == 1
    last = program.stderr.splitlines()[-1]
    assert last == f"ValueError: ONEPATH_THREADS must be a positive integer, got {text!r}"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system binds no process")
def test_a_process_that_may_use_one_cpu_has_one_thread(monkeypatch):
    monkeypatch.delenv("ONEPATH_THREADS", raising=False)
    program = run(
        "import os, threading\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from onepath.backends import threads\n"
        "who = threads.spread(lambda item: threading.current_thread().name, range(3))\n"
        "print(threads.get_threads(), *who)"
    )
    assert program.stdout.split() == ["1", *["MainThread"] * 3]


def test_where_the_system_does_not_tell_who_may_use_what_all_cpus_count(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cpus() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cpus() == 1


# Pieces of work


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("items", [0, 1, 2, 7, 40])
def test_results_are_in_the_order_of_the_items(threads, items):
    set_threads(threads)

    def work(item):
        time.sleep(random.random() / 500)
        return item, -item

    expected = [(item, -item) for item in range(items)]
    assert spread(work, range(items)) == expected
    assert spread(work, (item for item in range(items))) == expected


def test_pieces_are_worked_on_at_the_same_time():
    set_threads(3)
    meeting = threading.Barrier(3)
    spread(lambda item: meeting.wait(PATIENCE), range(6))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_no_more_threads_are_at_work_than_allowed(threads):
    set_threads(threads)
    at_work = AtWork()

    def work(item):
        with at_work:
            time.sleep(0.002)

    spread(work, range(12))
    assert at_work.most <= threads


def test_one_thread_is_the_caller_s_own():
    set_threads(1)
    assert set(spread(lambda item: threading.get_ident(), range(5))) == {threading.get_ident()}


def test_work_within_work_stays_on_its_thread_where_no_other_is_idle():
    """Before and after, too: the inner work's end is not the outer work's."""
    set_threads(3)
    outer = threading.Barrier(3)

    def inner(item):
        time.sleep(0.001)
        return threading.get_ident()

    def work(item):
        outer.wait(PATIENCE)  # so that each of three threads has one piece
        return {*spread(inner, range(6)), *spread(inner, range(6)), threading.get_ident()}

    seen = spread(work, range(3))
    assert [len(idents) for idents in seen] == [1, 1, 1]
    assert len(set.union(*seen)) == 3


def test_idle_threads_help_within_work():
    """Again and again: of three threads two have a piece, and one helps the first of them."""
    set_threads(3)
    begun, ended = threading.Barrier(2), threading.Event()

    def work(item):
        begun.wait(PATIENCE)
        if item == 1:
            return ended.wait(PATIENCE)
        for _ in range(3):
            inner = threading.Barrier(2)
            spread(lambda item, inner=inner: inner.wait(PATIENCE), range(2))
        return ended.set()

    spread(work, range(2))


@pytest.mark.parametrize("inner", ["spread", "together"])
@pytest.mark.parametrize("outer", ["spread", "together"])
@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_no_more_threads_are_at_work_within_work_than_allowed(threads, outer, inner):
    set_threads(threads)
    at_work = AtWork()

    def leaf(*piece):
        with at_work:
            time.sleep(0.001)

    def work(*piece):
        spread(leaf, range(4)) if inner == "spread" else together(leaf, 4)

    spread(work, range(3)) if outer == "spread" else together(work, 3)
    assert at_work.most <= threads


@pytest.mark.parametrize("meet", [False, True])
def test_after_an_error_within_work_all_threads_are_idle_again(meet):
    set_threads(3)

    def fail(*piece):
        spread(lambda item: 1 // item, range(3))

    with pytest.raises(ZeroDivisionError):
        together(fail, 4) if meet else spread(fail, range(4))
    meeting = threading.Barrier(3)
    spread(lambda item: meeting.wait(PATIENCE), range(3))


def test_a_meeting_within_work_leaves_it_at_work():
    set_threads(2)
    outer = threading.Barrier(2)

    def inner(item):
        time.sleep(0.001)
        return threading.get_ident()

    def work(item):
        outer.wait(PATIENCE)
        assert together(lambda party, meeting: meeting.exchange(party, 0, party), 2) == [[0, 1]] * 2
        return set(spread(inner, range(6)))

    assert [len(idents) for idents in spread(work, range(2))] == [1, 1]


@pytest.mark.parametrize("fail", [False, True])
def test_after_the_work_the_caller_is_as_before(fail):
    """Nobody takes it for a thread that is at work still, not even after an error."""
    set_threads(2)
    with pytest.raises(ZeroDivisionError) if fail else contextlib.nullcontext():
        spread(lambda item: 1 // (not fail), range(2))
    meeting = threading.Barrier(2)
    spread(lambda item: meeting.wait(PATIENCE), range(2))


def test_several_users_at_once():
    set_threads(3)
    errors = []

    def user(number):
        for turn in range(20):
            expected = [(number, turn, item) for item in range(5)]
            if spread(lambda item, turn=turn: (number, turn, item), range(5)) != expected:
                errors.append((number, turn))

    users = [threading.Thread(target=user, args=(number,)) for number in range(6)]
    for each in users:
        each.start()
    for each in users:
        each.join(PATIENCE)
    assert not any(each.is_alive() for each in users)
    assert errors == []


def test_the_number_may_be_changed_at_any_time():
    set_threads(2)

    def work(item):
        set_threads(item + 3)
        return spread(lambda inner: inner * item, range(3))

    assert spread(work, range(4)) == [[0, item, 2 * item] for item in range(4)]
    assert get_threads() in range(3, 7)
    set_threads(4)
    meeting = threading.Barrier(4)
    spread(lambda item: meeting.wait(PATIENCE), range(4))


# Errors


@pytest.mark.parametrize("mine", [True, False], ids=["of the caller's piece", "of another's"])
@pytest.mark.parametrize("error", [KeyError("its own"), KeyboardInterrupt()], ids=repr)
def test_an_error_ends_the_whole_when_nobody_is_at_work(error, mine):
    """What is at work is waited for, and takes no other piece."""
    set_threads(2)
    caller, meeting, ended = threading.get_ident(), threading.Barrier(2), []

    def work(item):
        if item < 2:
            meeting.wait(PATIENCE)  # so that each thread has one of the two
        if (threading.get_ident() == caller) == mine:
            raise error
        time.sleep(0.05)
        ended.append(item)

    with pytest.raises(type(error)) as caught:
        spread(work, range(9))
    assert caught.value is error
    assert len(ended) == 1


def test_an_error_ends_the_whole_on_one_thread():
    set_threads(1)
    begun = []

    def work(item):
        begun.append(item)
        if item == 2:
            raise ValueError("item 2")

    with pytest.raises(ValueError, match="item 2"):
        spread(work, range(10))
    assert begun == [0, 1, 2]


def test_of_two_errors_the_caller_s_own_is_raised():
    set_threads(2)
    caller, meeting = threading.get_ident(), threading.Barrier(2)

    def work(item):
        meeting.wait(PATIENCE)
        raise ValueError("mine" if threading.get_ident() == caller else "another's")

    with pytest.raises(ValueError, match="mine"):
        spread(work, range(2))


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_interrupts_are_errors_too(kind):
    set_threads(2)

    def work(item):
        raise kind

    with pytest.raises(kind):
        spread(work, range(4))
    with pytest.raises(kind):
        together(lambda party, meeting: work(party), 3)


# Work that meets


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("parties", [1, 2, 7])
def test_all_parties_get_what_all_have_turn_by_turn(threads, parties):
    set_threads(threads)

    def work(party, meeting):
        seen = []
        for turn in range(12):
            if random.random() < 0.2:
                time.sleep(0.001)
            seen.append(meeting.exchange(party, turn, (party, turn)))
        return party, seen

    expected = [[(party, turn) for party in range(parties)] for turn in range(12)]
    assert together(work, parties) == [(party, expected) for party in range(parties)]


def test_who_is_ahead_does_not_overwrite_what_another_came_for():
    """The last party to come goes on at once, while the others have not looked yet."""
    set_threads(2)

    def work(party, meeting):
        return [meeting.exchange(party, turn, turn) for turn in range(300)]

    assert together(work, 4) == [[[turn] * 4 for turn in range(300)]] * 4


def test_parties_that_do_not_meet_are_all_waited_for():
    set_threads(2)
    for _ in range(100):
        assert together(lambda party, meeting: party, 5) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_no_more_parties_are_at_work_than_threads_are_allowed(threads):
    set_threads(threads)
    at_work, full = AtWork(), threading.Barrier(threads)

    def work(party, meeting):
        for turn in range(3):
            with at_work:
                full.wait(PATIENCE)  # as many as allowed are at work at the same time
                time.sleep(0.001)
            meeting.exchange(party, turn, None)

    together(work, 2 * threads)
    assert at_work.most == threads


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("turns", [0, 1])
@pytest.mark.parametrize("failing", [0, 1, 4])
def test_an_error_of_one_party_wakes_the_others_and_is_raised(threads, turns, failing):
    set_threads(threads)
    error, at_work = LookupError("party's own"), AtWork()

    def work(party, meeting):
        with at_work:
            for turn in range(turns):
                meeting.exchange(party, turn, party)
            if party == failing:
                time.sleep(0.005)  # the others wait by now
                raise error
            meeting.exchange(party, turns, party)

    with pytest.raises(LookupError) as caught:
        together(work, 5)
    assert caught.value is error
    assert at_work.now == 0
    assert together(lambda party, meeting: meeting.exchange(party, 0, party), 2) == [[0, 1]] * 2


def test_a_broken_barrier_that_is_the_party_s_own_is_raised():
    def work(party, meeting):
        raise threading.BrokenBarrierError("its own")

    with pytest.raises(threading.BrokenBarrierError, match="its own"):
        together(work, 3)


def test_work_spread_by_a_party_stays_on_its_thread():
    set_threads(3)

    def work(party, meeting):
        meeting.exchange(party, 0, party)
        inner = spread(lambda item: threading.get_ident(), range(4))
        return {*inner, threading.get_ident()}

    assert [len(idents) for idents in together(work, 3)] == [1, 1, 1]


# Processes

MEET = """
import os, sys, threading
from onepath.backends import threads
threads.set_threads(3)

def meet():
    meeting = threading.Barrier(3)
    threads.spread(lambda item: meeting.wait(20), range(3))

meet()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)"])
def test_after_a_fork_both_processes_have_threads(end):
    program = run(
        MEET + "child = os.fork()\n"
        "meet()\n"
        "if not child:\n"
        f"    {end}\n"
        "print(os.waitpid(child, 0)[1])\n"
    )
    assert program.stdout.split() == ["0"]
    assert program.returncode == 0


@pytest.mark.parametrize(
    ("last", "code"),
    [("", 0), ("threads.spread(lambda item: 1 // item, range(3))", 1), ("sys.exit(5)", 5)],
    ids=["at its end", "by an error", "on demand"],
)
def test_threads_let_a_program_end(last, code):
    assert run(MEET + last).returncode == code
