"""The command line: ``python -m benchmarks --help``."""

import argparse
import json
import sys
from collections.abc import Sequence

from . import chart, report, scaling
from .arguments import add_common, seconds
from .harness import QUICK, Budget
from .peers import INSTALL
from .session import Plan, run
from .side import SideError
from .suites import SUITES
from .suites.case import PRECISIONS

PEERS = tuple(name for name in INSTALL if name != "onepath")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and write the files that were asked for.

    Parameters
    ----------
    arguments : sequence of str, optional
        In place of the command line's.

    Returns
    -------
    int
        The exit status: 1 if something could not be measured. How fast anything is never matters.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["scaling"]:
        return scaling.main(words[1:])
    parser = _parser()
    options = parser.parse_args(words)
    plan = Plan(
        suites=tuple(dict.fromkeys(options.suites or SUITES)),
        device=options.device,
        peers=options.peers,
        budget=QUICK if options.quick else Budget(options.seconds),
        as_it_comes=options.as_it_comes,
        precision=options.precision,
    )
    if plan.precision != "float32" and plan.device != "cuda":
        parser.error(f"--precision {plan.precision} is for --device cuda")
    if not any(plan.comparisons()):
        parser.error(f"no case of {plan.suites} is measured against {plan.peers}")
    if options.list:
        for suite, case, peer in plan.comparisons():
            print(f"{suite:10}{case.name}, against {peer}")
        return 0
    try:
        if options.chart:
            chart.require_matplotlib()
        outcome = run(plan)
    except (ImportError, SideError) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    report.show(outcome)
    if options.json:
        options.json.write_text(json.dumps(report.as_json(outcome), indent=1) + "\n")
    if options.chart and outcome.measured:
        chart.draw(outcome, options.chart)
    return int(outcome.failed or not outcome.measured)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="How fast onepath is beside other libraries.",
        epilog="`python -m benchmarks scaling --help`: how its cost grows with batch and image.",
    )
    add = parser.add_argument
    add("suites", nargs="*", type=_suite, metavar="SUITE", help=f"of {', '.join(SUITES)}; all")
    add("--peers", type=_peers, default=PEERS, metavar="NAMES", help=f"of {','.join(PEERS)}; all")
    add("--seconds", type=seconds, default=3.0, help="for each case against each peer (3)")
    add("--precision", choices=PRECISIONS, default="float32", help="of products on CUDA (float32)")
    add("--list", action="store_true", help="name the cases and measure nothing")
    add_common(parser, chart="the ratios")
    return parser


def _suite(text: str) -> str:
    if text not in SUITES:
        raise argparse.ArgumentTypeError(f"unknown: {text!r}; known are {', '.join(SUITES)}")
    return text


def _peers(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {unknown}; known are {', '.join(PEERS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
