"""``python -m onepath parity``: what it prints, and how it ends."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import onepath as op
from onepath import layers
from onepath.backends import BackendUnavailableError
from onepath.cli.main import main
from onepath.testing.recordings import file as recording_file
from onepath.testing.recordings.recording import Recording

ROOT = Path(__file__).parents[2]

MODULE = '''
import numpy as np
from onepath.layers import Dense, Dropout, Flatten, ReLU, Sequential

net = Sequential([Dense(3, seed=1), ReLU()])
dropout = Dropout(0.4, seed=1)
exact = Flatten()
number = 3


class Scale:
    """Multiplies each feature by a number that it learns."""

    def __init__(self):
        self.w = np.array([0.3, -1.1, 0.7])

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dy):
        self.grad_w = (dy * self.x).sum(axis=0)
        return dy * self.w


class WrongGradient(Scale):
    def backward(self, dy):
        return super().backward(dy) * 1.5


class HostConstant(Scale):
    def forward(self, x):
        return super().forward(x) * np.ones(3, "float32")


class Changing(Scale):
    calls = 0

    def backward(self, dy):
        Changing.calls += 1
        return super().backward(dy) * (1 + float(np.finfo(dy.dtype).eps) * (self.calls % 3))


class Waiting(Scale):
    def forward(self, x):
        return super().forward(x) * (1 if float(x.sum()) else 1)


class Shaped(Scale):
    input_shape = (3,)


class Named:
    def __init__(self, name):
        self.name = name

    def forward(self, x):
        return x

    def backward(self, dy):
        return dy


def made():
    return Scale()


def broken():
    raise RuntimeError("no weights")


def refused():
    return Dense(-1)
'''


def line_of(code):
    """The number of a line of the module."""
    return next(n for n, line in enumerate(MODULE.splitlines(), 1) if code in line)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with a module, where the person is."""
    (tmp_path / "mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("mine", None)


def called(*words):
    """Run the command; return its exit status, a wrong usage's too."""
    try:
        return main(["parity", *map(str, words)])
    except SystemExit as error:
        return error.code


def words_of(text):
    """A text without its line breaks."""
    return re.sub(r"\s+", " ", text)


# A layer


def test_a_layer_is_checked_in_every_way(capsys):
    assert called("mine:net", "--input-shape", "4,2") == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert lines[0] == "Sequential 'sequential' input (4, 2), on cpu, simulated:0"
    assert lines[2].split("  ")[0] == "quantity"
    assert re.search(r"^dense: forward +cpu +float32 +\S+e-\d+ +\S+e-\d+ +\d+\.\d%$", printed, re.M)
    heads = [line.split()[0] for line in lines[-8:] if line and not line.startswith(" ")]
    assert heads == ["parity", "gradients", "determinism", "transfers"]
    text = words_of(printed)
    assert "comparisons are within their bounds" in text
    assert "slopes in 3 layers agree" in text
    assert "the same bits in every run on cpu, simulated:0" in text
    assert "none, and the host never waits" in text


def test_a_quantity_has_one_line_for_its_worst_layout_and_step(capsys):
    assert called("mine:Scale", "--input-shape", "4,3") == 0
    table = capsys.readouterr().out.split("─\n")[1].split("\n\n")[0].splitlines()
    float32 = [line for line in table if " float32 " in line]
    assert len(float32) == 2 * 4
    quantities = [line[: line.index(" cpu ")].strip() for line in float32 if " cpu " in line]
    assert quantities == ["forward", "input gradient", "gradient of w", "steps of w"]


def test_a_layer_that_only_hands_on_has_no_table(capsys):
    assert called("mine:exact", "--input-shape", "2,3,2") == 0
    text = words_of(capsys.readouterr().out)
    count = re.search(r"(\d+) comparisons are within their bounds, (\d+) of them without", text)
    assert count[1] == count[2]
    assert "quantity" not in text


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("WrongGradient", "WrongGradient: the input gradient is not the slope of"),
        ("HostConstant", "on simulated:0"),
        ("Changing", "not the same each time"),
        ("Waiting", "1 synchronisation"),
    ],
)
def test_a_break_is_told_and_is_the_exit_status(layer, expected, capsys):
    assert called(f"mine:{layer}", "--input-shape", "4,3") == 1
    captured = capsys.readouterr()
    assert re.search(expected, captured.out)
    assert layer in captured.out.splitlines()[0]
    assert "transfers  " not in captured.out
    assert captured.err == ""


