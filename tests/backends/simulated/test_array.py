"""The array: what it is, its way to the host and back, its copies and views."""

import copy
import pickle

import numpy as np
import pytest

from onepath.backends.simulated import ledger, modules
from onepath.backends.simulated.array import ndarray

CUPY = modules()["cupy"]
HOST = np.arange(6, dtype="float32").reshape(2, 3)


@pytest.fixture
def x():
    return CUPY.array(HOST)


def test_what_it_is(x):
    assert (x.shape, x.ndim, x.size, x.dtype) == ((2, 3), 2, 6, np.float32)
    assert (x.strides, x.itemsize, x.nbytes) == ((12, 4), 4, 24)
    assert x.device == CUPY.cuda.Device(0)
    assert x.data.device_id == 0
    assert len(x) == 2
    assert isinstance(x, ndarray)
    assert type(x) is CUPY.ndarray
    assert str(type(x)) == "<class 'cupy.ndarray'>"
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)
    assert isinstance(CUPY.ndarray[int, float], type(list[int]))


def test_flags(x):
    assert (x.flags.c_contiguous, x.flags.f_contiguous, x.flags.forc, x.flags.fnc) == (
        *(True, False, True, False),
    )
    assert x.T.flags["F_CONTIGUOUS"]
    assert x.T.flags.fnc
    assert x.flags.owndata
    assert not x[0].flags["O"]
    assert not x[:, 1].flags["C"]
    with pytest.raises(KeyError, match="WRITEABLE is not defined for cupy"):
        x.flags["WRITEABLE"]


def test_making_one():
    made = CUPY.ndarray((2, 3), "int16", order="F")
    assert (made.shape, made.dtype) == ((2, 3), np.int16)
    assert made.flags.f_contiguous
    assert made.base is None


def test_base_is_the_array_that_owns_the_memory(x):
    assert x.base is None
    assert x[0].base is x
    assert x[0][1:].base is x
    assert x.T.reshape(3, 2).base is x
    assert x.copy().base is None
    assert (x + 1).base is None


def test_the_shape_can_be_assigned(x):
    view = x[:]
    x.shape = (3, 2)
    assert x.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert view.shape == (2, 3)
    x.shape = -1
    assert x.shape == (6,)
    with pytest.raises(AttributeError, match="ncompatible shape for in-place modification"):
        view.T.shape = 6


def test_transposes(x):
    assert x.T.tolist() == HOST.T.tolist()
    assert x[0].T.shape == (3,)
    assert x[None].mT.shape == (1, 3, 2)
    with pytest.raises(ValueError, match="matrix transpose with ndim < 2 is undefined"):
        x[0].mT  # noqa: B018


def test_real_and_imaginary_parts():
    z = CUPY.array([1 + 2j, 3 - 4j])
    z.real = 5
    z.imag[0] = 7
    assert z.tolist() == [5 + 7j, 5 - 4j]
    z.imag = CUPY.array([0.0, 1.0])
    assert z.tolist() == [5, 5 + 1j]
    assert CUPY.array([1.0]).imag.tolist() == [0]
    with pytest.raises(TypeError, match="does not have imaginary part to set"):
        CUPY.array([1.0]).imag = 3


def test_iteration(x):
    assert [row.tolist() for row in x] == HOST.tolist()
    with pytest.raises(TypeError, match="iteration over a 0-d array"):
        iter(x[0, 0])
    with pytest.raises(TypeError, match="unsized"):
        len(x[0, 0])


def test_flat(x):
    assert [each.item() for each in x.flat] == [0, 1, 2, 3, 4, 5]
    assert x.T.flat[1].item() == 3
    assert x.T.flat[1:4].tolist() == [3, 1, 4]
    x.T.flat[1:3] = CUPY.array([7, 8])
    x.flat[5] = 9
    assert x.tolist() == [[0, 8, 2], [7, 4, 9]]
    x.flat[...] = 1
    assert x.flat.copy().tolist() == [1] * 6
    assert (len(x.flat), x.flat.base) == (6, x)
    for index in ((0, 1), True, [0]):
        with pytest.raises(IndexError, match="unsupported iterator index"):
            x.flat[index]


# To the host


