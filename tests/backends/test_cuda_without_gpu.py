"""The CUDA backend where there is no GPU: what can be shown honestly, and no more.

Shown here, against the real CuPy package: that it has every function that onepath calls on an
array module, with parameters that fit the calls, and that ``cupyx.scipy.signal`` has scipy.signal's
signatures. Shown here, on the double of ``conftest.py``: that the CUDA backend gives SciPy's
results by way of CuPy's own choice of operands, exchanges and offsets; that every transfer is
counted; that devices are kept apart; and what each failure says.

Only a GPU can show that CuPy's kernels compile for each dtype and shape, what they compute and how
they round, that random numbers and results are the CPU's bit for bit, that streams are in order,
what memory is held, and how fast anything is. That is what the tests with the fixture ``backend``
do where there is one (``pytest --require-cuda``).

CuPy belongs to the extra ``test``. Where it could be installed and is not, this file fails.
"""

import ast
import importlib.util
import inspect
import itertools
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.signal

import onepath
from onepath.backends import (
    Backend,
    BackendUnavailableError,
    DeviceMismatchError,
    Geometry,
    backend_of,
    get_backend,
    registry,
    transfers,
)
from onepath.backends.convolution import ENGINES
from onepath.backends.cuda import CudaBackend
from onepath.backends.simulated import devices, ledger

if sys.platform == "darwin":
    cupy = pytest.importorskip("cupy", reason="CuPy has no wheels for macOS")
else:
    import cupy

SIGNAL = ("correlate", "convolve", "correlate2d", "convolve2d", "fftconvolve", "oaconvolve")

# The real CuPy's names and parameters


def dotted(node):
    """``"lib.stride_tricks.as_strided"`` for ``xp.lib.stride_tricks.as_strided``, else None."""
    names = []
    while isinstance(node, ast.Attribute):
        if node.attr in ("xp", "_xp", "_cupy"):
            return ".".join(reversed(names)) or None
        names.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name) and node.id in ("xp", "cupy"):
        return ".".join(reversed(names)) or None
    return None


def sources():
    """Onepath's files, but for the simulated device, which is the host's."""
    root = Path(onepath.__file__).parent
    return root, [path for path in sorted(root.rglob("*.py")) if path.parent.name != "simulated"]


