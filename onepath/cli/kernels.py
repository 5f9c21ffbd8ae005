"""Which of OpenBLAS's kernels the commands of onepath run on.

OpenBLAS looks at its variable once, when NumPy is loaded; so this module must not import NumPy. The
choice is made for a process of the command line alone: the library never touches the environment.
"""

import os
import sys
from typing import NamedTuple

from ..cpuinfo import cpu_field

VARIABLE = "OPENBLAS_CORETYPE"

_MISJUDGED = "AuthenticAMD", "26"
"""Vendor and family of the CPUs that OpenBLAS takes for older ones: AMD's Zen 5 and 6.

Its list of families ended at Zen 4 until 2026 (OpenMathLib/OpenBLAS, issue 6029 and pull request
6033). It guesses what other families can do, and NumPy's own 0.3.31 was seen to guess AVX2 where
AVX-512 was there. All other CPUs with AVX-512 are on the list, and left to it. Whether the guess
is wrong cannot be known before NumPy is loaded, but to choose is safe in any case: an OpenBLAS
that knows the CPU takes kernels that differ in bfloat16 alone, one built without AVX-512 takes the
best that it has, and other libraries do not look at the variable.
"""


class Kernels(NamedTuple):
    """One kind of OpenBLAS's kernels for x86.

    Attributes
    ----------
    core_type : str
        What asks for them.
    instructions : str
        What they are made for, in a person's words.
    flags : str
        What the CPU needs for them, in Linux's words.
    names : str
        All that are of that kind, in lower case.
    """

    core_type: str
    instructions: str
    flags: str
    names: str

    def run_on(self, flags: str) -> bool:
        """Whether a CPU with these flags can run them."""
        return set(self.flags.split()) <= set(flags.split())


SKYLAKEX = Kernels(
    "SkylakeX",
    "AVX-512",
    "avx512f avx512bw avx512vl avx512dq",
    "skylakex cooperlake sapphirerapids",
)


def choice() -> str | None:
    """Return the core type that the commands ask OpenBLAS for.

    Returns
    -------
    str or None
        None leaves the choice to OpenBLAS: it is known to judge this CPU rightly, or the user has
        set the variable.
    """
    misjudged = (cpu_field("vendor_id"), cpu_field("cpu family")) == _MISJUDGED
    if VARIABLE in os.environ or not misjudged or not SKYLAKEX.run_on(cpu_field("flags") or ""):
        return None
    return SKYLAKEX.core_type


def choose() -> None:
    """Set the variable for this process; once NumPy is loaded, it is too late, and nothing is."""
    core_type = choice()
    if core_type and "numpy" not in sys.modules:
        os.environ[VARIABLE] = core_type
