"""cuBLAS's functions, called with addresses and numbers as C's are: they compute, or are captured.

Matrices are counted by columns. A product is NumPy's of the transposes, on the same memory.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from .ledger import ledger

HANDLE = 0xB1A5
"""Stands for a ``cublasHandle_t``."""

_DTYPES = {0: "f", 1: "d", 2: "e", 4: "F", 5: "D"}
_TYPED = {"S": 0, "D": 1, "C": 4, "Z": 5}


class Library:
    """Stands for the shared library; its functions return a ``cublasStatus_t``, 0 or 7."""

    def __init__(self) -> None:
        self._stream = 0

    def cublasSetStream_v2(self, handle: int, stream: int) -> int:  # noqa: N802 - cuBLAS's name
        """Let calls go to a stream."""
        self._stream = stream
        return 0 if handle == HANDLE else 7

    def cublasGemmEx(  # noqa: N802 - cuBLAS's name
        self, handle: int, turn_a: int, turn_b: int, m: int, n: int, k: int, alpha: Any,
        a: int, a_type: int, lda: int, b: int, b_type: int, ldb: int, beta: Any,
        c: int, c_type: int, ldc: int, compute: int, algorithm: int,
    ) -> int:  # fmt: skip
        """``C = op(A) @ op(B)`` of an (m, k) and a (k, n) matrix."""
        return self._asked(
            lambda: _multiply(
                _matrix(a, a_type, (m, k), lda, turn_a),
                _matrix(b, b_type, (k, n), ldb, turn_b),
                _matrix(c, c_type, (m, n), ldc),
            ),
            alpha,
            beta,
        )

    def cublasGemmStridedBatchedEx(  # noqa: N802 - cuBLAS's name
        self, handle: int, turn_a: int, turn_b: int, m: int, n: int, k: int, alpha: Any,
        a: int, a_type: int, lda: int, step_a: int, b: int, b_type: int, ldb: int, step_b: int,
        beta: Any, c: int, c_type: int, ldc: int, step_c: int, count: int,
        compute: int, algorithm: int,
    ) -> int:  # fmt: skip
        """The same of many matrices, that lie so many elements apart."""

        def multiply() -> None:
            for i in range(count):
                _multiply(
                    _matrix(a, a_type, (m, k), lda, turn_a, i * step_a),
                    _matrix(b, b_type, (k, n), ldb, turn_b, i * step_b),
                    _matrix(c, c_type, (m, n), ldc, 0, i * step_c),
                )

        return self._asked(multiply, alpha, beta)

    def __getattr__(self, name: str) -> Callable[..., int]:
        """``cublasSgemmBatched`` and the like: the addresses of matrices are on the device."""
        before, found, after = name.partition("gemmBatched")
        if not found or after or before.removeprefix("cublas") not in _TYPED:
            raise AttributeError(name)
        kind = _TYPED[before.removeprefix("cublas")]

        def batched(
            handle: int, turn_a: int, turn_b: int, m: int, n: int, k: int, alpha: Any,
            a: int, lda: int, b: int, ldb: int, beta: Any, c: int, ldc: int, count: int,
        ) -> int:  # fmt: skip
            def multiply() -> None:
                places = [_memory(each, count, np.dtype("uint64")) for each in (a, b, c)]
                for at_a, at_b, at_c in zip(*map(np.ndarray.tolist, places), strict=True):
                    _multiply(
                        _matrix(at_a, kind, (m, k), lda, turn_a),
                        _matrix(at_b, kind, (k, n), ldb, turn_b),
                        _matrix(at_c, kind, (m, n), ldc),
                    )

            return self._asked(multiply, alpha, beta)

        return batched

    def _asked(self, multiply: Callable[[], None], alpha: Any, beta: Any) -> int:
        """Do it, or let the stream capture it; factors other than 1 and 0 are not supported."""
        if (alpha[0], alpha[1], beta[0], beta[1]) != (1, 0, 0, 0):
            return 7
        capture = ledger.capturing
        if capture is not None and capture.stream == self._stream:
            capture.operations.append(multiply)
        else:
            multiply()
        return 0


def _multiply(a: Any, b: Any, c: Any) -> None:
    c.fill(np.nan)  # nothing of it counts, and operands must not lie there
    with np.errstate(all="ignore"):
        np.matmul(b.T, a.T, out=c.T)


def _matrix(
    address: int, kind: int, shape: tuple[int, int], step: int, turned: int = 0, first: int = 0
) -> Any:
    """A matrix whose columns lie ``step`` elements apart in memory, or its transpose's."""
    rows, columns = shape[::-1] if turned else shape
    if step < rows:
        raise ValueError(f"leading dimension {step} of a matrix of {rows} rows")
    dtype = np.dtype(_DTYPES[kind])
    memory = _memory(address + first * dtype.itemsize, step * (columns - 1) + rows, dtype)
    strides = (dtype.itemsize, step * dtype.itemsize)
    matrix = np.lib.stride_tricks.as_strided(memory, (rows, columns), strides)
    return matrix.T if turned else matrix


def _memory(address: int, count: int, dtype: Any) -> Any:
    """What lies at an address of the host's memory."""
    room = (ctypes.c_char * (count * dtype.itemsize)).from_address(address)
    return np.frombuffer(room, dtype)