def uses():
    """Every attribute of an array module in onepath's sources, and every call of one."""
    root, paths = sources()
    names, calls = {}, {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = dotted(node)
            if name is not None:
                names.setdefault(name, f"{path.relative_to(root)}:{node.lineno}")
            if isinstance(node, ast.Call) and dotted(node.func) is not None:
                where = f"{path.relative_to(root).as_posix()}:{node.lineno}"
                calls[f"{where} {dotted(node.func)}"] = node
    return names, calls


NAMES, CALLS = uses()


def of_cupy(name):
    thing = cupy
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing


def test_the_sources_are_really_read():
    assert {"matmul", "lib.stride_tricks.as_strided", "argsort", "asarray", "where"} <= set(NAMES)
    assert any(call.endswith(" matmul") or call.endswith(" zeros") for call in CALLS)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_cupy_has_what_is_used(name):
    try:
        of_cupy(name)
    except AttributeError:
        pytest.fail(f"{NAMES[name]} uses xp.{name}, which CuPy {cupy.__version__} does not have")


@pytest.mark.parametrize("call", CALLS)
def test_cupy_takes_the_arguments_that_are_given(call):
    """As far as signatures tell; compiled functions without one are left to a GPU."""
    node = CALLS[call]
    function = of_cupy(call.partition(" ")[2])
    given = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
    named = {keyword.arg for keyword in node.keywords} - {None}
    if isinstance(function, cupy.ufunc):
        assert function.nin <= len(node.args) + len(named & {"out"}) <= function.nin + function.nout
        assert named <= {"out", "dtype", "casting"}
        return
    try:
        signature = inspect.signature(function)
    except ValueError:  # a compiled function that does not tell
        return
    bind = signature.bind if len(given) == len(node.args) else signature.bind_partial
    bind(*given, **dict.fromkeys(named))


def test_arrays_have_the_methods_that_are_used():
    """Methods of NumPy's arrays that appear anywhere in the code for all devices."""
    root, paths = sources()
    for path in paths:
        if path.relative_to(root).parts[0] not in ("backends", "layers", path.name):
            continue
        if path.name == "blas.py":  # it is the host's
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and hasattr(np.ndarray, node.attr):
                assert hasattr(cupy.ndarray, node.attr), f"{path.name}:{node.lineno} .{node.attr}"


# cupyx.scipy.signal's signatures, read from its source: importing it wants CUDA's libraries


def signal_sources():
    source = Path(importlib.util.find_spec("cupyx").origin).parent / "scipy/signal/_signaltools.py"
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return {node.name: node.args for node in tree.body if isinstance(node, ast.FunctionDef)}


def parameters(function):
    """Names and defaults in order, without ``self``."""
    signature = inspect.signature(function)
    return [
        (p.name, None if p.default is p.empty else p.default)
        for p in signature.parameters.values()
        if p.name != "self"
    ]


@pytest.mark.parametrize("function", SIGNAL)
def test_signatures_are_scipy_s(function):
    """In CuPy's source, in SciPy, in every backend."""
    source = signal_sources()[function]
    assert not any((source.posonlyargs, source.kwonlyargs, source.vararg, source.kwarg))
    names = [argument.arg for argument in source.args]
    defaults = [ast.literal_eval(default) for default in source.defaults]
    theirs = list(zip(names, [None] * (len(names) - len(defaults)) + defaults, strict=True))
    assert theirs == parameters(getattr(scipy.signal, function))
    for kind in (Backend, CudaBackend, type(get_backend("cpu"))):
        assert parameters(getattr(kind, function)) == theirs


# What is missing, and what the message says


def test_no_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(
        BackendUnavailableError,
        match=r"^CUDA needs CuPy, and importing it failed: .*\. pip install 'onepath\[cuda13\]' "
        r"\(driver 580 or newer\) or 'onepath\[cuda12\]' \(older ones\)$",
    ):
        CudaBackend()


def test_a_broken_cupy(monkeypatch, tmp_path):
    """The reason that the import gave is passed on."""
    (tmp_path / "cupy.py").write_text("raise ImportError('libnvrtc is not there')")
    monkeypatch.delitem(sys.modules, "cupy")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BackendUnavailableError, match="failed: libnvrtc is not there"):
        CudaBackend()


@pytest.mark.usefixtures("cupy_double")
def test_no_driver(monkeypatch):
    monkeypatch.setattr(devices, "COUNT", 0)
    with pytest.raises(
        BackendUnavailableError,
        match="CuPy .* is installed, but no CUDA GPU answers: install NVIDIA's driver "
        r"\(nvidia-smi shows whether it runs\), or use get_backend\('cpu'\)",
    ):
        get_backend("cuda")
    assert get_backend("auto") is get_backend("cpu")
    assert registry._live.keys() == {("cpu", 0)}


def test_the_real_cupy_without_a_driver(monkeypatch):
    """No stand-in: without a GPU, or where its answer is held back, the real package says so."""
    if cupy.cuda.is_available():
        monkeypatch.setattr(cupy.cuda, "is_available", lambda: False)
    with pytest.raises(BackendUnavailableError, match=f"CuPy {cupy.__version__} is installed, but"):
        CudaBackend()


@pytest.mark.usefixtures("cupy_double")
@pytest.mark.parametrize(
    ("count", "have"), [(1, "1 CUDA device, 'cuda:0' to 'cuda:0'"), (2, "2 CUDA devices, ")]
)
def test_no_such_gpu(monkeypatch, count, have):
    monkeypatch.setattr(devices, "COUNT", count)
    assert get_backend(f"cuda:{count - 1}").name == f"cuda:{count - 1}"
    with pytest.raises(
        BackendUnavailableError, match=f"there is no 'cuda:{count}': this machine has {have}"
    ):
        get_backend(f"cuda:{count}")
    with pytest.raises(BackendUnavailableError, match="there is no 'cuda:-1'"):
        CudaBackend(-1)


