"""The libraries: each builds a case in its own way, in a process of its own."""

import importlib

from .base import MissingError, Peer, Task

INSTALL = {
    "onepath": "pip install -e .",
    "as_it_comes": "pip install -e .",
    "scipy": "pip install scipy",
    "cupyx": "pip install 'onepath[cuda13]'",
    "numpy": "pip install numpy",
    "torch": "pip install 'onepath[oracle]'",
    "torch_compiled": "pip install 'onepath[oracle]'",
    "keras": "pip install 'onepath[keras]'",
    "jax": "pip install jax",
    "notebook": "pip install scipy",
}
"""By name, which is that of the module here: the line that installs the library."""

COMPILING = "keras", "jax", "torch_compiled"
"""Those that compile for each case anew, which takes seconds."""

ROUNDING = "torch", "torch_compiled"
"""Those that can be told to multiply in less than float32."""


def load(name: str, device: str, threads: int) -> Peer:
    """Make a library ready.

    Parameters
    ----------
    name : str
        A key of `INSTALL`.
    device : {"cpu", "cuda"}
        Where it is to compute.
    threads : int
        How many threads it may use.

    Returns
    -------
    Peer
        The library.

    Raises
    ------
    MissingError
        If it is not installed or cannot use the device; the message has the line that mends it.
    """
    try:
        peer: Peer = importlib.import_module(f".{name}", __name__).Library(device, threads)
    except ImportError as error:
        raise MissingError(f"{error}; {INSTALL[name]}") from error
    return peer


__all__ = ["COMPILING", "INSTALL", "ROUNDING", "MissingError", "Peer", "Task", "load"]
