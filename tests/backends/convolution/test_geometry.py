"""The shapes of a convolution, against windows that are put down one by one."""

import itertools
import math

import numpy as np
import pytest

from onepath.backends import Geometry, Window
from onepath.backends.convolution.windows import pad, patches, spread

ALONG_AN_AXIS = tuple(
    (n, k, s, d, pads)
    for n, k, s, d, pads in itertools.product(
        range(1, 9), range(1, 5), range(1, 5), range(1, 4), [(0, 0), (1, 1), (0, 2), (3, 1)]
    )
    if (k - 1) * d + 1 <= n + sum(pads)
)


def starts(n, k, s, d, pads):
    """Where on the padded axis the window can stand with all its taps inside."""
    inside = range(n + sum(pads))
    return [i for i in inside[::s] if all(i + tap * d in inside for tap in range(k))]


# Sizes


def test_the_window_stands_wherever_it_fits():
    for n, k, s, d, pads in ALONG_AN_AXIS:
        window = Window.over((n,), k, s, [pads], d)
        assert window.output_size == (len(starts(n, k, s, d, pads)),), (n, k, s, d, pads)
        assert window.padded_size == (n + sum(pads),)
        assert window.extent == (1 + (k - 1) * d,)
        assert window.padded == (pads != (0, 0))
        assert list(range(*window.interior[0].indices(99))) == [pads[0] + i for i in range(n)]


def test_each_tap_meets_its_outputs():
    """Tap k of the window that stands at i lies at i + k d; row-major, as kernels are stored."""
    for n, k, s, d, pads in ALONG_AN_AXIS:
        places = starts(n, k, s, d, pads)
        taps = list(Window.over((n,), k, s, [pads], d).taps)
        assert len(taps) == k
        for tap, (where,) in enumerate(taps):
            met = list(range(n + sum(pads)))[where]
            assert met == [i + tap * d for i in places], (n, k, s, d, pads)


def test_taps_of_three_axes_are_in_row_major_order():
    window = Window.over((5, 6, 7), (2, 3, 2), (1, 2, 3), dilation_rate=(2, 1, 3))
    index = np.arange(5 * 6 * 7).reshape(5, 6, 7)
    corners = [int(index[tap].flat[0]) for tap in window.taps]
    assert corners == [
        int(index[2 * a, b, 3 * c]) for a in (0, 1) for b in (0, 1, 2) for c in (0, 1)
    ]
    assert all(index[tap].shape == window.output_size for tap in window.taps)


def test_same_gives_a_window_for_each_stride():
    """ceil(n / s) outputs; the least padding that allows it, an odd rest at the end."""
    for n, k, s, d in itertools.product(range(1, 12), range(1, 6), range(1, 5), range(1, 4)):
        window = Window.over((n,), k, s, "same", d)
        assert window.output_size == (math.ceil(n / s),), (n, k, s, d)
        ((before, after),) = window.pads
        assert 0 <= after - before <= 1
        needed = (math.ceil(n / s) - 1) * s + (k - 1) * d + 1
        assert before + after == max(0, needed - n)


@pytest.mark.parametrize(
    ("n", "k", "s", "pads"),
    [(5, 3, 1, (1, 1)), (5, 2, 1, (0, 1)), (6, 3, 2, (0, 1)), (7, 3, 2, (1, 1)), (4, 1, 3, (0, 0))],
)
def test_same_as_keras_pads(n, k, s, pads):
    """Worked out by hand from the rule that Keras documents."""
    assert Window.over((n,), k, s, "same").pads == (pads,)


def test_full_lets_the_window_overlap_by_one_tap():
    window = Window.over((5, 4), (3, 2), padding="full", dilation_rate=(2, 1))
    assert window.pads == ((4, 4), (1, 1))
    assert window.output_size == (5 + 4, 4 + 1)


@pytest.mark.parametrize(
    ("padding", "pads"),
    [
        ("valid", ((0, 0), (0, 0))),
        (0, ((0, 0), (0, 0))),
        (2, ((2, 2), (2, 2))),
        (np.int64(2), ((2, 2), (2, 2))),
        (True, ((1, 1), (1, 1))),
        ((1, 2), ((1, 1), (2, 2))),
        ([1, np.int32(2)], ((1, 1), (2, 2))),
        (((0, 1), (2, 3)), ((0, 1), (2, 3))),
        ([[0, 1], 4], ((0, 1), (4, 4))),
        (np.array([[0, 1], [2, 3]]), ((0, 1), (2, 3))),
    ],
    ids=repr,
)
def test_paddings_as_users_write_them(padding, pads):
    assert Window.over((5, 5), 2, padding=padding).pads == pads
    assert Geometry.of((1, 5, 5), 1, 2, padding=padding).window.pads == pads


