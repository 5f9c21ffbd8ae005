"""What the processes of both sides are given alike."""

from collections.abc import Iterable
from dataclasses import dataclass

from onepath.backends.convolution.measurements import VARIABLE as CACHE
from onepath.cli import doctor
from onepath.cli.doctor import BLAS, Finding
from onepath.cli.kernels import VARIABLE

_MIB = 1 << 20

# Page faults on fresh memory cost as much as the arithmetic done in it, so the C library keeps what
# it has instead of giving it back to the system at each turn.
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": 32 * _MIB,  # the largest that glibc takes
    "MALLOC_TRIM_THRESHOLD_": 1024 * _MIB,
    "MALLOC_TOP_PAD_": 64 * _MIB,
}
_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
_ADVICE = f"export {VARIABLE}="


@dataclass(frozen=True)
class Ground:
    """What is measured on.

    Attributes
    ----------
    machine : tuple of str
        What works of the machine, in the doctor's words.
    threads : int
        How many threads each side may use.
    core_type : str or None
        The kernels that OpenBLAS is told to take, None if it chooses.
    """

    machine: tuple[str, ...]
    threads: int
    core_type: str | None

    @property
    def variables(self) -> dict[str, str]:
        """What each side's process is given."""
        return settings(self.threads, self.core_type)


def survey(as_it_comes: bool) -> Ground:
    """Look at the machine.

    Parameters
    ----------
    as_it_comes : bool
        Whether to leave the choice of kernels to OpenBLAS.

    Returns
    -------
    Ground
        With the kernels that fit the CPU, if OpenBLAS would take others.
    """
    findings = doctor.examine(measure=False)
    topics = doctor.CORE, doctor.DEVICES
    return Ground(
        tuple(each.what for each in findings if each.topic in topics and each.verdict == "ok"),
        doctor.usable_cpus(),
        None if as_it_comes else better_core_type(findings),
    )


def settings(threads: int, core_type: str | None) -> dict[str, str]:
    """Return the variables to set beside those that are set already.

    Parameters
    ----------
    threads : int
        How many threads each side may use.
    core_type : str or None
        The kind of OpenBLAS's kernels; None leaves the choice to OpenBLAS.

    Returns
    -------
    dict of str to str
        By name.
    """
    variables = {name: str(value) for name, value in _ALLOCATOR.items()}
    variables[CACHE] = "off"  # what was measured here before must not decide, nor what is now
    variables |= dict.fromkeys(_THREADS, str(threads))
    return variables | ({VARIABLE: core_type} if core_type else {})


def better_core_type(findings: Iterable[Finding]) -> str | None:
    """Return the kernels that the doctor advises, None if those that NumPy uses fit the CPU."""
    mends = (each.mend or "" for each in findings if each.topic == BLAS)
    return next((mend.removeprefix(_ADVICE) for mend in mends if mend.startswith(_ADVICE)), None)
