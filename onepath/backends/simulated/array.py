"""The array of the simulated device: host memory that keeps the rules of ``cupy.ndarray``."""

import pickle
import warnings
from collections.abc import Callable, Iterator
from types import GenericAlias, SimpleNamespace
from typing import Any

import numpy as np

from . import devices, dlpack, indexing
from .dtypes import SCALARS, cast, checked_dtype, poisoned
from .graphs import captured
from .ledger import ledger


class Address(int):
    """Where an array's memory begins, and the array, for simulated libraries that compute there."""

    array: "ndarray"


class ndarray:  # noqa: N801 - CuPy's name
    """An array on a simulated device.

    It is not a NumPy array and does not become one unless it is asked to by `get`; operands from
    the host are refused; what CUDA would copy or wait for is noted in the ledger.

    Parameters
    ----------
    shape, dtype, order
        As for ``cupy.ndarray``: memory with undefined content.
    """

    __module__ = "cupy"
    __slots__ = ("__weakref__", "_base", "_depth", "_device", "_host")
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    _host: Any
    _device: int
    _base: "ndarray | None"
    _depth: list[int]
    """How many roundings lie on the way to an element; one list for all views of a memory."""

    def __new__(cls, shape: Any, dtype: Any = float, *, order: str = "C") -> "ndarray":
        """Allocate; the content is NaN, since fresh memory is never zero by right."""
        return wrap(poisoned(np.empty(shape, checked_dtype(dtype), order=order)))  # type: ignore[call-overload]

    # What it is

    @property
    def dtype(self) -> Any:
        """The dtype."""
        return self._host.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape; assigning one reshapes the array itself."""
        shape: tuple[int, ...] = self._host.shape
        return shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        view: Any = self._host.reshape(shape)
        if self.size and not np.may_share_memory(view, self._host):
            raise AttributeError("Incompatible shape for in-place modification.")
        self._host = view

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes between neighbours along each axis."""
        strides: tuple[int, ...] = self._host.strides
        return strides

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return int(self._host.ndim)

    @property
    def size(self) -> int:
        """How many elements there are."""
        return int(self._host.size)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return int(self._host.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return int(self._host.nbytes)

    @property
    def flags(self) -> "Flags":
        """Contiguity and ownership."""
        return Flags(self._host.flags, self._base is None)

    @property
    def device(self) -> devices.Device:
        """Where it lives."""
        return devices.Device(self._device)

    @property
    def base(self) -> "ndarray | None":
        """The array of which this one is a view, if it is one."""
        return self._base

    @property
    def data(self) -> SimpleNamespace:
        """The address, which is one of the host's memory: nothing of CUDA's may follow it."""
        address = Address(self._host.ctypes.data)
        address.array = self
        return SimpleNamespace(ptr=address, device=self.device, device_id=self._device)

    @property
    def T(self) -> "ndarray":  # noqa: N802 - CuPy's name
        """The transpose, as a view."""
        return wrap(self._host.T, self) if self.ndim > 1 else self

    @property
    def mT(self) -> "ndarray":  # noqa: N802 - CuPy's name
        """The matrices' transposes, as a view."""
        if self.ndim < 2:
            raise ValueError("matrix transpose with ndim < 2 is undefined")
        return wrap(np.matrix_transpose(self._host), self)

    @property
    def real(self) -> "ndarray":
        """The real part, as a view."""
        return wrap(self._host.real, self)

    @real.setter
    def real(self, value: Any) -> None:
        self.real[...] = value

    @property
    def imag(self) -> "ndarray":
        """The imaginary part, as a view."""
        return wrap(self._host.imag, self)

    @imag.setter
    def imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("cupy.ndarray does not have imaginary part to set")
        self.imag[...] = value

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Iterator["ndarray"]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __class_getitem__(cls, item: Any) -> GenericAlias:
        return GenericAlias(cls, item)

    # To the host, always by request

    def get(
        self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True
    ) -> Any:
        """Copy to the host."""
        if out is None:
            return self._read("get", order)
        if not isinstance(out, np.ndarray):
            raise TypeError("Only numpy.ndarray can be obtained from cupy.ndarray")
        if out.dtype != self.dtype:
            raise TypeError(f"{out.dtype} array cannot be obtained from {self.dtype} array")
        if out.shape != self.shape:
            raise ValueError(
                f"Shape mismatch. Expected shape: {self.shape}, actual shape: {out.shape}"
            )
        out[...] = self._read("get")
        return out

    def _read(self, what: str, order: str = "C") -> Any:
        ledger.copied_out(self.nbytes, what)
        return self._host.copy(order)

    def item(self) -> Any:
        """Copy the only element to the host."""
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self._read("item").item()

    def tolist(self) -> Any:
        """Copy to the host, as nested lists."""
        return self._read("tolist").tolist()

    def tobytes(self, order: str = "C") -> bytes:
        """Copy to the host, as bytes."""
        return bytes(self._read("tobytes").tobytes(order))

    def tofile(self, fid: Any, sep: str = "", format: str = "%s") -> None:
        """Copy to the host, and into a file."""
        self._read("tofile").tofile(fid, sep, format)

    def dump(self, file: Any) -> None:
        """Copy to the host, and pickle into an open file."""
        pickle.dump(self, file, -1)

    def dumps(self) -> bytes:
        """Copy to the host, and pickle."""
        return pickle.dumps(self, -1)

    def __bool__(self) -> bool:
        if self.size > 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. "
                "Use a.any() or a.all()"
            )
        if not self.size:
            warnings.warn(
                "The truth value of an empty array is ambiguous. Use `array.size > 0` to check "
                "that an array is not empty.",
                DeprecationWarning,
                stacklevel=2,
            )
            return False
        return bool(self._read("bool()"))

    def __int__(self) -> int:
        return int(self._read("int()"))

    def __float__(self) -> float:
        return float(self._read("float()"))

    def __complex__(self) -> complex:
        return complex(self._read("complex()"))

    def __bytes__(self) -> bytes:
        return bytes(self._read("bytes()"))

    def __repr__(self) -> str:
        return repr(self._read("repr()"))

    def __str__(self) -> str:
        return str(self._read("str()"))

    def __format__(self, format_spec: str) -> str:
        return format(self._read("format()"), format_spec)

    def __reduce__(self) -> Any:
        return _unpickled, (self._read("pickle", "A"),)

    def set(self, arr: Any, stream: Any = None) -> None:
        """Copy an array of the host's into this one."""
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if arr.shape != self.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        if not self.flags.forc:
            raise RuntimeError("Cannot set to non-contiguous array")
        ledger.copied_in(self.nbytes, "set")
        self._host[...] = arr
        deepen(self, 0, everywhere=True)

    def __array__(self, dtype: Any = None) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __dlpack_device__(self) -> tuple[int, int]:
        return dlpack.CUDA, self._device

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Any = None,
        dl_device: Any = None,
        copy: bool | None = None,
    ) -> Any:
        if dl_device in (None, self.__dlpack_device__()):
            if copy:
                raise BufferError("copy=True only supported for copy to CPU.")
            return dlpack.Lent(self)
        if dl_device != (dlpack.HOST, 0):
            raise BufferError("unsupported device requested.")
        if copy is False:
            raise ValueError("GPU memory cannot be exported to CPU without copy.")
        return self._read("__dlpack__").__dlpack__()

    # Elements

    @captured
    def __getitem__(self, slices: Any) -> "ndarray":
        return wrap(indexing.read(self._host, slices, unwrap), self)

    @captured
    def __setitem__(self, slices: Any, value: Any) -> None:
        indexing.write(self._host, slices, value, unwrap)
        everywhere = slices is Ellipsis or (type(slices) is slice and slices == _ALL)
        deepen(self, roundings(value), everywhere)

    def fill(self, value: Any) -> None:
        """Set all elements to a number."""
        self[...] = value

    # Copies and views

    @captured
    def astype(
        self,
        dtype: Any,
        order: str | None = "K",
        casting: Any = None,
        subok: Any = None,
        copy: bool = True,
    ) -> "ndarray":
        """Convert to a dtype."""
        for name, value in (("casting", casting), ("subok", subok)):
            if value is not None:
                raise TypeError(f"{name} is not supported yet")
        dtype, order, host = checked_dtype(dtype), order or "K", unwrap(self)
        with np.errstate(all="ignore"):
            same = not copy and host.astype(dtype, order=order, copy=False) is host
        if same:
            return self
        exact = 0 if dtype.kind in "biu" else roundings(self)
        return wrap(np.array(cast(host, dtype), order=order), roundings=exact)  # type: ignore[call-overload]

    @captured
    def copy(self, order: str = "C") -> "ndarray":
        """Copy, to the current device."""
        return wrap(self._host.copy(order), roundings=roundings(self))

    def view(self, dtype: Any = None, type: Any = None) -> "ndarray":
        """Look at the same memory, perhaps as another dtype."""
        if type not in (None, ndarray):
            raise NotImplementedError("the simulated device has no subclasses of cupy.ndarray")
        host = self._host.view() if dtype is None else self._host.view(checked_dtype(dtype))
        return wrap(host, self)

    @captured
    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> "ndarray":
        """Give the elements another shape, without a copy if there need not be one."""
        host = self._host.reshape(*shape, order=order)
        shared = np.may_share_memory(host, self._host)
        if copy is False and not shared and self.size:
            raise ValueError("Unable to avoid creating a copy while reshaping.")
        return wrap(host.copy() if copy and shared else host, self)

    def transpose(self, *axes: Any) -> "ndarray":
        """Exchange axes, as a view."""
        return wrap(self._host.transpose(*axes), self)

    def __copy__(self) -> "ndarray":
        return self.copy()

    def __deepcopy__(self, memo: Any) -> "ndarray":
        with self.device:
            return self.copy()