@pytest.mark.parametrize("kind", [int, np.int64, list, tuple, np.array], ids=lambda k: k.__name__)
def test_numbers_as_users_write_them(kind):
    def both(value):
        return kind(value) if kind in (int, np.int64) else kind([value, value])

    geometry = Geometry.of([2, 7, 7], 4, both(3), both(2), "valid", both(1), 2)
    assert geometry == Geometry.of((2, 7, 7), 4, (3, 3), (2, 2), 0, (1, 1), groups=2)
    assert hash(geometry) == hash(Geometry.of((2, 7, 7), 4, (3, 3), (2, 2), 0, (1, 1), groups=2))


def test_shapes_of_a_geometry():
    geometry = Geometry.of((6, 9, 8, 7), 4, (3, 2, 1), (2, 1, 3), (1, 0, (0, 2)), groups=2)
    assert geometry.input_shape == (6, 9, 8, 7)
    assert geometry.kernel_shape == (4, 3, 3, 2, 1)
    assert geometry.output_shape == (4, 5, 7, 3)
    assert geometry.reduction == 3 * 3 * 2 * 1
    assert geometry.window.rank == 3
    assert geometry is Geometry.of((6, 9, 8, 7), 4, [3, 2, 1], [2, 1, 3], [1, 0, [0, 2]], groups=2)


def uses(window):
    """How many places of the window have each element of the padded input."""
    counts = np.zeros(window.padded_size, int)
    for tap in window.taps:
        counts[tap] += 1
    return counts


def test_places_that_lie_apart_share_no_element():
    """With dilation, or at a single place, windows may do so without being called apart."""
    for n, k, s, d, pads in ALONG_AN_AXIS:
        window = Window.over((n,), k, s, [pads], d)
        shared = uses(window).max() > 1
        if d == 1 and window.output_size[0] > 1:
            assert window.apart == (not shared), (n, k, s, d, pads)
        else:
            assert not (window.apart and shared), (n, k, s, d, pads)


def test_a_window_covers_what_it_has_exactly_once():
    for n, k, s, d, pads in ALONG_AN_AXIS:
        window = Window.over((n,), k, s, [pads], d)
        once = bool((uses(window) == 1).all())
        assert window.covers == (window.apart and once), (n, k, s, d, pads)


@pytest.mark.parametrize(
    ("size", "kernel", "strides", "apart", "covers"),
    [
        ((4, 6), (2, 3), (2, 3), True, True),
        ((5, 6), (2, 3), (2, 3), True, False),
        ((4, 7), (2, 3), (2, 3), True, False),
        ((4, 6), (2, 3), (1, 3), False, False),
        ((4, 6), (2, 3), (2, 2), False, False),
        ((4, 8), (2, 3), (2, 4), True, False),
    ],
)
def test_apart_and_covering_on_two_axes(size, kernel, strides, apart, covers):
    window = Window.over(size, kernel, strides)
    counts = uses(window)
    assert (counts.max() == 1, (counts == 1).all()) == (apart, covers)
    assert (window.apart, window.covers) == (apart, covers)


# What is refused

INT_ERROR = "must be an int or a tuple of ints"


@pytest.mark.parametrize("argument", ["kernel_size", "strides", "dilation_rate"])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "{} must be at least 1, got 0"),
        (-2, ValueError, "{} must be at least 1, got -2"),
        ((2, 0), ValueError, r"{} must be at least 1, got \(2, 0\)"),
        (2.0, TypeError, "{} must be an int or a tuple of ints, got 2.0"),
        ((1.0, 1.0), TypeError, r"{} must be an int or a tuple of ints, got \(1.0, 1.0\)"),
        ("2", TypeError, "{} must be an int or a tuple of ints, got '2'"),
        (("2", 2), TypeError, r"{} must be an int or a tuple of ints, got \('2', 2\)"),
        (None, TypeError, "{} must be an int or a tuple of ints, got None"),
        ((), ValueError, r"{} must have 2 entries, got \(\)"),
        ((2,), ValueError, r"{} must have 2 entries, got \(2,\)"),
        ((2, 2, 2), ValueError, r"{} must have 2 entries, got \(2, 2, 2\)"),
    ],
    ids=repr,
)
def test_bad_numbers(argument, value, error, message):
    arguments = {"kernel_size": 1, "strides": 1, "dilation_rate": 1}
    for good in (1, 2, (1, 1), (2, 2)):  # a remembered geometry must not let its like through
        Geometry.of((1, 5, 5), 1, **(arguments | {argument: good}))
    arguments[argument] = value
    with pytest.raises(error, match=message.format(argument)):
        Window.over((5, 5), **arguments)
    with pytest.raises(error, match=message.format(argument)):
        Geometry.of((1, 5, 5), 1, **arguments)


