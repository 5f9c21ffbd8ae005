"""What is drawn is correct, of every kind, and runs."""

import inspect
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import onepath.layers
from onepath.backends.convolution import ENGINES
from onepath.layers import Layer
from onepath.testing import strategies


def draws(strategy, count):
    """What so many draws give, the same in every run."""
    found = []

    @settings(max_examples=count, derandomize=True, database=None, deadline=None)
    @given(strategy)
    def collect(drawn):
        found.append(drawn)

    collect()
    return found


def missing(wanted, strategy, features):
    """Which features are not drawn, however long one draws."""
    seen = set()

    def complete(drawn):
        seen.update(features(drawn))
        return wanted <= seen

    with suppress(NoSuchExample):
        find(
            strategy,
            complete,
            settings=settings(max_examples=5000, database=None, phases=[Phase.generate]),
            random=Random(0),
        )
    return wanted - seen


def leaves(layer):
    """The layers that are not made of layers."""
    children = getattr(layer, "children", ())
    return [leaf for child in children for leaf in leaves(child)] or [layer]


# Layers


def test_every_drawn_layer_runs():
    drawn = draws(strategies.layer_inputs(), 1000)
    assert len(drawn) >= 1000
    for layer, x in drawn:
        before = x.copy()
        for training in (False, True):
            y = layer.forward(x, training)
            assert y.shape == (len(x), *layer.compute_output_shape(x.shape[1:]))
            assert y.dtype == x.dtype
            dx = layer.backward(np.ones_like(y))
            assert dx.shape == x.shape
            assert np.isfinite(y).all()
            assert np.isfinite(dx).all()
        np.testing.assert_array_equal(x, before)


def test_every_class_of_layer_is_drawn():
    exported = {
        cls
        for name in onepath.layers.__all__
        if inspect.isclass(cls := getattr(onepath.layers, name)) and issubclass(cls, Layer)
    }
    composites = {
        onepath.layers.Activation,
        onepath.layers.Bidirectional,
        onepath.layers.Graph,
        onepath.layers.Residual,
        onepath.layers.Sequential,
    }

    def classes(drawn):
        return {type(drawn[0])} & composites | {type(leaf) for leaf in leaves(drawn[0])}

    assert not missing(exported - {Layer}, strategies.layers(), classes)


def test_every_option_of_convolutions_is_drawn():
    values = {
        # winograd takes few convolutions, which come up rarely, and the CPU has no cuDNN
        "engine": {"auto", *ENGINES} - {"winograd", "cudnn"},
        "use_bias": {False, True},
        "data_format": {"channels_first", "channels_last"},
        "dtype": {"float32", "float64"},
        "groups": {1, 2, 3},
        "padding": {"valid", "same", "full", "int", "tuple", "tuple of int", "tuple of tuple"},
        "kernel_size": {"int", "tuple of int"},
        "strides": {"int", "tuple of int"},
        "dilation_rate": {"int", "tuple of int"},
    }

    def spelled(value):
        """A value, and what it is made of."""
        yield value
        yield type(value).__name__
        if isinstance(value, tuple):
            yield from (f"tuple of {type(n).__name__}" for n in value)

    def options(drawn):
        for leaf in leaves(drawn[0]):
            if hasattr(leaf, "groups") and hasattr(leaf, "engine"):
                for option in values:
                    yield from ((option, each) for each in spelled(getattr(leaf, option)))

    wanted = {(option, value) for option, several in values.items() for value in several}
    assert not missing(wanted, strategies.layers(), options)


def test_layers_are_the_same_in_every_run():
    first, second = draws(strategies.layers(), 100), draws(strategies.layers(), 100)
    assert [repr(each) for each in first] == [repr(each) for each in second]
    for (one, shape), (other, _) in zip(first, second, strict=True):
        for layer in (one, other):
            layer.build(shape)
        for name, parameter in one.parameters.items():
            np.testing.assert_array_equal(parameter, other.parameters[name])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layers_of_one_dtype(dtype):
    for layer, x in draws(strategies.layer_inputs(dtype=dtype), 100):
        assert x.dtype == dtype
        assert {leaf.dtype for leaf in leaves(layer)} <= {dtype, None}


