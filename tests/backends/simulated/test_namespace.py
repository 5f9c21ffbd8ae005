"""The simulated modules offer what CuPy does, called as CuPy's are, and compute what NumPy does."""

import inspect

import numpy as np
import pytest

from onepath.backends.simulated import modules, signatures
from onepath.backends.simulated.array import ndarray
from onepath.backends.simulated.ufuncs import ufunc

MODULES = modules()
LISTED = [name for name in MODULES if name in signatures.sections()]
CUPY = MODULES["cupy"]


@pytest.fixture(scope="module")
def real():
    return pytest.importorskip("cupy", reason="CuPy is absent: pip install 'onepath[test]'")


@pytest.mark.parametrize("name", LISTED)
def test_nothing_is_offered_that_cupy_lacks(name):
    section = {line.split("(")[0].split()[1] for line in signatures.sections()[name]}
    inner = {n.removeprefix(f"{name}.") for n in MODULES if n.startswith(f"{name}.")}
    offered = {each for each in dir(MODULES[name]) if not each.startswith("_")}
    assert offered <= section | inner | INVISIBLE.get(name, set())


# what CuPy has, but not as a function or class of the module's own
INVISIBLE = {
    "cupy": {"cuda", "testing", "lib", "ndarray", "get_default_pinned_memory_pool"},
    "cupy.cuda": {"runtime", "compiler", "memory", "stream", "device", "nvtx", "driver"},
    "cupyx": {"scipy"},
}


def test_the_same_of_the_real_package(real):
    for name in CUPY.__dir__():
        if not name.startswith("_"):
            assert hasattr(real, name), name
    for name in MODULES["cupy.testing"].__dict__:
        if not name.startswith("_"):
            assert hasattr(real.testing, name), name


@pytest.mark.parametrize("name", LISTED)
def test_everything_is_offered_that_cupy_has(name):
    readers = (signatures.functions, signatures.ufuncs, signatures.values, signatures.classes)
    for each in {each for reader in readers for each in reader(name)}:
        assert hasattr(MODULES[name], each), each


def test_the_array_has_no_attribute_that_cupy_lacks(real):
    theirs = set(dir(real.ndarray))
    ours = {name for name in dir(ndarray) if not name.startswith("_")}
    assert ours - theirs == set()
    special = {n for n in vars(ndarray) if n.startswith("__") and n.endswith("__")}
    assert special - theirs - {"__annotations__", "__slots__", "__weakref__"} == set()


# what CuPy's array has and the simulated one has not, and why
LACKING = {
    **dict.fromkeys(
        ("__cuda_array_interface__", "cstruct", "mdspan", "reduced_view", "toDlpack"),
        "for kernels and libraries of CUDA's, which look at a GPU's memory",
    ),
    **dict.fromkeys(
        ("scatter_add", "scatter_max", "scatter_min"), "deprecated: cupyx has them, and ufunc.at"
    ),
    **dict.fromkeys(
        ("__div__", "__hex__", "__idiv__", "__oct__"), "Python 2's; nothing calls them"
    ),
    "__array_finalize__": "for subclasses, which are not simulated",
    "__delitem__": "raises: Cython's slot for assignment serves both",
}


def test_what_the_array_lacks_is_known():
    section = "cupy.ndarray"
    theirs = {*signatures.functions(section), *signatures.attributes(section)}
    assert {name for name in theirs if not hasattr(ndarray, name)} == set(LACKING)


def called_as(function):
    """A function's parameters without annotations."""
    parameters = inspect.signature(function).parameters.values()
    return inspect.Signature([p.replace(annotation=inspect.Parameter.empty) for p in parameters])


@pytest.mark.parametrize("name", LISTED)
def test_functions_are_called_as_cupy_s(name):
    for function, signature in signatures.functions(name).items():
        if signature is not None:
            assert called_as(getattr(MODULES[name], function)) == signature, function


@pytest.mark.parametrize(("section", "owner"), [("ndarray", ndarray), ("ufunc", ufunc)])
def test_methods_are_called_as_cupy_s(section, owner):
    for method, signature in signatures.functions(f"cupy.{section}").items():
        named = not method.startswith("__") or method == "__call__"
        if named and signature is not None and method not in LACKING:
            assert called_as(getattr(owner, method)) == signature, method


