"""Matrix products past CuPy: cuBLAS's arguments, against NumPy's products of the same matrices."""

import inspect

import numpy as np
import pytest

from onepath.backends import get_backend
from onepath.backends.cuda import cublas
from onepath.backends.cuda.cublas import BATCHED, SIGNATURES, Cublas
from onepath.backends.simulated.cublas import HANDLE, Library

SHAPES = [
    ((3, 4), (4, 5)),
    ((1, 4), (4, 5)),
    ((3, 4), (4, 1)),
    ((3, 1), (1, 5)),
    ((1, 4), (4, 1)),
    ((1, 1), (1, 1)),
    ((2, 3, 4), (2, 4, 5)),
    ((2, 2, 3, 4), (2, 2, 4, 5)),
    ((1, 3, 4), (2, 4, 5)),
    ((2, 1, 3, 4), (2, 5, 4, 6)),
    ((2, 3, 4), (5, 1, 4, 2)),
    ((3, 4), (2, 4, 5)),
    ((2, 3, 4), (4, 5)),
    ((0, 4), (4, 2)),
    ((3, 0), (0, 2)),
    ((2, 3, 0), (2, 0, 2)),
]
LAYOUTS = {
    "rows": lambda x: x,
    "columns": lambda x: x.swapaxes(-1, -2),
    "gaps": lambda x: x[..., ::2],
    "backwards": lambda x: x[..., ::-1],
}
TOLERANCES = {"float16": 5e-3, "float32": 1e-5, "float64": 1e-13, "complex64": 1e-5, "int64": 0}


@pytest.fixture(params=["simulated", pytest.param("cuda", marks=pytest.mark.cuda)])
def device(request):
    return get_backend(request.param)


def laid_out(device, host, layout):
    """The host's matrices on the device, in some layout."""
    if layout == "columns":
        return device.asarray(np.ascontiguousarray(host.swapaxes(-1, -2))).swapaxes(-1, -2)
    if layout == "gaps":
        return device.asarray(np.repeat(host, 2, axis=-1))[..., ::2]
    if layout == "backwards":
        return device.asarray(np.ascontiguousarray(host[..., ::-1]))[..., ::-1]
    return device.asarray(host)


def operands(device, shapes, dtype, layouts=("rows", "rows")):
    rng = np.random.default_rng(0)
    hosts = [rng.integers(-9, 9, shape) / (1 if dtype == "int64" else 3) for shape in shapes]
    if dtype == "complex64":
        hosts = [host + 1j * rng.normal(size=host.shape) for host in hosts]
    hosts = [host.astype(dtype) for host in hosts]
    pairs = zip(hosts, layouts, strict=True)
    return hosts, [laid_out(device, host, layout) for host, layout in pairs]


def expected_product(a, b):
    wide = "int64" if a.dtype.kind == "i" else "complex128" if a.dtype.kind == "c" else "float64"
    return np.matmul(a.astype(wide), b.astype(wide))


def product(device, a, b, out=None):
    """What a capture gives, and a replay fills."""
    tape = device.tape()
    made = tape.record(lambda: device.matmul(a, b, out=out))
    tape.replay()
    return made


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_products(device, shapes, dtype):
    hosts, arrays = operands(device, shapes, dtype)
    tolerance = TOLERANCES[dtype]
    found = product(device, *arrays)
    uncaptured = device.matmul(*arrays)
    assert found.dtype == uncaptured.dtype
    np.testing.assert_allclose(
        found.get(), expected_product(*hosts), rtol=tolerance, atol=tolerance * 10
    )
    np.testing.assert_array_equal(found.get(), uncaptured.get())


@pytest.mark.parametrize("second", LAYOUTS)
@pytest.mark.parametrize("first", LAYOUTS)
@pytest.mark.parametrize("shapes", SHAPES[:13], ids=str)
def test_layouts(device, shapes, first, second):
    hosts, arrays = operands(device, shapes, "float32", (first, second))
    for before, array in zip(hosts, arrays, strict=True):
        np.testing.assert_array_equal(array.get(), before)
    expected = expected_product(*hosts)
    found = product(device, *arrays)
    np.testing.assert_allclose(found.get(), expected, rtol=1e-5, atol=1e-5)
    room = device.xp.zeros((*expected.shape[:-1], 2 * expected.shape[-1]), "float32")
    outs = [device.xp.empty_like(found), room[..., ::2], device.xp.zeros(expected.shape)]
    for out in outs:
        assert product(device, *arrays, out=out) is out
        np.testing.assert_allclose(out.get(), expected, rtol=1e-5, atol=1e-5)
    assert not room[..., 1::2].any()


def test_mixed_dtypes(device):
    hosts, (a, b) = operands(device, SHAPES[0], "float64")
    found = product(device, a.astype("float32"), b)
    assert found.dtype == "float64"
    np.testing.assert_allclose(found.get(), hosts[0].astype("float32") @ hosts[1], rtol=1e-13)


@pytest.mark.parametrize("shapes", [((3, 3), (3, 3)), ((2, 3, 3), (2, 3, 3))])
def test_results_over_operands(device, shapes):
    hosts, (a, b) = operands(device, shapes, "float32")
    product(device, a, b, out=a)
    np.testing.assert_allclose(a.get(), expected_product(*hosts), rtol=1e-5, atol=1e-5)


