"""What the planner says of itself."""

import dataclasses
import re
from unittest.mock import patch

import pytest

import onepath as op
from onepath.backends import Geometry
from onepath.backends.convolution import ENGINES
from onepath.backends.convolution.engine import OPERATIONS, Cost
from onepath.backends.convolution.planner import remember
from onepath.layers import Conv2D, Dense

GEOMETRY = Geometry.of((3, 8, 8), 4, 3)


class Made:
    """An engine of which only what it says of itself matters; a call takes the CPU 1 µs."""

    def __init__(self, name, calls, workspace=0, refuses=None):
        self.name, self.calls, self.bytes, self.refuses = name, calls, workspace, refuses

    def refusal(self, device, geometry, dtype):
        return self.refuses

    def workspace(self, device, geometry, batch, dtype):
        return self.bytes * batch

    def cost(self, device, operation, geometry, batch, dtype):
        return Cost(0, 0, self.calls)


@pytest.fixture(autouse=True)
def _made_up_engines(cpu):
    engines = [
        Made("quick", 4.25),
        Made("odd", 1, refuses="it was not made for geometries that are as plain as this one is"),
        Made("fair", 9_960, 1024),
        Made("slow", 3.5e6, 2**20),
    ]
    speed = cpu.speed._replace(call=1e-6)
    with (
        patch.dict(ENGINES, {engine.name: engine for engine in engines}, clear=True),
        patch.object(type(cpu), "speed", speed),
    ):
        yield


def test_the_table(cpu):
    times = {"forward": {"slow": 2e-3, "fair": 1.5e-3}, "kernel_gradient": {"slow": 12.34}}
    remember(cpu, GEOMETRY, 8, "float32", times)
    assert str(op.explain(GEOMETRY, batch_size=8)).split("\n") == [
        "convolution",
        "3x8x8 -> 4x6x6, kernel 3x3, batch 8, float32, cpu",
        "─" * 80,
        "                 predicted   measured  workspace",
        "forward",
        "  > fair           9.96 ms    1.50 ms   8.00 KiB  fastest measured",
        "    slow            3.50 s    2.00 ms   8.00 MiB",
        "    quick          4.25 µs          -       none",
        "input gradient",
        "  > quick          4.25 µs          -       none  smallest prediction",
        "    fair           9.96 ms          -   8.00 KiB",
        "    slow            3.50 s          -   8.00 MiB",
        "kernel gradient",
        "  > slow            3.50 s     12.3 s   8.00 MiB  fastest measured",
        "    quick          4.25 µs          -       none",
        "    fair           9.96 ms          -   8.00 KiB",
        "odd cannot: it was not made for geometries that are as plain as this one is",
    ]


def test_a_network_gets_a_table_for_each_convolution():
    model = op.Sequential([Conv2D(4, 3), Conv2D(2, 1, name="last", engine="fair"), Dense(1)])
    explanation = op.explain(model, input_shape=(3, 8, 8))
    first, last = explanation.convolutions
    assert (first.name, last.name) == ("conv2d (Conv2D)", "last (Conv2D)")
    assert (first.geometry, last.geometry) == (GEOMETRY, Geometry.of((4, 6, 6), 2, 1))
    assert (first.forward.chosen, last.forward.chosen) == ("quick", "fair")
    assert last.input_gradient.reason == "asked for by name"
    tables = str(explanation).split("\n\n")
    assert [table.split("\n")[0] for table in tables] == [first.name, last.name]


def test_what_can_be_looked_into():
    (convolution,) = op.explain(GEOMETRY, 2, dtype="float64").convolutions
    assert convolution.dtype == "float64"
    assert [getattr(convolution, each).operation for each in OPERATIONS] == list(OPERATIONS)
    quick, odd, *_ = convolution.forward.candidates
    assert (quick.engine, quick.workspace, quick.measured, quick.refusal) == (
        "quick",
        0,
        None,
        None,
    )
    assert quick.predicted == pytest.approx(4.25e-6)
    assert (odd.predicted, odd.workspace) == (None, None)
    assert odd.refusal.startswith("it was not made")
    with pytest.raises(dataclasses.FrozenInstanceError):
        convolution.dtype = "float32"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"strides": (2, 1)}, "8x8x8 -> 4x3x6, kernel 3x3, strides 2x1,"),
        ({"padding": "same"}, "8x8x8 -> 4x8x8, kernel 3x3, padding 1x1,"),
        ({"padding": (0, (1, 2))}, "8x8x8 -> 4x6x9, kernel 3x3, padding 0x1+2,"),
        ({"dilation_rate": 2}, "8x8x8 -> 4x4x4, kernel 3x3, dilation 2x2,"),
        ({"groups": 4}, "8x8x8 -> 4x6x6, kernel 3x3, groups 4,"),
    ],
)
def test_what_is_not_as_by_default_is_told(options, text):
    line = str(op.explain(Geometry.of((8, 8, 8), 4, 3, **options))).split("\n")[1]
    assert line == f"{text} batch 32, float32, cpu"


def test_lines_fit_a_terminal():
    geometry = Geometry.of((128, 64, 64, 64), 128, 5, 2, ((1, 2), 3, (10, 11)), 2, 64)
    ENGINES["tensor_cores"] = Made("tensor_cores", 2.5)
    for name in [name for name in ENGINES if name != "tensor_cores"]:
        ENGINES[name].refuses = "a reason " * 12
    lines = str(op.explain(geometry, 1024)).split("\n")
    assert max(map(len, lines)) <= 80
    assert re.search(r"> tensor_cores .* the only one that supports it$", lines[6])
    assert " ".join(lines).count("a reason") == 4 * 12


def test_without_convolutions():
    assert str(op.explain(Dense(2), input_shape=(3,))) == "There are no convolutions."


def test_the_device_is_the_layers_or_as_asked_for():
    layer = Conv2D(4, 3).to("simulated")
    assert op.explain(layer, input_shape=(3, 8, 8)).device == "simulated:0"
    assert op.explain(layer, device="cpu", input_shape=(3, 8, 8)).device == "cpu"
    with pytest.raises(ValueError, match="unknown backend 'tpu'"):
        op.explain(layer, device="tpu", input_shape=(3, 8, 8))


def test_an_engine_that_cannot_what_it_is_asked_for():
    with pytest.raises(ValueError, match="engine 'odd' does not support this case"):
        op.explain(Conv2D(4, 3, engine="odd"), input_shape=(3, 8, 8))


@pytest.mark.parametrize(("batch", "error"), [(0, ValueError), ("8", TypeError)])
def test_the_batch_is_a_positive_integer(batch, error):
    with pytest.raises(error, match="batch_size must be"):
        op.explain(GEOMETRY, batch)
