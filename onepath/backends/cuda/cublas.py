"""cuBLAS called past CuPy, which refuses matrix products while a stream captures.

cuBLAS itself takes part in captures (NVIDIA, "cuBLAS Library", section "CUDA Graphs Support"). CuPy
14 refuses to set its stream then (``cupy_backends.cuda.libs.cublas.setStream``). Handle, functions
and arguments are those of CuPy's own `matmul`, so that the same bits come out.
"""

import ctypes
import math
from typing import Any

from ..types import Array, DType

DATA_TYPES = {"e": 2, "E": 14, "f": 0, "d": 1, "F": 4, "D": 5}
"""``cudaDataType``, by the dtype's character; E is bfloat16. Stacks come in float32 or wider."""

BATCHED = {
    "f": "cublasSgemmBatched",
    "d": "cublasDgemmBatched",
    "F": "cublasCgemmBatched",
    "D": "cublasZgemmBatched",
}
"""Functions that take arrays of pointers."""

SIGNATURES = {
    "cublasSetStream_v2": "pp",
    "cublasGemmEx": "p ii iii p pii pii p pii ii",
    "cublasGemmStridedBatchedEx": "p ii iii p piil piil p piil i ii",
    **dict.fromkeys(BATCHED.values(), "p ii iii p pi pi p pi i"),
}
"""What the functions take: p is a pointer, i an int, l a long long."""

_C_TYPES = {"p": ctypes.c_void_p, "i": ctypes.c_int, "l": ctypes.c_longlong}

_COMPUTE = {(False, False): 68, (False, True): 69, (True, False): 70, (True, True): 71}
"""``cublasComputeType_t``, by whether it is float64, and whether it is pedantic."""

_COMPUTE_TF32 = 77

_CHOOSE, _CHOOSE_TENSOR_OP = -1, 99
"""``cublasGemmAlgo_t``: cuBLAS chooses an algorithm, or one of the tensor cores'."""

_PEDANTIC, _TF32 = 2, 7
"""What ``cupy._core.get_compute_type`` tells of a dtype."""


def load() -> Any:
    """Return cuBLAS's library, which CuPy has loaded, too.

    Raises
    ------
    ImportError, RuntimeError
        If it is not found.
    """
    from cuda import pathfinder

    library = ctypes.CDLL(pathfinder.load_nvidia_dynamic_lib("cublas").abs_path)
    for name, letters in SIGNATURES.items():
        function = getattr(library, name)
        function.argtypes = [_C_TYPES[letter] for letter in letters.replace(" ", "")]
        function.restype = ctypes.c_int
    return library


