"""The benchmarks' own machinery. How fast anything is, is never asserted."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import environment, harness, report, session
from benchmarks.agreement import disagreement
from benchmarks.harness import QUICK, Budget
from benchmarks.load import Usage, others, usage
from benchmarks.results import Pair, Row, geometric_means
from benchmarks.session import Plan, Report
from benchmarks.side import Side, SideError
from benchmarks.suites import SUITES
from benchmarks.suites.case import Case
from benchmarks.suites.networks import NotebookConv
from benchmarks.timing import Block, reported, timed
from onepath.cli.doctor import BLAS, DEVICES, Finding, usable_cpus

ROOT = Path(__file__).parent.parent
CASE = Case(name="a case", peers=("peer",))


class Sleeper:
    """A side whose every call takes a known time."""

    def __init__(self, name, seconds, value=1.0, log=None):
        self.name = name
        self.seconds = seconds
        self.results = {"output": np.full(3, value, "float32")}
        self.log = [] if log is None else log

    def prepare(self, case):
        return self.results

    def block(self, seconds):
        self.log.append(self.name)
        return timed(lambda: time.sleep(self.seconds), seconds)


class Broken(Sleeper):
    """A side that fails over every case."""

    def prepare(self, case):
        raise SideError("broken: no such case")


def pair(ours, theirs, others=0.0):
    return Pair(Block(ours, 0.1, others), Block(theirs, 0.1, 0.0))


def row(*pairs, peer="peer", problem=None):
    return Row(CASE, peer, pairs, problem)


# Timing


def test_the_first_call_of_a_block_is_not_timed():
    naps = iter([0.1])
    block = timed(lambda: time.sleep(next(naps, 0.001)), 0.02)
    assert 0.001 <= block.amount < 0.05
    assert block.elapsed >= 0.02


def test_a_block_of_one_long_call():
    block = timed(lambda: time.sleep(0.03), 0.001)
    assert block.amount == block.elapsed >= 0.03


def test_a_figure_that_is_no_time_is_taken_once():
    figures = iter([7e6])
    block = reported(lambda: next(figures), 10.0)
    assert block.amount == 7e6
    assert block.elapsed < 1
    assert block.others is None


PEAK = """
from benchmarks.load import peak_memory
before = peak_memory()
bytearray(100_000_000)
print(before, peak_memory())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells it of a program")
def test_peak_memory_is_of_the_program_and_not_of_its_parent():
    kept = np.ones(25_000_000)  # 200 MB
    done = subprocess.run(
        [sys.executable, "-c", PEAK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, after = map(int, done.stdout.split())
    assert before < kept.nbytes / 2
    assert after - before == pytest.approx(1e8, rel=0.1)


def test_what_others_used_is_what_is_not_ones_own():
    assert others(Usage(10.0, 1.0), Usage(10.5, 1.2)) == pytest.approx(0.3)
    assert others(None, Usage(10.5, 1.2)) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has /proc/stat")
def test_usage_counts_own_work_in_both_clocks():
    before, start = usage(), time.process_time()
    while time.process_time() < start + 0.1:
        pass
    after = usage()
    assert after.own - before.own == pytest.approx(0.1, abs=0.02)
    assert after.machine - before.machine >= 0.07


# The harness


def test_ratio_of_two_sides_of_known_speed():
    found = harness.measure(CASE, Sleeper("ours", 0.01), Sleeper("peer", 0.03), Budget(0))
    assert len(found.pairs) == 3
    assert 2 < found.ratio.median < 4
    assert found.ratio.lower <= found.ratio.median <= found.ratio.upper
    assert found.ours < found.theirs


def test_blocks_alternate_with_silence_before_each(monkeypatch):
    log = []
    ours, peer = Sleeper("ours", None, log=log), Sleeper("peer", None, log=log)
    monkeypatch.setattr(harness.time, "sleep", log.append)
    harness.measure(CASE, ours, peer, Budget(0, block=1e-9))
    # each call of a block, the untimed one and the timed one, sleeps for None
    blocks = ["ours", "peer", "peer", "ours", "ours", "peer"]
    assert log == [entry for name in blocks for entry in (0.05, name, None, None)]


def test_measuring_goes_on_for_the_time_given():
    found = harness.measure(
        CASE, Sleeper("ours", 0.01), Sleeper("peer", 0.01), Budget(0.6, pairs=1)
    )
    assert 2 <= len(found.pairs) <= 3


def test_a_side_that_computes_something_else_is_not_timed():
    log = []
    ours, peer = Sleeper("ours", 0, log=log), Sleeper("peer", 0, value=1.01, log=log)
    found = harness.measure(CASE, ours, peer, Budget(0))
    assert found.problem == "the sides disagree: output: 9.9e-03 apart"
    assert log == []


def test_a_side_that_fails_is_a_problem_of_the_row():
    found = harness.measure(CASE, Sleeper("ours", 0), Broken("peer", 0), Budget(0))
    assert found.problem == "broken: no such case"
    assert found.pairs == ()


ONES = np.ones(4, "float32")


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ({"y": ONES}, None),
        ({"y": ONES * np.float32(1 + 5e-6)}, None),
        ({"y": ONES * np.float32(1 + 5e-5)}, "y: 5.0e-05 apart"),
        ({"y": -ONES}, "y: 2.0e+00 apart"),
        ({"y": ONES * np.float32("nan")}, "y: nan apart"),
        ({"y": 0 * ONES}, "y: 2.0e+00 apart"),
        ({"y": ONES.astype("float64")}, "y: float32 (4,) against float64 (4,)"),
        ({"y": ONES[:, None]}, "y: float32 (4,) against float32 (4, 1)"),
        ({"z": ONES}, "results ['y'] against ['z']"),
    ],
)
def test_disagreement(theirs, expected):
    assert disagreement({"y": ONES}, theirs, tolerance=1e-5) == expected