@pytest.mark.parametrize(
    ("padding", "error", "message"),
    [
        ("Same", ValueError, "padding must be 'valid', 'same', 'full', an int, or .* got 'Same'"),
        ("", ValueError, "padding must be 'valid', .* got ''"),
        (-1, ValueError, "padding must be at least 0, got -1"),
        ((0, -1), ValueError, "padding must be at least 0, got -1"),
        (((0, 1), (0, -1)), ValueError, r"padding must be at least 0, got \(0, -1\)"),
        ((1,), ValueError, r"padding has 1 entries for 2 spatial axes: \(1,\)"),
        ((1, 1, 1), ValueError, r"padding has 3 entries for 2 spatial axes: \(1, 1, 1\)"),
        (((1, 1, 1), 1), ValueError, r"padding must have 2 entries, got \(1, 1, 1\)"),
        (1.0, TypeError, "padding must be .*, got 1.0"),
        (None, TypeError, "padding must be .*, got None"),
        ((1.0, 1.0), TypeError, r"padding must be .*, got \(1.0, 1.0\)"),
        (("same", "same"), TypeError, r"padding must be .*, got \('same', 'same'\)"),
    ],
    ids=repr,
)
def test_bad_padding(padding, error, message):
    for good in (1, (1, 1), ((0, 1), (0, 1))):
        Geometry.of((1, 5, 5), 1, 2, padding=good)
    with pytest.raises(error, match=message):
        Window.over((5, 5), 2, padding=padding)
    with pytest.raises(error, match=message):
        Geometry.of((1, 5, 5), 1, 2, padding=padding)


@pytest.mark.parametrize("kernel_size", [6, (2, 6), ((3, 2))], ids=str)
def test_a_kernel_too_large(kernel_size):
    dilation = 4 if kernel_size == (3, 2) else 1
    need, axis = (9, 0) if dilation == 4 else (6, 0 if kernel_size == 6 else 1)
    with pytest.raises(
        ValueError,
        match=rf"the kernel spans {need} positions on spatial axis {axis}, the input has only 5 "
        r"\(size 5, padding \(0, 0\)\): use a smaller kernel, padding='same', or a larger input",
    ):
        Window.over((5, 5), kernel_size, dilation_rate=dilation)


def test_padding_makes_room_for_a_kernel():
    with pytest.raises(ValueError, match=r"only 5 \(size 2, padding \(1, 2\)\)"):
        Window.over((2,), 6, padding=((1, 2),))
    assert Window.over((2,), 6, padding=((2, 2),)).output_size == (1,)
    assert Window.over((2,), 6, padding="same").output_size == (2,)


@pytest.mark.parametrize(
    ("shape", "rank"), [((3,), 0), ((3, 4, 4, 4, 4), 4)], ids=["no spatial axis", "four of them"]
)
def test_one_to_three_spatial_axes(shape, rank):
    with pytest.raises(ValueError, match="channels and one to three spatial axes, got shape"):
        Geometry.of(shape, 2, 1)
    assert len(shape) == 1 + rank


@pytest.mark.parametrize("shape", [(0, 4, 4), (3, 0, 4), (-3, 4, 4)], ids=str)
def test_empty_input_shapes(shape):
    with pytest.raises(ValueError, match="input shape must be at least 1, got"):
        Geometry.of(shape, 2, 1)


@pytest.mark.parametrize("shape", [(3, 4.0, 4), (3, None, 4), ("3", 4, 4)], ids=str)
def test_input_shapes_of_other_things(shape):
    Geometry.of((3, 4, 4), 2, 1)
    with pytest.raises(TypeError, match="input shape must be an int or a tuple of ints, got"):
        Geometry.of(shape, 2, 1)


@pytest.mark.parametrize("argument", ["filters", "groups"])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "{} must be at least 1, got 0"),
        (-4, ValueError, "{} must be at least 1, got -4"),
        (2.0, TypeError, "{} must be an int .*, got 2.0"),
        ("2", TypeError, "{} must be an int .*, got '2'"),
        (None, TypeError, "{} must be an int .*, got None"),
        ((2, 2), ValueError, r"{} must have 1 entries, got \(2, 2\)"),
    ],
    ids=repr,
)
def test_bad_counts(argument, value, error, message):
    Geometry.of((4, 5, 5), 2, 1, groups=2)
    arguments = {"filters": 2, "groups": 2} | {argument: value}
    with pytest.raises(error, match=message.format(argument)):
        Geometry.of((4, 5, 5), kernel_size=1, **arguments)


