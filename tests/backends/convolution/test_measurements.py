"""What is remembered of engines' times: in memory, in a file, and out of bad files."""

import builtins
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from onepath.backends import Geometry
from onepath.backends.convolution import measurements as measurements_module
from onepath.backends.convolution.measurements import Measurements, case_of, path_of_file
from onepath.backends.machine import machine_of

TIMES = {"one case": {"gemm": 0.5, "signal": 2.0}}


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Where measurements are kept, in a folder that does not exist yet."""
    monkeypatch.setenv("ONEPATH_CACHE", str(tmp_path / "some" / "folder"))
    return tmp_path / "some" / "folder" / "convolutions.json"


@pytest.fixture
def without_platformdirs(monkeypatch):
    real = builtins.__import__

    def failing(name, *arguments, **options):
        if name == "platformdirs":
            raise ImportError("No module named 'platformdirs'")
        return real(name, *arguments, **options)

    monkeypatch.delenv("ONEPATH_CACHE")
    monkeypatch.setattr(builtins, "__import__", failing)


def write(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def test_nothing_is_known_at_first(cpu, file):
    assert Measurements().times(cpu, "one case") == {}
    assert not file.parent.exists()


@pytest.mark.usefixtures("file")
def test_where_nothing_was_measured_nobody_asks_which_machine_it_is(cpu, monkeypatch):
    monkeypatch.setattr(measurements_module, "machine_of", None)
    assert Measurements().times(cpu, "one case") == {}


def test_what_is_added_is_known_here_and_to_later_processes(cpu, file):
    measurements = Measurements()
    measurements.add(cpu, TIMES)
    for each in (measurements, Measurements()):
        assert each.times(cpu, "one case") == TIMES["one case"]
        assert each.times(cpu, "another case") == {}
    assert json.loads(file.read_text()) == {
        "format": 1,
        "seconds": {machine_of("cpu", cpu.xp): TIMES},
    }
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_machines_are_told_apart(cpu, file):
    write(file, {"format": 1, "seconds": {"another machine": TIMES}})
    assert Measurements().times(cpu, "one case") == {}


@pytest.mark.usefixtures("file")
def test_a_case_that_is_measured_again_has_its_new_times_alone(cpu):
    measurements = Measurements()
    measurements.add(cpu, TIMES)
    measurements.add(cpu, {"one case": {"gemm": 0.25}})
    for each in (measurements, Measurements()):
        assert each.times(cpu, "one case") == {"gemm": 0.25}


def test_processes_keep_what_others_measured(cpu, file):
    first, second = Measurements(), Measurements()
    assert first.times(cpu, "a") == second.times(cpu, "b") == {}
    first.add(cpu, {"a": {"gemm": 1.0}})
    second.add(cpu, {"b": {"gemm": 2.0}})
    later = Measurements()
    assert later.times(cpu, "a") == {"gemm": 1.0}
    assert later.times(cpu, "b") == {"gemm": 2.0}
    content = json.loads(file.read_text())
    write(file, content | {"seconds": content["seconds"] | {"elsewhere": TIMES}})
    first.add(cpu, {"c": {"gemm": 3.0}})
    assert json.loads(file.read_text())["seconds"]["elsewhere"] == TIMES
    # what this process computes with does not change while it runs
    assert first.times(cpu, "b") == {}


BAD = {
    "empty": ("", "Expecting value"),
    "truncated": ('{"format": 1, "seconds": {"cpu', "Unterminated string"),
    "not JSON": ("gemm is the fastest", "Expecting value"),
    "deep": ("[" * 100_000, "recursion"),
    "a list": ([1, 2], "not a file of onepath's measurements"),
    "foreign": ({"name": "left-pad", "version": 1}, "not a file of onepath's measurements"),
    "no times": ({"format": 1}, "not a file of onepath's measurements"),
    "newer": ({"format": 2, "seconds": {}}, "its format is 2, and this version's is 1"),
    "list of machines": ({"format": 1, "seconds": []}, "'seconds' is a list, where an object"),
    "number of cases": ({"format": 1, "seconds": {"m": 3}}, "'m' is a int, where an object"),
    "text of times": ({"format": 1, "seconds": {"m": {"c": "x"}}}, "'c' is a str, where an"),
    **{
        f"time {value!r}": (
            {"format": 1, "seconds": {"m": {"c": {"gemm": value}}}},
            "'c': gemm took .*, which is no time",
        )
        for value in (0, -1.0, float("nan"), float("inf"), "fast", None, True)
    },
}


@pytest.mark.parametrize(("content", "problem"), BAD.values(), ids=BAD)
def test_a_bad_file_is_ignored_with_one_warning_and_replaced(cpu, file, content, problem):
    write(file, content)
    measurements = Measurements()
    with pytest.warns(UserWarning, match=f"{re.escape(str(file))} are ignored: .*{problem}"):
        assert measurements.times(cpu, "one case") == {}
    assert measurements.times(cpu, "one case") == {}
    measurements.add(cpu, TIMES)
    assert Measurements().times(cpu, "one case") == TIMES["one case"]


def test_bytes_that_are_no_text(cpu, file):
    write(file, "")
    file.write_bytes(b"\xff\xfe\xfd{}")
    with pytest.warns(UserWarning, match=r"convolutions\.json are ignored: "):
        assert Measurements().times(cpu, "one case") == {}


def test_a_file_that_may_not_be_read(cpu, file, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.warns(UserWarning, match=r"are ignored: .*Permission denied: .*convolutions\.json"):
        assert Measurements().times(cpu, "one case") == {}


def test_a_folder_in_the_place_of_the_file(cpu, file):
    file.mkdir(parents=True)
    measurements = Measurements()
    with pytest.warns(UserWarning, match="are ignored"):
        assert measurements.times(cpu, "one case") == {}
    with pytest.warns(UserWarning, match=r"could not be kept in .*convolutions\.json: "):
        measurements.add(cpu, TIMES)
    assert measurements.times(cpu, "one case") == TIMES["one case"]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_file_in_the_place_of_the_folder(cpu, file):
    file.parent.parent.mkdir(exist_ok=True)
    file.parent.write_text("")
    measurements = Measurements()
    with pytest.warns(UserWarning, match=r"are ignored|could not be kept") as caught:
        measurements.add(cpu, TIMES)
    assert len(caught) == 2
    assert measurements.times(cpu, "one case") == TIMES["one case"]


def test_a_warning_that_is_an_error_is_one_only_once(cpu, file):
    write(file, "bad")
    measurements = Measurements()
    with warnings.catch_warnings(action="error"):
        with pytest.raises(UserWarning, match="are ignored"):
            measurements.times(cpu, "one case")
        assert measurements.times(cpu, "one case") == {}


def test_without_a_file_this_process_remembers(cpu, monkeypatch, tmp_path):
    monkeypatch.setenv("ONEPATH_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    assert path_of_file() is None
    measurements = Measurements()
    measurements.add(cpu, TIMES)
    assert measurements.times(cpu, "one case") == TIMES["one case"]
    assert Measurements().times(cpu, "one case") == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("unset", [True, False])
def test_the_users_cache_folder_is_where_it_is_by_default(monkeypatch, unset):
    platformdirs = pytest.importorskip("platformdirs", reason="pip install 'onepath[train]'")
    if unset:
        monkeypatch.delenv("ONEPATH_CACHE")
    else:
        monkeypatch.setenv("ONEPATH_CACHE", "")
    folder = platformdirs.user_cache_path("onepath", appauthor=False)
    assert path_of_file() == folder / "convolutions.json"


@pytest.mark.usefixtures("without_platformdirs")
def test_without_platformdirs_one_can_ask_but_not_add(cpu):
    measurements = Measurements()
    assert measurements.times(cpu, "one case") == {}
    with pytest.raises(ImportError, match=r"pip install 'onepath\[train\]', or .* ONEPATH_CACHE"):
        measurements.add(cpu, TIMES)


@pytest.mark.usefixtures("without_platformdirs")
def test_a_folder_that_is_named_needs_no_platformdirs(cpu, monkeypatch, tmp_path):
    monkeypatch.setenv("ONEPATH_CACHE", str(tmp_path))
    Measurements().add(cpu, TIMES)
    assert Measurements().times(cpu, "one case") == TIMES["one case"]


def test_all_that_times_depend_on_makes_another_case():
    arguments = {"input_shape": (4, 9, 9), "filters": 4, "kernel_size": 3}
    changes = [
        {},
        {"input_shape": (4, 9, 10)},
        {"input_shape": (2, 9, 9)},
        {"filters": 8},
        {"kernel_size": (3, 2)},
        {"strides": (1, 2)},
        {"padding": "same"},
        {"padding": ((0, 1), 0)},
        {"dilation_rate": 2},
        {"groups": 2},
    ]
    cases = [
        case_of("forward", Geometry.of(**arguments | change), 8, "float32") for change in changes
    ]
    geometry = Geometry.of(**arguments)
    cases.append(case_of("input_gradient", geometry, 8, "float32"))
    cases.append(case_of("forward", geometry, 9, "float32"))
    cases.append(case_of("forward", geometry, 8, "float64"))
    assert len(set(cases)) == len(cases)


def test_no_file_is_touched_before_the_first_decision(tmp_path):
    script = f"""if True:
        import sys
        seen = []
        sys.addaudithook(lambda event, arguments: seen.append(repr(arguments)))
        import onepath as op, numpy as np
        op.layers, op.training, op.tuning
        layer = op.layers.Conv2D(1, 1)
        touched = lambda: any({str(tmp_path)!r} in each for each in seen)
        print(touched(), "platformdirs" in sys.modules)
        layer.forward(np.ones((1, 1, 2, 2), "f4"))
        print(touched())
    """
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "ONEPATH_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["False", "False", "True"]
    assert list(tmp_path.iterdir()) == []
