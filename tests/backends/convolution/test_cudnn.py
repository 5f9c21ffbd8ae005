"""cuDNN's engine: against the definition in float64, and against the binding's real package.

Where cuDNN is, on a GPU, its kernels compute; on the simulated device NumPy does, through a module
that has the binding's names. What is described to cuDNN is the same.
"""

import inspect
import threading
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import onepath.backends as op
from onepath.backends import Geometry, get_backend, numerics
from onepath.backends.convolution import ENGINES, cudnn, planner
from onepath.backends.convolution.cudnn import CudnnEngine
from onepath.backends.convolution.cudnn_plan import Plan, Request, described, shapes, strides
from onepath.backends.convolution.engine import OPERATIONS, UnsupportedError
from onepath.backends.convolution.measurements import Measurements
from onepath.backends.convolution.planner import choose, decide
from onepath.backends.cuda.cudnn import Cudnn
from onepath.backends.errors import BackendUnavailableError
from onepath.backends.numerics import Numerics
from onepath.backends.simulated import cudnn as simulated

# input shape, filters, kernel, strides, padding, dilation, groups
CASES = {
    "1d": ((2, 9), 3, 3),
    "1d of everything": ((4, 11), 6, 3, 2, ((2, 0),), 2, 2),
    "2d": ((2, 5, 6), 3, (3, 2)),
    "2d one by one": ((4, 3, 3), 2, 1),
    "2d whole": ((2, 3, 4), 3, (3, 4)),
    "2d strided with leftovers": ((2, 6, 7), 2, 2, (3, 2)),
    "2d dilated": ((2, 6, 7), 2, (2, 3), 1, "valid", (3, 2)),
    "2d asymmetric": ((2, 4, 4), 2, (3, 2), (2, 1), ((0, 2), (3, 1))),
    "2d full": ((2, 3, 4), 2, (3, 2), 1, "full"),
    "2d grouped": ((4, 5, 4), 6, 2, 1, 1, 1, 2),
    "2d depthwise, more filters": ((2, 4, 4), 6, 2, 1, "valid", 2, 2),
    "2d of one channel": ((1, 6, 5), 1, 3, 1, "same"),
    "3d": ((2, 3, 4, 3), 2, (2, 3, 2)),
    "3d of everything": ((2, 4, 3, 5), 4, (2, 1, 3), (2, 1, 2), ((1, 0), 0, (0, 2)), (1, 2, 2), 2),
}
each_case = pytest.mark.parametrize("case", CASES)
each_operation = pytest.mark.parametrize("operation", OPERATIONS)

UNIT = {"float16": 2.0**-11, "float32": 2.0**-24, "float64": 2.0**-53}


@pytest.fixture(params=["simulated", pytest.param("cuda", marks=pytest.mark.cuda)])
def device(request):
    """A device with cuDNN; the CPU has none."""
    backend = get_backend(request.param)
    backend.cudnn()
    return backend


@pytest.fixture
def fresh(device, monkeypatch):
    """The same, with nothing known of plans and decisions."""
    monkeypatch.setattr(device, "_cudnn", None)
    monkeypatch.setattr(planner, "_decided", {})
    monkeypatch.setattr(planner, "_refused", {})
    return device


@pytest.fixture(autouse=True)
def _numerics_as_before():
    before = numerics.current()
    yield
    numerics.set_tf32(before.tf32)
    numerics.set_deterministic(before.deterministic)


def plain(xp, x):
    return x


def cut_out(xp, x):
    """The same numbers, in an array that is cut out of a larger one and reversed."""
    wide = xp.zeros((2 * x.shape[0], *x.shape[1:-1], 2 * x.shape[-1]), dtype=x.dtype)
    view = wide[::2, ..., ::-2]
    view[...] = x
    return view


def channels_last(xp, x):
    return xp.moveaxis(xp.ascontiguousarray(xp.moveaxis(x, 1, -1)), -1, 1)


def batch_last(xp, x):
    return xp.moveaxis(xp.ascontiguousarray(xp.moveaxis(x, 0, -1)), -1, 0)


@cache
def solved(case, batch, dtype):
    """A geometry, what the operations take, what they give, and the sizes of what is summed."""
    geometry = Geometry.of(*CASES[case])
    rng = np.random.default_rng(0)
    x, kernel, dy = (
        rng.normal(size=shape).astype(dtype)
        for shape in (
            (batch, *geometry.input_shape),
            geometry.kernel_shape,
            (batch, *geometry.output_shape),
        )
    )
    taken = dict(zip(OPERATIONS, ((x, kernel), (dy, kernel), (x, dy)), strict=True))
    wide = {name: [a.astype("f8") for a in arrays] for name, arrays in taken.items()}
    exact = {name: defined(geometry, name, *arrays) for name, arrays in wide.items()}
    sizes = {name: defined(geometry, name, *map(abs, arrays)) for name, arrays in wide.items()}
    return geometry, taken, exact, sizes