@pytest.mark.parametrize("name", ["nanquantile", "block", "insert", "True_", "errstate", "matrix"])
def test_what_only_numpy_has_is_no_attribute(name):
    assert hasattr(np, name)
    with pytest.raises(AttributeError, match=f"module 'cupy' has no attribute '{name}'"):
        getattr(CUPY, name)


@pytest.mark.parametrize("name", ["ElementwiseKernel", "RawKernel", "RawModule", "ReductionKernel"])
def test_what_cannot_be_simulated_says_so_when_it_is_used(name):
    kernel = getattr(CUPY, name)("float32 x", "float32 y", "y = x", "copy")
    with pytest.raises(NotImplementedError, match=rf"cupy\.{name} is CuPy's"):
        kernel(1.0)


# Values: one call each, by CuPy's own parameter names where they are not NumPy's.

A = np.array([[3.0, -1.0, 2.0], [0.5, 4.0, -2.0]])
V = np.array([2.0, 0.5, 1.0])
K = np.array([2, 0, 1])


def case(name, call, expected=None):
    return pytest.param(name, call, expected, id=name)


@pytest.mark.parametrize(
    ("name", "call", "expected"),
    [
        case("concatenate", lambda f, a, v, k: f(tup=(a, a), axis=1), np.hstack([A, A])),
        case("stack", lambda f, a, v, k: f(tup=[v, v]), np.array([V, V])),
        case("flip", lambda f, a, v, k: f(a=a, axis=0), A[::-1]),
        case("reshape", lambda f, a, v, k: f(a, newshape=(3, 2)), A.reshape(3, 2)),
        case("delete", lambda f, a, v, k: f(arr=v, indices=1), V[[0, 2]]),
        case("take_along_axis", lambda f, a, v, k: f(v, k, 0), V[K]),
        case("clip", lambda f, a, v, k: f(a, 0, a_max=3), np.minimum(np.maximum(A, 0), 3)),
        case("pad", lambda f, a, v, k: f(array=v, pad_width=1), np.array([0, 2, 0.5, 1, 0])),
        case("argmax", lambda f, a, v, k: f(a, 1, None), np.array([0, 1])),
        case("count_nonzero", lambda f, a, v, k: f(a, 0), np.array([2, 2, 2])),
        case("bincount", lambda f, a, v, k: f(x=k, minlength=4), np.array([1, 1, 1, 0])),
        case("arange", lambda f, a, v, k: f(start=1, stop=3, step=1, dtype="int32"), [1, 2]),
        case("full", lambda f, a, v, k: f((2,), 3.0, "float32"), np.array([3, 3], "f")),
        case("zeros", lambda f, a, v, k: f(2, "float32", "F"), np.zeros(2, "f")),
        case("expand_dims", lambda f, a, v, k: f(v, axis=0), V[None]),
        case("moveaxis", lambda f, a, v, k: f(a, source=0, destination=1), A.T),
        case("tile", lambda f, a, v, k: f(A=v, reps=2), np.array([2, 0.5, 1, 2, 0.5, 1])),
        case("repeat", lambda f, a, v, k: f(k, 2), np.array([2, 2, 0, 0, 1, 1])),
        case("roll", lambda f, a, v, k: f(v, shift=1), V[[2, 0, 1]]),
        case("split", lambda f, a, v, k: f(ary=v, indices_or_sections=3)[1], V[1:2]),
        case("sort", lambda f, a, v, k: f(v, -1), np.array([0.5, 1, 2])),
        case("where", lambda f, a, v, k: f(a > 0, a, 0), np.maximum(A, 0)),
        case("searchsorted", lambda f, a, v, k: f(k.sort() or k, v, "left"), [2, 1, 1]),
        case("percentile", lambda f, a, v, k: f(v, 50), 1.0),
        case("cumsum", lambda f, a, v, k: f(a, axis=1), np.array([[3, 2, 4], [0.5, 4.5, 2.5]])),
        case("diff", lambda f, a, v, k: f(v), np.array([-1.5, 0.5])),
        case("outer", lambda f, a, v, k: f(v, v), V[:, None] * V),
        case("dot", lambda f, a, v, k: f(a, v), np.array([7.5, 1.0])),
        case("tensordot", lambda f, a, v, k: f(a, a, axes=2), 34.25),
        case("einsum", lambda f, a, v, k: f("ij,j->i", a, v), np.array([7.5, 1.0])),
        case("matmul", lambda f, a, v, k: f(a, v), np.array([7.5, 1.0])),
        case("mean", lambda f, a, v, k: f(a, 1, "float32"), np.array([4, 2.5], "f") / 3),
        case("var", lambda f, a, v, k: f(v, ddof=1), 7 / 12),
        case("amax", lambda f, a, v, k: f(a, axis=0, keepdims=True), np.array([[3.0, 4, 2]])),
        case("median", lambda f, a, v, k: f(v), 1.0),
        case("unique", lambda f, a, v, k: f(k), np.array([0, 1, 2])),
        case("triu", lambda f, a, v, k: f(a), np.array([[3.0, -1, 2], [0, 4, -2]])),
        case("broadcast_to", lambda f, a, v, k: f(v, shape=(2, 3)), np.array([V, V])),
        case("isclose", lambda f, a, v, k: f(v, v + 1e-9), np.array([True, True, True])),
        case("allclose", lambda f, a, v, k: f(v, v), np.array(True)),
        case("take", lambda f, a, v, k: f(v, k + 3), V[K]),
    ],
)
def test_values(name, call, expected):
    host = [A.copy(), V.copy(), K.copy()]
    with np.errstate(all="raise"):
        found = call(getattr(CUPY, name), *map(CUPY.asarray, host))
    assert isinstance(found, ndarray)
    found = found.get()
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-6 if found.dtype == "f" else 1e-15)
    assert not isinstance(expected, np.ndarray) or found.dtype == expected.dtype


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda a: CUPY.ndim(a), 2),
        (lambda a: CUPY.size(a), 6),
        (lambda a: CUPY.shape(a), (2, 3)),
        (lambda a: CUPY.result_type(a, "float32"), np.dtype("float64")),
        (lambda a: CUPY.promote_types("int8", "float16"), np.dtype("float16")),
        (lambda a: CUPY.can_cast("float64", "float32"), False),
        (lambda a: CUPY.isscalar(a), False),
        (lambda a: CUPY.iscomplexobj(a), False),
        (lambda a: CUPY.may_share_memory(a, a), True),
        (lambda a: CUPY.get_array_module(a) is CUPY, True),
        (lambda a: CUPY.get_array_module(A) is np, True),
        (lambda a: MODULES["cupyx.scipy"].get_array_module(A, a) is CUPY, True),
        (lambda a: a.item() if a.size == 1 else a[0, 0].item(), 3.0),
        (lambda a: a.tolist(), A.tolist()),
        (lambda a: len(a), 2),
    ],
)
def test_answers_that_are_the_host_s(call, expected):
    found = call(CUPY.asarray(A))
    assert not isinstance(found, ndarray)
    assert found == expected


METHODS = """
    all any argmin argsort conj copy cumsum diagonal flatten max mean nonzero prod ptp ravel round
    squeeze std sum trace transpose
"""


@pytest.mark.parametrize("method", METHODS.split())
def test_methods(method):
    found, expected = (getattr(x, method, None) for x in (CUPY.asarray(A), A))
    expected = expected() if expected else getattr(np, method)(A)
    several = method == "nonzero"
    pairs = zip(found(), expected, strict=True) if several else [(found(), expected)]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.get(), theirs, rtol=1e-15)


def test_a_parameter_that_cupy_lacks_is_refused():
    with pytest.raises(TypeError, match=r"sum\(\) got an unexpected keyword argument 'where'"):
        CUPY.sum(CUPY.asarray(A), where=CUPY.asarray(A) > 0)
    with pytest.raises(TypeError, match=r"sum\(\) got an unexpected keyword argument 'initial'"):
        CUPY.asarray(A).sum(initial=1)
