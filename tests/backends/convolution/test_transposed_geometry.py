"""The convolution whose transpose takes an input: it leads from the output back to that input."""

import itertools

import pytest
from hypothesis import given, settings

from onepath.backends import Geometry
from onepath.testing.strategies import geometries

AXES = tuple(itertools.product(range(1, 6), range(1, 6), range(1, 4), range(1, 4)))
"""Sizes, taps, strides and dilations along an axis."""


@settings(deadline=None, max_examples=100, derandomize=True)
@given(geometry=geometries())
def test_every_convolution_is_found_from_its_output(geometry):
    """What no window reaches has to be added; no more is padded at the end than is needed."""
    window = geometry.window
    unreached = zip(window.padded_size, window.extent, window.strides, strict=True)
    found = Geometry.transposed(
        geometry.output_shape,
        geometry.channels,
        window.kernel_size,
        window.strides,
        window.pads,
        window.dilation,
        geometry.groups,
        [(n - e) % s for n, e, s in unreached],
    )
    assert found.input_shape == geometry.input_shape
    assert found.output_shape == geometry.output_shape
    assert found.kernel_shape == geometry.kernel_shape
    assert found.window.taps == window.taps
    assert [before for before, _ in found.window.pads] == [before for before, _ in window.pads]


def test_same_multiplies_by_the_stride():
    for n, k, s, d in AXES:
        found = Geometry.transposed((4, n), 6, k, s, "same", d, groups=2)
        assert found == Geometry.of((6, n * s), 4, k, s, "same", d, groups=2), (n, k, s, d)
        assert found.output_shape == (4, n)
        assert found.kernel_shape == (4, 3, k)


def test_valid_leaves_nothing_away():
    for n, k, s, d in AXES:
        reached = {i * s + tap * d for i in range(n) for tap in range(k)}
        found = Geometry.transposed((1, n), 1, k, s, "valid", d)
        assert found.window.input_size == (max(max(reached) + 1, n * s),), (n, k, s, d)
        assert not found.window.padded
        for more in range(s):
            found = Geometry.transposed((1, n), 1, k, s, "valid", d, output_padding=more)
            assert found.window.input_size == (max(reached) + 1 + more,)
            assert found.output_shape == (1, n)


def test_full_leaves_away_all_but_what_every_tap_reaches():
    found = Geometry.transposed((2, 5, 4), 3, (3, 2), padding="full")
    assert found == Geometry.of((3, 3, 3), 2, (3, 2), padding="full")


def test_more_makes_up_for_what_is_left_away():
    found = Geometry.transposed((1, 4), 1, 3, padding=((1, 2),), output_padding=2)
    assert (found.window.input_size, found.window.pads) == ((5,), ((1, 0),))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"output_padding": -1}, ValueError, "output_padding must be at least 0, got -1"),
        ({"output_padding": (1, 1, 1)}, ValueError, "output_padding must have 2 entries, got"),
        ({"output_padding": 0.5}, TypeError, "output_padding must be an int or a tuple of ints"),
        (
            {"strides": 2, "output_padding": (0, 3)},
            ValueError,
            "on spatial axis 1, output_padding adds 3 positions that no kernel reaches; fewer than "
            "the stride, 2, can be added: use a smaller output_padding",
        ),
        ({"output_padding": 1}, ValueError, "axis 0, output_padding adds 1 positions"),
        (
            {"padding": ((0, 0), (2, 4))},
            ValueError,
            "4 positions on spatial axis 1 reach 6, of which padding leaves away 6, and nothing is "
            "left: pad less, or use a larger kernel or stride",
        ),
        ({"padding": "some"}, ValueError, "padding must be 'valid', 'same', 'full'"),
        ({"padding": (1,)}, ValueError, "padding has 1 entries for 2 spatial axes"),
        ({"groups": 3}, ValueError, "groups=3 does not divide the 4 channels"),
        ({"groups": 4}, ValueError, "groups=4 does not divide the 6 filters"),
        ({"kernel_size": (3, 0)}, ValueError, "kernel_size must be at least 1"),
        ({"strides": 0}, ValueError, "strides must be at least 1"),
        ({"dilation_rate": (1,)}, ValueError, "dilation_rate must have 2 entries"),
    ],
)
def test_bad_arguments(options, error, message):
    with pytest.raises(error, match=message):
        Geometry.transposed((4, 3, 4), **{"filters": 6, "kernel_size": 3, **options})