@pytest.mark.parametrize("target", ["mine:made", "mine:Scale", "mine:net.children"])
def test_what_a_target_may_be(target, capsys):
    status = called(target, "--input-shape", "4,3")
    assert status == (2 if "children" in target else 0)


def test_a_shape_that_the_layer_tells_is_enough(capsys):
    assert called("mine:Shaped") == 0
    assert capsys.readouterr().out.startswith("Shaped       input (3, 3), on cpu")


def test_the_check_may_be_spelled_out_and_options_may_come_first(capsys):
    assert called("check", "--input-shape", "4,3", "mine:Scale") == 0
    assert called("--input-shape", "4,3", "mine:Scale") == 0


def test_training_is_handed_on(capsys):
    assert called("mine:dropout", "--input-shape", "4,3") == 0
    assert called("mine:dropout", "--input-shape", "4,3", "--training") == 0
    inference, training = re.findall(r"(\d+) of them without", words_of(capsys.readouterr().out))
    assert int(training) < int(inference)


def test_a_saved_model_is_checked(folder, capsys):
    model = op.Sequential([layers.Dense(3, seed=1)])
    model.forward = None  # a model is no layer
    model.build((4,))
    model.save(folder / "model.onepath")
    assert called("model.onepath") == 0
    assert "input (3, 4), on cpu" in capsys.readouterr().out
    (folder / "model.onepath").write_bytes(b"x")
    assert called("model.onepath") == 1
    assert "model.onepath is no model file, or is damaged" in capsys.readouterr().err


# Wrong usage


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: ACTION"),
        (["mine"], "TARGET is MODULE:LAYER, or the file of a saved model; there is no file 'mine'"),
        (["no.onepath"], "there is no file 'no.onepath'"),
        (["mine:"], "TARGET is MODULE:LAYER"),
        (["mine:Scale"], "mine:Scale does not tell the shape of its input: --input-shape does"),
        (["mine:Scale", "--input-shape", "2,x"], "must be positive integers as in 2,3,8,8, got '2"),
        (["mine:Scale", "--input-shape", "0,3"], "must be positive integers"),
        (["mine:Sacle"], "module 'mine' has no 'Sacle'; of layers it has net, dropout, exact, Sca"),
        (
            ["mine:number"],
            "mine:number is of type int: it must be a layer, a class of layers, or a func",
        ),
        (
            ["mine:broken"],
            f"mine:broken() fails: RuntimeError: no weights (mine.py, line {line_of('raise Run')})",
        ),
        (["mine:refused"], f"got -1 (mine.py, line {line_of('return Dense(-1)')}). A layer that"),
        (["mine:Named"], "mine:Named() fails: TypeError: "),
        (["mine:np.zeros"], "mine:np.zeros() fails: TypeError"),
        (["mine:net.depth"], "mine:net.depth: Sequential(Dense(units=3), ReLU()) has no 'depth'"),
        (["mine:dict"], "module 'mine' has no 'dict'"),
        (
            ["absent:Scale"],
            "importing 'absent' fails: ModuleNotFoundError: No module named 'absent'\n",
        ),
        (
            ["faulty:Scale"],
            "importing 'faulty' fails: ZeroDivisionError: division by zero (faulty.py, ",
        ),
        (
            ["unreadable:x"],
            "importing 'unreadable' fails: SyntaxError: '(' was never closed (unread",
        ),
        (["record", "--device", "cpu"], "the following arguments are required: -o/--output"),
        (["record", "-o", "f", "--training"], "--input-shape and --training are for a TARGET"),
        (["replay"], "the following arguments are required: FILE"),
        (["diff", "f"], "the following arguments are required: B"),
    ],
)
def test_wrong_usage(words, message, folder, capsys):
    (folder / "faulty.py").write_text("\n1 / 0\n")
    (folder / "unreadable.py").write_text("x = (1,\n")
    assert called(*words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("usage: onepath parity")
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_the_shell_gets_the_status(folder):
    """From the current folder, as a person would call it."""
    for words, status in ((["mine:made", "--input-shape", "2,3"], 0), (["mine:number"], 2)):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "onepath", "parity", *words],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == status, done.stderr


# Recordings


@pytest.fixture
def recorded(folder):
    """A function that records a layer of the module."""

    def recorded(name, *words, layer="net", device="cpu"):
        options = ["--device", device, "-o", name, "--input-shape", "64,3"]
        assert called("record", *options, f"mine:{layer}", *words) == 0
        return folder / name

    return recorded