def defined(geometry, operation, a, b):
    """The definition, in float64 on the CPU."""
    return getattr(ENGINES["signal"], operation)(get_backend("cpu"), a, b, geometry)


def computed(device, operation, a, b, geometry):
    return device.to_numpy(getattr(ENGINES["cudnn"], operation)(device, a, b, geometry))


# Values


@each_case
@each_operation
@pytest.mark.parametrize("layout", [plain, channels_last, batch_last, cut_out])
def test_values(device, case, operation, layout):
    """Kernels of cuDNN may transform what they convolve: errors are bounded by norms."""
    for batch, dtype in ((1, "float32"), (3, "float32"), (3, "float64"), (3, "float16")):
        geometry, taken, exact, sizes = solved(case, batch, dtype)
        a, b = (layout(device.xp, device.asarray(x)) for x in taken[operation])
        result = computed(device, operation, a, b, geometry)
        assert result.dtype == dtype
        # half numbers are summed in float32 and rounded once
        bound = (3 if dtype == "float16" else 256) * UNIT[dtype] * sizes[operation].max()
        np.testing.assert_allclose(result, exact[operation], rtol=0, atol=bound, err_msg=dtype)
        for array, before in zip((a, b), taken[operation], strict=True):
            np.testing.assert_array_equal(device.to_numpy(array), before)


@pytest.mark.parametrize("case", ["1d", "2d", "2d grouped", "3d"])
@each_operation
def test_parts_of_larger_arrays_begin_anywhere(device, case, operation):
    """Samples that are taken out of others lie where cuDNN may not read: they are copied."""
    geometry, taken, exact, sizes = solved(case, 1, "float32")
    for layout in (plain, channels_last):
        a, b = (device.asarray(np.concatenate([x[:1], x])) for x in taken[operation])
        bound = 256 * UNIT["float32"] * sizes[operation].max()
        a = layout(device.xp, a)[1:]
        b = b[1:] if operation == "kernel_gradient" else device.asarray(taken[operation][1])
        result = computed(device, operation, a, layout(device.xp, b), geometry)
        np.testing.assert_allclose(result, exact[operation], rtol=0, atol=bound)


@pytest.mark.parametrize("case", ["1d", "2d", "2d grouped", "3d"])
def test_results_lie_in_memory_as_the_operands_do(device, case):
    geometry, taken, _, _ = solved(case, 3, "float32")
    for layout in (plain, channels_last):
        drawn = {n: [layout(device.xp, device.asarray(x)) for x in t] for n, t in taken.items()}
        (x, kernel), (dy, _) = drawn["forward"], drawn["input_gradient"]
        engine = ENGINES["cudnn"]
        assert engine.forward(device, x, kernel, geometry).strides == dy.strides
        assert engine.input_gradient(device, dy, kernel, geometry).strides == x.strides
        gradient = engine.kernel_gradient(device, x, dy, geometry)
        assert gradient.flags.c_contiguous


def test_operands_that_lie_right_are_not_copied(device, monkeypatch):
    geometry, taken, _, _ = solved("2d", 3, "float32")
    seen = []
    monkeypatch.setattr(Plan, "run", lambda plan, a, b, out: seen.append((a, b)))
    for layout in (plain, channels_last):
        x, kernel = (layout(device.xp, device.asarray(a)) for a in taken["forward"])
        ENGINES["cudnn"].forward(device, x, kernel, geometry)
        a, b = seen.pop()
        assert (a.data.ptr, a.strides) == (x.data.ptr, x.strides)
        assert (b.data.ptr, b.strides) == (kernel.data.ptr, kernel.strides)


# How exact


def test_float32_is_not_rounded_unless_asked(device):
    """1 + 2**-12 is no TF32 number: its product with 1 is itself, or 1."""
    x = device.xp.full((1, 1, 1, 1), 1 + 2.0**-12, dtype="float32")
    one = device.xp.ones((1, 1, 1, 1), dtype="float32")
    geometry = Geometry.of((1, 1, 1), 1, 1)
    assert computed(device, "forward", x, one, geometry).item() == 1 + 2.0**-12
    op.set_tf32(True)
    assert computed(device, "forward", x, one, geometry).item() in (1.0, 1 + 2.0**-12)
    if device.name.startswith("simulated"):
        assert computed(device, "forward", x, one, geometry).item() == 1.0
        assert computed(device, "forward", x.astype("f8"), one.astype("f8"), geometry) != 1.0
    op.set_tf32(False)
    assert computed(device, "forward", x, one, geometry).item() == 1 + 2.0**-12


