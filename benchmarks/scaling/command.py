"""The command line: ``python -m benchmarks scaling --help``."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace

from ..arguments import add_common
from ..chart import require_matplotlib
from ..environment import survey
from ..side import SideError
from . import chart, report
from .measurement import QUICK, Budget, run


def main(arguments: Sequence[str]) -> int:
    """Measure, print the tables, and write the files that were asked for.

    Parameters
    ----------
    arguments : sequence of str
        What follows ``scaling``.

    Returns
    -------
    int
        The exit status: 1 if nothing could be measured.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks scaling",
        description="How the cost of each of onepath's engines grows with the batch and the image.",
    )
    add_common(parser, chart="the cost of a sample or pixel, for which growing alike is level")
    options = parser.parse_args(arguments)
    ground = replace(survey(options.as_it_comes), threads=1)  # how threads scale is another matter
    try:
        if options.chart:
            require_matplotlib()
        curves = run(options.device, ground, QUICK if options.quick else Budget())
    except (ImportError, SideError) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    report.show(ground, curves)
    if options.json:
        found = report.as_json(ground, options.device, curves)
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    measured = any(curve.points for curve in curves)
    if options.chart and measured:
        chart.draw(ground, curves, options.chart)
    return int(not measured)
