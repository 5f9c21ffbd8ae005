"""``python -m onepath parity``."""

import argparse
import os
import re
import shlex
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ..backends import available_backends, get_backend
from ..tables import table
from ..testing.determinism import assert_deterministic
from ..testing.failure import ParityError
from ..testing.gradients.check import assert_gradients
from ..testing.parity.check import assert_parity
from ..testing.parity.report import ParityReport, Row
from ..testing.recordings.golden import Difference, diff, record, replay
from ..testing.recordings.recording import Recording
from ..testing.subject import layer_of, title_of
from ..testing.transfers import assert_no_transfer
from .parity_arguments import CHECK, DIFF, RECORD
from .targets import Target, TargetError

_WIDEST = 120
_INDENT = 13


def run(options: argparse.Namespace) -> int:
    """Do what the command line asks for.

    Parameters
    ----------
    options : argparse.Namespace
        As the command line's parser makes them.

    Returns
    -------
    int
        0, or 1 if something is wrong on a device; the output tells what.

    Raises
    ------
    BackendUnavailableError
        If a device is not there.
    RecordingError
        If a recording is damaged, stale, or none.
    SystemExit
        With status 2, if the target cannot be checked.
    """
    action = {CHECK: _check, RECORD: _record, DIFF: _diff}.get(options.action, _replay)
    try:
        action(options)
    except TargetError as error:
        options.refuse(str(error))
    except ParityError as failure:
        print(failure)
        return 1
    return 0


def _check(options: argparse.Namespace) -> None:
    """Run all checks on a layer."""
    target = _target(options)
    layer, x, training = target.layer, target.x, options.training
    names = [get_backend(name).name for name in available_backends()]
    _say(title_of(layer_of(layer)), f"input {x}, on {', '.join(names)}")
    print()
    report = assert_parity(layer, x, training=training)
    if any(row.error for row in report.rows):
        print(_table_of_rows(report.rows), end="\n\n")
    _say("parity", _conclusion([report]))
    _say("gradients", assert_gradients(layer, x, training=training))
    assert_deterministic(layer, x, training=training)
    _say("determinism", f"the same bits in every run on {', '.join(names)}")
    events = assert_no_transfer(layer, x, training=training)
    _say("transfers", _told(events))


def _record(options: argparse.Namespace) -> None:
    """Make a recording."""
    record(options.output, _cases(options), options.device)
    recording = Recording.read(options.output)
    size = os.path.getsize(options.output)
    _say("recorded", f"{_count(recording)} on {_origin(recording)}")
    _say("kept in", f"{options.output}, {size / 1024:,.0f} KiB")
    _say("replay with", _replay_line(options))


def _replay(options: argparse.Namespace) -> None:
    """Hold a device to a recording."""
    recording = Recording.read(options.recording)
    _say("recorded", _origin(recording))
    _say("held to it", get_backend(options.device).name)
    print()
    reports = replay(options.recording, options.device, _cases(options))
    sides = list(dict.fromkeys(row.backend for row in reports[0].rows))
    rows = [
        [report.title, *(f"{_worst(report, side):.1%}" for side in sides)] for report in reports
    ]
    print("largest error, as a share of what rounding explains\n")
    print(table(["case", *sides], rows, texts=1))
    print()
    _say("parity", _conclusion(reports))


def _diff(options: argparse.Namespace) -> None:
    """Compare two recordings."""
    for name, path in (("A", options.a), ("B", options.b)):
        _say(name, f"{path}: {_origin(Recording.read(path))}")
    differences = diff(options.a, options.b, _cases(options))
    worst: dict[tuple[str, str], Difference] = {}
    for each in differences:
        key = each.case, each.dtype
        if each.difference and (key not in worst or each.ratio > worst[key].ratio):
            worst[key] = each
    if worst:
        header = ["case", "dtype", "quantity", "difference", "ULP", "of bound"]
        rows = [
            [*each[:3], f"{each.difference:.2g}", f"{each.ulp:.2g}", f"{each.ratio:.1%}"]
            for each in worst.values()
        ]
        print("\nwhere they are furthest apart\n")
        print(table(header, rows, texts=3))
    print()
    equal = sum(each.difference == 0 for each in differences)
    _say("equal", f"{equal:,} of {len(differences):,} quantities")


