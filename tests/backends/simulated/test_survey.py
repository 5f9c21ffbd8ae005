"""The file of CuPy's signatures, held against CuPy itself: the test extra has cupy-cuda13x."""

import inspect
import pkgutil
from inspect import Parameter

import numpy as np
import pytest
import scipy.signal
import scipy.special

from onepath.backends.simulated import signatures
from onepath.backends.simulated.signatures import (
    FILE,
    UfuncEntry,
    attributes,
    classes,
    functions,
    sections,
    ufuncs,
    values,
)
from onepath.backends.simulated.survey import FROM_SOURCE, SECTIONS, loops, survey

IMPORTABLE = [name for name in SECTIONS if name not in FROM_SOURCE]


@pytest.fixture(scope="module")
def cupy():
    return pytest.importorskip("cupy", reason="CuPy is absent: pip install 'onepath[test]'")


def located(text):
    """Each line behind its section's name, without the header."""
    section, found = "", []
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        elif line and not line.startswith("#"):
            found.append(f"{section} {line}")
    return found


def read(section):
    """The names that the readers together give."""
    readers = (functions, ufuncs, values, classes, attributes)
    return [name for reader in readers for name in reader(section)]


def test_the_file_is_what_cupy_offers(cupy):
    ours, theirs = located(FILE.read_text(encoding="utf-8")), located(survey())
    new = [f"new:  {line}" for line in theirs if line not in set(ours)]
    gone = [f"gone: {line}" for line in ours if line not in set(theirs)]
    if new or gone:
        header = FILE.read_text(encoding="utf-8").splitlines()[:2]
        pytest.fail(
            "\n".join([f"CuPy {cupy.__version__} offers something else:", *new, *gone, *header])
        )
    assert ours == theirs


def test_the_header_tells_the_version_and_how_to_write_the_file_again():
    first, second, *_ = FILE.read_text(encoding="utf-8").splitlines()
    assert "CuPy 14." in first
    assert second.endswith(
        "python -m onepath.backends.simulated.survey > onepath/backends/simulated/signatures.txt"
    )


def test_the_sections_are_the_surveyed_ones():
    assert tuple(sections()) == SECTIONS


@pytest.mark.parametrize("section", SECTIONS)
def test_every_line_is_read_by_one_reader(section):
    written = [line.replace("(", " ").split()[1] for line in sections()[section]]
    assert sorted(read(section)) == written


@pytest.mark.usefixtures("cupy")
@pytest.mark.parametrize("section", IMPORTABLE)
def test_functions_are_read_as_python_sees_them(section):
    owner = pkgutil.resolve_name(section)
    for name, ours in functions(section).items():
        try:
            theirs = inspect.signature(getattr(owner, name))
        except ValueError:  # compiled
            continue
        bare = [x.replace(annotation=Parameter.empty) for x in theirs.parameters.values()]
        assert ours == inspect.Signature(bare), name


@pytest.mark.usefixtures("cupy")
@pytest.mark.parametrize("section", IMPORTABLE)
def test_everything_else_is_what_cupy_has(section, cupy):
    owner = pkgutil.resolve_name(section)
    for name, ours in ufuncs(section).items():
        theirs = getattr(owner, name)
        assert ours == UfuncEntry(theirs.nin, theirs.nout, tuple(loops(theirs))), name
    for name, value in values(section).items():
        theirs = getattr(owner, name)
        assert value is theirs or repr(value) == repr(theirs), name
    assert all(isinstance(getattr(owner, name), type) for name in classes(section))
    assert all(hasattr(owner, name) for name in attributes(section))


def test_parameters_of_every_kind():
    def function(a, b=1, /, c="it's", *rest, d, e=(-2, -1), f=float, g=None, h=1 + 2j, **more): ...

    text = '(a, b=1, /, c="it\'s", *rest, d, e=(-2, -1), f=float, g=None, h=1 + 2j, **more)'
    assert signatures._signature(text) == inspect.signature(function)
    assert signatures._signature("()") == inspect.Signature()
    assert signatures._signature("(...)") is None


def test_defaults_are_objects_where_they_can_be():
    assert functions("cupy")["asfarray"].parameters["dtype"].default is np.float64
    assert functions("cupy")["zeros"].parameters["dtype"].default is float
    rate = functions("cupyx.scipy.signal")["freqz"].parameters["fs"]
    assert repr(rate.default) == "2 * pi"
    assert str(rate) == "fs=2 * pi"


def test_values_are_numpy_s_own():
    assert values("cupy")["float32"] is np.float32
    assert values("cupy")["AxisError"] is np.exceptions.AxisError
    assert values("cupy")["newaxis"] is None
    assert values("cupy")["pi"] == np.pi
    assert values("cupy")["NINF"] == -np.inf
    assert np.isnan(values("cupy")["nan"])
    assert values("cupy.linalg")["LinAlgError"] is np.linalg.LinAlgError


@pytest.mark.parametrize(
    ("section", "name", "parameter"),
    [
        ("cupy", "sum", "where"),
        ("cupy", "sum", "initial"),
        ("cupy", "full", "device"),
        ("cupy", "argsort", "order"),
        ("cupy.linalg", "pinv", "hermitian"),
        ("cupy.fft", "fft", "out"),
    ],
)
def test_parameters_of_numpy_s_that_cupy_lacks(section, name, parameter):
    theirs = getattr(pkgutil.resolve_name(section.replace("cupy", "numpy")), name)
    assert parameter in inspect.signature(theirs).parameters
    assert parameter not in functions(section)[name].parameters


@pytest.mark.parametrize("name", ["block", "geomspace", "insert", "nanpercentile", "nanquantile"])
def test_functions_of_numpy_s_that_cupy_lacks(name):
    assert callable(getattr(np, name))
    assert name not in read("cupy")


def test_ufuncs_have_cupy_s_loops():
    assert "gg->g" in np.add.types
    assert "gg->g" not in ufuncs("cupy")["add"].types
    assert ufuncs("cupy")["modf"] == UfuncEntry(1, 2, ("e->ee", "f->ff", "d->dd"))
    assert "e->d" not in scipy.special.erf.types
    assert "e->d" in ufuncs("cupyx.scipy.special")["erf"].types


@pytest.mark.parametrize("name", ["convolve", "correlate", "convolve2d", "correlate2d"])
def test_what_is_read_from_source_is_scipy_s_too(name):
    assert functions("cupyx.scipy.signal")[name] == inspect.signature(getattr(scipy.signal, name))


def test_methods_whose_parameters_are_only_in_a_compiled_text():
    assert str(functions("cupy.ndarray")["swapaxes"]) == "(self, axis1, axis2)"
    assert str(functions("cupy")["size"]) == "(a, axis=None)"
    assert str(functions("cupy.ndarray")["item"]) == "(self)"
    assert functions("cupy.ndarray")["__add__"] is None


def test_members_of_the_array_and_classes():
    assert "__index__" not in functions("cupy.ndarray")
    assert {"T", "device", "shape", "__cuda_array_interface__"} <= attributes("cupy.ndarray")
    assert {"ElementwiseKernel", "ndarray", "ufunc"} <= classes("cupy")


def test_an_unknown_section():
    with pytest.raises(KeyError, match=r"cupy\.nowhere"):
        functions("cupy.nowhere")