class Cublas:
    """Matrix products on the current stream, whether or not it captures.

    Parameters
    ----------
    cupy : module
        CuPy.
    library : object
        cuBLAS's functions, as `load` returns them.
    """

    def __init__(self, cupy: Any, library: Any) -> None:
        self._cupy, self._library = cupy, library

    def matmul(self, a: Array, b: Array, out: Array | None = None) -> Array:
        """Multiply matrices; see `Products.matmul`.

        Raises
        ------
        RuntimeError
            If cuBLAS fails.
        ValueError
            If shapes do not fit.
        """
        xp, dtype = self._cupy, self._cupy.promote_types(a.dtype, b.dtype)
        if a.shape[-1] != b.shape[-2]:
            raise ValueError(f"matmul: shapes {a.shape} and {b.shape} do not fit")
        batch = xp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        shape = (*batch, a.shape[-2], b.shape[-1])
        if out is not None and out.shape != shape:
            raise ValueError(f"matmul: out must have shape {shape}, got {out.shape}")
        plane = a.ndim == b.ndim == 2
        number = plane and len(a) == b.shape[1] == 1
        if number or dtype.char not in DATA_TYPES or not a.size or not b.size:
            return xp.matmul(a, b, out=out)  # by kernels of CuPy's own
        c = out
        if c is None or c.dtype != dtype or not c.flags.c_contiguous or _overlap(xp, c, a, b):
            c = xp.empty(shape, dtype=dtype)
        if plane:
            self._multiply(a.astype(dtype, copy=False), b.astype(dtype, copy=False), c)
        else:
            a, b = xp.ascontiguousarray(a, dtype), xp.ascontiguousarray(b, dtype)
            self._multiply_batch(_with_axes(a, c.ndim), _with_axes(b, c.ndim), c)
        if out is None or c is out:
            return c
        out[...] = c
        return out

    def _multiply(self, a: Array, b: Array, c: Array) -> None:
        """C-contiguous ``c = a @ b``, to cuBLAS, which counts by columns, ``c.T = b.T @ a.T``."""
        (n, k), m, kind = a.shape, b.shape[1], DATA_TYPES[c.dtype.char]
        a, turn_a, step_a = _in_columns(a.T, 0)
        b, turn_b, step_b = _in_columns(b, 1)
        one, zero = _factors(c.dtype)
        self._call(
            "cublasGemmEx",
            *(turn_b, turn_a, m, n, k, one),
            *(b.data.ptr, kind, step_b, a.data.ptr, kind, step_a),
            *(zero, c.data.ptr, kind, m, self._compute_type(c.dtype), self._algorithm(c.dtype)),
        )

    def _multiply_batch(self, a: Array, b: Array, c: Array) -> None:
        """``c = a @ b``, all of them C-contiguous, but that axes of length 1 are repeated."""
        (n, k), m, kind = a.shape[-2:], b.shape[-1], DATA_TYPES[c.dtype.char]
        count, (one, zero) = math.prod(c.shape[:-2]), _factors(c.dtype)
        if a.shape[:-2] == b.shape[:-2]:
            self._call(
                "cublasGemmStridedBatchedEx",
                *(0, 0, m, n, k, one),
                *(b.data.ptr, kind, m, k * m, a.data.ptr, kind, k, n * k),
                *(zero, c.data.ptr, kind, m, n * m, count),
                *(_COMPUTE[c.dtype.char in "dD", False], _CHOOSE),
            )
            return
        places = [_pointers(self._cupy, each, c.shape[:-2]) for each in (b, a, c)]
        of_b, of_a, of_c = (each.data.ptr for each in places)
        name = BATCHED[c.dtype.char]
        self._call(name, 0, 0, m, n, k, one, of_b, m, of_a, k, zero, of_c, m, count)

    def _compute_type(self, dtype: DType) -> int:
        """In which precision CuPy multiplies two matrices of the dtype."""
        chosen = self._cupy._core.get_compute_type(dtype)
        if chosen == _TF32 and dtype.char in "fF":
            return _COMPUTE_TF32
        return _COMPUTE[dtype.char in "dD", chosen == _PEDANTIC]

    def _algorithm(self, dtype: DType) -> int:
        """How CuPy lets cuBLAS choose."""
        capability = int(self._cupy.cuda.Device().compute_capability)
        return _CHOOSE_TENSOR_OP if capability >= (70 if dtype.char == "e" else 80) else _CHOOSE

    def _call(self, name: str, *arguments: Any) -> None:
        """Call a function on the current stream."""
        handle = self._cupy.cuda.get_cublas_handle()
        stream = self._cupy.cuda.get_current_stream().ptr
        for function, passed in (("cublasSetStream_v2", (stream,)), (name, arguments)):
            status = getattr(self._library, function)(handle, *passed)
            if status:
                raise RuntimeError(f"{function} failed, its cublasStatus_t is {status}")


def _factors(dtype: DType) -> tuple[Any, Any]:
    """1 and 0 in the host's memory, where a call reads them: real or complex numbers."""
    kind = ctypes.c_double if dtype.char in "dD" else ctypes.c_float
    return (kind * 2)(1, 0), (kind * 2)(0, 0)


def _in_columns(x: Array, turned: int) -> tuple[Array, int, int]:
    """A matrix or its copy, ``turned`` if it lies column by column, and how far these lie apart.

    If it lies row by row, it is turned the other way.
    """
    if x.flags.f_contiguous:
        return x, turned, max(x.strides[1] // x.itemsize, len(x))
    if not x.flags.c_contiguous:
        x = x.copy()
    return x, 1 - turned, x.strides[0] // x.itemsize


def _with_axes(x: Array, ndim: int) -> Array:
    return x.reshape((1,) * (ndim - x.ndim) + x.shape)


def _overlap(xp: Any, out: Array, *others: Array) -> bool:
    return any(xp.may_share_memory(out, each) for each in others)


def _pointers(xp: Any, matrices: Array, batch: tuple[int, ...]) -> Array:
    """The addresses of matrices, some of them repeated to make up a batch, on the device."""
    repeated = xp.broadcast_to(matrices, batch + matrices.shape[-2:])
    places = xp.full(1, matrices.data.ptr, dtype="uint64")
    for length, step in zip(batch, repeated.strides, strict=False):
        places = (places[:, None] + xp.arange(length, dtype="uint64") * step).reshape(-1)
    return places