@pytest.mark.parametrize(
    ("dtype", "setting", "left_out"),
    [
        ("float32", Numerics(), {"NONDETERMINISTIC", "TENSOR_CORE", "DOWN_CONVERT_INPUTS"}),
        ("float32", Numerics(tf32=True), {"NONDETERMINISTIC"}),
        ("float32", Numerics(deterministic=False), {"TENSOR_CORE", "DOWN_CONVERT_INPUTS"}),
        ("float64", Numerics(), {"NONDETERMINISTIC"}),
        ("float16", Numerics(), {"NONDETERMINISTIC", "REDUCED_PRECISION_REDUCTION"}),
        ("bfloat16", Numerics(True, False), {"REDUCED_PRECISION_REDUCTION"}),
    ],
)
def test_what_is_left_out(dtype, setting, left_out):
    request = Request("forward", Geometry.of(*CASES["2d"]), 2, dtype, False, setting)
    graph = Plan(library(), request)._graph
    assert {note.name for note in graph._barred} == left_out


def test_the_setting_takes_bools_alone():
    for setter in (op.set_tf32, op.set_deterministic):
        with pytest.raises(TypeError, match="must be True or False, got 1"):
            setter(1)
    op.set_tf32(True)
    op.set_deterministic(False)
    assert (op.get_tf32(), op.get_deterministic()) == (True, False)


# Plans, handles and streams


def library(api=simulated):
    return Cudnn(api, get_backend("simulated").xp)


def test_a_plan_is_made_once(fresh):
    made = fresh.cudnn()._own.made
    geometry, taken, _, _ = solved("2d", 3, "float32")
    x, kernel = map(fresh.asarray, taken["forward"])
    for _ in range(2):
        computed(fresh, "forward", x, kernel, geometry)
    assert len(made) == 1
    computed(fresh, "forward", x[:1], kernel, geometry)
    op.set_deterministic(False)
    computed(fresh, "forward", x, kernel, geometry)
    assert len(made) == 3


def test_a_thread_has_a_handle_and_plans_of_its_own(fresh):
    geometry, taken, _, _ = solved("2d", 3, "float32")
    x, kernel = map(fresh.asarray, taken["forward"])
    results, handles = [], []

    def work():
        with fresh.scope():
            results.append(computed(fresh, "forward", x, kernel, geometry))
            handles.append(fresh.cudnn().handle())

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(*results)
    assert handles[0] is not handles[1]


def test_a_handle_is_of_the_device_whatever_is_the_current_one():
    device = get_backend("simulated:1")
    found = []

    def work():
        found.append(device.cudnn().handle().device)
        found.append(decide("auto", device, "forward", Geometry.of(*CASES["2d"]), 1, "f4").chosen)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [1, "cudnn"]


def test_work_goes_into_the_current_stream(device):
    cuda = device.xp.cuda
    assert device.cudnn().handle().stream == cuda.get_current_stream().ptr
    with cuda.Stream(non_blocking=True) as stream:
        assert device.cudnn().handle().stream == stream.ptr
    assert device.cudnn().handle().stream == cuda.get_current_stream().ptr


def test_plans_may_be_compared(fresh, monkeypatch):
    """The fastest of those that are exact enough computes from then on."""
    geometry, taken, exact, _ = solved("2d", 3, "float32")
    arrays = [fresh.asarray(a) for a in taken["forward"]]
    times = iter([3.0, 1.0, 2.0, *[4.0] * 100])
    monkeypatch.setattr(Plan, "_seconds", lambda plan, *arrays: next(times))
    chosen = []
    select = Plan._select
    monkeypatch.setattr(Plan, "_select", lambda p, i: select(p, i) and not chosen.append(i))
    op.set_tf32(True)
    op.set_deterministic(False)
    name = ENGINES["cudnn"].rehearse(fresh, "forward", geometry, *arrays)
    assert len(chosen) == len(set(chosen)) + 1
    assert chosen[-1] == chosen[1]
    result = computed(fresh, "forward", *arrays, geometry)
    np.testing.assert_allclose(result, exact["forward"], atol=0.02)
    if fresh.name.startswith("simulated"):
        assert (chosen, name) == ([0, 1, 2, 1], "eng1")


