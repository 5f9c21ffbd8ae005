"""CUDA C++ of our own: what no library has, and what would take many calls of CuPy's.

Each function here has a portable twin of the same formula, by which every other device computes,
and against which the tests hold it. The sources need no headers: NVRTC compiles them anywhere.
"""

from functools import cache
from typing import Any

from ..random import KEY_STEPS, MULTIPLIERS, ROUNDS, Key
from ..types import Array

THREADS = 256
"""In a block."""

PHILOX = f"""
typedef unsigned long long word;

extern "C" __global__ void philox4x64(
    word k0, word k1, const word* key, word first, word blocks, ulonglong2* words)
{{
    const word i = (word)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= blocks) return;
    if (key) {{ k0 = key[0]; k1 = key[1]; }}
    word c0 = first + i, c1 = 0, c2 = 0, c3 = 0;
    for (int round = 0; round < {ROUNDS}; ++round) {{
        const word high0 = __umul64hi({MULTIPLIERS[0]}ull, c0), low0 = {MULTIPLIERS[0]}ull * c0;
        const word high1 = __umul64hi({MULTIPLIERS[1]}ull, c2), low1 = {MULTIPLIERS[1]}ull * c2;
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += {KEY_STEPS[0]}ull;
        k1 += {KEY_STEPS[1]}ull;
    }}
    words[2 * i] = make_ulonglong2(c0, c1);
    words[2 * i + 1] = make_ulonglong2(c2, c3);
}}
"""
"""A thread makes a block; the key is two numbers, or lies in memory."""

SOURCES = {"philox4x64": PHILOX}
"""Sources by the names of their functions."""


def philox(cupy: Any, key: Key, counter: int, blocks: int) -> Array:
    """Return blocks of random words; see `onepath.backends.random.philox4x64`, the portable twin.

    The twin takes some 500 calls of the array module, each of which launches a kernel.
    """
    words = cupy.empty(4 * blocks, dtype="uint64")
    if not blocks:
        return words
    uint64 = cupy.uint64
    numbers, place = (key, uint64(0)) if isinstance(key, tuple) else ((0, 0), key)
    _function(cupy, "philox4x64")(
        (-(-blocks // THREADS),),
        (THREADS,),
        (*map(uint64, numbers), place, uint64(counter + 1), uint64(blocks), words),
    )
    return words


@cache
def _function(cupy: Any, name: str) -> Any:
    """A function, compiled for each device when it is first launched there."""
    return cupy.RawKernel(SOURCES[name], name)
