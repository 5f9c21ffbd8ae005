"""``python -m onepath explain``: what it prints, and how it ends."""

import re

import pytest

import onepath as op
from onepath.backends import Geometry
from onepath.backends.convolution import planner
from onepath.backends.convolution.measurements import Measurements
from onepath.cli.main import main
from onepath.layers import Conv2D, Dense, Flatten

GEOMETRY = ["--input", "2,6,6", "--filters", "4", "--kernel", "3"]


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A folder for measurements, of which there are none yet."""
    monkeypatch.setenv("ONEPATH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(planner, "memory", Measurements())
    monkeypatch.setattr(planner, "_decided", {})
    return tmp_path / "cache"


@pytest.fixture
def explained(capsys):
    """A function that runs the command and returns what it prints."""

    def explained(*words):
        assert main(["explain", *map(str, words), "--device", "cpu"]) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        return captured.out

    return explained


@pytest.fixture
def model(tmp_path):
    """The file of a saved model, in what could be a run folder."""
    network = op.Sequential([Conv2D(4, 3), Conv2D(2, 1, dtype="float64"), Flatten(), Dense(2)])
    network.layer.build((2, 6, 6))
    network.save(tmp_path / "model.onepath")
    return tmp_path / "model.onepath"


def test_a_convolution_that_is_described(explained, cache):
    out = explained(*GEOMETRY)
    assert out.startswith(str(op.explain(Geometry.of((2, 6, 6), 4, 3))))
    assert "predictions compare engines" in out
    assert max(map(len, out.split("\n"))) <= 80
    assert not cache.exists()


def test_every_word_is_heard(explained):
    words = ["--input", "4,9,8", "--filters", "6", "--kernel", "3,2", "--strides", "2,1"]
    words += ["--padding", "0,2", "--dilation", "1,2", "--groups", "2", "--batch", "5"]
    geometry = Geometry.of((4, 9, 8), 6, (3, 2), (2, 1), (0, 2), (1, 2), 2)
    out = explained(*words, "--dtype", "float16")
    assert out.startswith(str(op.explain(geometry, 5, dtype="float16")))
    assert "signal cannot: " in out


@pytest.mark.parametrize(
    ("padding", "expected"), [("same", "same"), ("full", "full"), ("1", 1), ("0,1", (0, 1))]
)
def test_paddings(explained, padding, expected):
    geometry = Geometry.of((2, 6, 6), 4, 3, padding=expected)
    out = explained(*GEOMETRY, "--padding", padding)
    assert out.startswith(str(op.explain(geometry)))


def test_a_model_and_a_run_folder(explained, model):
    for path in (model, model.parent):
        out = explained(path, "--batch", "8")
        assert out.startswith(str(op.explain(op.load_model(model), 8)))
        assert re.findall(r"^conv.*", out, re.MULTILINE) == ["conv2d (Conv2D)", "conv2d_1 (Conv2D)"]
        assert "batch 8, float64, cpu" in out


def test_a_model_without_convolutions(explained, tmp_path):
    network = op.Sequential([Dense(2)])
    network.layer.build((3,))
    network.save(tmp_path / "dense")
    assert explained(tmp_path / "dense").startswith("There are no convolutions.\n")


def test_measuring_is_remembered(explained, cache):
    out = explained(*GEOMETRY, "--batch", "2", "--measure")
    assert out.count("fastest measured") == 3
    assert out.endswith(f"They are kept in {cache / 'convolutions.json'}.\n")
    assert (cache / "convolutions.json").exists()
    again = explained(*GEOMETRY, "--batch", "2")
    assert again.startswith(out.partition("\n\n")[0])
    assert again.endswith("\n\nTimes are of one thread.\n")
    assert "smallest prediction" in explained(*GEOMETRY, "--batch", "3")


def test_measuring_without_a_file(explained, monkeypatch, without):
    monkeypatch.setenv("ONEPATH_CACHE", "off")
    without("rich")
    out = explained(*GEOMETRY, "--batch", "2", "--measure")
    assert out.endswith("They are kept in no file: ONEPATH_CACHE is off.\n")


def test_a_terminal_sees_what_is_measured(model, monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["explain", str(model), "--batch", "1", "--device", "cpu", "--measure"]) == 0
    captured = capsys.readouterr()
    for name in ("conv2d", "conv2d_1"):
        assert f"measuring {name} (Conv2D)" in captured.err
        assert f"\x1b[1m{name} (Conv2D)\x1b[0m" in captured.out
    assert re.search(r"\x1b\[32m  > \w+ .*fastest measured\x1b\[0m", captured.out)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a MODEL, or describe a convolution by --input, --filters and --kernel"),
        (["--input", "2,6,6", "--kernel", "3"], "name a MODEL, or describe"),
        (["model", "--kernel", "3", "--input", "2,6,6"], "leave out --input, --kernel"),
        (["--input", "2,x"], "argument --input: must be integers as in 3,5, got '2,x'"),
        ([*GEOMETRY, "--kernel", ""], "argument --kernel: must be integers"),
        ([*GEOMETRY, "--padding", "1,same"], "argument --padding: must be integers"),
        ([*GEOMETRY, "--dtype", "int8"], "argument --dtype: invalid choice: 'int8'"),
        ([*GEOMETRY, "--batch", "many"], "argument --batch: invalid int value: 'many'"),
    ],
)
def test_words_of_the_wrong_form(words, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["explain", *words])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*GEOMETRY, "--kernel", "7"], "the kernel spans 7 positions on spatial axis 0"),
        ([*GEOMETRY, "--kernel", "3,3,3"], "kernel_size must have 2 entries, got (3, 3, 3)"),
        ([*GEOMETRY, "--strides", "0"], "strides must be at least 1, got 0"),
        ([*GEOMETRY, "--padding", "some"], "padding must be 'valid', 'same', 'full'"),
        ([*GEOMETRY, "--groups", "0"], "groups must be at least 1, got 0"),
        ([*GEOMETRY, "--filters", "0"], "filters must be at least 1, got 0"),
        ([*GEOMETRY, "--batch", "0"], "batch_size must be at least 1, got 0"),
        ([*GEOMETRY, "--device", "tpu"], "unknown backend 'tpu'"),
        (["--input", "2", "--filters", "4", "--kernel", "3"], "one to three spatial axes"),
        (["no/such/file"], "no/such/file"),
        (["."], "model.onepath"),
    ],
)
def test_what_a_person_gets_wrong_is_a_line_not_a_traceback(
    words, message, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    assert main(["explain", "--device", "cpu", *words]) == 1
    error = capsys.readouterr().err
    assert error.startswith("onepath explain: ")
    assert message in error
    assert error.count("\n") == 1


def test_help(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["explain", "--help"])
    assert "say which engine" in " ".join(capsys.readouterr().out.lower().split())