def test_the_fastest_plan_is_remembered(monkeypatch):
    """A later process takes it, in the order of memory in which it was measured."""
    monkeypatch.setattr(cudnn, "memory", Measurements())
    monkeypatch.setattr(planner, "memory", cudnn.memory)
    monkeypatch.setenv("ONEPATH_CACHE", "off")
    op.set_deterministic(False)
    device = get_backend("simulated")
    geometry, taken, _, _ = solved("2d", 3, "float32")
    arrays = [device.asarray(a) for a in taken["forward"]]
    usual, exact = {simulated.numerical_note.NONDETERMINISTIC}, set()
    for remembered, plan in (("eng2", exact), ("eng9", usual), ("eng0", usual)):
        monkeypatch.setattr(device, "_cudnn", None)
        times = {"gemm": 2.0, "cudnn": 1.0, f"cudnn {remembered}": 1.0}
        planner.remember(device, geometry, 3, "float32", {"forward": times})
        for layout in (plain, channels_last):
            a, b = (layout(device.xp, array) for array in arrays)
            computed(device, "forward", a, b, geometry)
        first, last = (made._graph._plan for made in device.cudnn()._own.made.values())
        assert (first, last) == (plan, usual), "eng0 rounds to TF32, and eng9 is none"
    monkeypatch.setattr(planner, "_decided", {})


def test_plans_that_are_not_exact_enough_are_not_compared(monkeypatch):
    geometry, taken, _, _ = solved("2d", 3, "float32")
    device = get_backend("simulated")
    chosen = []
    select = Plan._select
    monkeypatch.setattr(Plan, "_select", lambda p, i: select(p, i) and not chosen.append(i))
    ENGINES["cudnn"].rehearse(device, "forward", geometry, *map(device.asarray, taken["forward"]))
    assert chosen == [2, 2]


# Where there is none


def test_the_cpu_refuses():
    cpu = get_backend("cpu")
    geometry = Geometry.of(*CASES["2d"])
    assert ENGINES["cudnn"].refusal(cpu, geometry, "float32") == (
        "cuDNN is for CUDA devices, and this is 'cpu'"
    )
    x, kernel = (np.ones(shape, "f4") for shape in shapes(geometry, 2)[:2])
    with pytest.raises(ValueError, match="engine 'cudnn' does not support this case: cuDNN is for"):
        cpu.conv(x, kernel, geometry, "cudnn")


def test_it_is_taken_where_it_is(device):
    geometry, taken, exact, _ = solved("2d", 3, "float32")
    for operation in OPERATIONS:
        assert choose("auto", device, operation, geometry, 3, "float32").name == "cudnn"
        decision = decide("auto", device, operation, geometry, 3, device.xp.dtype("float32"))
        candidate = decision.candidates[0]
        assert (candidate.engine, candidate.refusal) == ("cudnn", None)
        assert candidate.workspace >= 0
    y = device.conv(*map(device.asarray, taken["forward"]), geometry)
    np.testing.assert_allclose(device.to_numpy(y), exact["forward"], atol=1e-4)


def test_without_the_binding_another_engine_computes(fresh, monkeypatch):
    def missing():
        raise BackendUnavailableError("the binding is missing")

    monkeypatch.setattr(fresh, "_binding", missing)
    geometry, taken, exact, _ = solved("2d", 3, "float32")
    y = fresh.conv(*map(fresh.asarray, taken["forward"]), geometry)
    np.testing.assert_allclose(fresh.to_numpy(y), exact["forward"], atol=1e-4)
    decision = decide("auto", fresh, "forward", geometry, 3, "float32")
    assert decision.candidates[0].refusal == "the binding is missing"
    assert decision.chosen != "cudnn"
    with pytest.raises(BackendUnavailableError, match="the binding is missing"):
        fresh.cudnn()


def api(**changes):
    """The simulated binding, changed."""
    return SimpleNamespace(**{**vars(simulated), **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backend_version": lambda: 89700}, r"version 89700, and 90000 \(9\.0\) is the oldest"),
        ({"backend_version": lambda: 1 / 0}, "cuDNN does not start: division by zero"),
        ({"create_handle": lambda: 1 / 0}, "cuDNN does not start: division by zero"),
    ],
)
def test_a_cudnn_that_does_not_start(changes, message):
    with pytest.raises(BackendUnavailableError, match=message):
        library(api(**changes))


def test_what_cudnn_refuses_is_told_and_computed_otherwise(fresh, monkeypatch):
    class Choosy(simulated.pygraph):
        def check_support(self):
            raise simulated.cudnnGraphNotSupportedError("not on a Monday")

    monkeypatch.setattr(fresh, "_binding", lambda: api(pygraph=Choosy))
    geometry, taken, exact, _ = solved("2d", 3, "float32")
    y = fresh.conv(*map(fresh.asarray, taken["forward"]), geometry)
    np.testing.assert_allclose(fresh.to_numpy(y), exact["forward"], atol=1e-4)
    refusal = decide("auto", fresh, "forward", geometry, 3, "float32").candidates[0].refusal
    assert refusal == "cuDNN 92801 has no kernel for it: not on a Monday"


