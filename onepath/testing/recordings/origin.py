"""Where numbers come from: the device, and the libraries that computed them."""

import platform
from datetime import UTC, datetime
from importlib.metadata import version

from ...backends import Backend
from ...backends.cuda import version_text
from ...version import __version__


def origin_of(backend: Backend) -> dict[str, str]:
    """Describe what computes on a backend, as far as numbers may depend on it.

    Parameters
    ----------
    backend : Backend
        Any.

    Returns
    -------
    dict of str to str
        Versions, machine and date; for CUDA the GPU, its compute capability, and what driver and
        runtime are.
    """
    origin = {
        "device": backend.name,
        "date": datetime.now(UTC).date().isoformat(),
        "onepath": __version__,
        "numpy": version("numpy"),
        "scipy": version("scipy"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    return origin | _gpu(backend) if backend.name.startswith("cuda:") else origin


def _gpu(backend: Backend) -> dict[str, str]:
    """What CUDA tells of the GPU and of itself."""
    runtime = backend.xp.cuda.runtime
    properties = runtime.getDeviceProperties(int(backend.name.partition(":")[2]))
    return {
        "gpu": properties["name"].decode(),
        "compute capability": f"{properties['major']}.{properties['minor']}",
        "cuda driver": version_text(runtime.driverGetVersion()),
        "cuda runtime": version_text(runtime.runtimeGetVersion()),
        "cupy": backend.xp.__version__,
    }