def _target(options: argparse.Namespace) -> Target:
    """The layer that is meant."""
    return Target.named(options.target, options.input_shape, options.training)


def _cases(options: argparse.Namespace) -> list[Target] | None:
    """The target alone, or None for the standard table."""
    if options.target is not None:
        return [_target(options)]
    if options.input_shape or options.training:
        raise TargetError("--input-shape and --training are for a TARGET")
    return None


# Words


def _say(head: str, text: Any) -> None:
    """Print a text beside its head, as wide as the terminal."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    first = f"{head} ".ljust(_INDENT)
    print(textwrap.fill(f"{text}", width, initial_indent=first, subsequent_indent=" " * _INDENT))


def _origin(recording: Recording) -> str:
    """Where a recording comes from."""
    device, *others = recording.origin.items()
    return ", ".join([device[1], *(f"{name} {value}" for name, value in others)])


def _count(recording: Recording) -> str:
    """The only case of a recording, or how many there are."""
    names = list(recording.descriptions)
    return names[0] if len(names) == 1 else f"{len(names)} cases"


def _replay_line(options: argparse.Namespace) -> str:
    """The command that replays what was recorded."""
    words = ["python", "-m", "onepath", "parity", "replay", str(options.output)]
    if options.target is not None:
        words += [options.target]
    if options.input_shape:
        words += ["--input-shape", ",".join(map(str, options.input_shape))]
    return shlex.join([*words, *["--training"] * options.training])


def _worst(report: ParityReport, side: str) -> float:
    return max(row.ratio for row in report.rows if row.backend == side)


def _conclusion(reports: Sequence[ParityReport]) -> str:
    """How much was compared, and how near it came to its bound."""
    rows = [(row, report.title) for report in reports for row in report.rows]
    worst, title = max(rows, key=lambda pair: pair[0].ratio)
    exact = sum(row.error == 0 for row, _ in rows)
    text = (
        f"{len(rows):,} comparisons are within their bounds, {exact:,} of them without any error; "
        f"the largest error is {worst.ratio:.1%} of its bound: {worst.quantity} of {title}, on "
        f"{worst.backend}, {worst.dtype}"
    )
    if all(report.counted for report in reports):
        return text
    return f"{text}. Roundings could not be counted, so that bounds are wide"


def _table_of_rows(rows: Iterable[Row]) -> str:
    """A line for each quantity, backend and dtype, in the layout and the step that are worst.

    Numbers without any error are left out, and what a whole hands on from a layer within it.
    """
    worst: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        key = re.sub(r"^step \d+ ", "steps of ", row.quantity), row.backend, row.dtype
        if row.error and (key not in worst or row.ratio > worst[key].ratio):
            worst[key] = row
    order = list(dict.fromkeys(quantity for quantity, _, _ in worst))
    seen: set[tuple[Any, ...]] = set()
    cells = []
    for key in sorted(worst, key=lambda key: (order.index(key[0]), key[2], key[1])):
        row = worst[key]
        same = (*key[1:], row.error, row.bound)
        if same not in seen:
            cells.append([*key, f"{row.error:.2g}", f"{row.bound:.2g}", f"{row.ratio:.1%}"])
        seen.add(same)
    header = ["quantity", "backend", "dtype", "worst error", "bound", "share"]
    return table(header, cells, texts=3)


def _told(events: Counter[str]) -> str:
    """What a device was seen to do."""
    counts = [f"{count} {kind}" for kind, count in events.items() if count]
    return f"{', '.join(counts) or 'none, and the host never waits'}, on the simulated device"
