"""A pytest plugin: SciPy's own tests of its six functions test a backend's.

``python -m pytest -p scipys_own --pyargs scipy.signal.tests.test_signaltools``, with the backend's
name in ``SCIPYS_OWN`` and, after a colon, every how many tests one is taken.
"""

import os

import numpy as np

from onepath.backends import get_backend

FUNCTIONS = ("correlate", "convolve", "correlate2d", "convolve2d", "fftconvolve", "oaconvolve")
CLASSES = ("TestConvolve", "TestCorrelate", "TestFFTConvolve", "TestOAConvolve", "TestAllFreq")

OTHERWISE = {
    # docs/devices.md: empty arrays, lists and numbers are refused on every device
    "test_empty",
    "test_fillvalue_empty",
    "test_invalid_dims",
    "test_invalid_params",
    "test_mismatched_dims",
    "test_zero_rank",
    "test_zero_rank_python_scalars",
    # results are arrays, where SciPy gives numbers
    "test_rank0",
    "test_single_element",
    # the estimate which method is faster is one by shape and dtype
    "test_convolve_method",
    # fill values that the dtype does not hold are told in words of our own
    "test_fillvalue_errors",
}
"""What SciPy has otherwise, on purpose."""

ROUNDED = {
    "TestCorrelateReal::test_method[numpy-int8]",
    "TestCorrelateReal::test_method[numpy-uint8]",
}
"""Sums that leave the dtype's range: what CUDA makes of such floating numbers is undefined."""


def through(backend, name):
    """The backend's function, called with host arrays as SciPy's is."""

    def there(value):
        return backend.asarray(value) if isinstance(value, np.ndarray) else value

    def call(*args, **options):
        with backend.scope():
            options = {key: there(value) for key, value in options.items()}
            return backend.to_numpy(getattr(backend, name)(*map(there, args), **options))

    return call


def pytest_collection_modifyitems(items, config):
    """Put the backend's functions in place of SciPy's, and leave out what is otherwise."""
    name, _, every = os.environ["SCIPYS_OWN"].rpartition("/")
    backend = get_backend(name)
    for function in FUNCTIONS:
        setattr(items[0].module, function, through(backend, function))
    ours = [item for item in items if item.cls and item.cls.__name__.startswith(CLASSES)]
    kept = [item for item in ours if item.originalname not in OTHERWISE]
    if name != "cpu":
        kept = [item for item in kept if not item.nodeid.endswith(tuple(ROUNDED))]
    items[:] = kept[:: int(every)]
