"""What a person sees while a model is trained, and the history kept of it."""

import csv
import re

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.training.progress import ProgressBar, ProgressLines, progress


def fit(**options):
    op.set_seed(0)
    model = op.Sequential([layers.Dense(2)])
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)).astype("float32"), np.zeros((12, 2), "float32")
    return model.fit(x, y, epochs=2, batch_size=4, **options)


def test_a_line_for_each_epoch(capsys):
    history = fit(verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for number, line in enumerate(lines):
        pattern = r"epoch (\d)/2  loss (\d\.\d{4})  \d+\.\d s  [\d,]+ samples/s"
        epoch, loss = re.fullmatch(pattern, line).groups()
        assert int(epoch) == number + 1
        assert float(loss) == pytest.approx(history.history["loss"][number], abs=5e-5)


def test_silence(capsys):
    fit(verbose=0)
    assert capsys.readouterr().out == ""


def test_auto_is_lines_where_there_is_no_terminal():
    assert [type(callback) for callback in progress("auto")] == [ProgressLines]


def test_auto_is_a_bar_on_a_terminal(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert [type(callback) for callback in progress("auto")] == [ProgressBar]


def test_without_rich_the_bar_becomes_lines(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rich.progress", None)
    assert [type(callback) for callback in progress(1)] == [ProgressLines]


def test_the_bar_leaves_a_line_for_each_epoch(capsys):
    fit(verbose=1)
    text = capsys.readouterr().out
    assert "epoch 1/2  loss" in text
    assert "epoch 2/2  loss" in text


def test_history_as_csv(tmp_path):
    history = fit(verbose=0)
    history.to_csv(tmp_path / "h.csv")
    with open(tmp_path / "h.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["epoch", "loss"]
    assert [float(row[1]) for row in rows[1:]] == history.history["loss"]
    assert [row[0] for row in rows[1:]] == ["0", "1"]
    assert repr(history).startswith("<History of 2 epochs: loss=")
