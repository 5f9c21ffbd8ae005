"""The special functions that every device offers."""

import math

import numpy as np
import pytest

from onepath.backends import Backend


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_functions_are_the_library_s(backend, dtype):
    x = np.linspace(-6, 6, 13).astype(dtype)
    found = backend.special.ndtr(backend.asarray(x))
    assert backend.owns(found)
    assert found.dtype == dtype
    expected = [math.erfc(-value / math.sqrt(2)) / 2 for value in x.tolist()]
    np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=100 * np.finfo(dtype).eps)


def test_a_device_may_have_none(cpu):
    class Bare(type(cpu)):
        name = "bare"
        special = Backend.special

    with pytest.raises(NotImplementedError, match="bare has no special functions"):
        _ = Bare().special
