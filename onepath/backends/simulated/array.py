"""The array of the simulated device: host memory that keeps the rules of ``cupy.ndarray``."""

from collections.abc import Iterator
from types import GenericAlias, SimpleNamespace
from typing import Any

import numpy as np

from . import devices, indexing
from .dtypes import SCALARS, cast, checked_dtype, poisoned
from .ledger import ledger


class ndarray:  # noqa: N801 - CuPy's name
    """An array on a simulated device.

    It is not a NumPy array and does not become one unless it is asked to by `get`; operands from
    the host are refused; what CUDA would copy or wait for is noted in the ledger.

    Parameters
    ----------
    shape, dtype, order
        As for ``cupy.ndarray``: memory with undefined content.
    """

    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    _host: Any
    _device: int
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
        self._host = self._host.reshape(shape, copy=False)

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
        return Flags(self._host.flags)

    @property
    def device(self) -> devices.Device:
        """Where it lives."""
        return devices.Device(self._device)

    @property
    def base(self) -> "ndarray | None":
        """The array of which this one is a view, if it is one."""
        base = self._host.base
        return None if base is None else wrap(base, self)

    @property
    def data(self) -> SimpleNamespace:
        """The address, which is one of the host's memory: nothing of CUDA's may follow it."""
        return SimpleNamespace(ptr=self._host.ctypes.data, device=self.device)

    @property
    def T(self) -> "ndarray":  # noqa: N802 - CuPy's name
        """The transpose, as a view."""
        return wrap(self._host.T, self)

    @property
    def mT(self) -> "ndarray":  # noqa: N802 - CuPy's name
        """The matrices' transposes, as a view."""
        return wrap(np.matrix_transpose(self._host), self)

    @property
    def real(self) -> "ndarray":
        """The real part, as a view."""
        return wrap(self._host.real, self)

    @real.setter
    def real(self, value: Any) -> None:
        wrap(self._host.real)[...] = value

    @property
    def imag(self) -> "ndarray":
        """The imaginary part, as a view."""
        return wrap(self._host.imag, self)

    @imag.setter
    def imag(self, value: Any) -> None:
        wrap(self._host.imag)[...] = value

    @property
    def flat(self) -> Iterator["ndarray"]:
        """The elements one by one, in row-major order."""
        return iter(wrap(self._host.reshape(-1), self))

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Iterator["ndarray"]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __class_getitem__(cls, item: Any) -> GenericAlias:
        return GenericAlias(cls, item)

    def __sizeof__(self) -> int:
        return object.__sizeof__(self)

    # To the host, always by request

    def get(
        self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True
    ) -> Any:
        """Copy to the host."""
        return self._read("get", order, out)

    def _read(self, what: str, order: str = "C", out: Any = None) -> Any:
        ledger.copied_out(self.nbytes, what)
        if out is None:
            return self._host.copy(order)
        if not isinstance(out, np.ndarray):
            raise TypeError("Only numpy.ndarray can be obtained from cupy.ndarray")
        out[...] = self._host
        return out

    def item(self, *args: Any) -> Any:
        """Copy an element to the host."""
        return self._read("item").item(*args)

    def tolist(self) -> Any:
        """Copy to the host, as nested lists."""
        return self._read("tolist").tolist()

    def tobytes(self, order: str = "C") -> bytes:
        """Copy to the host, as bytes."""
        return bytes(self._read("tobytes").tobytes(order))

    def __bool__(self) -> bool:
        return bool(self._read("bool()"))

    def __int__(self) -> int:
        return int(self._read("int()"))

    def __float__(self) -> float:
        return float(self._read("float()"))

    def __complex__(self) -> complex:
        return complex(self._read("complex()"))

    def __repr__(self) -> str:
        return repr(self._read("repr()"))

    def __str__(self) -> str:
        return str(self._read("str()"))

    def __format__(self, format_spec: str) -> str:
        return format(self._read("format()"), format_spec)

    def __reduce__(self) -> Any:
        return _unpickled, (self._read("pickle"),)

    def set(self, arr: Any, stream: Any = None) -> None:
        """Copy an array of the host's into this one."""
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if arr.shape != self.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        ledger.copied_in(self.nbytes, "set")
        self._host[...] = arr

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, self._device  # kDLCUDA

    def __dlpack__(self, **options: Any) -> Any:
        return self._host.__dlpack__(max_version=options.get("max_version"))

    # Elements

    def __getitem__(self, index: Any) -> "ndarray":
        return wrap(indexing.read(self._host, index, unwrap), self)

    def __setitem__(self, index: Any, value: Any) -> None:
        indexing.write(self._host, index, value, unwrap)
        deepen(self, roundings(value))

    def fill(self, value: Any) -> None:
        """Set all elements to a number."""
        self[...] = value

    # Copies

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
        dtype, order = checked_dtype(dtype), order or "K"
        if dtype == self.dtype and not copy:
            same = self._host.astype(dtype, order=order, copy=False)
            if same is self._host:
                return self
        return wrap(np.array(cast(self._host, dtype), order=order), self)  # type: ignore[call-overload]

    def copy(self, order: str = "C") -> "ndarray":
        """Copy."""
        return wrap(self._host.copy(order), self)

    def __copy__(self) -> "ndarray":
        return self.copy()

    def __deepcopy__(self, memo: Any) -> "ndarray":
        return self.copy()


class Flags:
    """``ndarray.flags``: what CuPy has of them."""

    def __init__(self, flags: Any) -> None:
        self.c_contiguous = bool(flags.c_contiguous)
        self.f_contiguous = bool(flags.f_contiguous)
        self.owndata = bool(flags.owndata)
        self.forc = self.c_contiguous or self.f_contiguous
        self.fnc = self.f_contiguous and not self.c_contiguous

    def __getitem__(self, name: str) -> bool:
        try:
            flag: bool = getattr(self, name.lower())
        except AttributeError:
            raise KeyError(f"{name} is not defined for cupy.ndarray.flags") from None
        return flag


# On the device, and off it


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
    array = object.__new__(ndarray)
    array._host = np.asarray(host)
    if origin is None:
        array._device, array._depth = devices.current(), [roundings]
        return array
    array._device = origin._device
    shared = array.dtype == origin.dtype and np.may_share_memory(array._host, origin._host)
    array._depth = origin._depth if shared else origin._depth.copy()
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


def deepen(array: ndarray, roundings: int) -> None:
    """Note that what was written to an array, or to a view of it, has that many roundings."""
    array._depth[0] = max(array._depth[0], roundings)


def _unpickled(host: Any) -> ndarray:
    ledger.copied_in(host.nbytes, "unpickle")
    return wrap(host)
