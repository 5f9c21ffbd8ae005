"""Checks of arguments."""

import math
from fractions import Fraction

import numpy as np
import pytest

from onepath.arguments import flag, named, number, whole


@pytest.mark.parametrize("value", [0, 0.25, np.float32(0.25), np.float64(0.25), Fraction(1, 4)])
def test_numbers_become_pythons_floats(value):
    found = number("x", value)
    assert type(found) is float
    assert found == value


@pytest.mark.parametrize(
    ("value", "options", "allowed"),
    [
        (math.nan, {}, "at least 0 and finite"),
        (math.inf, {}, "at least 0 and finite"),
        (-1e-9, {}, "at least 0 and finite"),
        (1, {"below": 1}, "at least 0 and below 1"),
        (1.5, {"at_most": 1}, "at least 0 and at most 1"),
        (0, {"positive": True}, "above 0 and finite"),
        (-0.5, {"positive": True, "below": 2}, "above 0 and below 2"),
        (math.inf, {"at_least": -math.inf}, "finite"),
        (-math.inf, {"at_least": -math.inf}, "finite"),
        (1.5, {"at_least": 2}, "at least 2 and finite"),
    ],
)
def test_numbers_out_of_bounds(value, options, allowed):
    with pytest.raises(ValueError, match=f"^x must be {allowed}, got {value}$"):
        number("x", value, **options)


@pytest.mark.parametrize("value", [True, "1", None, 1j, [1], np.ones(1)])
def test_what_is_no_number(value):
    with pytest.raises(TypeError, match="x must be a number, got"):
        number("x", value)
    with pytest.raises(TypeError, match="x must be an integer, got"):
        whole("x", value)


def test_integers():
    assert type(whole("x", np.int64(3))) is int
    assert whole("x", 0, at_least=0) == 0
    with pytest.raises(ValueError, match="x must be at least 1, got 0"):
        whole("x", 0)
    with pytest.raises(TypeError, match=r"x must be an integer, got 2\.0"):
        whole("x", 2.0)


def test_flags():
    assert flag("x", True) is True
    with pytest.raises(TypeError, match="x must be True or False, got 1"):
        flag("x", 1)


def test_names():
    table = {"a": lambda: 1.5}
    assert named("size", "a", float, table) == 1.5
    assert named("size", 2.5, float, table) == 2.5
    with pytest.raises(ValueError, match="unknown size 'b'; known are 'a'"):
        named("size", "b", float, table)
    with pytest.raises(TypeError, match="size must be of class float or a name, got 3"):
        named("size", 3, float, table)
