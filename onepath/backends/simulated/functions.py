"""Functions of arrays: called as CuPy's are, computed by NumPy's or SciPy's of that name."""

from collections.abc import Callable, Iterator, Sequence
from inspect import Signature
from types import MethodType, NoneType
from typing import Any

import numpy as np

from . import counting, kinds
from .array import deepen, ndarray, roundings, wrap
from .calls import REST, Call
from .devices import check_device
from .dtypes import SCALARS, cast, checked_dtype
from .graphs import captured
from .indexing import upload
from .ledger import ledger

Compute = Callable[..., Any]


class Function:
    """A function of CuPy's, or a method of its array.

    Parameters
    ----------
    name : str
        Its name.
    signature : inspect.Signature or None
        How CuPy's is called; None if that cannot be read.
    compute : callable
        What computes it from host arrays.
    """

    def __init__(self, name: str, signature: Signature | None, compute: Compute) -> None:
        self.__name__ = self.__qualname__ = name
        if signature is not None:
            self.__signature__ = signature
        self._compute = compute
        self._call = Call(name, signature, compute)
        self._uploaded = kinds.UPLOADED.get(name, frozenset())
        self._numbers = self._uploaded | kinds.NUMBERS.get(name, {kinds.SEQUENCES[REST]})
        self._plain = kinds.HOST - kinds.ARRAYS_TOO.get(name, frozenset())
        self._waits = kinds.WAITS.get(name)

    def __repr__(self) -> str:
        return f"<simulated cupy function {self.__name__!r}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    @captured
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute; arrays of the device are taken, NumPy's are not."""
        given = self._call.bound(args, kwargs)
        operands: list[ndarray] = []
        hosts = {name: self._taken(name, value, operands) for name, value in given.items()}
        self._note(given, operands)
        dtype = self._without_own(hosts)
        places, options = self._call.for_host(hosts)
        with np.errstate(all="ignore"):
            result = self._compute(*places, **options)
        out = given.get("out")
        inputs = [x for x in operands if x is not out]
        depth = self._depth(inputs, result, places, options)
        if isinstance(out, ndarray):
            deepen(out, depth if out.dtype.kind in "fc" else 0, everywhere=True)
            return out
        if self.__name__ in kinds.WRITES:
            deepen(given[self._call.first], depth)
        return on_device(result if dtype is None else cast(result, dtype), depth, inputs)

    # What goes in

    def _taken(self, name: str, value: Any, operands: list[ndarray]) -> Any:
        """An argument for the host's function, if CuPy's takes it; arrays are noted."""
        if isinstance(value, ndarray):
            if name in self._plain:
                raise TypeError("'ndarray' object cannot be interpreted as an integer")
            operands.append(value)
            return value._host
        if name in self._plain or value is None:
            return value
        if isinstance(value, (list, tuple)) and name in kinds.SEQUENCES:
            return type(value)(self._taken(kinds.SEQUENCES[name], x, operands) for x in value)
        if isinstance(value, (np.ndarray, list, tuple)):
            return self._from_host(name, value)
        if isinstance(value, SCALARS) and name in kinds.DATA and name not in self._numbers:
            raise TypeError(f"Unsupported type {type(value)} for {self._parameter(name)}")
        return value

    def _from_host(self, name: str, value: Any) -> Any:
        """Data of the host: copied where CuPy does so, refused where it needs an array."""
        if self.__name__ in kinds.ANSWERS:
            return value
        if name in self._uploaded:
            return upload(value, self.__name__)
        if isinstance(value, np.ndarray) or name in kinds.DATA:
            raise TypeError(f"Unsupported type {type(value)} for {self._parameter(name)}")
        return value

    def _parameter(self, name: str) -> str:
        return f"{name} of cupy.{self.__name__}: it has to be a cupy.ndarray"

    def _note(self, given: kinds.Given, operands: list[ndarray]) -> None:
        """Refuse arrays of another device, and note what the device is asked for."""
        if self.__name__ not in kinds.VIEWS:
            for operand in operands:
                check_device(operand._device)
        library = kinds.library(self.__name__, given, operands)
        if library is not None:
            ledger.called(library)
        if self.__name__ in kinds.READS:
            for operand in operands:
                ledger.copied_out(operand.nbytes, self.__name__)
        elif self._waits is not None and self._waits(given):
            ledger.synchronized(self.__name__)

    def _without_own(self, hosts: dict[str, Any]) -> Any:
        """Take out what only CuPy's function has: a dtype for the result, which is returned."""
        dtype = None
        for name, default in self._call.own.items():
            value = hosts.pop(name, default)
            if name == "dtype":
                dtype = value
            elif value is not default:
                raise NotImplementedError(
                    f"cupy.{self.__name__} has a parameter {name!r} that the host's function has "
                    f"not, so that {name}={value!r} cannot be simulated"
                )
        return dtype

    # How exact it is

    def _depth(
        self, operands: list[ndarray], result: Any, places: list[Any], options: dict[str, Any]
    ) -> int:
        """How many roundings lie on the way to an element of the result."""
        return roundings(*operands) + self._steps(operands, result)

    def _steps(self, operands: list[ndarray], result: Any) -> int:
        """How many of them are this function's."""
        if self.__name__ in counting.MOVES or not operands:
            return 0
        shapes = [x.shape for x in operands]
        return counting.steps(self.__name__, shapes, [np.shape(x) for x in _flat(result)])


class Sum(Function):
    """A function that adds up elements, or products of them."""

    def _depth(
        self, operands: list[ndarray], result: Any, places: list[Any], options: dict[str, Any]
    ) -> int:
        return roundings(*operands) + counting.terms(self._compute, places, options)


def on_device(result: Any, depth: int = 0, operands: Sequence[ndarray] = ()) -> Any:
    """Put a result of the host's function on the device; what is no number stays as it is.

    Parameters
    ----------
    result : object
        An array, a number, or a sequence of them.
    depth : int, optional
        How many roundings lie on the way to an element.
    operands : sequence of ndarray, optional
        Arrays of which the result may be a view.
    """
    if isinstance(result, (np.ndarray, np.generic)):
        checked_dtype(result.dtype)
        for operand in operands:
            if np.may_share_memory(result, operand._host):
                return wrap(_writeable(result), operand)
        return wrap(_writeable(result), roundings=depth if result.dtype.kind in "fc" else 0)
    if isinstance(result, (list, tuple)):
        values = [on_device(each, depth, operands) for each in result]
        if type(result).__name__.startswith("Unique"):  # CuPy's other results have no names
            return type(result)(*values)
        return values if isinstance(result, list) else tuple(values)
    if isinstance(result, dict):
        return {key: on_device(each, depth, operands) for key, each in result.items()}
    if isinstance(result, _PLAIN):
        return result
    raise NotImplementedError(
        f"the host's function gives a {type(result).__module__}.{type(result).__qualname__}, of "
        "which the simulated device has no counterpart"
    )


_PLAIN = (bool, int, float, complex, str, bytes, slice, type, np.dtype, NoneType)


def _writeable(host: Any) -> Any:
    """CuPy has no arrays that cannot be written to; NumPy makes some views so."""
    if isinstance(host, np.ndarray) and not host.flags.writeable:
        host.flags.writeable = True
    return host


def _flat(values: Any) -> Iterator[Any]:
    """The values, and those within lists and tuples."""
    if isinstance(values, (list, tuple)):
        for value in values:
            yield from _flat(value)
    else:
        yield values
