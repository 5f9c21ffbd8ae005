"""How the benchmarks follow an engine's cost. How large it is, is never asserted."""

import json

import pytest

from benchmarks import __main__ as command
from benchmarks import environment
from benchmarks.environment import Ground
from benchmarks.scaling import chart, measurement, report
from benchmarks.scaling.measurement import Budget, Curve, Point, curves, measure
from benchmarks.scaling.sweeps import SWEEPS, Sweep
from benchmarks.side import SideError
from benchmarks.timing import Block

GROUND = Ground(("a machine",), 1, None)
BATCHES = Sweep("a layer", "batch", (1, 2, 4), 2, 3, 5, side=7)
SIDES = Sweep("a layer", "side", (6, 7), 2, 3, 5, batch=2)


class Growing:
    """A side whose calls take 10 ms for each sample, and a bit that shrinks with every block."""

    def __init__(self, refused=None):
        self.refused = refused
        self.blocks = 0

    def prepare(self, case):
        if case.engine == self.refused:
            raise SideError("onepath: engine 'x' does not support this case")
        self.samples = case.x_shape[0]
        return {}

    def block(self, seconds):
        self.blocks += 1
        return Block(0.01 * self.samples + 1e-6 / self.blocks, seconds, None)


def test_cases_keep_the_image_and_grow_as_they_say():
    for sweep in SWEEPS:
        for size in sweep.sizes[:3]:
            case = sweep.case(size, "forward", "gemm")
            x, kernel, dy = case.inputs()
            assert dy.shape == (len(x), sweep.filters, *x.shape[2:])
            assert kernel.shape[1] == x.shape[1]
            assert case.engine == "gemm"
    batch, side = BATCHES.case(4, "forward", "auto"), SIDES.case(6, "forward", "auto")
    assert (batch.x_shape, batch.kernel_shape) == ((4, 2, 7, 7), (3, 2, 5, 5))
    assert side.x_shape == (2, 2, 6, 6)
    assert (BATCHES.unit, BATCHES.units(4)) == ("sample", 4)
    assert (SIDES.unit, SIDES.units(6)) == ("pixel", 72)


def test_cost_is_for_a_sample_or_a_pixel():
    for sweep, expected in (BATCHES, [0.01, 0.01, 0.01]), (SIDES, [0.01 / 36, 0.01 / 49]):
        curve = measure(Growing(), sweep, "forward", "gemm", Budget(seconds=0))
        assert [point.size for point in curve.points] == list(sweep.sizes)
        assert [point.cost for point in curve.points] == pytest.approx(expected, rel=1e-3)
        assert curve.end is None


def test_the_quickest_block_counts():
    side = Growing()
    curve = measure(side, SIDES, "forward", "gemm", Budget(seconds=0.02))
    assert side.blocks > 4
    assert curve.points[1].seconds == pytest.approx(0.02 + 1e-6 / side.blocks, rel=1e-12)


@pytest.mark.parametrize(
    ("limit", "sizes", "end"),
    [(0.015, [1, 2], "a call takes longer than 0.015 s"), (0.03, [1, 2, 4], None)],
)
def test_a_curve_ends_where_a_call_takes_too_long(limit, sizes, end):
    curve = measure(Growing(), BATCHES, "forward", "gemm", Budget(limit, seconds=0))
    assert [point.size for point in curve.points] == sizes
    assert curve.end == end


def test_what_an_engine_refuses_leaves_the_others(monkeypatch):
    monkeypatch.setattr(measurement, "SWEEPS", (SIDES,))
    found = list(curves(Growing(refused="x"), ("x", "gemm"), Budget(seconds=0)))
    assert [(c.operation, c.engine, len(c.points)) for c in found] == [
        (operation, engine, points)
        for operation in ("forward", "input gradient", "kernel gradient")
        for engine, points in (("x", 0), ("gemm", 2))
    ]
    assert found[0].end == "onepath: engine 'x' does not support this case"


@pytest.fixture
def found():
    return [
        Curve(BATCHES, "forward", "gemm", (Point(1, 2e-6, 2e-6), Point(2, 6e-6, 3e-6)), "too long"),
        Curve(BATCHES, "forward", "auto", (Point(1, 1e-6, 1e-6),), None),
        Curve(SIDES, "kernel gradient", "gemm", (Point(6, 72e-8, 1e-8),), None),
        Curve(SIDES, "kernel gradient", "auto", (), "refused"),
    ]


def test_tables(found, capsys):
    report.show(GROUND, found)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    at = lines.index("forward, a layer, us per sample")
    assert lines[at + 1 : at + 6] == [
        "batch gemm auto",
        "1 2.00 1.00",
        "2 3.00",
        "4",
        "gemm ends: too long",
    ]
    at = lines.index("kernel gradient, a layer, ns per pixel")
    assert lines[at + 2 :] == ["6 10.0", "7", "auto ends: refused"]


def test_pictures(found, tmp_path):
    pytest.importorskip("matplotlib")
    for name, start in ("a.png", b"\x89PNG"), ("a.svg", b"<?xml"):
        chart.draw(GROUND, found, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)


def test_a_quick_run_measures_every_engine(monkeypatch, tmp_path, capsys):
    from onepath.backends.convolution import ENGINES

    monkeypatch.setattr(measurement, "SWEEPS", (BATCHES,))
    table = tmp_path / "a.json"
    assert command.main(["scaling", "--quick", "--json", str(table)]) == 0
    data = json.loads(table.read_text())
    assert data["threads"] == 1
    assert data["environment"]["OMP_NUM_THREADS"] == "1"
    assert {curve["engine"] for curve in data["curves"]} == {*ENGINES, "auto"}
    assert len(data["curves"]) == 3 * (len(ENGINES) + 1)
    gemm = next(curve for curve in data["curves"] if curve["engine"] == "gemm")
    assert [point["size"] for point in gemm["points"]] == [1, 2, 4]
    assert "forward, a layer, us per sample" in capsys.readouterr().out


def test_kernels_may_be_left_to_openblas(monkeypatch):
    monkeypatch.setattr(environment, "better_core_type", lambda findings: "SkylakeX")
    assert environment.survey(as_it_comes=False).variables["OPENBLAS_CORETYPE"] == "SkylakeX"
    assert "OPENBLAS_CORETYPE" not in environment.survey(as_it_comes=True).variables
