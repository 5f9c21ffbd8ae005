"""The commands as a person gives them."""

import csv
import json
import os
import signal
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import onepath as op
from onepath.cli import train as train_module
from onepath.cli.main import main

PICTURES = {"confusion.png", "curves.png", "kernels.png", "mistakes.png"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder after three epochs, and what was printed."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    options = ["--epochs", "3", "--output", folder, "--device", "cpu", "--seed", "1"]
    result = subprocess.run(
        [sys.executable, "-m", "onepath", "train", *options],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return folder, result.stdout


def test_train_leaves_a_run_folder(run):
    folder, printed = run
    assert {path.name for path in folder.iterdir()} == PICTURES | {
        "model.onepath",
        "history.csv",
        "run.json",
    }
    for picture in PICTURES:
        with Image.open(folder / picture) as image:
            assert min(image.size) > 300
    about = json.loads((folder / "run.json").read_text())
    assert about["test_accuracy"] > 0.9
    assert about["epochs"] == 3
    assert f"test accuracy {about['test_accuracy']:.4f}" in printed
    with open(folder / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert float(rows[-1]["val_accuracy"]) > 0.9
    assert f"python -m onepath predict {folder} IMAGE..." in printed


def test_the_model_in_the_folder_is_the_one_that_was_tested(run):
    folder, _ = run
    data = op.datasets.load("digits")
    model = op.load_model(folder / "model.onepath")
    right = (model.predict(data.x_test).argmax(1) == data.y_test).mean()
    assert right == json.loads((folder / "run.json").read_text())["test_accuracy"]


def test_predict_classifies_files(run, tmp_path, capsys):
    folder, _ = run
    data = op.datasets.load("digits")
    expected = op.load_model(folder / "model.onepath").predict(data.x_test[:40]).argmax(1)
    paths = []
    for number, image in enumerate(data.x_test[:40]):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(np.uint8(np.round(image[0] * 255))).save(paths[-1])
    assert main(["predict", str(folder), "--invert", "no", *map(str, paths)]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = [
        line.removeprefix(f"{path}: ").split()[0] for line, path in zip(lines, paths, strict=True)
    ]
    assert told == [str(label) for label in expected]
    assert all("%" in line and "(then " in line for line in lines)


def test_predict_goes_on_after_a_file_that_is_none(run, tmp_path, capsys):
    folder, _ = run
    Image.fromarray(np.zeros((8, 8), "uint8")).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("text")
    assert (
        main(["predict", str(folder), str(tmp_path / "bad.png"), str(tmp_path / "good.png")]) == 1
    )
    captured = capsys.readouterr()
    assert "bad.png" in captured.err
    assert captured.out.startswith(f"{tmp_path / 'good.png'}: ")


def test_predict_without_a_run(tmp_path, capsys):
    assert main(["predict", str(tmp_path), "image.png"]) == 1
    assert "model.onepath" in capsys.readouterr().err


def test_nothing_is_overwritten(run, capsys):
    folder, _ = run
    before = (folder / "model.onepath").read_bytes()
    assert main(["train", "--output", str(folder)]) == 1
    assert "exists already: nothing is overwritten" in capsys.readouterr().err
    assert (folder / "model.onepath").read_bytes() == before


def write_idx(folder):
    rng = np.random.default_rng(0)
    for part, count in (("train", 60), ("t10k", 20)):
        labels = np.arange(count) % 10
        images = rng.integers(0, 50, (count, 12, 12)).astype("uint8")
        images[np.arange(count), labels] = 255
        (folder / f"{part}-images-idx3-ubyte").write_bytes(
            struct.pack(">IIII", 2051, count, 12, 12) + images.tobytes()
        )
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">II", 2049, count) + labels.astype("uint8").tobytes()
        )


def test_train_on_a_folder_of_idx_files_stopping_early(tmp_path, capsys):
    write_idx(tmp_path)
    output = tmp_path / "run"
    arguments = ["train", "--data", str(tmp_path), "--output", str(output), "--epochs", "2"]
    assert main([*arguments, "--device", "cpu", "--patience", "1", "--batch-size", "16"]) == 0
    about = json.loads((output / "run.json").read_text())
    assert about["image_shape"] == [1, 12, 12]
    assert about["batch_size"] == 16
    assert "60" not in capsys.readouterr().err


def test_the_same_seed_gives_the_same_model(tmp_path):
    write_idx(tmp_path)
    models = []
    for name in ("a", "b"):
        output = tmp_path / name
        arguments = ["train", "--data", str(tmp_path), "--output", str(output), "--epochs", "1"]
        assert main([*arguments, "--device", "cpu", "--seed", "5"]) == 0
        models.append(op.load_model(output / "model.onepath").arrays())
    for name, array in models[0].items():
        np.testing.assert_array_equal(array, models[1][name])


@pytest.mark.skipif(os.name != "posix", reason="a process sends itself SIGINT")
def test_ctrl_c_keeps_what_was_learned(tmp_path, monkeypatch):
    write_idx(tmp_path)
    output = tmp_path / "run"

    class PressCtrlC(op.training.Callback):
        def on_epoch_end(self, epoch, logs):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(train_module, "_callbacks", lambda options, epochs: [PressCtrlC()])
    arguments = ["train", "--data", str(tmp_path), "--output", str(output), "--epochs", "9"]
    # a process that was started in the background ignores Ctrl-C
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main([*arguments, "--device", "cpu"]) == 130
    finally:
        signal.signal(signal.SIGINT, earlier)
    about = json.loads((output / "run.json").read_text())
    assert about["interrupted"]
    assert about["epochs"] == 1
    assert (output / "model.onepath").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "no/such/folder"], "no/such/folder"),
        (["--device", "tpu"], "unknown backend 'tpu'; known are 'auto', 'cpu', 'cuda'"),
        (["--learning-rate", "nan"], "learning_rate"),
        (["--seed", "-1"], "a seed is an integer from 0"),
    ],
)
def test_what_a_person_gets_wrong_is_a_line_not_a_traceback(arguments, message, tmp_path, capsys):
    assert main(["train", "--output", str(tmp_path / "run"), *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("onepath train: ")
    assert message in error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("arguments", [["--epochs", "0"], ["--batch-size", "x"], ["--what"]])
def test_arguments_of_the_wrong_form(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["train", *arguments])
    assert arguments[0] in capsys.readouterr().err


def test_a_missing_package_is_named_before_anything_is_done(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("onepath.cli.requirements.find_spec", lambda name: None)
    assert main(["train", "--output", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err
    assert "matplotlib, safetensors, rich, threadpoolctl" in error
    assert "pip install 'onepath[train]'" in error
    assert not (tmp_path / "run").exists()


def test_help_and_version(capsys):
    for arguments in (["--help"], ["train", "--help"], ["predict", "--help"], ["doctor", "--help"]):
        with pytest.raises(SystemExit, match="0"):
            main(arguments)
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.endswith(f"onepath {op.__version__}\n")
