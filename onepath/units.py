"""Quantities with their units, for people."""


def duration(seconds: float) -> str:
    """Write seconds in µs, ms or s, as in ``"4.20 ms"``."""
    return _scaled(seconds * 1e6, ("µs", "ms", "s"), 1000)


def size(count: int) -> str:
    """Write bytes in KiB, MiB or GiB, as in ``"4.20 MiB"``."""
    return _scaled(count / 1024, ("KiB", "MiB", "GiB"), 1024) if count else "none"


def _scaled(value: float, units: tuple[str, ...], step: int) -> str:
    """Three digits and a unit, as in ``"4.20 ms"``."""
    *smaller, unit = units
    for each in smaller:
        if round(value) < step:
            unit = each
            break
        value /= step
    return f"{value:.{2 - (value >= 9.995) - (value >= 99.95)}f} {unit}"