def test_a_gpu_that_computes_wrongly(cupy_double, monkeypatch):
    monkeypatch.setattr(cupy_double, "arange", lambda *args, **options: np.zeros(3))
    with pytest.raises(
        BackendUnavailableError, match=r"'cuda:1' answers, but computes 0 \+ 1 \+ 2 = "
    ):
        get_backend("cuda:1")


def test_a_gpu_that_cannot_be_computed_on(cupy_double, monkeypatch):
    def broken(*arguments, **options):
        raise RuntimeError("libnvrtc.so.13 is missing")

    monkeypatch.setattr(cupy_double, "arange", broken)
    with pytest.raises(
        BackendUnavailableError,
        match=r"computing there fails: libnvrtc.* is missing.*pip install 'onepath.cuda13",
    ):
        get_backend("cuda")


def test_no_cuda_libraries(cuda_double, monkeypatch):
    """A driver and CuPy, but not cuBLAS, which cupyx.scipy.signal wants."""
    monkeypatch.setitem(sys.modules, "cupyx.scipy.signal", None)
    x = cuda_double.asarray([1.0])
    with pytest.raises(
        BackendUnavailableError,
        match=r"cupyx\.scipy\.signal does not load: .*\. CUDA's libraries are missing: pip install",
    ):
        cuda_double.correlate(x, x)
    monkeypatch.setitem(sys.modules, "cupyx.scipy.special", None)
    with pytest.raises(BackendUnavailableError, match=r"cupyx\.scipy\.special does not load: "):
        _ = cuda_double.special


# On the double: devices and transfers


def test_auto_is_cuda_where_a_gpu_answers(cupy_double):
    assert get_backend("auto") is get_backend("cuda") is get_backend("cuda:0")
    assert repr(get_backend("cuda")) == "<onepath backend 'cuda:0'>"
    assert get_backend("cuda").xp is cupy_double


def test_an_array_finds_its_gpu(cupy_double):
    second = get_backend("cuda:1")
    registry._live.clear()
    x = second.asarray([1.0, 2.0])
    assert x.device.id == 1
    assert not get_backend("cuda:0").owns(x)
    assert backend_of(x).name == "cuda:1"
    with second.scope():
        y = cupy_double.ones(2)
    with pytest.raises(DeviceMismatchError, match="argument 0 is on cuda:1 and argument 2 on cpu"):
        backend_of(x, y, np.ones(2))
    with pytest.raises(
        DeviceMismatchError, match="argument 0 is on cuda:1 and argument 1 on cuda:"
    ):
        backend_of(x, cupy_double.ones(2))


def test_no_array_is_on_a_gpu_before_cupy_is_imported(monkeypatch):
    monkeypatch.delitem(sys.modules, "cupy")
    assert CudaBackend.index_of(np.ones(2)) is None
    assert "cupy" not in sys.modules


def test_every_copy_is_counted_in_bytes(cuda_double):
    before = transfers()
    x = cuda_double.asarray(np.ones((3, 4), "f4"))
    assert transfers() == (before.host_to_device + 48, before.device_to_host)
    y = cuda_double.asarray([1, 2, 3], dtype="f8")
    assert transfers() == (before.host_to_device + 72, before.device_to_host)
    assert cuda_double.asarray(x) is not None
    cuda_double.asarray(x, dtype="f8")
    cuda_double.correlate(y, y)
    assert transfers() == (before.host_to_device + 72, before.device_to_host), "nothing was copied"
    host = cuda_double.to_numpy(x)
    assert type(host) is np.ndarray
    host[...] = 2
    np.testing.assert_array_equal(x.get(), 1, "the host's copy is its own")
    assert transfers() == (before.host_to_device + 72, before.device_to_host + 48)