def test_layer_inputs_live_on_the_backend(backend):
    for layer, x in draws(strategies.layer_inputs(backend), 50):
        assert backend.owns(x)
        assert backend.owns(layer.forward(x))


# Shapes


def features_of_window(window):
    """Ranks, numbers, and how the last window stands at the end."""
    axes = zip(
        window.padded_size,
        window.extent,
        window.strides,
        window.dilation,
        window.pads,
        strict=True,
    )
    found = {("rank", window.rank)}
    for size, extent, stride, dilation, (before, after) in axes:
        found |= {
            ("stride", stride),
            ("dilation", dilation),
            ("left over", (size - extent) % stride),
            ("more before", before > after),
            ("more after", before < after),
            ("wide padding", before > 2),
            ("gaps between windows", stride > extent),
            ("one place", size == extent),
        }
    return found


WINDOWS = (
    {(name, n) for name in ("rank", "stride", "dilation") for n in (1, 2, 3)}
    | {("left over", n) for n in (0, 1, 2)}
    | {
        (name, True)
        for name in (
            "more before",
            "more after",
            "wide padding",
            "gaps between windows",
            "one place",
        )
    }
)


def test_windows_of_every_kind():
    assert not missing(WINDOWS, strategies.windows(), features_of_window)


def test_geometries_of_every_kind():
    def features(geometry):
        width = geometry.filters // geometry.groups
        depth = geometry.channels // geometry.groups
        return {(geometry.groups, depth, width), *features_of_window(geometry.window)}

    channels = {(1, 1, 1), (1, 3, 2), (2, 2, 1), (4, 1, 2)}
    assert not missing(WINDOWS | channels, strategies.geometries(), features)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_one_rank(rank):
    assert {window.rank for window in draws(strategies.windows(rank), 30)} == {rank}
    assert {each.window.rank for each in draws(strategies.geometries(rank), 30)} == {rank}


# Arrays


def layout(x):
    """In which of the three ways an array is arranged, as far as its shape lets that be seen."""
    if min(x.shape) == 1 or x.ndim == 1:
        return None
    if x.flags.c_contiguous:
        return "C"
    return "F" if x.flags.f_contiguous else "strided"


def test_arrays_of_every_kind():
    wanted = {
        (ndim, dtype, kind)
        for ndim in (2, 3, 4)
        for dtype in ("float32", "float64")
        for kind in ("C", "F", "strided")
    }
    assert not missing(wanted, strategies.arrays(), lambda x: {(x.ndim, x.dtype.name, layout(x))})


def test_arrays_are_safe_to_compute_with():
    for x in draws(strategies.arrays(), 300):
        assert x.size
        assert np.isfinite(x).all()
        assert (abs(x) <= 10).all()
        assert (abs(x[x != 0]) >= np.finfo(x.dtype).tiny).all()


def test_arrays_as_asked_for(backend):
    asked = strategies.arrays(backend, (2, 3), "float64", st.sampled_from([0.5, 2.0]))
    for x in draws(asked, 50):
        assert backend.owns(x)
        assert x.shape == (2, 3)
        assert x.dtype == "float64"
        assert {*backend.to_numpy(x).ravel()} <= {0.5, 2.0}


def test_arrays_of_drawn_shapes_and_limits():
    shapes = st.tuples(st.integers(1, 2))
    drawn = draws(strategies.arrays("cpu", shapes, elements={"min_value": 1, "max_value": 2}), 50)
    assert {x.shape for x in drawn} == {(1,), (2,)}
    assert all(x.min() >= 1 and x.max() <= 2 for x in drawn)


# Without hypothesis


def test_the_missing_package_is_named():
    code = "import sys; sys.modules['hypothesis'] = None; import onepath.testing.strategies"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert "needs hypothesis, and importing it failed: " in done.stderr
    assert done.stderr.rstrip().endswith("pip install hypothesis")
