"""Threads: one setting, one pool, and a BLAS that does not multiply them.

Work is handed out in pieces that do not depend on the number of threads, and each piece is computed
by one thread alone, with a BLAS that uses one thread. So results are the same for any number.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from ..arguments import whole
from . import blas
from .pool import Pool

Item = TypeVar("Item")
Result = TypeVar("Result")


class BrokenMeetingError(Exception):
    """Another party of a meeting failed."""


class Meeting:
    """Where pieces of work that go on at the same time exchange what each has.

    Parameters
    ----------
    parties : int
        How many pieces there are.
    at_work : int
        How many of them go on at a time; the others wait.
    """

    def __init__(self, parties: int, at_work: int) -> None:
        self._missing = self._parties = parties
        self._counting = threading.Lock()
        self._turns = [threading.Lock() for _ in range(parties)]
        for turn in self._turns:
            turn.acquire()
        self._at_work = threading.Semaphore(at_work)
        self._crowded = at_work < parties
        self._failed = False
        self._values: tuple[list[Any], list[Any]] = [None] * parties, [None] * parties

    def exchange(self, party: int, turn: int, value: Item) -> list[Item]:
        """Wait until every party has come with its value.

        Parameters
        ----------
        party : int
            Whose value it is, from 0 on.
        turn : int
            How many exchanges this party took part in before.
        value : object
            What it has.

        Returns
        -------
        list
            The values of all parties, in their order.
        """
        # who is two turns ahead knows that all have taken what they came for
        values = self._values[turn % 2]
        values[party] = value
        with self._counting:
            self._missing -= 1
            last = not self._missing
            if last:
                self._missing = self._parties
        if last:
            self._call(party)
        else:
            self._wait(party)
        return list(values)

    def attend(self, work: Callable[[int, "Meeting"], Result], party: int) -> Result:
        """Do a party's work; if it fails, nobody waits for it any longer."""
        with self._at_work:
            try:
                return work(party, self)
            except BaseException:
                self._failed = True
                self._call(party)
                raise

    def _call(self, caller: int) -> None:
        """Let the others go on."""
        for party, turn in enumerate(self._turns):
            if party != caller:
                with suppress(RuntimeError):  # of one that does not wait, as something failed
                    turn.release()

    def _wait(self, party: int) -> None:
        """Wait until called; others may work meanwhile if there are more parties than threads."""
        if self._crowded:
            self._at_work.release()
        self._turns[party].acquire()
        if self._crowded:
            self._at_work.acquire()
        if self._failed:
            raise BrokenMeetingError


def set_threads(threads: int) -> None:
    """Say how many threads the CPU backend may use; results do not depend on it.

    Parameters
    ----------
    threads : int
        At least 1. Until this is called it is ``ONEPATH_THREADS`` of the environment, or else the
        number of CPUs that the process may use.

    Raises
    ------
    TypeError, ValueError
        If it is not a positive integer.
    """
    _pool.threads = whole("threads", threads)


def get_threads() -> int:
    """Return how many threads the CPU backend may use.

    Returns
    -------
    int
        See `set_threads`.
    """
    return _pool.threads


def usable_cpus() -> int:
    """Return how many CPUs this process may use, as far as the system tells."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def spread(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do the work on each item, on this thread and on as many others as are allowed and idle.

    Within work that is spread already there may be idle threads, too.

    Parameters
    ----------
    work : callable
        Called once for each item. An error of one ends the whole, and is raised when no thread is
        at work any more.
    items : iterable
        The items.

    Returns
    -------
    list
        What `work` returned, in the order of the items.
    """
    pieces = list(items)
    if len(pieces) < 2:
        # BLAS would keep threads of its own busy for a while, with waiting for more
        with blas.single_thread:
            return [work(piece) for piece in pieces]
    results: list[Any] = [None] * len(pieces)
    waiting = deque(enumerate(pieces))

    def take() -> None:
        try:
            while waiting:
                try:
                    place, piece = waiting.popleft()
                except IndexError:  # another thread was faster
                    return
                results[place] = work(piece)
        finally:
            waiting.clear()

    with _pool.company(len(pieces) - 1) as others:
        # once the items are all taken, threads that have not begun are not needed any more
        _beside(take, [take] * others, spare=True)
    return results


def together(work: Callable[[int, Meeting], Result], parties: int) -> list[Result]:
    """Do several pieces of work at the same time, which may meet.

    Each has a thread of its own, but no more of them than threads are allowed are at work at any
    time; the others wait.

    Parameters
    ----------
    work : callable
        Called with each party's number, and the meeting of all.
    parties : int
        How many there are.

    Returns
    -------
    list
        What `work` returned, by party.
    """
    results: list[Any] = [None] * parties
    with _pool.company(parties - 1) as others:
        meeting = Meeting(parties, at_work=1 + others)

        def attend(party: int) -> None:
            results[party] = meeting.attend(work, party)

        mine, *theirs = (partial(attend, party) for party in range(parties))
        _beside(mine, theirs)
    return results


def _beside(
    mine: Callable[[], None], others: Sequence[Callable[[], None]], spare: bool = False
) -> None:
    """Do work here and other work on other threads; raise the first error when all have ended."""
    with blas.single_thread:
        started = _pool.submit(others)
        errors = []
        try:
            mine()
        except BaseException as error:
            errors.append(error)
        # what has begun uses the caller's arrays
        for task, worker in started:
            if not (spare and _pool.call_off(task, worker)):
                task.wait()
                errors += [task.error] if task.error is not None else []
    if errors:
        raise next((e for e in errors if not isinstance(e, BrokenMeetingError)), errors[0])


def _from_environment() -> int:
    text = os.environ.get("ONEPATH_THREADS")
    if text is None:
        return usable_cpus()
    try:
        return whole("threads", int(text))
    except ValueError:
        raise ValueError(f"ONEPATH_THREADS must be a positive integer, got {text!r}") from None


_pool = Pool(_from_environment())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.forget)