def test_another_library_s_gpu_array_is_not_copied(cuda_double):
    class Tensor:
        __cuda_array_interface__ = None

    before = transfers()
    with pytest.raises(
        DeviceMismatchError,
        match=r"asarray: .*Tensor is on a device, but no array of cuda:0; from_dlpack\(x\) takes",
    ):
        cuda_double.asarray(Tensor())
    assert transfers() == before


def test_memory_and_waiting(cuda_double, monkeypatch):
    pool = SimpleNamespace(used_bytes=lambda: 1 << 20, total_bytes=lambda: 2 << 20)
    monkeypatch.setattr(cuda_double.xp, "get_default_memory_pool", lambda: pool)
    assert cuda_double.memory() == (1 << 20, 2 << 20, 8 << 30)
    with ledger.watch() as events:
        cuda_double.synchronize()
    assert [event.kind for event in events] == ["synchronisation"]


@pytest.mark.parametrize("engine", ENGINES)
def test_convolutions_bring_no_host_array(cuda_double, cpu, engine):
    """The double refuses host arrays as operands, as CuPy does; numbers are the CPU's."""
    strange = Geometry.of((4, 6, 5), 6, 2, (2, 1), "same", (1, 2), 2)
    plain = Geometry.of((4, 6, 5), 6, 3, padding="same", groups=2)
    takes = ENGINES[engine].refusal(cuda_double, strange, "float32") is None
    geometry, engine_there = (strange if takes else plain), engine
    if ENGINES[engine].refusal(cpu, geometry, "float32") is not None:
        engine_there = "signal"
    rng = np.random.default_rng(0)
    shapes = (3, *geometry.input_shape), geometry.kernel_shape, (3, *geometry.output_shape)
    x, kernel, dy = (rng.integers(-3, 4, shape).astype("f4") for shape in shapes)
    before = transfers()
    for method, arrays in (
        ("conv", (x, kernel)),
        ("conv_input_gradient", (dy, kernel)),
        ("conv_kernel_gradient", (x, dy)),
    ):
        out = getattr(cuda_double, method)(*map(cuda_double.asarray, arrays), geometry, engine)
        assert cuda_double.owns(out)
        expected = getattr(cpu, method)(*arrays, geometry, engine_there)
        np.testing.assert_array_equal(out.get(), expected, method)
    assert transfers().device_to_host == before.device_to_host


def test_random_numbers_bring_no_host_array(cuda_double, cpu):
    for draw in (
        lambda random: random.uniform((5, 3), -1, 1),
        lambda random: random.uniform((5,), dtype="float64"),
        lambda random: random.normal((100,)),
        lambda random: random.permutation(50),
    ):
        out = draw(cuda_double.random(1))
        assert cuda_double.owns(out)
        np.testing.assert_array_equal(out.get(), draw(cpu.random(1)))


# On the double: SciPy's results by CuPy's ways

SHAPES = (
    ((7,), (3,)),
    ((7,), (4,)),
    ((3,), (8,)),
    ((5,), (5,)),
    ((4, 5), (2, 3)),
    ((5, 4), (2, 2)),
    ((2, 2), (4, 5)),
    ((2, 3), (5, 3)),
    ((3, 4), (4, 3)),
    ((3, 4, 3), (2, 3, 2)),
    ((2, 2, 2), (3, 3, 4)),
)
CASES = [
    (function, shapes)
    for function, shapes in itertools.product(SIGNAL, SHAPES)
    if "2d" not in function or len(shapes[0]) == 2
]
FILLS = ({"boundary": "fill", "fillvalue": 2}, {"boundary": "wrap"}, {"boundary": "symm"})


def modes_of(shapes):
    """Mode "valid" wants one operand to hold the other."""
    return ("full", "same") if shapes == ((3, 4), (4, 3)) else ("full", "valid", "same")


def options_of(function):
    if "2d" in function:
        return ({}, *FILLS)
    return ({},) if "fft" in function or function == "oaconvolve" else ({"method": "direct"},)


def both_ways(cuda, function, in1, in2, mode, options):
    """The CUDA backend's result and SciPy's."""
    with np.errstate(all="ignore"):
        expected = getattr(scipy.signal, function)(in1, in2, mode, **options)
        out = getattr(cuda, function)(cuda.asarray(in1), cuda.asarray(in2), mode, **options)
    assert cuda.owns(out)
    return cuda.to_numpy(out), expected


