"""What is installed."""

import importlib
import platform
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version

from ...version import __version__
from .findings import CORE, EXTRAS, Finding

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
        "platformdirs": "a place for measurements",
    },
    "keras": {
        "keras": "downloads of MNIST",
        "jax": "what Keras runs on",
        "h5py": "Keras's model files",
    },
    "onnx": {"onnx": "ONNX files"},
    "oracle": {
        "torch": "tests of onepath itself",
        "keras": "the same",
        "h5py": "the same",
        "onnx": "the same",
        "onnxruntime": "the same",
    },
    "mixed": {"ml_dtypes": "bfloat16"},
}

_CUPYS = ("cupy-cuda13x", "cupy-cuda12x", "cupy-cuda11x", "cupy")
_OLD_DRIVER = "a driver older than 580 takes onepath[cuda12]"


def examine_core() -> Iterator[Finding]:
    """Look at Python, onepath, and what nothing works without.

    Yields
    ------
    Finding
        A problem is what keeps onepath from working.
    """
    system = f"{platform.system()} {platform.machine()}"
    yield Finding(CORE, "ok", f"Python {platform.python_version()} on {system}")
    yield Finding(CORE, "ok", f"onepath {__version__}")
    for name, package, module, least in _CORE_PACKAGES:
        yield _core_package(name, package, module, least)


def examine_extras() -> Iterator[Finding]:
    """Look at the optional packages, without importing them.

    Yields
    ------
    Finding
        What of each extra is there, and what is not.
    """
    for extra, uses in _EXTRAS.items():
        found = _installed(uses)
        if found:
            yield Finding(EXTRAS, "ok", f"{extra}: {_listed(found)}")
        missing = [f"{package} ({use})" for package, use in uses.items() if package not in found]
        if missing:
            what = f"not installed: {', '.join(missing)}"
            yield Finding(EXTRAS, "note", what, f"pip install 'onepath[{extra}]'")
    yield _cupy()


def _core_package(name: str, package: str, module: str, least: str) -> Finding:
    """Whether a package is there, new enough, and loads."""
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
    """The versions of those packages that are there."""
    versions = {package: _version(package) for package in packages}
    return {package: found for package, found in versions.items() if found}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{package} {found}" for package, found in versions.items())


def _numbers(text: str) -> tuple[int, ...]:
    """Major and minor version."""
    return tuple(map(int, re.findall(r"\d+", text)[:2]))
