"""Whether BLAS, which multiplies the matrices, makes use of the CPU."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...backends.threads import usable_cpus
from ...cpuinfo import cpu_field
from ..kernels import SKYLAKEX, VARIABLE, Kernels, choice
from .findings import BLAS, Finding

# The fastest first. OpenBLAS takes a CPU that it does not know for an older one.
_KERNELS = SKYLAKEX, Kernels("Haswell", "AVX2", "avx2 fma", "haswell zen excavator")
_OLDER = (
    "katmai coppermine northwood prescott banias atom core2 penryn dunnington nehalem sandybridge "
    "athlon opteron opteron_sse3 barcelona nano bobcat bulldozer piledriver steamroller"
)

# a gain below this is within what measuring varies by
_GAIN = 1.1

_THREADS = {"openblas": "OPENBLAS_NUM_THREADS", "mkl": "MKL_NUM_THREADS"}

_PRODUCT = """
import time
import numpy as np
a = np.ones((1024, 1024), "float32")
out = a @ a
seconds, end = [], time.perf_counter() + 0.3
while time.perf_counter() < end:
    start = time.perf_counter()
    np.matmul(a, a, out)
    seconds.append(time.perf_counter() - start)
print(2 * 1024**3 / min(seconds) / 1e9)
"""


def examine_blas(measure: bool) -> Iterator[Finding]:
    """Look at NumPy's BLAS: its threads, its kernels and its speed.

    Parameters
    ----------
    measure : bool
        Whether to time matrix products, about half a second each, in processes of their own.

    Yields
    ------
    Finding
        A note where it could be faster, or where that cannot be told.
    """
    libraries = _libraries()
    speed = _gflops() if measure else None
    if libraries is None:
        what = (
            f"{_built_with()}; without threadpoolctl its kernels and threads cannot be told, nor "
            "whether they suit this CPU"
        )
        yield Finding(BLAS, "note", what, "pip install 'onepath[train]'")
    elif not libraries:
        yield Finding(BLAS, "ok", f"{_built_with()}, of which threadpoolctl tells nothing")
    for library in libraries or ():
        yield _threads(library)
        if library["internal_api"] == "openblas" and library["architecture"]:
            yield _kernels(library["architecture"], speed)
    if chosen := choice():
        what = f"{chosen} kernels are chosen by the command line, for all commands but this one"
        yield Finding(BLAS, "ok", what)
    if speed:
        what = f"{speed:.0f} GFLOP/s in products of 1024 x 1024 matrices in float32"
        yield Finding(BLAS, "ok", what)


def _libraries() -> list[dict[str, Any]] | None:
    """What threadpoolctl tells of NumPy's BLAS; SciPy may have loaded one of its own."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    return [
        library
        for library in threadpool_info()
        if library["user_api"] == "blas"
        and not {"scipy", "scipy.libs"} & set(Path(library["filepath"]).parts[-3:-1])
    ]


def _built_with() -> str:
    """What NumPy itself remembers of its BLAS."""
    config: Any = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]
    return f"NumPy was built with {blas['name']} {blas['version']}"


def _threads(library: dict[str, Any]) -> Finding:
    """The library, and whether it has a thread for each CPU."""
    kind, threads, cpus = library["internal_api"], library["num_threads"], usable_cpus()
    what = f"{kind} {library['version']}, threads: {threads}, CPUs: {cpus}"
    own = _THREADS.get(kind, "OMP_NUM_THREADS")
    limits = [name for name in (own, "OMP_NUM_THREADS") if name in os.environ]
    if threads > cpus:
        what += "; threads that share a CPU wait for each other"
        return Finding(BLAS, "note", what, f"export {own}={cpus}")
    if threads < cpus and limits:
        what += f"; {limits[0]}={os.environ[limits[0]]} holds it back"
        return Finding(BLAS, "note", what, f"unset {limits[0]}")
    return Finding(BLAS, "ok", what)


def _kernels(architecture: str, speed: float | None) -> Finding:
    """Whether OpenBLAS runs the kernels that this CPU is made for."""
    flags = cpu_field("flags")
    if flags is None:
        what = f"{architecture} kernels; what this CPU has can be told on Linux and x86 only"
        return Finding(BLAS, "note", what)
    better = _better_kernels(architecture, flags)
    if better is None:
        return Finding(BLAS, "ok", f"{architecture} kernels, which suit this CPU")
    what = f"{architecture} kernels, which leave this CPU's {better.instructions} idle"
    mend = f"export {VARIABLE}={better.core_type}"
    if speed is None:
        return Finding(BLAS, "note", f"{what}; {better.core_type} ones may be faster", mend)
    trial = _gflops(better.core_type)
    if trial is None:
        return Finding(BLAS, "ok", f"{what}; {better.core_type} ones do not run here")
    what += (
        f"; {better.core_type} ones measured {trial:.0f} GFLOP/s against {speed:.0f}, "
        f"{trial / speed:.2f} times as fast"
    )
    return Finding(BLAS, "note", what, mend) if trial > _GAIN * speed else Finding(BLAS, "ok", what)


def _better_kernels(architecture: str, flags: str) -> Kernels | None:
    """The fastest kernels that the CPU can run, if they are faster than those of that name."""
    kinds = [*(kernels.names for kernels in _KERNELS), _OLDER]
    rank = next((i for i, names in enumerate(kinds) if architecture.lower() in names.split()), 0)
    return next((each for each in _KERNELS[:rank] if each.run_on(flags)), None)


def _gflops(core_type: str | None = None) -> float | None:
    """The speed of a matrix product in a fresh process, None if that fails.

    OpenBLAS reads its variable once, when NumPy is imported, and may crash on a bad choice.
    """
    environment = {**os.environ, VARIABLE: core_type} if core_type else None
    command = [sys.executable, "-P", "-c", _PRODUCT]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return float(done.stdout)