# Numbers


def test_spread_of_ratios():
    found = row(*(pair(1.0, ratio) for ratio in (5.0, 1.0, 3.0, 2.0, 4.0)))
    assert found.ratio == (2.0, 3.0, 4.0)
    assert (found.ours, found.theirs) == (1.0, 3.0)
    assert row(pair(2.0, 3.0)).ratio == (1.5, 1.5, 1.5)


def test_ratios_are_of_neighbours_not_of_medians():
    found = row(pair(1.0, 2.0), pair(10.0, 20.0), pair(3.0, 6.0), pair(7.0, 14.0), pair(1.0, 2.0))
    assert found.ratio == (2.0, 2.0, 2.0)


def test_blocks_beside_other_processes_are_left_out():
    quiet, loud = pair(1.0, 2.0, others=0.02), pair(1.0, 50.0, others=0.08)
    found = row(quiet, loud, quiet)
    assert found.used == (quiet, quiet)
    assert not found.busy


def test_on_a_busy_machine_all_blocks_count_and_the_row_says_so():
    loud = pair(1.0, 50.0, others=0.08)
    found = row(pair(1.0, 2.0), loud, loud)
    assert found.busy
    assert found.ratio.median == 50.0


def test_where_the_load_cannot_be_told_all_blocks_count():
    found = row(pair(1.0, 2.0, others=None))
    assert found.used == found.pairs
    assert not found.busy


def test_geometric_means_are_by_peer_without_problems():
    rows = [
        row(pair(1.0, 2.0), peer="a"),
        row(pair(1.0, 8.0), peer="a"),
        row(pair(1.0, 0.5), peer="b"),
        row(peer="b", problem="broken"),
    ]
    assert geometric_means(rows) == pytest.approx({"a": 4.0, "b": 0.5})


# Sides


def variables(**more):
    return {**os.environ, **environment.settings(usable_cpus(), None), **more}


@pytest.fixture(scope="module")
def ours():
    with Side("onepath", "cpu", 1, variables()) as side:
        yield side


def case_named(suite, start):
    return next(case for case in SUITES[suite]("cpu") if case.name.startswith(start))


def test_a_failing_case_leaves_the_side_usable(ours):
    good = case_named("signal", "correlate 100 ")
    with pytest.raises(SideError, match=r"onepath: AttributeError: .*'nonesuch'"):
        ours.prepare(replace(good, function="nonesuch"))
    assert ours.prepare(good)["output"].shape == (92,)


def test_a_side_that_died_says_so_and_is_replaced(ours):
    good = case_named("signal", "correlate 100 ")
    ours._process.kill()
    with pytest.raises(SideError, match="onepath: the process ended with exit status"):
        ours.block(0.01)
    assert ours.prepare(good)["output"].shape == (92,)


