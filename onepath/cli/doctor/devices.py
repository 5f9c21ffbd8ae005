"""Which devices answer, and what the CPU is."""

import warnings
from collections.abc import Iterator

from ...backends import Backend, BackendUnavailableError, get_backend, registered_backends
from ...backends.cuda import version_text
from ...backends.threads import usable_cpus
from ...cpuinfo import processor_name
from .findings import DEVICES, Finding


def examine_devices() -> Iterator[Finding]:
    """Ask each registered backend whether its device answers.

    Yields
    ------
    Finding
        What the device is, or why it does not answer.
    """
    for name in registered_backends():
        try:
            # what CuPy warns of when it is imported is among the findings
            with warnings.catch_warnings(action="ignore"):
                backend = get_backend(name)
                backend.signal  # noqa: B018  the libraries behind it may be missing
            yield Finding(DEVICES, "ok", f"{backend.name}: {_described(backend)}")
            if name == "cuda":
                yield _cudnn(backend)
        except BackendUnavailableError as error:
            yield Finding(DEVICES, "note", f"{name}: {error}")
        except Exception as error:  # a device may fail in any way, and the rest is still wanted
            yield Finding(DEVICES, "problem", f"{name}: {type(error).__name__}: {error}")


def _cudnn(backend: Backend) -> Finding:
    """Whether cuDNN convolves there."""
    try:
        number = backend.cudnn().version
    except BackendUnavailableError as error:
        what = f"{backend.name}: convolutions are matrix products, which are slower: {error}"
        return Finding(DEVICES, "note", what)
    return Finding(
        DEVICES,
        "ok",
        f"{backend.name}: cuDNN {number // 10000}.{number // 100 % 100}.{number % 100}",
    )


def _described(backend: Backend) -> str:
    """A device's name and memory, and CUDA's versions."""
    total = backend.memory().total
    memory = f"{total / 1e9:.0f} GB of memory" if total else "memory unknown"
    if backend.name == "cpu":
        return f"{processor_name()}, {usable_cpus()} CPUs, {memory}"
    if backend.name.startswith("cuda"):
        return f"{_gpu(backend)}, {memory}"
    return memory


def _gpu(backend: Backend) -> str:
    runtime = backend.xp.cuda.runtime
    name = runtime.getDeviceProperties(0)["name"].decode()
    driver, own = map(version_text, (runtime.driverGetVersion(), runtime.runtimeGetVersion()))
    return f"{name}, GPUs: {runtime.getDeviceCount()}, CUDA driver {driver}, runtime {own}"
