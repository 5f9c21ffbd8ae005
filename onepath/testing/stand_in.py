"""The simulated device behind CuPy's names, for code that imports cupy itself."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

PACKAGES = ("cupy", "cupyx", "cupy_backends")
ORIGIN = "simulated by onepath"

_QUESTION = "import cupy; raise SystemExit(not cupy.cuda.is_available())"


@contextmanager
def simulated_cupy() -> Iterator[None]:
    """Let ``import cupy`` and ``import cupyx`` give the simulated device, in a ``with`` statement.

    Code that is imported within it runs under CuPy's rules without a GPU. A module that is
    imported before keeps what it found then, one that is imported within keeps the simulated one.
    Afterwards ``sys.modules`` has what it had of CuPy, and the real one can be imported again.
    ``get_backend("simulated")`` owns the arrays; ``get_backend("cuda")`` is unavailable meanwhile.

    Raises
    ------
    RuntimeError
        If the real CuPy is imported already, or a GPU answers it: it is never shadowed by accident.

    Examples
    --------
    >>> with simulated_cupy():
    ...     import cupy
    ...
    ...     total = cupy.arange(4).sum()
    """
    from ..backends.simulated import modules

    simulated = modules()
    _refuse_to_shadow(simulated["cupy"])
    finder = _Finder(simulated)
    before = _taken_out()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _taken_out()
        sys.modules.update(before)


def installed_cupy() -> str | None:
    """Return where the real CuPy is installed, or None."""
    spec = PathFinder.find_spec("cupy")
    return spec.origin if spec else None


class _Finder(MetaPathFinder, Loader):
    """Imports the simulated modules, and nothing of the real packages beside them."""

    def __init__(self, modules: Mapping[str, ModuleType]) -> None:
        self._modules = modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_cupy(fullname):
            return None
        if fullname not in self._modules:
            raise ModuleNotFoundError(
                f"no module named {fullname!r}: cupy is simulated by onepath, which has "
                f"{', '.join(self._modules)}",
                name=fullname,
            )
        return ModuleSpec(fullname, self, origin=ORIGIN, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the module is complete."""


def _is_cupy(name: str) -> bool:
    return name.partition(".")[0] in PACKAGES


def _taken_out() -> dict[str, ModuleType]:
    """Take all of CuPy's names out of ``sys.modules``."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if _is_cupy(name)}


def _refuse_to_shadow(simulated: ModuleType) -> None:
    """Raise if the real CuPy is in use, or of use."""
    found = sys.modules.get("cupy")
    if found is not None and found is not simulated:
        raise RuntimeError(
            f"the real cupy is imported already, from {found.__file__}, and what holds it would go "
            "on using it: simulate cupy before the first import of it, as pytest --simulate-cupy "
            "does"
        )
    place = installed_cupy()
    if place and _gpu_answers():
        raise RuntimeError(
            f"cupy is installed in {place} and a GPU answers it: run on the GPU, without the "
            "simulation, or hide the GPU by CUDA_VISIBLE_DEVICES= in the environment"
        )


@cache
def _gpu_answers() -> bool:
    """Ask the real CuPy in a process of its own: once imported, it could not be unloaded here."""
    try:
        asked = subprocess.run([sys.executable, "-c", _QUESTION], capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0
