"""What each layer must compute: the generic tests of this folder run on each layer of the table.

`onepath.testing.cases` makes the layers. `definitions` has what each must compute. A layer without
a definition fails ``test_table.py``.
"""

from functools import partial

import numpy as np
import pytest

from onepath.backends import Backend, register_backend, registry
from onepath.testing.cases import layer_cases

from .definitions import DEFINITIONS
from .definitions.definition import assert_within
from .peers import assert_as_torch

CASES = [DEFINITIONS[case.name](case) for case in layer_cases() if case.name in DEFINITIONS]


def each_case(wanted=lambda case: True):
    """A fixture that is each of the wanted entries in turn."""

    @pytest.fixture(params=filter(wanted, CASES), ids=lambda case: case.name.replace(" ", "-"))
    def entry(request):
        return request.param

    return entry


case = each_case()
channels_last_case = each_case(lambda case: case.channels_first)
elementwise_case = each_case(lambda case: case.elementwise)
shaped_case = each_case(lambda case: not case.elementwise)
ranked_case = each_case(lambda case: not case.elementwise and not case.ambiguous)
stateful_case = each_case(lambda case: not case.stateless)


@pytest.fixture(scope="session")
def cases():
    """The whole table."""
    return CASES


@pytest.fixture(scope="session")
def definitions():
    """What completes the cases of the package's table, by their names."""
    return DEFINITIONS


@pytest.fixture(scope="session")
def as_torch(torch):
    """The function ``as_torch(layer, function, *inputs)`` of `peers`, which asserts."""
    return partial(assert_as_torch, torch)


@pytest.fixture(scope="session")
def within():
    """The function ``within(actual, expected, tolerance)``, which asserts."""
    return assert_within


# Another device


class FarArray:
    """Numbers on a device where nothing computes; no array of NumPy's, and not made into one."""

    def __init__(self, host):
        self.host = host
        self.shape, self.dtype, self.ndim, self.size = host.shape, host.dtype, host.ndim, host.size


class FarBackend(Backend):
    """The device of `FarArray`."""

    name = "far"
    tile_bytes = 1
    xp = np
    signal = None

    def __init__(self, index=0):
        super().__init__()

    @classmethod
    def index_of(cls, array):
        return 0 if isinstance(array, FarArray) else None

    def owns(self, array):
        return isinstance(array, FarArray)

    def asarray(self, x, dtype=None):
        return FarArray(np.array(x, dtype=dtype))

    def to_numpy(self, x):
        return x.host.copy()

    def synchronize(self):
        pass

    def memory(self):
        raise NotImplementedError


@pytest.fixture
def far(monkeypatch):
    """A second device beside whichever a test runs on."""
    for known in ("_factories", "_live"):
        monkeypatch.setattr(registry, known, dict(getattr(registry, known)))
    register_backend("far", FarBackend)
    return registry.get_backend("far")
