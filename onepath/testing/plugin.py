"""The pytest plugin: tests on every device, and CuPy simulated where there is no GPU.

It is loaded in every run of pytest where onepath is installed, so it imports nothing until that is
used. Its name among the plugins is its module's, by which `pytest_plugins` finds it there already.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..backends import Backend

BACKENDS = ("cpu", "simulated", "cuda")
MARKER = "cuda: needs a CUDA GPU, and is skipped without one (onepath)"
SKIPPED = "no backend"

_asked_for = pytest.StashKey[tuple[str, ...]]()
_simulation = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the three options."""
    group = parser.getgroup("onepath", "one test, every device (onepath)")
    group.addoption(
        "--backends",
        metavar="NAMES",
        help="run tests that take the fixture `backend` or `xp` on these, separated by commas; "
        f"default: {','.join(BACKENDS)}",
    )
    group.addoption(
        "--require-cuda",
        action="store_true",
        help="fail, instead of skipping, where a test needs a CUDA GPU and there is none",
    )
    group.addoption(
        "--simulate-cupy",
        action="store_true",
        help="give whoever imports cupy or cupyx a simulated one, which keeps CuPy's rules "
        "without a GPU",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Simulate CuPy before the project's first import of it."""
    if early_config.known_args_namespace.simulate_cupy:
        _simulate_cupy(early_config)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Offer fixtures for the backends asked for, and a meaning of the marker if it has none."""
    # a conftest that names this module in `pytest_plugins` brings it too late for the hook above
    if config.option.simulate_cupy:
        _simulate_cupy(config)
    if "cuda" not in _markers(config):
        config.addinivalue_line("markers", MARKER)
        config.pluginmanager.register(_Marked())
    config.stash[_asked_for] = names = _names(config)
    config.pluginmanager.register(_with_fixtures(names))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what tests run on."""
    names = config.stash[_asked_for]
    lines = [f"onepath: backends {', '.join(names)}"]
    if _simulation in config.stash:
        lines.append(config.stash[_simulation])
    return lines


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    """Tell once, not test by test, why the tests that this plugin skipped were skipped."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        match report.longrepr:
            case [_, _, str(told)] if told.startswith(f"Skipped: {SKIPPED}"):
                reasons[told.removeprefix("Skipped: ")] += 1
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count} skipped: {reason}")


class _Marked:
    """Skips what is marked by hand."""

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if item.get_closest_marker("cuda"):
            _backend("cuda", item.config)


def _with_fixtures(names: tuple[str, ...]) -> ModuleType:
    """Make a module to register: a plugin's fixtures give way to a project's of the same name."""

    @pytest.fixture(scope="session", params=[_parameter(name) for name in names])
    def backend(request: pytest.FixtureRequest) -> "Backend":
        """Each backend in turn, see --backends; skipped where its device is not there."""
        return _backend(request.param, request.config)

    @pytest.fixture(scope="session")  # so that hypothesis's tests may take it
    def xp(backend: "Backend") -> Any:
        """The array module of each backend in turn: numpy, a simulated cupy, cupy."""
        return backend.xp

    module = ModuleType("onepath.testing.fixtures")
    vars(module).update(backend=backend, xp=xp)
    return module


def _parameter(name: str) -> Any:
    return pytest.param(name, marks=pytest.mark.cuda) if _is_cuda(name) else name


def _is_cuda(name: str) -> bool:
    return name.partition(":")[0] == "cuda"


def _backend(name: str, config: pytest.Config) -> "Backend":
    """Return a backend, or skip or fail for want of it."""
    from ..backends import BackendUnavailableError, get_backend

    try:
        return get_backend(name)
    except BackendUnavailableError as error:
        reason = str(error)
    if config.option.require_cuda and _is_cuda(name):
        pytest.fail(f"--require-cuda: {reason}", pytrace=False)
    pytest.skip(f"{SKIPPED} {name!r}: {reason}")


def _names(config: pytest.Config) -> tuple[str, ...]:
    """Return the backends asked for, if they are known."""
    given: str | None = config.option.backends
    if given is None:
        return BACKENDS
    from ..backends import registered_backends

    names = tuple(dict.fromkeys(name.strip() for name in given.split(",")))
    known = registered_backends()
    unknown = [name for name in names if name.partition(":")[0] not in known]
    if unknown:
        raise pytest.UsageError(
            f"--backends={given}: there is no {', '.join(map(repr, unknown))}; known are "
            f"{', '.join(map(repr, known))}, several of them separated by commas"
        )
    if config.option.require_cuda and not any(map(_is_cuda, names)):
        raise pytest.UsageError(
            f"--require-cuda with --backends={given}, which leaves cuda out: add it there, or "
            "leave one of the two options away"
        )
    return names


def _markers(config: pytest.Config) -> Iterator[str]:
    """The names of the markers that the project has registered."""
    for line in config.getini("markers"):
        yield line.partition(":")[0].partition("(")[0].strip()


def _simulate_cupy(config: pytest.Config) -> None:
    """Put the simulated CuPy in place until the run ends."""
    from .stand_in import installed_cupy, simulated_cupy

    simulation = ExitStack()
    try:
        simulation.enter_context(simulated_cupy())
    except RuntimeError as error:
        raise pytest.UsageError(f"--simulate-cupy: {error}") from error
    config.add_cleanup(simulation.close)
    place = installed_cupy()
    shadowed = f"; the real one in {place} is shadowed" if place else ""
    config.stash[_simulation] = (
        f"onepath: cupy is SIMULATED in host memory, nothing runs on a GPU{shadowed}"
    )