_ALL = slice(None)


class Flags:
    """``ndarray.flags``: what CuPy has of them."""

    def __init__(self, flags: Any, owndata: bool) -> None:
        self.c_contiguous = bool(flags.c_contiguous)
        self.f_contiguous = bool(flags.f_contiguous)
        self.owndata = owndata
        self.forc = self.c_contiguous or self.f_contiguous
        self.fnc = self.f_contiguous and not self.c_contiguous

    def __getitem__(self, name: str) -> bool:
        names = {"c": "c_contiguous", "f": "f_contiguous", "o": "owndata"}
        try:
            flag: bool = getattr(self, names.get(name.lower(), name.lower()))
        except AttributeError:
            raise KeyError(f"{name} is not defined for cupy.ndarray.flags") from None
        return flag


# On the device, and off it

ask: Callable[[int], None] | None = None
"""Asked for the memory of each new array, if there is a limit to it; see `memory`."""


def wrap(host: Any, origin: ndarray | None = None, roundings: int = 0) -> ndarray:
    """Put a host array, or a scalar as a 0-d array, on a device, sharing the memory.

    Parameters
    ----------
    host : numpy.ndarray or scalar
        What is put there.
    origin : ndarray, optional
        An array that ``host`` is a view or a copy of; otherwise the current device is taken.
    roundings : int, optional
        Without an origin, how many roundings lie on the way to an element.

    Returns
    -------
    ndarray
        The array.
    """
    host = np.asarray(host)
    shared = origin is not None and np.may_share_memory(host, origin._host)
    if ask is not None and not shared:
        ask(host.nbytes)
    array = object.__new__(ndarray)
    array._host = host
    array._base = None
    if origin is None:
        array._device, array._depth = devices.current(), [roundings]
        return array
    array._device, array._depth = origin._device, origin._depth
    if shared:
        array._base = origin if origin._base is None else origin._base
        if host.dtype == origin.dtype or (host.dtype.kind in "fc" and origin.dtype.kind in "fc"):
            return array
    # a copy goes its own way, and so does memory that is lent out as another dtype
    array._depth = origin._depth.copy()
    return array


