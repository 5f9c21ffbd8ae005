"""The whole examination, from the packages to BLAS."""

from .blas import examine_blas
from .devices import examine_devices
from .findings import CORE, Finding, show
from .packages import examine_core, examine_extras


def run() -> int:
    """Examine this machine and print the report.

    Returns
    -------
    int
        The exit status: 0, or 1 if a problem keeps the core from working.
    """
    findings = examine()
    show(findings)
    return int(any(each.topic == CORE and each.verdict == "problem" for each in findings))


def examine(measure: bool = True) -> list[Finding]:
    """Look at the packages, the devices and the BLAS library.

    Parameters
    ----------
    measure : bool, optional
        Whether to time matrix products, about half a second each, in processes of their own.

    Returns
    -------
    list of Finding
        Topic by topic.
    """
    return [*examine_core(), *examine_extras(), *examine_devices(), *examine_blas(measure)]