def test_get(x):
    for order, contiguous in (("C", "c_contiguous"), ("F", "f_contiguous")):
        host = x.get(order=order)
        assert getattr(host.flags, contiguous)
        np.testing.assert_array_equal(host, HOST)
    x[0, 0] = 9
    assert HOST[0, 0] == 0
    out = np.empty((2, 3), "float32")
    assert x.get(out=out) is out
    assert out[0, 0] == 9
    for error, message, wrong in (
        (TypeError, r"Only numpy\.ndarray can be obtained", [0]),
        (TypeError, "float64 array cannot be obtained from float32", np.empty((2, 3))),
        (ValueError, r"Expected shape: \(2, 3\), actual shape: \(3,\)", np.empty(3, "float32")),
    ):
        with pytest.raises(error, match=message):
            x.get(out=wrong)


def test_numbers(x):
    assert x[1, 2].item() == 5.0
    assert (int(x[1, 2]), float(x[1, 2]), complex(x[1, 2])) == (5, 5.0, 5 + 0j)
    assert type(CUPY.array(3).item()) is int
    with pytest.raises(ValueError, match="can only convert an array of size 1"):
        x.item()


def test_truth(x):
    assert x[0, 1]
    assert not x[:1, 0]
    with ledger.watch() as events, pytest.raises(ValueError, match="one element is ambiguous"):
        bool(x)
    assert not events
    with pytest.warns(DeprecationWarning, match="empty array is ambiguous"):
        assert not x[:0]


