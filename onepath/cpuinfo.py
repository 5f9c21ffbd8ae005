"""What Linux tells of the CPU; it imports nothing heavy, so that it can be asked before NumPy."""

import platform
import re
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


def cpu_field(name: str) -> str | None:
    """Look up what Linux tells of the first CPU.

    Parameters
    ----------
    name : str
        A field of /proc/cpuinfo.

    Returns
    -------
    str or None
        Its value; None where there is no such field or file.
    """
    try:
        text = _CPUINFO.read_text()
    except OSError:
        return None
    match = re.search(rf"^{name}\s*:\s*(.*)$", text, re.MULTILINE)
    return match and match[1]


def processor_name() -> str:
    """Return the CPU's model where Linux tells, else what kind of processor it is."""
    return cpu_field("model name") or platform.processor() or platform.machine()