def test_what_cudnn_refuses_at_last_is_told_and_computed_otherwise(fresh, monkeypatch):
    """A plan that is promised for one sample, and is not to be had for three."""

    class Small(simulated.pygraph):
        def build_plans(self, policy):
            raise simulated.cudnnGraphNotSupportedError("it is too large")

    monkeypatch.setattr(fresh, "_binding", lambda: api(pygraph=Small))
    geometry, taken, exact, _ = solved("2d", 3, "float32")
    x, kernel = map(fresh.asarray, taken["forward"])
    for _ in range(2):
        y = fresh.conv(x, kernel, geometry)
        np.testing.assert_allclose(fresh.to_numpy(y), exact["forward"], atol=1e-4)
    assert choose("auto", fresh, "forward", geometry, 3, x.dtype).name != "cudnn"
    with pytest.raises(ValueError, match="'cudnn' does not support this case: cuDNN 92801 builds"):
        fresh.conv(x, kernel, geometry, "cudnn")
    with planner.instead(CudnnEngine(), ["auto"]), pytest.raises(UnsupportedError, match="large"):
        fresh.conv(x, kernel, geometry)


# Against the real package, which describes graphs without a GPU


def real():
    return pytest.importorskip("cudnn", reason="nvidia-cudnn-frontend is not installed")


@each_case
@each_operation
def test_the_real_binding_takes_the_description(case, operation):
    geometry = Geometry.of(*CASES[case])
    window, (x, kernel, y) = geometry.window, shapes(geometry, 3)
    name, (a, b), out = {
        "forward": ("CONV_FPROP", (("image", x), ("weight", kernel)), y),
        "input_gradient": ("CONV_DGRAD", (("loss", y), ("filter", kernel)), x),
        "kernel_gradient": ("CONV_WGRAD", (("image", x), ("loss", y)), kernel),
    }[operation]
    one = window.rank == 1
    for last in (False, True):
        request = Request(operation, geometry, 3, "float16", last, Numerics())
        (node,) = described(real(), request).nodes
        assert node.node_type.name == name
        assert {
            role: (t.uid, tuple(t.dim), tuple(t.stride)) for role, t in node.inputs.items()
        } == {
            a[0]: (1, a[1], strides(a[1], last)),
            b[0]: (2, b[1], strides(b[1], last)),
        }
        (result,) = node.outputs.values()
        assert (result.uid, tuple(result.dim), tuple(result.stride)) == (3, out, strides(out, last))
        assert {t.data_type.name for t in (*node.inputs.values(), result)} == {"HALF"}
        assert not result.is_virtual
        befores, afters = zip(*window.pads, strict=True)
        assert {option: tuple(value) for option, value in node.params.items()} == {
            "pre_padding": (0,) * one + befores,
            "post_padding": (0,) * one + afters,
            "stride": (1,) * one + window.strides,
            "dilation": (1,) * one + window.dilation,
        }


def test_the_simulated_binding_has_the_names_of_the_real_one():
    """Each parameter that the engine may pass is one of the real function's, in the same order."""
    binding = real()
    for enum in ("data_type", "heur_mode", "build_plan_policy", "numerical_note"):
        members = getattr(binding, enum).__members__
        assert set(getattr(simulated, enum).__members__) <= set(members)
    for name in ("backend_version", "create_handle", "set_stream", "cudnnGraphNotSupportedError"):
        assert hasattr(binding, name)
    assert list(inspect.signature(binding.set_stream).parameters) == ["handle", "stream"]
    for name, function in vars(simulated.pygraph).items():
        if name.startswith("_") or not callable(function):
            continue
        ours = [p for p in inspect.signature(function).parameters if p != "options"]
        theirs = getattr(binding.pygraph, name)
        try:
            parameters = inspect.signature(theirs).parameters
        except ValueError:
            continue
        takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
        assert set(ours) <= set(parameters) or takes_all, name
    for name in ("set_output", "set_uid", "set_dim", "set_stride", "set_data_type"):
        assert hasattr(binding.Tensor, name)


@pytest.mark.parametrize("last", [False, True])
def test_strides(last):
    shape = (2, 3, 4, 5)
    array = np.zeros((2, 4, 5, 3) if last else shape, "u1")
    assert strides(shape, last) == (np.moveaxis(array, -1, 1) if last else array).strides
