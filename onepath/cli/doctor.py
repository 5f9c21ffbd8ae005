"""``python -m onepath doctor``: what is installed, what answers, and the line that mends the rest.

It is what one runs when things are missing, so it needs NumPy and SciPy alone, and it finds out
without changing anything.
"""

import importlib
import os
import platform
import re
import shutil
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from .. import __version__
from ..backends import Backend, BackendUnavailableError, get_backend, registered_backends

CORE, EXTRAS, DEVICES, BLAS = "Core", "Extras", "Devices", "BLAS"


@dataclass(frozen=True)
class Finding:
    """One thing that the doctor found.

    Attributes
    ----------
    topic : str
        The heading it stands under: "Core", "Extras", "Devices" or "BLAS".
    verdict : {"ok", "note", "problem"}
        A note can be lived with; a problem breaks what the topic names.
    what : str
        What was found, in a sentence.
    mend : str or None
        The shell command that changes it, if one does.
    """

    topic: str
    verdict: Literal["ok", "note", "problem"]
    what: str
    mend: str | None = None


def run() -> int:
    """Examine this machine and print the report.

    Returns
    -------
    int
        The exit status: 0, or 1 if a problem keeps the core from working.
    """
    findings = examine()
    show(findings)
    return int(any(each.topic == CORE and each.verdict == "problem" for each in findings))


def examine(measure: bool = True) -> list[Finding]:
    """Look at the packages, the devices and the BLAS library.

    Parameters
    ----------
    measure : bool, optional
        Whether to time matrix products, about half a second each, in processes of their own.

    Returns
    -------
    list of Finding
        Topic by topic.
    """
    return [*_core(), *_extras(), *_devices(), *_blas(measure)]


# The report

_INDENT = 11
_NARROWEST, _WIDEST = 40, 100
_COLOURS = {
    r"(?m)^\S.*(?=\n  )": "bold",
    r"(?m)^  ok\b": "green",
    r"(?m)^  note\b": "yellow",
    r"(?m)^  problem\b": "bold red",
    r"(?m)^    mend (.*\\\n)*.*": "cyan",
}


def report(findings: Iterable[Finding], width: int = 80) -> str:
    """Lay the findings out as text.

    Parameters
    ----------
    findings : iterable of Finding
        Topic by topic.
    width : int, optional
        The length of the longest line, in characters.

    Returns
    -------
    str
        A heading for each topic, below it a line for each finding. A command that is too long for
        one line goes on after a backslash, as the shell takes it.
    """
    findings = list(findings)
    lines = []
    for topic, group in groupby(findings, key=lambda each: each.topic):
        lines += [topic]
        for each in group:
            lines += _row(each.verdict, _wrap(each.what, width - _INDENT))
            if each.mend:
                pieces = _wrap(each.mend, width - _INDENT - len(" \\"))
                lines += _row("  mend", " \\\n".join(pieces).split("\n"))
        lines += [""]
    return "\n".join([*lines, _summary(findings)])


def show(findings: Iterable[Finding]) -> None:
    """Print the report as wide as the terminal, in colours if rich is installed.

    Parameters
    ----------
    findings : iterable of Finding
        Topic by topic.
    """
    columns = shutil.get_terminal_size().columns
    text = report(findings, width=min(max(columns, _NARROWEST), _WIDEST))
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        print(text)
        return
    coloured = Text(text)
    for pattern, style in _COLOURS.items():
        coloured.highlight_regex(pattern, style)
    Console().print(coloured, soft_wrap=True)


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _row(head: str, lines: Sequence[str]) -> list[str]:
    """Lines side by side with a head before the first."""
    heads = [f"  {head}", *[""] * (len(lines) - 1)]
    return [h.ljust(_INDENT) + line for h, line in zip(heads, lines, strict=True)]


def _summary(findings: Sequence[Finding]) -> str:
    verdicts = [each.verdict for each in findings]
    return f"Problems: {verdicts.count('problem')}, notes: {verdicts.count('note')}."


