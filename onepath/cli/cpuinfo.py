"""What Linux tells of the CPU; it imports nothing heavy, so that it can be asked before NumPy."""

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