def test_the_double_departs_from_scipy_as_cupy_does(cuda_double):
    """So that the tests below show that the backend mends it, and not that there is nothing to."""
    nan, zero = cuda_double.asarray([math.nan, 1.0]), cuda_double.asarray([0.0])
    unmended = cuda_double.signal.correlate(nan, zero, method="direct")
    np.testing.assert_array_equal(unmended.get(), [0, 0])
    np.testing.assert_array_equal(scipy.signal.correlate([math.nan, 1], [0.0]), [math.nan, 0])
    with pytest.raises(NotImplementedError, match="Only 1d inputs are supported"):
        cuda_double.signal.correlate(nan.reshape(1, 2), zero.reshape(1, 1))
    with pytest.raises(TypeError, match=r"Unsupported type <class 'numpy\.ndarray'>"):
        nan + np.ones(2)


@pytest.mark.parametrize(("function", "shapes"), CASES, ids=str)
def test_numbers(cuda_double, function, shapes):
    rng = np.random.default_rng(1)
    for mode, options, dtype in itertools.product(
        modes_of(shapes), options_of(function), ("u1", "i4", "f4", "f8", "c8", "c16")
    ):
        in1, in2 = (rng.integers(0, 5, shape).astype(dtype) for shape in shapes)
        if dtype[0] == "c":
            in1, in2 = in1 + in1.dtype.type(1j) * rng.permutation(in1), in2 * in2.dtype.type(2 - 1j)
        out, expected = both_ways(cuda_double, function, in1, in2, mode, options)
        assert (out.dtype, out.shape) == (expected.dtype, expected.shape)
        tolerance = 1e-5 if dtype in ("f4", "c8") else 1e-12
        tolerance *= abs(expected).max() or 1
        case = f"{mode} {options} {dtype}"
        np.testing.assert_allclose(out, expected, rtol=0, atol=tolerance, err_msg=case)


@pytest.mark.parametrize(
    ("function", "shapes", "mode"),
    [
        (function, shapes, mode)
        for function, shapes in CASES
        for mode in modes_of(shapes)
        if function not in ("fftconvolve", "oaconvolve")
    ],
    ids=str,
)
def test_what_is_not_finite(cuda_double, function, shapes, mode):
    """In the same places as SciPy's, whichever operand CuPy takes for the weights."""
    rng = np.random.default_rng(2)
    for spoiled, value, options in itertools.product(
        ("in1", "in2", "both"), (math.nan, math.inf, -math.inf), options_of(function)
    ):
        in1, in2 = (rng.integers(-1, 2, shape).astype("f8") for shape in shapes)
        for name, x in (("in1", in1), ("in2", in2)):
            if spoiled in (name, "both"):
                x.reshape(-1)[rng.integers(x.size, size=2)] = value
        out, expected = both_ways(cuda_double, function, in1, in2, mode, options)
        np.testing.assert_array_equal(out, expected, f"{spoiled} {options}")


@pytest.mark.parametrize("fill", [1.5, math.nan, math.inf, -math.inf, 1 + 2j])
@pytest.mark.parametrize("mode", ["full", "valid", "same"])
@pytest.mark.parametrize("function", ["correlate2d", "convolve2d"])
def test_fill_values(cuda_double, function, mode, fill):
    """CuPy writes the fill value into the kernel's source, where NaN and 1j are not C++."""
    rng = np.random.default_rng(3)
    for shapes in (((4, 5), (2, 3)), ((2, 2), (4, 5))):
        dtype = "c16" if isinstance(fill, complex) else "f8"
        in1, in2 = (rng.integers(-1, 2, shape).astype(dtype) for shape in shapes)
        options = {"boundary": "fill", "fillvalue": fill}
        out, expected = both_ways(cuda_double, function, in1, in2, mode, options)
        np.testing.assert_array_equal(out, expected, str(shapes))
