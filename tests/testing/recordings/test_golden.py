"""Recordings of devices: what is kept, and which side is said to be wrong."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import onepath
from onepath.backends import BackendUnavailableError, backend_of, get_backend
from onepath.layers import BatchNormalization, Conv2D, Dense, Flatten, Sequential
from onepath.losses import MeanSquaredError
from onepath.optimizers import SGD, Adam
from onepath.testing import cases
from onepath.testing.cases import Case
from onepath.testing.failure import ParityError
from onepath.testing.losses import LossLayer
from onepath.testing.recordings import file as recording_file
from onepath.testing.recordings.file import RecordingError
from onepath.testing.recordings.golden import diff, record, replay
from onepath.testing.recordings.origin import origin_of
from onepath.testing.recordings.recording import PARTS, Recording

GOLDEN = sorted(Path(__file__).parents[2].joinpath("recordings").glob("*.npz"))


class Scale:
    """A stranger's layer."""

    def __init__(self, dtype, features=4, factor=2.0):
        self.weight = np.linspace(0.5, 1.5, features).astype(dtype)
        self.factor = factor

    def forward(self, x):
        self.x = x
        return x * self.weight * self.factor

    def backward(self, dy):
        self.grad_weight = (self.x * dy).sum(axis=0) * self.factor
        return dy * self.weight * self.factor


class BadOnDevices(Scale):
    """Right on the CPU alone."""

    def forward(self, x):
        return super().forward(x) * (1.0 if backend_of(x).name == "cpu" else 1.001)


def dense(dtype):
    return Dense(3, dtype=dtype, seed=1)


def network(dtype):
    convolution = Conv2D(2, 2, strides=2, dtype=dtype, seed=1)
    return Sequential([convolution, BatchNormalization(dtype=dtype), Flatten()])


def loss(dtype):
    return LossLayer(MeanSquaredError(), np.array([[1.0, 2.0], [0.5, 4.0], [-1.0, 0.0]]))


CASES = [
    Case("dense", dense, (4,), optimizer=Adam()),
    Case("network", network, (2, 4, 4), training=True),
    Case("loss", loss, (2,)),
    Case("scale", Scale, (4,)),
]

