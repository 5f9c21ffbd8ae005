"""A whole run: the sides are started, all cases measured, and everything collected."""

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from onepath.cli import doctor

from . import environment
from .harness import Budget, measure
from .results import Row
from .side import Side, SideError
from .suites import SUITES, Case


@dataclass(frozen=True)
class Plan:
    """What to measure, and how.

    Attributes
    ----------
    suites : tuple of str
        Keys of `SUITES`.
    device : {"cpu", "cuda"}
        Where.
    peers : collection of str
        The libraries to measure against, as far as a case names them.
    budget : Budget
        The time for each case against each peer.
    as_it_comes : bool
        Whether to leave the choice of BLAS kernels to OpenBLAS.
    """

    suites: tuple[str, ...]
    device: str
    peers: Collection[str]
    budget: Budget
    as_it_comes: bool

    def comparisons(self) -> Iterator[tuple[str, Case, str]]:
        """Give suite, case and peer of everything that is to be measured."""
        for suite in self.suites:
            for case in SUITES[suite](self.device):
                yield from ((suite, case, peer) for peer in case.peers if peer in self.peers)


@dataclass
class Report:
    """All that came out.

    Attributes
    ----------
    plan : Plan
        What was asked for.
    machine : tuple of str
        What it was measured on.
    threads : int
        Of each side.
    variables : dict of str to str
        The environment variables set for both sides.
    sides : dict of str to dict
        Versions, by library.
    skipped : dict of str to str
        Libraries that are not there, with the reason.
    rows : dict of str to list of Row
        By suite.
    """

    plan: Plan
    machine: tuple[str, ...]
    threads: int
    variables: Mapping[str, str]
    sides: dict[str, dict[str, str]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """Whether anything was."""
        return any(row.pairs for rows in self.rows.values() for row in rows)

    @property
    def failed(self) -> bool:
        """Whether there was a problem with anything."""
        return any(row.problem for rows in self.rows.values() for row in rows)


def run(plan: Plan) -> Report:
    """Carry a plan out; what is under way is written to standard error.

    Parameters
    ----------
    plan : Plan
        What to measure.

    Returns
    -------
    Report
        Rows for every peer that is there.

    Raises
    ------
    SideError
        If onepath itself cannot use the device.
    """
    findings = doctor.examine(measure=False)
    threads = doctor.usable_cpus()
    core_type = None if plan.as_it_comes else environment.better_core_type(findings)
    report = Report(plan, _machine(findings), threads, environment.settings(threads, core_type))
    comparisons = list(plan.comparisons())
    with ExitStack() as stack:

        def start(name: str) -> Side:
            variables = {**os.environ, **report.variables}
            side = stack.enter_context(Side(name, plan.device, threads, variables))
            report.sides[name] = side.description
            return side

        ours = start("onepath")
        peers: dict[str, Side] = {}
        for name in dict.fromkeys(peer for _, _, peer in comparisons):
            try:
                peers[name] = start(name)
            except SideError as error:
                report.skipped[name] = str(error)
        comparisons = [each for each in comparisons if each[2] in peers]
        for number, (suite, case, peer) in enumerate(comparisons, 1):
            print(f"{number}/{len(comparisons)} {case.name}, {peer}", file=sys.stderr)
            row = measure(case, ours, peers[peer], plan.budget)
            report.rows.setdefault(suite, []).append(row)
    return report


def _machine(findings: Iterable[doctor.Finding]) -> tuple[str, ...]:
    """What works of the machine, in the doctor's words."""
    topics = doctor.CORE, doctor.DEVICES
    return tuple(each.what for each in findings if each.topic in topics and each.verdict == "ok")
