"""Which input meets which output: against loops over every output, tap and input."""

import itertools

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from onepath.backends import Window
from onepath.backends.convolution.sampling import Axis, forward_axes, phases

unhurried = settings(deadline=None)

AXES = st.builds(
    Axis,
    inputs=st.integers(1, 12),
    outputs=st.integers(1, 8),
    taps=st.integers(1, 5),
    first=st.integers(-9, 13),
    step=st.integers(1, 5),
    gap=st.integers(1, 5),
)


@st.composite
def windows(draw, rank):
    """Windows of up to nine inputs an axis, in every way that they may be set up."""
    sizes, kernel, strides, dilation = (
        draw(st.tuples(*[st.integers(1, most)] * rank)) for most in (9, 4, 4, 4)
    )
    pads = draw(st.tuples(*[st.tuples(st.integers(0, 4), st.integers(0, 4))] * rank))
    for n, k, d, (before, after) in zip(sizes, kernel, dilation, pads, strict=True):
        assume((k - 1) * d + 1 <= n + before + after)
    return Window.over(sizes, kernel, strides, pads, dilation)


def meetings(axis):
    """All (output, tap, input) of an axis."""
    return {
        (j, k, i)
        for j, k, i in itertools.product(range(axis.outputs), range(axis.taps), range(axis.inputs))
        if i == axis.first + j * axis.step + k * axis.gap
    }


def selected(length, places):
    """The numbers that a slice takes of an axis of that length, as arrays do."""
    return list(range(length))[places]


@unhurried
@given(AXES)
def test_met(axis):
    for tap in range(axis.taps):
        outputs, inputs = axis.met(tap)
        pairs = zip(selected(axis.outputs, outputs), selected(axis.inputs, inputs), strict=True)
        assert list(pairs) == sorted((j, i) for j, k, i in meetings(axis) if k == tap)


@unhurried
@given(AXES, st.data())
def test_rows(axis, data):
    start = data.draw(st.integers(0, axis.outputs))
    stop = data.draw(st.integers(start, axis.outputs))
    rule = axis.rows(start, stop)
    expected = {(j - start, k, i) for j, k, i in meetings(axis) if start <= j < stop}
    assert meetings(rule) == expected
    assert (rule.inputs, rule.outputs, rule.taps) == (axis.inputs, stop - start, axis.taps)


@unhurried
@given(AXES, st.data())
def test_reaching(axis, data):
    start = data.draw(st.integers(0, axis.inputs - 1))
    stop = data.draw(st.integers(start + 1, axis.inputs))
    places, rule = axis.reaching(start, stop)
    outputs = selected(axis.outputs, places)
    expected = {(j, k, i) for j, k, i in meetings(axis) if start <= i < stop}
    assert {(outputs[j], k, start + i) for j, k, i in meetings(rule)} == expected
    assert (rule.inputs, rule.outputs, rule.taps) == (stop - start, len(outputs), axis.taps)
    # and no outputs beside those whose window goes over these inputs
    spans = ((j, axis.first + j * axis.step) for j in range(axis.outputs))
    assert outputs == [
        j for j, low in spans if low < stop and low + (axis.taps - 1) * axis.gap >= start
    ]


@unhurried
@given(AXES)
def test_spanned(axis):
    rule = axis.spanned()
    assert rule.taps == 1
    assert meetings(rule) == {
        (i - axis.first, 0, i)
        for i in range(axis.inputs)
        if axis.first <= i < axis.first + rule.outputs
    }
    reached = {
        j * axis.step + k * axis.gap
        for j, k in itertools.product(range(axis.outputs), range(axis.taps))
    }
    assert (min(reached), max(reached)) == (0, rule.outputs - 1)
    assert {i for _, _, i in meetings(axis)} <= {i for _, _, i in meetings(rule)}


@unhurried
@given(windows(2))
def test_forward_axes_are_the_window_s(window):
    for axis, n, k, s, d, (before, after), outputs in zip(
        forward_axes(window),
        window.input_size,
        window.kernel_size,
        window.strides,
        window.dilation,
        window.pads,
        window.output_size,
        strict=True,
    ):
        places = [
            place for place in range(-before, n + after, s) if place + (k - 1) * d < n + after
        ]
        assert len(places) == outputs
        assert meetings(axis) == {
            (j, tap, place + tap * d)
            for j, place in enumerate(places)
            for tap in range(k)
            if 0 <= place + tap * d < n
        }


def along(window, phase):
    """For each axis, all (output, tap, input) of the window that a phase takes, as a list."""
    for n, k, places, taps, axis in zip(
        window.input_size, window.kernel_size, phase.places, phase.taps, phase.axes, strict=True
    ):
        inputs, kernel = selected(n, places), selected(k, taps)
        assert (len(inputs), len(kernel)) == (axis.outputs, axis.taps)
        assert inputs, "a phase without inputs"
        assert kernel, "a phase that no tap reaches"
        # what the phase's rule calls output is an input of the window, and the other way round
        yield [(j, kernel[tap], inputs[place]) for place, tap, j in sorted(meetings(axis))]


@unhurried
@given(windows(1))
@example(Window.over((7,), 1, 3))  # two of three phases have no tap
@example(Window.over((6,), 2, 2, dilation_rate=2))  # all taps fall on one of two phases
@example(Window.over((9,), 4, 4, ((4, 3),), 2))
@example(Window.over((2,), 1, 4))  # fewer inputs than phases
def test_phases_take_each_meeting_once(window):
    taken = [
        triple for phase in phases(window) for (part,) in [along(window, phase)] for triple in part
    ]
    (axis,) = forward_axes(window)
    assert sorted(taken) == sorted(meetings(axis))


@unhurried
@given(windows(1))
@example(Window.over((7,), 1, 3))
def test_phases_lie_apart_and_take_unit_steps(window):
    seen = []
    for phase in phases(window):
        (places,), (axis,) = phase.places, phase.axes
        seen += selected(window.input_size[0], places)
        assert axis.step == 1
        assert axis.inputs == window.output_size[0]
    assert len(seen) == len(set(seen))
    assert {i for _, _, i in meetings(forward_axes(window)[0])} <= set(seen)


@settings(max_examples=50, deadline=None)
@given(windows(2))
@example(Window.over((5, 4), (1, 2), (2, 2), dilation_rate=(1, 2)))
def test_phases_of_two_axes_are_all_pairs(window):
    taken = []
    for phase in phases(window):
        taken += itertools.product(*along(window, phase))
    expected = itertools.product(*map(meetings, forward_axes(window)))
    assert sorted(taken) == sorted(expected)
