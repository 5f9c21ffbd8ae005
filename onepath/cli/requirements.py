"""Optional packages that a command needs, asked for before it begins."""

from importlib.util import find_spec


def require(*packages: str) -> None:
    """Raise unless all packages are installed.

    Parameters
    ----------
    *packages : str
        The names by which they are imported.

    Raises
    ------
    ImportError
        With the missing ones and the line that installs them.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ImportError(
            f"this needs {', '.join(missing)}, not installed here: pip install 'onepath[train]'"
        )
