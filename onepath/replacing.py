"""Files that are there whole, or as they were."""

import os
import tempfile
from pathlib import Path


def replace(path: Path, data: bytes) -> None:
    """Write a file beside the one that it is to replace, and then let it take its place.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    data : bytes
        All that is to be in it.

    Raises
    ------
    OSError
        If it cannot be written; an older file of that name is left as it was.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
