"""A whole run: the sides are started, all cases measured, and everything collected."""

import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from . import environment
from .harness import QUICK, Budget, measure
from .peers import COMPILING, ROUNDING
from .results import Row
from .side import Side, SideError
from .suites import SUITES, Case

_SAME = (
    "as_it_comes: it is the same as onepath, which is on the kernels that OpenBLAS takes by itself"
)


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
    precision : str
        A key of `PRECISIONS`.
    """

    suites: tuple[str, ...]
    device: str
    peers: Collection[str]
    budget: Budget
    as_it_comes: bool
    precision: str = "float32"

    def comparisons(self) -> Iterator[tuple[str, Case, str]]:
        """Give suite, case and peer of everything that is to be measured.

        In a hurry, a peer that compiles gets a single case of each kind.
        """
        compiled = set()
        for suite in self.suites:
            for plain in SUITES[suite](self.device):
                case = replace(plain, precision=self.precision)
                for peer in case.peers:
                    repeated = self.budget is QUICK and (case.kind, peer) in compiled
                    rounding = self.precision == "float32" or peer in ROUNDING
                    if peer not in self.peers or repeated or not rounding:
                        continue
                    if peer in COMPILING:
                        compiled.add((case.kind, peer))
                    yield suite, case, peer


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
    ground = environment.survey(plan.as_it_comes)
    report = Report(plan, ground.machine, ground.threads, ground.variables)
    comparisons = list(plan.comparisons())
    names = dict.fromkeys(peer for _, _, peer in comparisons)
    if "as_it_comes" in names and ground.core_type is None:
        del names["as_it_comes"]
        report.skipped["as_it_comes"] = _SAME
    with ExitStack() as stack:

        def start(name: str) -> Side:
            kernels = None if name == "as_it_comes" else ground.core_type
            variables = {**os.environ, **environment.settings(ground.threads, kernels)}
            side = stack.enter_context(Side(name, plan.device, ground.threads, variables))
            report.sides[name] = side.description
            return side

        ours = start("onepath")
        peers: dict[str, Side] = {}
        for name in names:
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
