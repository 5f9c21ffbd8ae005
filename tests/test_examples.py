"""The scripts of ``examples/``: each learns, in less time than it is meant to take."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def script(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "options", "chance"),
    [
        ("lenet5", ["--epochs", "4", "--samples", "600"], 0.1),
        ("resnet20", ["--epochs", "1", "--samples", "192"], 0.1),
        ("signals", ["--epochs", "3", "--samples", "800"], 0.125),
        ("sequences", ["--epochs", "2", "--samples", "1600"], 0.5),
    ],
)
def test_it_learns(name, options, chance, capsys):
    accuracy = script(name).main(options)
    assert 0 <= accuracy <= 1
    assert f"test accuracy {accuracy:.4f}" in capsys.readouterr().out
    if name in ("lenet5", "signals"):  # the others take longer to begin with
        assert accuracy > 3 * chance


@pytest.mark.parametrize("name", ["resnet20", "signals", "sequences"])
def test_what_is_made_is_the_same_each_time_and_balanced(name):
    module = script(name)
    make = module.draw if name == "resnet20" else module.make
    (x, y), (again, labels) = make(200, seed=1), make(200, seed=1)
    np.testing.assert_array_equal(x, again)
    np.testing.assert_array_equal(y, labels)
    assert not np.array_equal(x, make(200, seed=2)[0])
    counts = np.bincount(y)
    assert counts.min() > 200 / len(counts) / 3


def test_brackets_match_where_it_says_so():
    module = script("sequences")
    texts, labels = module.make(300, seed=3)
    for codes, label in zip(texts, labels, strict=True):
        text = "".join(module.ALPHABET[code] for code in codes if module.ALPHABET[code] in "()[]")
        while "()" in text or "[]" in text:
            text = text.replace("()", "").replace("[]", "")
        assert (text == "") == bool(label)


def test_pictures_of_the_network(tmp_path):
    path = tmp_path / "resnet20.svg"
    script("resnet20").main(["--epochs", "1", "--samples", "20", "--plot", str(path)])
    assert path.read_text(encoding="utf-8").count("<rect") > 60