BAD = [Case("bad", BadOnDevices, (4,))]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A recording of the cases, made on the CPU."""
    path = tmp_path_factory.mktemp("recordings") / "cpu.npz"
    record(path, CASES, "cpu")
    return path


@pytest.fixture
def forged(original, tmp_path):
    """A function that changes a recording, and gives it the digests that a genuine one has."""

    def forged(change):
        manifest, trees = recording_file.read(original)
        change(manifest, trees)
        recording_file.write(tmp_path / "forged.npz", manifest, trees)
        return tmp_path / "forged.npz"

    return forged


def changed(name, **changes):
    """The cases, one of them changed."""
    return [replace(case, **changes) if case.name == name else case for case in CASES]


# Golden recordings


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_recordings_are_replayed(path, backend):
    reports = replay(path, backend)
    assert len(reports) > 100
    sides = {f"recorded {Recording.read(path).device}", backend.name}
    for report in reports:
        assert {row.backend for row in report.rows} == sides
        assert {row.dtype for row in report.rows} == {"float32", "float64"}


def test_that_of_the_cpu_holds_the_whole_table():
    (path,) = [path for path in GOLDEN if path.stem == "cpu"]
    assert set(Recording.read(path).descriptions) == {case.name for case in cases.cases()}


def test_golden_recordings_are_small():
    assert all(path.stat().st_size < 1_000_000 for path in GOLDEN)


# What is kept


def test_numpy_alone_reads_what_is_kept(original):
    with np.load(original) as file:
        assert set(file) == {*(case.name for case in CASES), "manifest", "digest"}
        parts = file["dense"]["float32"]
        manifest = json.loads(str(file["manifest"]))
    given, computed, truth = (parts[name] for name in PARTS)
    steps = [f"step {step} {name}" for step in (1, 2, 3) for name in ("kernel", "bias")]
    assert given.dtype.names == ("input", "output gradient", "parameter kernel", "parameter bias")
    assert computed.dtype.names == (
        "forward",
        "input gradient",
        "gradient of kernel",
        "gradient of bias",
        *steps,
    )
    assert truth.dtype.names == computed.dtype.names
    assert {computed[name].dtype for name in computed.dtype.names} == {np.dtype("float32")}
    assert {truth[name].dtype for name in truth.dtype.names} == {np.dtype("float64")}

    # the layer's formulas, by hand
    x, dy, kernel, bias = (given[name].astype("float64") for name in given.dtype.names)
    for part, tolerance in ((truth, 1e-14), (computed, 1e-5)):
        np.testing.assert_allclose(part["forward"], x @ kernel + bias, tolerance, tolerance)
        np.testing.assert_allclose(part["input gradient"], dy @ kernel.T, tolerance, tolerance)
        np.testing.assert_allclose(part["gradient of kernel"], x.T @ dy, tolerance, tolerance)
        np.testing.assert_allclose(part["gradient of bias"], dy.sum(axis=0), tolerance, tolerance)

    description = manifest["cases"]["dense"]
    assert description["layer"]["config"]["units"] == 3
    assert description["input"] == [3, 4]
    assert description["plan"]["optimizer"]["class_name"] == "Adam"
    assert manifest["origin"]["device"] == "cpu"
    assert manifest["origin"]["onepath"] == onepath.__version__
    assert manifest["origin"]["numpy"] == np.__version__


def test_state_and_layers_within_are_kept(original):
    parts = recording_file.read(original)[1]["network"]["float64"]
    assert {"state batch_normalization/moving_mean", "parameter conv2d/kernel"} <= set(
        parts["given"]
    )
    for part in ("computed", "truth"):
        assert {"conv2d: forward", "batch_normalization: state moving_mean"} <= set(parts[part])


def test_the_same_numbers_give_the_same_bytes(original, tmp_path, monkeypatch):
    origin = Recording.read(original).origin
    monkeypatch.setattr("onepath.testing.recordings.golden.origin_of", lambda backend: origin)
    record(tmp_path / "again.npz", CASES, "cpu")
    assert (tmp_path / "again.npz").read_bytes() == original.read_bytes()


def test_a_gpu_and_its_libraries_are_named():
    runtime = SimpleNamespace(
        getDeviceProperties=lambda index: {"name": b"NVIDIA H200", "major": 9, "minor": index},
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 12090,
    )
    xp = SimpleNamespace(cuda=SimpleNamespace(runtime=runtime), __version__="14.2.0")
    origin = origin_of(SimpleNamespace(name="cuda:1", xp=xp))
    assert origin["gpu"] == "NVIDIA H200"
    assert origin["compute capability"] == "9.1"
    assert (origin["cuda driver"], origin["cuda runtime"]) == ("13.0", "12.9")
    assert origin["cupy"] == "14.2.0"


def test_without_a_gpu_nothing_is_recorded(tmp_path, monkeypatch):
    def unavailable(name):
        raise BackendUnavailableError("no CUDA GPU answers")

    monkeypatch.setattr("onepath.testing.recordings.golden.get_backend", unavailable)
    with pytest.raises(BackendUnavailableError, match="no CUDA GPU answers"):
        record(tmp_path / "cuda.npz", CASES)
    assert not any(tmp_path.iterdir())


def test_a_case_that_raises_on_the_device_is_named(tmp_path):
    class Mixing(Scale):
        def forward(self, x):
            return super().forward(x) + np.zeros(4)

    with pytest.raises(ParityError, match="mixing cannot be recorded: it raises TypeError on sim"):
        record(tmp_path / "f.npz", [Case("mixing", Mixing, (4,))], "simulated")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("table", [[], [CASES[0], CASES[0]]])
def test_cases_have_names_of_their_own(table, tmp_path):
    with pytest.raises(ValueError, match="one or more, each with a name of its own"):
        record(tmp_path / "f.npz", table, "cpu")


# Replaying


def test_a_recording_fits_the_device_that_made_it_and_others(original, backend):
    reports = replay(original, backend, CASES)
    assert [report.title for report in reports] == [case.name for case in CASES]
    quantities = [row.quantity for row in reports[0].rows if row.backend == "recorded cpu"]
    assert quantities.count("step 3 kernel") == 2  # in either dtype
    assert all(row.ratio <= 1 for report in reports for row in report.rows)


def test_one_made_on_the_simulated_device_is_replayed_on_the_cpu(tmp_path):
    record(tmp_path / "f.npz", CASES, "simulated")
    rows = replay(tmp_path / "f.npz", cases=CASES)[0].rows
    assert {row.backend for row in rows} == {"recorded simulated:0", "cpu"}


def refusal(path, backend="cpu", table=CASES):
    """What a replay raises."""
    with pytest.raises(ParityError) as caught:
        replay(path, backend, table)
    return caught.value


def test_a_recording_that_is_wrong_is_told_from_a_backend_that_is(forged):
    def change(manifest, trees):
        trees["dense"]["float32"]["computed"]["gradient of kernel"][2, 1] *= 1.0001

    error = refusal(forged(change))
    assert error.check == "gradient of kernel"
    assert "is wrong on recorded cpu (float32" in error.headline
    assert error.rows["case"] == "dense"
    assert error.rows["worst"].startswith("at [2, 1] of shape (4, 3)")
    assert error.rows["wrong"].startswith("recorded cpu; cpu is right (")
    assert error.rows["reproduce"].endswith("forged.npz', 'cpu')")


def test_a_backend_that_is_wrong_is_told_from_a_recording_that_is(tmp_path):
    record(tmp_path / "f.npz", BAD, "cpu")
    replay(tmp_path / "f.npz", "cpu", BAD)
    error = refusal(tmp_path / "f.npz", "simulated", BAD)
    assert error.check == "forward"
    assert error.rows["wrong"].startswith("simulated:0; recorded cpu is right (")


def test_both_sides_may_be_wrong(tmp_path):
    record(tmp_path / "f.npz", BAD, "simulated")
    error = refusal(tmp_path / "f.npz", "simulated", BAD)
    assert error.rows["wrong"].startswith("recorded simulated:0, simulated:0; ")


def test_the_first_break_is_named_in_the_order_of_computation(forged):
    def change(manifest, trees):
        computed = trees["network"]["float64"]["computed"]
        computed["batch_normalization: gradient of gamma"] += 1
        computed["conv2d: forward"][0, 0, 0, 0] += 1e-9

    error = refusal(forged(change))
    assert error.headline.startswith("Conv2D 'conv2d' ")
    assert error.check == "forward"


@pytest.mark.parametrize(
    ("value", "check"),
    [
        (lambda array: array.astype("float64"), "dtype"),
        (lambda array: array[:, :2], "shape"),
    ],
)
def test_what_is_recorded_in_a_wrong_kind_is_wrong(forged, value, check):
    def change(manifest, trees):
        computed = trees["dense"]["float32"]["computed"]
        computed["input gradient"] = value(computed["input gradient"])

    error = refusal(forged(change))
    assert error.check == check
    assert "recorded cpu" in error.headline


def test_a_recorded_truth_that_is_wrong_is_told_by_the_numbers(forged):
    def change(manifest, trees):
        trees["dense"]["float64"]["truth"]["forward"][1, 2] += 1e-12

    error = refusal(forged(change))
    assert "is wrong on the recorded truth (float64" in error.headline
    assert error.rows["wrong"] == (
        "the recorded truth; recorded cpu agrees with the one computed here"
    )


def test_float32_cannot_tell_two_truths_apart(forged):
    def change(manifest, trees):
        trees["dense"]["float32"]["truth"]["forward"][1, 2] += 1e-12

    assert "agrees with both, so far as its dtype can tell" in refusal(forged(change)).rows["wrong"]


def test_numbers_that_fit_no_truth(forged):
    def change(manifest, trees):
        trees["dense"]["float64"]["truth"]["forward"][1, 2] += 1
        trees["dense"]["float64"]["computed"]["forward"][1, 2] -= 1

    assert "recorded cpu, which agrees with neither" in refusal(forged(change)).rows["wrong"]


def test_mathematics_that_has_changed_since_is_noticed(original, monkeypatch):
    forward = Dense._forward
    monkeypatch.setattr(Dense, "_forward", lambda *arguments: forward(*arguments) * 1.01)
    error = refusal(original)
    assert error.check == "forward"
    assert error.rows["wrong"].startswith(
        "what is computed here; recorded cpu agrees with the recorded truth. If the layer's "
        "mathematics was meant to change, record again"
    )


# Recordings that do not fit any more


def refused(path, match, table=CASES):
    with pytest.raises(RecordingError, match=match):
        replay(path, "cpu", table)


def test_a_case_that_is_gone(original):
    match = r"is stale: it holds 'loss', which is not in the cases given\. record again: python -m"
    refused(original, match, [case for case in CASES if case.name != "loss"])
    refused(original, "it holds 'dense', which is not in this version's table of cases; ", None)


@pytest.mark.parametrize(
    ("name", "changes", "match"),
    [
        ("dense", {"make": lambda dtype: Dense(2, dtype=dtype)}, "layer.config.units was 3, is 2"),
        ("dense", {"make": lambda dtype: Flatten()}, "layer.class_name was Dense, is Flatten"),
        ("dense", {"shape": (5,)}, "input.1 was 4, is 5"),
        ("dense", {"optimizer": Adam(0.5)}, r"learning_rate was 0\.001, is 0\.5"),
        ("dense", {"optimizer": SGD()}, "optimizer.class_name was Adam, is SGD"),
        ("network", {"training": False}, "plan.training was True, is False"),
        ("network", {"make": dense}, "layer.class_name was Sequential, is Dense"),
        (
            "network",
            {"make": lambda dtype: Sequential(network(dtype).layers[:2])},
            "layer.config.layers.2 is gone",
        ),
        (
            "loss",
            {"make": lambda dtype: LossLayer(MeanSquaredError(), np.ones((3, 2)))},
            "layer.y_true.0.1 was 2.0, is 1.0",
        ),
    ],
)
def test_a_case_that_is_not_what_it_was(original, name, changes, match):
    refused(original, f"{name}', which is not what it was: .*{match}", changed(name, **changes))


def test_seeds_of_layers_make_no_difference(original):
    replay(original, "cpu", changed("dense", make=lambda dtype: Dense(3, dtype=dtype, seed=9)))


def test_arrays_that_are_not_what_they_were(original):
    table = changed("scale", make=lambda dtype: Scale(dtype, features=1))
    match = r"arrays are not what they were: parameter weight was float32 of shape \(4,\), is .*1,"
    refused(original, match, table)


def test_quantities_that_are_not_what_they_were(forged):
    def change(manifest, trees):
        del trees["scale"]["float64"]["truth"]["step 1 weight"]

    refused(forged(change), "'scale', which computes other quantities: step 1 weight is new")


def test_a_file_of_something_else_is_refused(tmp_path):
    recording_file.write(tmp_path / "f.npz", {"seed": 0}, {"dense": {"x": np.zeros(2)}})
    refused(tmp_path / "f.npz", "f.npz is whole, but no recording of cases")


# Comparing


def test_a_recording_is_equal_to_itself(original):
    differences = diff(original, original, CASES)
    assert {each.case for each in differences} == {case.name for case in CASES}
    assert {(each.difference, each.ulp, each.ratio) for each in differences} == {(0.0, 0.0, 0.0)}


def test_a_difference_is_measured(original, forged):
    def change(manifest, trees):
        forward = trees["dense"]["float32"]["computed"]["forward"]
        forward[1, 2] = np.nextafter(np.nextafter(forward[1, 2], np.inf), np.inf)

    (found,) = [each for each in diff(original, forged(change), CASES) if each.difference]
    assert (found.case, found.dtype, found.quantity) == ("dense", "float32", "forward")
    value = recording_file.read(original)[1]["dense"]["float32"]["computed"]["forward"][1, 2]
    unit = float(np.spacing(np.abs(value)))
    assert found.difference == 2 * unit
    assert found.ulp == 2
    assert 0 < found.ratio < 1


def test_only_what_was_made_of_the_same_numbers_is_compared(original, tmp_path):
    record(tmp_path / "other.npz", CASES, "cpu", seed=1)
    match = "not made from the same numbers: the input of 'dense' in float32 differs"
    with pytest.raises(RecordingError, match=match):
        diff(original, tmp_path / "other.npz", CASES)


def test_only_what_holds_the_same_cases_is_compared(original, tmp_path):
    record(tmp_path / "other.npz", CASES[:3], "cpu")
    with pytest.raises(RecordingError, match="different cases: 'scale' is in one of them alone"):
        diff(tmp_path / "other.npz", original, CASES)


def test_only_what_holds_the_same_quantities_is_compared(original, forged):
    def change(manifest, trees):
        computed = trees["dense"]["float32"]["computed"]
        computed["forward"] = computed["forward"][:2]

    match = r"different quantities of 'dense': forward was float32 of shape \(3, 3\), is"
    with pytest.raises(RecordingError, match=match):
        diff(original, forged(change), CASES)


def test_a_backend_object_will_do(original):
    replay(original, get_backend("cpu"), CASES)