def test_texts_and_bytes(x, tmp_path):
    assert repr(x) == repr(HOST)
    assert str(x) == str(HOST)
    assert f"{x[0, 1]:.2f}" == "1.00"
    assert x.tolist() == HOST.tolist()
    assert x.T.tobytes() == HOST.T.tobytes()
    assert bytes(x) == bytes(HOST)
    x.tofile(tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == HOST.tobytes()


def test_pickles_and_copies(x, tmp_path):
    with (tmp_path / "x").open("wb") as file:
        x.dump(file)
    for again in (
        *(pickle.loads(pickle.dumps(x)), pickle.loads(x.dumps()), copy.copy(x), copy.deepcopy(x)),
        *(pickle.loads((tmp_path / "x").read_bytes()), x.copy(), x.astype("float32"), CUPY.copy(x)),
    ):
        assert type(again) is ndarray
        assert again.dtype == x.dtype
        again[0, 0] = 7
        assert x.tolist() == HOST.tolist()
        assert again[0, 0] == 7


def test_set(x):
    x.set(HOST + 1)
    assert x.tolist() == (HOST + 1).tolist()
    for error, message, target, wrong in (
        (TypeError, r"Only numpy\.ndarray can be set", x, [1]),
        (TypeError, "float64 array cannot be set to float32", x, HOST.astype(float)),
        (ValueError, r"Old shape: \(2, 3\), new shape: \(3,\)", x, HOST[0]),
        (RuntimeError, "Cannot set to non-contiguous array", x[:, 1], HOST[:, 1]),
    ):
        with pytest.raises(error, match=message):
            target.set(wrong)


def test_dlpack_to_the_host(x):
    with ledger.watch() as events:
        host = np.from_dlpack(x.__dlpack__(dl_device=(1, 0)) and _Host(x))
    assert [event.kind for event in events].count("copy to the host") == 2
    np.testing.assert_array_equal(host, HOST)
    with pytest.raises(BufferError, match="unsupported device"):
        x.__dlpack__(dl_device=(2, 1))
    with pytest.raises(BufferError, match="copy=True"):
        x.__dlpack__(copy=True)
    with pytest.raises(ValueError, match="without copy"):
        x.__dlpack__(dl_device=(1, 0), copy=False)


class _Host:
    """What a library does that asks for a copy on the host."""

    def __init__(self, array):
        self.array = array

    def __dlpack_device__(self):
        return 1, 0

    def __dlpack__(self, **options):
        return self.array.__dlpack__(dl_device=(1, 0))


def test_dlpack_within_the_device(x):
    y = CUPY.from_dlpack(x)
    y[0, 0] = 7
    assert x[0, 0] == 7
    with pytest.raises(NotImplementedError, match="device"):
        CUPY.from_dlpack(x, device=0)
    with pytest.raises(TypeError, match="CPU arrays cannot be directly imported"):
        CUPY.from_dlpack(HOST)


# From the host


def test_arrays_of_host_data():
    for data in (HOST, HOST.tolist(), [HOST[0], HOST[1]], tuple(map(tuple, HOST))):
        made = CUPY.array(data, dtype="float32")
        assert made.tolist() == HOST.tolist()
    assert CUPY.array(HOST.astype(">f4")).dtype.isnative
    assert CUPY.array(HOST.T).flags.f_contiguous
    assert CUPY.array(HOST, order="F").flags.f_contiguous
    assert CUPY.array(HOST, ndmin=4).shape == (1, 1, 2, 3)
    assert CUPY.asarray(3).shape == ()
    assert CUPY.array(True).dtype == bool
    with pytest.raises(NotImplementedError, match="subok"):
        CUPY.array(HOST, subok=True)


def test_arrays_of_arrays(x):
    assert CUPY.asarray(x) is x
    assert CUPY.asanyarray(x, "float32") is x
    assert CUPY.array(x) is not x
    assert CUPY.array(x, copy=False) is x
    assert CUPY.asarray(x, "float64").dtype == "float64"
    assert CUPY.asarray(x, order="F").flags.f_contiguous
    assert CUPY.array([x, x]).shape == (2, 2, 3)
    assert CUPY.array([[x[0], x[1]]], "int32").tolist() == [HOST.tolist()]
    assert CUPY.array([x[0, 0], x[0, 1]]).tolist() == [0, 1]
    for options in ({"dtype": "float64"}, {"order": "F"}):
        with pytest.raises(ValueError, match="Unable to avoid copy"):
            CUPY.array(x, copy=False, **options)
    for mixed in ([x[0], HOST[0]], [x[0, 0], 1.0], [x[0], x[0, :2]]):
        with pytest.raises(TypeError, match="Implicit conversion"):
            CUPY.array(mixed)


def test_contiguous_arrays(x):
    assert CUPY.ascontiguousarray(x) is x
    assert CUPY.ascontiguousarray(x.T).flags.c_contiguous
    assert CUPY.asfortranarray(x, "float64").flags.f_contiguous
    assert CUPY.ascontiguousarray(x[0, 0]).shape == (1,)
    for function in (CUPY.ascontiguousarray, CUPY.asfortranarray):
        with pytest.raises(TypeError, match="Argument 'a' has incorrect type"):
            function(HOST)
    assert CUPY.asfarray([1, 2]).dtype == "float64"
    assert CUPY.astype(x, "int8").dtype == "int8"
    with pytest.raises(TypeError, match="Input should be a CuPy array"):
        CUPY.astype(HOST, "int8")


# Copies and views


def test_astype(x):
    assert x.astype("float32", copy=False) is x
    assert x.astype("float64", copy=False) is not x
    assert x.T.astype("int32").flags.f_contiguous
    assert x.astype("int32", order="F").flags.f_contiguous
    for option in ("casting", "subok"):
        with pytest.raises(TypeError, match=f"{option} is not supported yet"):
            x.astype("int32", **{option: True})


def test_reshape(x):
    for shape in ((3, 2), ((3, 2),), (-1,), ([6],)):
        assert x.reshape(*shape).ravel().tolist() == HOST.ravel().tolist()
    assert x.reshape(3, 2, order="F").tolist() == HOST.reshape(3, 2, order="F").tolist()
    assert x.reshape(6).base is x
    assert x.reshape(6, copy=True).base is None
    assert x.T.reshape(6).base is None
    with pytest.raises(ValueError, match="Unable to avoid creating a copy"):
        x.T.reshape(6, copy=False)


def test_views(x):
    assert x.view().base is x
    assert x.view("int32")[0, 1] == 0x3F800000
    assert x.view("uint8").shape == (2, 12)
    assert x.view(type=ndarray).base is x
    with pytest.raises(NotImplementedError, match="no subclasses"):
        x.view(type=type("Derived", (ndarray,), {}))


# Devices


def test_devices():
    second = CUPY.cuda.Device(1)
    with second:
        y = CUPY.array(HOST)
    assert y.device == second
    for view in (y[0], y.T, y.reshape(-1), y.ravel(), CUPY.moveaxis(y, 0, 1), y.view("int32")):
        assert view.device == second
    assert copy.deepcopy(y).device == second
    assert y.copy().device == CUPY.array(y).device == CUPY.cuda.Device(0)
    assert y.get().tolist() == HOST.tolist()
    for use in (lambda: y + 1, y.sum, lambda: y.astype("int8"), lambda: CUPY.concatenate([y, y])):
        with pytest.raises(ValueError, match=r"resides \(1\) is different from the current device"):
            use()
    with pytest.raises(RuntimeError, match="there is no simulated device 2"):
        CUPY.cuda.Device(2)