# Packages

_CORE_PACKAGES = (("NumPy", "numpy", "numpy", "2.0"), ("SciPy", "scipy", "scipy.signal", "1.13"))

# what each package of an extra is for
_EXTRAS = {
    "train": {
        "scikit-learn": "the digits",
        "matplotlib": "pictures",
        "pillow": "image files",
        "rich": "tables and progress",
        "safetensors": "model files",
        "threadpoolctl": "a look at BLAS",
    },
    "keras": {"keras": "models from and to Keras"},
    "oracle": {"torch": "tests of onepath itself"},
}

_CUPYS = ("cupy-cuda13x", "cupy-cuda12x", "cupy-cuda11x", "cupy")
_OLD_DRIVER = "a driver older than 580 takes onepath[cuda12]"


def _core() -> Iterator[Finding]:
    system = f"{platform.system()} {platform.machine()}"
    yield Finding(CORE, "ok", f"Python {platform.python_version()} on {system}")
    yield Finding(CORE, "ok", f"onepath {__version__}")
    for name, package, module, least in _CORE_PACKAGES:
        yield _core_package(name, package, module, least)


def _core_package(name: str, package: str, module: str, least: str) -> Finding:
    """Whether a package that nothing works without is there, new enough, and loads."""
    found, mend = _version(package), f"pip install --upgrade '{package}>={least}'"
    if found is None:
        return Finding(CORE, "problem", f"{name} is not installed", mend)
    if _numbers(found) < _numbers(least):
        return Finding(CORE, "problem", f"{name} {found} is older than {least}", mend)
    try:
        importlib.import_module(module)
    except ImportError as error:
        mend = f"pip install --force-reinstall '{package}>={least}'"
        return Finding(CORE, "problem", f"{name} {found} does not load: {error}", mend)
    return Finding(CORE, "ok", f"{name} {found}")


def _extras() -> Iterator[Finding]:
    for extra, uses in _EXTRAS.items():
        found = _installed(uses)
        if found:
            yield Finding(EXTRAS, "ok", f"{extra}: {_listed(found)}")
        missing = [f"{package} ({use})" for package, use in uses.items() if package not in found]
        if missing:
            what = f"not installed: {', '.join(missing)}"
            yield Finding(EXTRAS, "note", what, f"pip install 'onepath[{extra}]'")
    yield _cupy()


def _cupy() -> Finding:
    """Whether there is one CuPy: two have the same files, and the later spoils the earlier."""
    found = _installed(_CUPYS)
    if not found:
        what = f"not installed: CuPy (NVIDIA GPUs); {_OLD_DRIVER}"
        return Finding(EXTRAS, "note", what, "pip install 'onepath[cuda13]'")
    if len(found) == 1:
        return Finding(EXTRAS, "ok", f"cuda: {_listed(found)}")
    what = f"cuda: {_listed(found)} share their files, so only one may be there; {_OLD_DRIVER}"
    mend = f"pip uninstall {' '.join(found)} && pip install 'onepath[cuda13]'"
    return Finding(EXTRAS, "problem", what, mend)


def _installed(packages: Iterable[str]) -> dict[str, str]:
    """Versions of those packages that are there, found without importing them."""
    versions = {package: _version(package) for package in packages}
    return {package: found for package, found in versions.items() if found}


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{package} {found}" for package, found in versions.items())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> tuple[int, ...]:
    """Major and minor version."""
    return tuple(map(int, re.findall(r"\d+", text)[:2]))


# Devices


