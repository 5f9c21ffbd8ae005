"""How much of the machine this process and others use."""

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

_BUSY_FIELDS = (0, 1, 2, 5, 6, 7)
"""User, nice, system, irq, softirq and stolen time in a line of /proc/stat."""


class Usage(NamedTuple):
    """CPU time spent until now, in seconds.

    Attributes
    ----------
    machine : float
        By everything, on the CPUs that this process may use, in steps of 10 ms.
    own : float
        By this process and the children that it has waited for.
    """

    machine: float
    own: float


def usage() -> Usage | None:
    """Read the clocks; None where the system has no /proc/stat, as all but Linux."""
    try:
        with open("/proc/stat") as file:
            lines = [line.split() for line in file if line.startswith("cpu")]
    except OSError:
        return None
    from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage  # Windows has no such module

    times = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return Usage(
        _busy_ticks(lines) / os.sysconf("SC_CLK_TCK"),
        sum(time.ru_utime + time.ru_stime for time in times),
    )


def others(before: Usage | None, after: Usage | None) -> float | None:
    """Return the CPU time that other processes used in between, in seconds, or None."""
    if before is None or after is None:
        return None
    return (after.machine - before.machine) - (after.own - before.own)


def peak_memory() -> int:
    """Return the most memory that this process ever had resident, in bytes.

    On Linux, getrusage's figure is at least that of the process that started this one, so the
    program's own is read.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        from resource import RUSAGE_SELF, getrusage

        return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return int(re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)[0]) * 1024


def _busy_ticks(lines: list[list[str]]) -> int:
    """What the CPUs that this process may use were busy for."""
    ours = {f"cpu{n}" for n in os.sched_getaffinity(0)}
    if len(ours) == len(lines) - 1:
        ours = {"cpu"}  # the line of all together is rounded once
    return sum(int(line[1 + i]) for line in lines if line[0] in ours for i in _BUSY_FIELDS)
