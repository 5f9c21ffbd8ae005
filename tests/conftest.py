"""Every test that takes ``backend`` runs on each device; without a GPU, CUDA's are skipped."""

from collections import Counter

import pytest

from onepath.backends import BackendUnavailableError, get_backend


def pytest_addoption(parser):
    parser.addoption(
        "--require-cuda",
        action="store_true",
        help="fail, instead of skipping, where a test needs a CUDA GPU and there is none",
    )


def pytest_terminal_summary(terminalreporter):
    """Tell once, not test by test, why tests were skipped."""
    reasons = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count} skipped: {reason.removeprefix('Skipped: ')}")


def backend_or_skip(name, config):
    try:
        return get_backend(name)
    except BackendUnavailableError as error:
        if config.getoption("--require-cuda"):
            pytest.fail(f"--require-cuda: {error}")
        pytest.skip(f"no CUDA GPU: {error}")


@pytest.fixture(scope="session", params=["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
def backend(request):
    """Each backend in turn."""
    return backend_or_skip(request.param, request.config)


@pytest.fixture(scope="session")
def cuda(request):
    """A GPU's backend, for tests that take a device beside the host."""
    return backend_or_skip("cuda", request.config)


@pytest.fixture(scope="session")
def torch():
    """PyTorch, an oracle that nobody here wrote."""
    return pytest.importorskip("torch", reason="PyTorch is absent: pip install 'onepath[oracle]'")


def pytest_collection_modifyitems(items):
    """Mark what takes those two."""
    for item in items:
        for fixture, mark in (("cuda", "cuda"), ("torch", "oracle")):
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


@pytest.fixture
def xp(backend):
    """The backend's array module."""
    return backend.xp


@pytest.fixture
def cpu():
    return get_backend("cpu")
