"""Losses to test, with what they must compute."""

import pytest

from .formulas import CASES


@pytest.fixture(params=CASES)
def case(request):
    """A loss, its formula, and how targets and predictions are drawn."""
    return CASES[request.param]