def test_groups_divide_channels_and_filters():
    with pytest.raises(ValueError, match="groups=2 does not divide the 3 channels"):
        Geometry.of((3, 5), 4, 1, groups=2)
    with pytest.raises(ValueError, match="groups=2 does not divide the 3 filters"):
        Geometry.of((4, 5), 3, 1, groups=2)


# Arrays seen through a window

WINDOWS = (
    Window.over((5,), 3),
    Window.over((6,), 2, 3, ((1, 2),), 2),
    Window.over((4, 5), (2, 3), (1, 2), "same"),
    Window.over((5, 4), (2, 2), (2, 1), ((0, 1), (2, 0)), (3, 1)),
    Window.over((3, 4, 3), (2, 1, 2), (1, 2, 1), ((1, 0), 0, (0, 1)), (1, 1, 2)),
)
each_window = pytest.mark.parametrize("window", WINDOWS, ids=lambda w: f"{w.rank}d")


def numbered(*shape):
    return np.arange(1, 1 + math.prod(shape), dtype="f4").reshape(shape)


@each_window
@pytest.mark.parametrize("value", [0.0, -math.inf])
@pytest.mark.parametrize("strided", [False, True])
def test_pad(backend, window, value, strided):
    host = numbered(2, 3, *window.input_size)
    x = backend.asarray(host)
    if strided:
        x, host = x[::-1, ::2], host[::-1, ::2]
    expected = np.full((*host.shape[:2], *window.padded_size), value, "f4")
    for place in np.ndindex(*host.shape):
        padded = [i + before for i, (before, _) in zip(place[2:], window.pads, strict=True)]
        expected[(*place[:2], *padded)] = host[place]
    out = backend.xp.full(expected.shape, 7, dtype="float32")
    padded_into = pad(backend.xp, x, window, value, out=out)
    for padded in (pad(backend.xp, x, window, value), padded_into):
        np.testing.assert_array_equal(backend.to_numpy(padded), expected, strict=True)
    if window.padded:
        assert padded_into is out
    else:
        assert padded_into is x
    np.testing.assert_array_equal(backend.to_numpy(x), host)


@each_window
def test_patches(backend, window):
    """A view: element [n, c, k, o] is the padded array's at o * stride + k * dilation."""
    host = numbered(2, 3, *window.padded_size)
    view = patches(backend.xp, backend.asarray(host), window)
    assert view.shape == (2, 3, *window.kernel_size, *window.output_size)
    seen = backend.to_numpy(view)
    for place in np.ndindex(*view.shape):
        taps, outputs = place[2 : 2 + window.rank], place[2 + window.rank :]
        at = tuple(
            o * s + k * d
            for o, s, k, d in zip(outputs, window.strides, taps, window.dilation, strict=True)
        )
        assert seen[place] == host[(*place[:2], *at)]


@each_window
def test_patches_of_a_strided_array(backend, window):
    host = numbered(3, 2, *window.padded_size[::-1])
    device = backend.asarray(host)
    axes = (1, 0, *range(1 + window.rank, 1, -1))
    view = patches(backend.xp, device.transpose(axes), window)
    plain = patches(np, np.ascontiguousarray(host.transpose(axes)), window)
    np.testing.assert_array_equal(backend.to_numpy(view), plain)
    if backend.xp is np:
        assert np.shares_memory(view, device)


@pytest.mark.parametrize(
    ("shape", "steps", "size"),
    [
        ((4,), (3,), None),
        ((2, 4), (2,), None),
        ((2, 3, 4), (2, 1), None),
        ((2, 3, 4), (2, 3), (7, 11)),
        ((3, 4), (1, 1), (5, 4)),
        ((2, 1, 2, 3), (3, 1, 2), None),
    ],
    ids=str,
)
def test_spread(backend, shape, steps, size):
    host = numbered(*shape)
    inner = shape[len(shape) - len(steps) :]
    outer = shape[: len(shape) - len(steps)]
    tight = tuple((n - 1) * step + 1 for n, step in zip(inner, steps, strict=True))
    expected = np.zeros(outer + (size or tight), "f4")
    for place in np.ndindex(*shape):
        lead, last = place[: len(outer)], place[len(outer) :]
        expected[lead + tuple(i * step for i, step in zip(last, steps, strict=True))] = host[place]
    out = spread(backend.xp, backend.asarray(host), steps, size)
    np.testing.assert_array_equal(backend.to_numpy(out), expected, strict=True)


def test_spread_leaves_alone_what_is_dense(backend):
    x = backend.asarray(numbered(2, 3))
    assert spread(backend.xp, x, (1, 1)) is x
    assert spread(backend.xp, x, (1, 1), (2, 3)) is x