def test_a_missing_library_is_named_with_its_install_line(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('there is no PyTorch')")
    expected = r"torch: there is no PyTorch; pip install 'onepath\[oracle\]'"
    with pytest.raises(SideError, match=expected):
        Side("torch", "cpu", 1, variables(PYTHONPATH=str(tmp_path)))


def test_the_notebook_computes_what_onepath_does(ours):
    with Side("notebook", "cpu", 1, variables()) as notebook:
        layer = case_named("training", "notebook's layer")
        two = NotebookConv((2, 9, 9), 3, 4), NotebookConv((4, 7, 7), 3, 3)
        for case in (
            case_named("training", "notebook's network"),
            layer,
            # behind another one, a layer's input gradient shows
            replace(layer, network=two, input_shape=(2, 9, 9), output_shape=(3, 5, 5)),
        ):
            assert disagreement(ours.prepare(case), notebook.prepare(case), 1e-5) is None


def test_pytorch_computes_what_onepath_does(torch, ours):
    cases = [
        case_named("training", "notebook's network"),
        case_named("training", "LeNet-5, N=1"),
        replace(case_named("training", "ResNet-8"), batch=4),
        replace(case_named("training", "1-D"), batch=2),
    ]
    small = {
        "LeNet 5x5, 1": (2, 1, 9, 9),
        "MobileNet d": (2, 128, 8, 8),
        "ResNet 7": (1, 3, 15, 15),
    }
    small |= {"1-D": (1, 64, 32), "3-D": (1, 16, 4, 5, 6)}
    for case in SUITES["conv"]("cpu"):
        cases += [
            replace(case, x_shape=x) for start, x in small.items() if case.name.startswith(start)
        ]
    with Side("torch", "cpu", 1, variables()) as theirs:
        for case in cases:
            mine, other = ours.prepare(case), theirs.prepare(case)
            assert len(mine) > 0
            assert disagreement(mine, other, case.tolerance) is None, case.name


@pytest.mark.parametrize("library", ["jax", "keras"])
def test_a_compiling_peer_computes_what_onepath_does(library, ours):
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    cases = [
        case_named("training", "notebook's network"),
        replace(case_named("training", "LeNet-5"), batch=2),
        replace(case_named("training", "ResNet-8"), batch=2, input_shape=(3, 8, 8)),
        replace(case_named("training", "1-D"), batch=2, input_shape=(4, 64)),
    ]
    if library == "jax":
        small = {"LeNet 5x5, 1": (2, 1, 9, 9), "MobileNet d": (2, 128, 8, 8)}
        small |= {"ResNet 7": (1, 3, 15, 15), "1-D": (1, 64, 32), "3-D": (1, 16, 4, 5, 6)}
        for case in SUITES["conv"]("cpu"):
            shapes = [x for start, x in small.items() if case.name.startswith(start)]
            cases += [replace(case, x_shape=x) for x in shapes]
    with Side(library, "cpu", 1, variables()) as theirs:
        for case in cases:
            mine, other = ours.prepare(case), theirs.prepare(case)
            assert len(mine) > 0
            assert disagreement(mine, other, case.tolerance) is None, case.name


def test_memory_grows_with_the_batch(ours):
    case = case_named("memory", "LeNet-5")
    taken = []
    for batch in (2, 256):
        small = replace(case, training=replace(case.training, batch=batch), steps=1)
        assert ours.prepare(small) == {}
        taken.append(ours.block(0.001).amount)
    # at the very least, the larger batch and the first layer's output for it
    assert 10e6 < taken[0] < taken[1] - 254 * 4 * (1 + 6) * 28 * 28


def test_a_first_step_takes_longer_than_an_import(ours):
    seconds = []
    for start in ("python -c", "import and first step"):
        ours.prepare(case_named("import", start))
        seconds.append(ours.block(0.001).amount)
    assert 0.01 < seconds[0] < seconds[1]


def test_a_step_that_fails_in_a_fresh_process_is_a_failure(ours):
    case = case_named("memory", "LeNet-5")
    ours.prepare(replace(case, training=replace(case.training, loss="nonesuch")))
    with pytest.raises(SideError, match=r"onepath: CalledProcessError: .*benchmarks\.fresh"):
        ours.block(0.001)


# Sessions


class Recorded(Sleeper):
    """A side that notes its environment, as a class that a session starts."""

    environments: ClassVar = {}

    def __init__(self, name, device, threads, environment):
        super().__init__(name, 0.0001)
        self.environments[name] = environment
        self.description = {name: "1.0"}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass


def recorded_run(monkeypatch, core_type, **options):
    settings = {"suites": ("conv",), "device": "cpu", "budget": QUICK, "as_it_comes": False}
    monkeypatch.setattr(Recorded, "environments", {})
    monkeypatch.setattr(session, "Side", Recorded)
    monkeypatch.setattr(harness, "SILENCE", 0)
    monkeypatch.setattr(environment, "better_core_type", lambda findings: core_type)
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    return session.run(Plan(peers=("torch", "as_it_comes"), **{**settings, **options}))


def test_where_other_kernels_fit_numpy_as_it_comes_stands_beside(monkeypatch):
    found = recorded_run(monkeypatch, "SkylakeX")
    chosen = {k: v.get("OPENBLAS_CORETYPE") for k, v in Recorded.environments.items()}
    assert chosen == {"onepath": "SkylakeX", "torch": "SkylakeX", "as_it_comes": None}
    assert {row.peer for row in found.rows["conv"]} == {"torch", "as_it_comes"}
    assert found.skipped == {}


@pytest.mark.parametrize(("core_type", "as_it_comes"), [(None, False), ("SkylakeX", True)])
def test_where_both_have_the_same_kernels_a_line_says_so(monkeypatch, core_type, as_it_comes):
    found = recorded_run(monkeypatch, core_type, as_it_comes=as_it_comes)
    assert set(Recorded.environments) == {"onepath", "torch"}
    assert all("OPENBLAS_CORETYPE" not in each for each in Recorded.environments.values())
    assert {row.peer for row in found.rows["conv"]} == {"torch"}
    assert found.skipped["as_it_comes"].startswith("as_it_comes: it is the same as onepath")


def test_in_a_hurry_what_compiles_gets_one_case_of_each_kind():
    def kinds(budget):
        plan = Plan(("training", "import"), "cpu", ("keras", "torch"), budget, as_it_comes=False)
        found = {}
        for _, case, peer in plan.comparisons():
            found.setdefault(peer, []).append(case.kind)
        return found

    assert sorted(kinds(QUICK)["keras"]) == ["first_step", "fresh_import", "training"]
    assert kinds(QUICK)["torch"] == kinds(Budget(3.0))["torch"] == kinds(Budget(3.0))["keras"]


# The command


def test_list_names_every_case_of_every_suite(capsys):
    assert command.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == {"signal", "conv", "training", "memory", "import"}
    assert len(set(lines)) == len(lines)
    assert "training  LeNet-5, N=32, against torch" in lines
    assert "training  notebook's network, N=1, against notebook" in lines


def test_list_for_a_gpu_has_no_peer_of_the_cpu(capsys):
    command.main(["signal", "conv", "training", "--device", "cuda", "--list"])
    peers = {line.rpartition(" ")[2] for line in capsys.readouterr().out.splitlines()}
    assert peers == {"cupyx", "torch", "torch_compiled", "keras", "jax"}


def test_less_than_float32_is_measured_against_those_who_can(capsys):
    command.main(["conv", "training", "--device", "cuda", "--precision", "tf32", "--list"])
    peers = {line.rpartition(" ")[2] for line in capsys.readouterr().out.splitlines()}
    assert peers == {"torch", "torch_compiled"}


def test_the_less_precise_the_further_results_may_lie_apart():
    cases = [replace(CASE, precision=precision) for precision in ("float32", "tf32", "bfloat16")]
    allowed = [case.allowed for case in cases]
    assert allowed[0] == CASE.tolerance
    assert allowed == sorted(set(allowed))
    assert replace(cases[1], tolerance=0.5).allowed == 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sinal"], "unknown: 'sinal'; known are signal, conv, training, memory, import"),
        (["--peers", "torch,caffe"], r"unknown: \['caffe'\]; known are as_it_comes, scipy"),
        (["--seconds", "0"], "a number above 0, got '0'"),
        (["--precision", "tf32"], "--precision tf32 is for --device cuda"),
        (["--json", "nowhere/a.json"], "there is no folder 'nowhere'"),
        (["signal", "--peers", "torch"], r"no case of \('signal',\) is measured against"),
    ],
)
def test_wrong_options_are_named(arguments, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(arguments)
    assert re.search(message, capsys.readouterr().err)


def test_quick_run_of_a_suite(tmp_path):
    table = tmp_path / "a.json"
    command_line = [sys.executable, "-m", "benchmarks", "--quick", "signal", "--json", str(table)]
    done = subprocess.run(command_line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "correlate2d 28x28 * 3x3 valid" in done.stdout
    rows = json.loads(table.read_text())["suites"]["signal"]["rows"]
    assert len(rows) == len(SUITES["signal"]("cpu"))
    assert all(row["ratio"]["median"] > 0 and len(row["pairs"]) == 1 for row in rows)


# Settings


def test_kernels_are_those_that_the_doctor_advises():
    findings = [
        Finding(DEVICES, "note", "a device", "export OPENBLAS_CORETYPE=Wrong"),
        Finding(BLAS, "note", "threads", "export OPENBLAS_NUM_THREADS=2"),
        Finding(BLAS, "note", "kernels", "export OPENBLAS_CORETYPE=SkylakeX"),
    ]
    assert environment.better_core_type(findings) == "SkylakeX"
    assert environment.better_core_type(findings[:2]) is None
    assert environment.settings(3, "SkylakeX")["OPENBLAS_CORETYPE"] == "SkylakeX"
    assert "OPENBLAS_CORETYPE" not in environment.settings(3, None)
    assert environment.settings(3, None)["OMP_NUM_THREADS"] == "3"


# Reports


@pytest.fixture
def outcome():
    plan = Plan(("signal",), "cpu", ("scipy",), Budget(1.0), as_it_comes=False)
    rows = [
        row(pair(0.002, 0.005), pair(0.002, 0.007), pair(0.002, 0.006)),
        row(problem="the sides disagree: output: 9.9e-03 apart"),
    ]
    sides = {"onepath": {"onepath": "0.1.0"}}
    return Report(
        plan, ("a machine",), 2, {"X": "1"}, sides, {"torch": "torch: not there"}, {"signal": rows}
    )


@pytest.mark.parametrize("rich", [True, False])
def test_tables(outcome, rich, capsys, monkeypatch):
    if rich:
        pytest.importorskip("rich")
    else:
        monkeypatch.setitem(sys.modules, "rich.table", None)
    report.show(outcome)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "a machine" in lines
    assert "skipped: torch: not there" in lines
    assert "a case 2.00 6.00 peer 3.00 2.75 to 3.25" in lines
    assert "a case peer the sides disagree: output: 9.9e-03 apart" in lines
    assert "geometric mean peer 3.00" in lines
    assert "signal, in ms" in lines


def test_memory_is_told_in_megabytes(outcome, capsys):
    case = case_named("memory", "LeNet-5")
    outcome.rows = {"memory": [Row(case, "peer", (pair(50e6, 200e6),))]}
    report.show(outcome)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "memory, in MB" in lines
    assert "LeNet-5, N=128 50.0 200 peer 4.00 4.00 to 4.00" in lines


def test_json_holds_everything(outcome):
    data = json.loads(json.dumps(report.as_json(outcome)))
    measured, failed = data["suites"]["signal"]["rows"]
    assert measured["ratio"] == pytest.approx({"lower": 2.75, "median": 3.0, "upper": 3.25})
    assert measured["pairs"][1] == {"onepath": 0.002, "theirs": 0.007, "quiet": True}
    assert failed["problem"].startswith("the sides disagree")
    assert data["suites"]["signal"]["geometric_means"] == pytest.approx({"peer": 3.0})


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01234, "0.0123"), (0.5, "0.500"), (1.0, "1.00"), (123.4, "123"), (1e4, "10000")],
)
def test_numbers_have_three_digits(value, text):
    assert report.number(value) == text


def test_files_are_written_and_a_problem_is_the_exit_status(outcome, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(command, "run", lambda plan: outcome)
    table, picture = tmp_path / "a.json", tmp_path / "a.png"
    assert command.main(["signal", "--json", str(table), "--chart", str(picture)]) == 1
    assert json.loads(table.read_text()) == json.loads(json.dumps(report.as_json(outcome)))
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_slow_onepath_is_no_failure(outcome, monkeypatch):
    outcome.rows = {"signal": [row(pair(9.0, 0.001))]}
    monkeypatch.setattr(command, "run", lambda plan: outcome)
    assert command.main(["signal"]) == 0


def test_nothing_measured_is_a_failure_without_a_chart(outcome, tmp_path, monkeypatch):
    outcome.rows = {}
    monkeypatch.setattr(command, "run", lambda plan: outcome)
    assert command.main(["signal", "--chart", str(tmp_path / "a.png")]) == 1
    assert list(tmp_path.iterdir()) == []