def unwrap(operand: Any) -> Any:
    """Return the host array of an operand, or the scalar that it is; refuse what CuPy refuses."""
    if isinstance(operand, ndarray):
        devices.check_device(operand._device)
        return operand._host
    if isinstance(operand, SCALARS):
        return operand
    raise TypeError(f"Unsupported type {type(operand)}")


def roundings(*operands: Any) -> int:
    """How many roundings lie at most on the way to an element of any of the operands.

    Parameters
    ----------
    *operands : object
        Arrays of the simulated device; anything else counts as exact.

    Returns
    -------
    int
        Operations one after the other; a sum over n terms counts n.
    """
    return max((x._depth[0] for x in operands if isinstance(x, ndarray)), default=0)


def deepen(array: ndarray, roundings: int, everywhere: bool = False) -> None:
    """Note that what was written to an array has that many roundings.

    Parameters
    ----------
    array : ndarray
        The array; if it is a view, its base counts the roundings.
    roundings : int
        How many lie on the way to the elements written.
    everywhere : bool, optional
        Whether all elements of the array were written: then nothing is left of older ones, unless
        it is a view.
    """
    anew = everywhere and array._base is None
    array._depth[0] = roundings if anew else max(array._depth[0], roundings)


def _unpickled(host: Any) -> ndarray:
    ledger.copied_in(host.nbytes, "unpickle")
    return wrap(host)
