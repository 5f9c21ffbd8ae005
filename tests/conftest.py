"""Every test that takes ``backend`` runs on each device; without a GPU, CUDA's are skipped."""

import pytest

from onepath.backends import BackendUnavailableError, get_backend


def pytest_addoption(parser):
    parser.addoption(
        "--require-cuda",
        action="store_true",
        help="fail, instead of skipping, where a test needs a CUDA GPU and there is none",
    )


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


@pytest.fixture
def xp(backend):
    """The backend's array module."""
    return backend.xp


@pytest.fixture
def cpu():
    return get_backend("cpu")