def test_shapes_that_do_not_fit(device):
    a = device.xp.ones((2, 3, 4), "float32")
    with pytest.raises(ValueError, match=r"shape|broadcast"):
        product(device, a, device.xp.ones((3, 4, 2), "float32"))
    for b in (device.xp.ones((3, 2), "float32"), device.xp.ones((2, 3, 2), "float32")):
        with pytest.raises(ValueError, match="matmul: shapes"):
            product(device, a, b)
    with pytest.raises(ValueError, match="matmul: out must have shape"):
        product(device, a[0], a[0].T, out=device.xp.ones((4, 4), "float32"))


def test_other_streams_are_left_alone(device):
    """Products before and after a capture go to the streams that are current then."""
    _, (a, b) = operands(device, SHAPES[0], "float32")
    expected = device.matmul(a, b).get()
    tape = device.tape()
    made = tape.record(lambda: device.matmul(a, b))
    np.testing.assert_array_equal(device.matmul(a, b).get(), expected)
    tape.replay()
    np.testing.assert_array_equal(made.get(), expected)


# What cuBLAS is told


class Told(Library):
    """Remembers calls."""

    def __init__(self, status=0):
        super().__init__()
        self.calls, self.status = [], status

    def cublasGemmEx(self, *arguments):  # noqa: N802
        self.calls.append(arguments)
        return self.status or super().cublasGemmEx(*arguments)


@pytest.mark.parametrize(
    ("dtype", "chosen", "compute"),
    [
        ("float32", 1, 68),
        ("float32", 2, 69),
        ("float32", 7, 77),
        ("complex64", 7, 77),
        ("float64", 1, 70),
        ("float64", 2, 71),
        ("float64", 7, 70),
        ("float16", 1, 68),
        ("float16", 7, 68),
    ],
)
def test_precision_is_what_cupy_was_told(monkeypatch, dtype, chosen, compute):
    device = get_backend("simulated")
    monkeypatch.setattr(device.xp._core, "get_compute_type", lambda dtype: chosen)
    library = Told()
    Cublas(device.xp, library).matmul(*operands(device, SHAPES[0], dtype)[1])
    ((*_, found, algorithm),) = library.calls
    assert (found, algorithm) == (compute, 99)


def test_numbers_are_those_of_cuda():
    """By NVIDIA's headers, of which CuPy repeats some."""
    runtime = pytest.importorskip("cupy", reason="CuPy is absent").cuda.runtime
    names = {"f": "R_32F", "d": "R_64F", "e": "R_16F", "F": "C_32F", "D": "C_64F"}
    for char, name in names.items():
        assert cublas.DATA_TYPES[char] == getattr(runtime, f"CUDA_{name}")


def test_a_failure_is_told():
    device = get_backend("simulated")
    with pytest.raises(RuntimeError, match="cublasGemmEx failed, its cublasStatus_t is 13"):
        Cublas(device.xp, Told(13)).matmul(*operands(device, SHAPES[0], "float32")[1])


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_have_as_many_parameters_as_calls(name):
    letters = SIGNATURES[name].replace(" ", "")
    parameters = inspect.signature(getattr(Library(), name)).parameters
    assert len(parameters) == len(letters)
    pointers = {"handle", "stream", "alpha", "beta", "a", "b", "c"}
    for letter, parameter in zip(letters, parameters, strict=True):
        wanted = "p" if parameter in pointers else "l" if parameter.startswith("step_") else "i"
        assert letter == wanted, parameter


def test_a_library_is_given_its_signatures(monkeypatch):
    class Function:
        argtypes = restype = None

    made = type("Found", (), {name: Function() for name in SIGNATURES})()
    opened = []
    pathfinder = pytest.importorskip("cuda.pathfinder", reason="cuda-pathfinder is absent")
    monkeypatch.setattr(
        pathfinder,
        "load_nvidia_dynamic_lib",
        lambda name: type("Loaded", (), {"abs_path": f"/lib{name}"}),
    )
    monkeypatch.setattr(cublas.ctypes, "CDLL", lambda path: (opened.append(path), made)[1])
    assert cublas.load() is made
    assert opened == ["/libcublas"]
    for name in SIGNATURES:
        kinds = [kind.__name__ for kind in getattr(made, name).argtypes]
        letters = SIGNATURES[name].replace(" ", "")
        assert [kind[2] for kind in kinds] == [{"p": "v", "i": "i", "l": "l"}[x] for x in letters]
    assert set(BATCHED.values()) < SIGNATURES.keys()


def test_the_simulated_library_is_strict():
    device = get_backend("simulated")
    x = device.xp.ones((4, 4), "float32")
    library = Library()
    one, zero = [1.0, 0.0], [0.0, 0.0]
    address = x.data.ptr
    with pytest.raises(ValueError, match="leading dimension 3 of a matrix of 4 rows"):
        library.cublasGemmEx(
            HANDLE, 0, 0, 4, 4, 4, one, address, 0, 3, address, 0, 4, zero, address, 0, 4, 68, -1
        )
    assert library.cublasGemmEx(*[HANDLE] + [0] * 5, one, *[0] * 6, one, *[0] * 5) == 7
    assert library.cublasSetStream_v2(HANDLE + 1, 0) == 7
    with pytest.raises(AttributeError):
        library.cublasHgemmBatched  # noqa: B018