def test_a_recording_is_made_replayed_and_compared(recorded, capsys):
    recorded("a.npz")
    printed = words_of(capsys.readouterr().out)
    assert f"recorded mine:net on cpu, date {Recording.read('a.npz').origin['date']}" in printed
    assert (
        "replay with python -m onepath parity replay a.npz mine:net --input-shape 64,3" in printed
    )

    words = ["mine:net", "--input-shape", "64,3"]
    assert called("replay", "a.npz", *words, "--device", "simulated") == 0
    printed = capsys.readouterr().out
    assert re.search(r"^case +recorded cpu +simulated:0$", printed, re.M)
    assert re.search(r"^mine:net +\d+\.\d% +\d+\.\d%$", printed, re.M)
    assert "comparisons are within their bounds" in words_of(printed)

    recorded("b.npz", device="simulated")
    capsys.readouterr()
    assert called("diff", "a.npz", "b.npz", *words) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^A +a.npz: cpu, date", printed)
    assert re.search(r"^case +dtype +quantity +difference +ULP +of bound$", printed, re.M)
    assert re.search(r"equal +\d+ of \d+ quantities$", printed)


def test_recordings_that_are_equal_have_no_table(recorded, capsys):
    recorded("a.npz")
    capsys.readouterr()
    assert called("diff", "a.npz", "a.npz", "mine:net", "--input-shape", "64,3") == 0
    printed = capsys.readouterr().out
    assert "ULP" not in printed
    count = re.search(r"(\d+) of (\d+) quantities", printed)
    assert count[1] == count[2]


def test_a_recording_that_is_wrong_is_told(recorded, capsys):
    path = recorded("a.npz")
    manifest, trees = recording_file.read(path)
    trees["mine:net"]["float32"]["computed"]["forward"][0, 0] += 1
    recording_file.write(path, manifest, trees)
    capsys.readouterr()
    assert called("replay", path, "mine:net", "--input-shape", "64,3") == 1
    captured = capsys.readouterr()
    assert "is wrong on recorded cpu (float32" in captured.out
    assert re.search(r"wrong +recorded cpu; cpu is right", captured.out)


def test_a_recording_that_is_damaged_or_stale_is_refused(recorded, capsys):
    path = recorded("a.npz")
    capsys.readouterr()
    for words, message in (
        (
            ["mine:Scale", "--input-shape", "64,3"],
            "a.npz is stale: it holds 'mine:net', which is not",
        ),
        (["mine:net", "--input-shape", "5,3"], "which is not what it was: input.0 was 64, is 5"),
        ([], "which is not in this version's table of cases; a recording of your own layers is"),
    ):
        assert called("replay", path, *words) == 1
        assert message in capsys.readouterr().err
    path.write_bytes(path.read_bytes()[:-100])
    assert called("replay", path) == 1
    assert capsys.readouterr().err.startswith(f"onepath parity: {path} is no recording, or is dam")
    assert called("replay", "absent.npz") == 1
    assert "absent.npz" in capsys.readouterr().err


def test_without_a_gpu_nothing_is_recorded(folder, monkeypatch, capsys):
    def unavailable(name):
        raise BackendUnavailableError("no CUDA GPU answers: install NVIDIA's driver")

    monkeypatch.setattr("onepath.testing.recordings.golden.get_backend", unavailable)
    assert called("record", "-o", "f.npz", "mine:Scale", "--input-shape", "2,3") == 1
    captured = capsys.readouterr()
    assert captured.err == "onepath parity: no CUDA GPU answers: install NVIDIA's driver\n"
    assert not (folder / "f.npz").exists()


def test_what_raises_on_the_device_is_told(recorded, capsys):
    words = ["record", "--device", "simulated", "-o", "f.npz", "mine:HostConstant"]
    assert called(*words, "--input-shape", "64,3") == 1
    assert "mine:HostConstant cannot be recorded: it raises TypeError" in capsys.readouterr().out


# On a terminal


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_longer_than_the_terminal(columns, recorded, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    recorded("a.npz")
    recorded("b.npz", device="simulated")
    words = ["mine:net", "--input-shape", "64,3"]
    for line in (words, ["replay", "a.npz", *words], ["diff", "a.npz", "b.npz", *words]):
        assert called(*line) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert all(line == line.rstrip() for line in lines)


def test_help(capsys):
    for words in (["--help"], ["check", "--help"], ["record", "--help"], ["diff", "--help"]):
        assert called(*words) == 0
    printed = capsys.readouterr().out
    assert "usage: onepath parity [-h] {TARGET,record,replay,diff} ..." in printed
    assert "usage: onepath parity record [-h]" in printed
