"""What the processes of both sides are given alike."""

from collections.abc import Iterable

from onepath.cli.doctor import BLAS, Finding

_MIB = 1 << 20

# Page faults on fresh memory cost as much as the arithmetic done in it, so the C library keeps what
# it has instead of giving it back to the system at each turn.
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": 32 * _MIB,  # the largest that glibc takes
    "MALLOC_TRIM_THRESHOLD_": 1024 * _MIB,
    "MALLOC_TOP_PAD_": 64 * _MIB,
}
_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
_ADVICE = "export OPENBLAS_CORETYPE="


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
    variables |= dict.fromkeys(_THREADS, str(threads))
    return variables | ({"OPENBLAS_CORETYPE": core_type} if core_type else {})


def better_core_type(findings: Iterable[Finding]) -> str | None:
    """Return the kernels that the doctor advises, None if those that NumPy uses fit the CPU."""
    mends = (each.mend or "" for each in findings if each.topic == BLAS)
    return next((mend.removeprefix(_ADVICE) for mend in mends if mend.startswith(_ADVICE)), None)
