"""``python -m onepath doctor``: what is installed, what answers, and the line that mends the rest.

It is what one runs when things are missing, so it needs NumPy and SciPy alone, and it finds out
without changing anything.
"""

from ...backends.threads import usable_cpus
from .examination import examine, run
from .findings import BLAS, CORE, DEVICES, EXTRAS, Finding, report, show

__all__ = [
    "BLAS",
    "CORE",
    "DEVICES",
    "EXTRAS",
    "Finding",
    "examine",
    "report",
    "run",
    "show",
    "usable_cpus",
]