def _devices() -> Iterator[Finding]:
    for name in registered_backends():
        try:
            # what CuPy warns of when it is imported is among the findings
            with warnings.catch_warnings(action="ignore"):
                backend = get_backend(name)
                backend.signal  # noqa: B018  the libraries behind it may be missing
            yield Finding(DEVICES, "ok", f"{backend.name}: {_described(backend)}")
        except BackendUnavailableError as error:
            yield Finding(DEVICES, "note", f"{name}: {error}")
        except Exception as error:  # a device may fail in any way, and the rest is still wanted
            yield Finding(DEVICES, "problem", f"{name}: {type(error).__name__}: {error}")


def _described(backend: Backend) -> str:
    """A device's name and memory, and CUDA's versions."""
    total = backend.memory().total
    memory = f"{total / 1e9:.0f} GB of memory" if total else "memory unknown"
    if backend.name == "cpu":
        return f"{_cpu_name()}, {_usable_cpus()} CPUs, {memory}"
    if backend.name.startswith("cuda"):
        return f"{_gpu(backend)}, {memory}"
    return memory


def _gpu(backend: Backend) -> str:
    runtime = backend.xp.cuda.runtime
    name = runtime.getDeviceProperties(0)["name"].decode()
    # CUDA writes 12.4 as 12040
    driver, own = (
        f"{number // 1000}.{number % 1000 // 10}"
        for number in (runtime.driverGetVersion(), runtime.runtimeGetVersion())
    )
    return f"{name}, GPUs: {runtime.getDeviceCount()}, CUDA driver {driver}, runtime {own}"


def _cpu_name() -> str:
    return _cpu_field("model name") or platform.processor() or platform.machine()


def _usable_cpus() -> int:
    """How many CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_field(name: str) -> str | None:
    """A line of the first CPU in Linux's own description, None elsewhere."""
    match = re.search(rf"^{name}\s*:\s*(.*)$", _cpuinfo(), re.MULTILINE)
    return match and match[1]


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


# BLAS, which multiplies the matrices


class _Kernels(NamedTuple):
    """One kind of OpenBLAS's kernels: what asks for them, what they need, all of that kind."""

    core_type: str
    instructions: str
    flags: frozenset[str]
    names: str


# For x86, the fastest first. OpenBLAS takes a CPU that it does not know for an older one.
_KERNELS = (
    _Kernels(
        "SkylakeX",
        "AVX-512",
        frozenset({"avx512f", "avx512bw", "avx512vl", "avx512dq"}),
        "skylakex cooperlake sapphirerapids",
    ),
    _Kernels("Haswell", "AVX2", frozenset({"avx2", "fma"}), "haswell zen excavator"),
)
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


def _blas(measure: bool) -> Iterator[Finding]:
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
    kind, threads, cpus = library["internal_api"], library["num_threads"], _usable_cpus()
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
    flags = _cpu_field("flags")
    if flags is None:
        what = f"{architecture} kernels; what this CPU has can be told on Linux and x86 only"
        return Finding(BLAS, "note", what)
    better = _better_kernels(architecture, flags.split())
    if better is None:
        return Finding(BLAS, "ok", f"{architecture} kernels, which suit this CPU")
    what = f"{architecture} kernels, which leave this CPU's {better.instructions} idle"
    mend = f"export OPENBLAS_CORETYPE={better.core_type}"
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


def _better_kernels(architecture: str, flags: Iterable[str]) -> _Kernels | None:
    """The fastest kernels that the CPU can run, if they are faster than those of that name."""
    kinds = [*(kernels.names for kernels in _KERNELS), _OLDER]
    rank = next((i for i, names in enumerate(kinds) if architecture.lower() in names.split()), 0)
    return next((kernels for kernels in _KERNELS[:rank] if kernels.flags <= set(flags)), None)


def _gflops(core_type: str | None = None) -> float | None:
    """The speed of a matrix product in a fresh process, None if that fails.

    OpenBLAS reads its variable once, when NumPy is imported, and may crash on a bad choice.
    """
    environment = {**os.environ, "OPENBLAS_CORETYPE": core_type} if core_type else None
    command = [sys.executable, "-P", "-c", _PRODUCT]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return float(done.stdout)
