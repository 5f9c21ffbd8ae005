"""Quantities for people: three digits and a unit."""

import pytest

from onepath.units import duration, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.23456e-8, "0.01 µs"),
        (9.994e-6, "9.99 µs"),
        (9.996e-6, "10.0 µs"),
        (99.96e-6, "100 µs"),
        (999.4e-6, "999 µs"),
        (999.6e-6, "1.00 ms"),
        (0.25, "250 ms"),
        (1.0, "1.00 s"),
        (4321.0, "4321 s"),
    ],
)
def test_durations_have_three_digits(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "none"),
        (100, "0.10 KiB"),
        (1024, "1.00 KiB"),
        (1023 * 1024, "1023 KiB"),
        (5 * 2**20 // 2, "2.50 MiB"),
        (3 * 2**40, "3072 GiB"),
    ],
)
def test_sizes_have_three_digits(count, text):
    assert size(count) == text
