"""Reading and writing elements: NumPy's results, but for CuPy's own rules."""

import numpy as np
import pytest

from onepath.backends.simulated import ledger, modules
from onepath.backends.simulated.array import ndarray

CUPY = modules()["cupy"]
HOST = np.arange(24.0).reshape(2, 3, 4)
ROWS, MASK = np.array([1, 0, 1]), HOST % 5 > 2

# each is one index: on the device, the arrays in it are the device's
INDICES = [
    0,
    np.int64(-1),
    ...,
    None,
    slice(None, None, -1),
    (0, 1, 2),
    (1, ..., 0),
    (None, 1, slice(1), None),
    (slice(None), -1),
    (),
    ROWS,
    ROWS.astype("uint8"),
    np.array([[0, 2], [1, 1]]) % 2,
    np.array(1),
    (slice(None), np.array([2, 0])),
    (np.array([0, 1]), np.array([2, 1])),
    (np.array([[0], [1]]), np.array([2, 1])),
    (0, slice(None), np.array([3, 1])),
    (np.array([0, 1]), slice(None), np.array([3, 1])),
    (..., np.array([0, 3]), None),
    MASK,
    MASK[:, 0, 0],
    (slice(None), np.array([True, False, True])),
    (np.array([True, False]), slice(None), 1),
    (MASK[0], ...)[0:0],
    np.zeros(0, int),
    (1, np.array([True, False, True])),
    (MASK[:, :, 0], np.array([1])),
]
names = [str(index).replace("\n", "") for index in INDICES]


def on_device(index):
    items = index if isinstance(index, tuple) else (index,)
    moved = tuple(CUPY.array(item) if isinstance(item, np.ndarray) else item for item in items)
    return moved if isinstance(index, tuple) else moved[0]


@pytest.mark.parametrize("index", INDICES, ids=names)
def test_reading(index):
    x = CUPY.array(HOST)
    found, expected = x[on_device(index)], HOST[index]
    assert type(found) is ndarray
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.get(), expected)
    assert (found.base is x) == (not any(isinstance(i, ndarray) for i in _items(on_device(index))))


def _items(index):
    return index if isinstance(index, tuple) else (index,)


@pytest.mark.parametrize("index", INDICES, ids=names)
def test_writing(index):
    shape = HOST[index].shape
    last = np.arange(float(shape[-1])) if shape else np.array(0.0)
    for value in (-1.0, -1 - np.broadcast_to(last, shape)):
        x, expected = CUPY.array(HOST), HOST.copy()
        expected[index] = value
        x[on_device(index)] = CUPY.array(value) if isinstance(value, np.ndarray) else value
        np.testing.assert_array_equal(x.get(), expected)


def test_lists_and_host_arrays_as_indices_are_copied():
    x = CUPY.array(HOST)
    for index in ([1, 0], np.array([1, 0]), [[True, False, True]] * 2, (0, [1, 2])):
        with ledger.watch() as events:
            found = x[index]
        assert next(event.what for event in events) == "host data as an index"
        np.testing.assert_array_equal(found.get(), HOST[index])
    assert x[[]].shape == (0, 3, 4)
    with ledger.watch() as events:
        assert x[True].shape == (1, 2, 3, 4)
    assert [event.kind for event in events] == ["synchronisation"]


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (2, "index 2 is out of bounds"),
        ((0, 0, 0, 0), "too many indices"),
        ("a", "only integers, slices"),
        (1.5, "only integers, slices"),
        (object(), "only integers, slices"),
        (CUPY.ones(2), "must be of integer or boolean type"),
        ([0.5], "must be of integer or boolean type"),
        (CUPY.ones(5, bool), "boolean index did not match"),
        ((..., ...), "single ellipsis"),
    ],
)
def test_wrong_indices(index, message):
    x = CUPY.array(HOST)
    with pytest.raises(IndexError, match=message):
        x[index]
    with pytest.raises(IndexError, match=message):
        x[index] = 0


def test_indices_wrap_around_and_are_noted():
    x, far = CUPY.arange(5), CUPY.array([5, -6, 12], "int8")
    with ledger.watch() as events:
        assert x[far].tolist() == [0, 4, 2]
        x[CUPY.array([7])] = 9
        assert x.take(CUPY.array([[6]]), axis=0).tolist() == [[1]]
    assert x.tolist() == [0, 1, 9, 3, 4]
    assert [event.kind for event in events if "out of bounds" in event.what] == [
        *["undefined result"] * 3
    ]
    assert CUPY.arange(300)[CUPY.array([255], "uint8")].tolist() == [255]
    many = CUPY.zeros((2, 300))
    assert many[CUPY.array([1]), CUPY.array([299], "uint16")].shape == (1,)


def test_repeated_indices_are_noted_if_the_values_differ():
    x = CUPY.zeros(4)
    with ledger.watch() as events:
        x[CUPY.array([1, 1])] = 5.0
        x[CUPY.array([[2, 2], [0, 3]])] = CUPY.array([[1.0, 1.0], [2.0, 3.0]])
    assert not [event for event in events if event.kind == "undefined result"]
    with ledger.watch() as events:
        x[CUPY.array([1, 1, 2])] = CUPY.array([7.0, 8.0, 9.0])
    assert [event.what for event in events if event.kind == "undefined result"] == [
        "assignment of different values to one element"
    ]
    assert x.tolist() == [2, 7, 9, 3]


def test_repeated_indices_of_a_transposed_array():
    x = CUPY.zeros((2, 3)).T
    x[CUPY.array([0, 0]), CUPY.array([1, 1])] = CUPY.array([3.0, 4.0])
    assert x.tolist() == [[0, 3], [0, 0], [0, 0]]


def test_values_of_the_host():
    x = CUPY.zeros((2, 3), "float32")
    x[0] = np.float64(2)
    x[1, 0] = np.array(3)
    with ledger.watch() as events:
        x[CUPY.arange(2), 1] = [7, 8]
    assert [event.kind for event in events] == ["copy to the device"]
    assert x.tolist() == [[2, 7, 2], [3, 8, 0]]
    for value in ([1, 2, 3], np.ones(3)):
        with pytest.raises(ValueError, match="non-scalar"):
            x[0] = value
    with pytest.raises(TypeError, match="Unsupported type"):
        x[0] = object()


def test_values_are_converted_as_on_the_device():
    x = CUPY.zeros(3, "int32")
    x[:] = CUPY.array([1.7, 1e10, np.nan])
    assert x.tolist() == [1, 2**31 - 1, 0]


def test_leading_axes_of_one_element_are_dropped_from_values():
    x = CUPY.zeros(3)
    x[...] = CUPY.ones((1, 1, 3))
    x[CUPY.array([0])] = CUPY.full((1, 1), 5.0)
    x[CUPY.array([1, 1])] = CUPY.full((1, 1, 2), 6.0)
    x[x == 1] = CUPY.full((1, 1), 7.0)
    assert x.tolist() == [5, 6, 7]
    with pytest.raises(ValueError, match="could not broadcast"):
        x[:] = CUPY.ones((2, 3))


def test_a_view_writes_to_its_base():
    x = CUPY.array(HOST)
    x[1][:, 2:][0] = 7
    x.T[0, 0] = CUPY.array([8.0, 9.0])
    x.diagonal()[...] = -1
    expected = HOST.copy()
    expected[1, 0, 2:] = 7
    expected.T[0, 0] = [8, 9]
    for i in range(2):
        expected[i, i] = -1
    np.testing.assert_array_equal(x.get(), expected)
