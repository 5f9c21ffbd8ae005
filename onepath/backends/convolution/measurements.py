"""How long engines took: remembered for this process, and in a file for those to come."""

import json
import math
import os
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ...replacing import replace
from ..machine import machine_of
from ..numerics import current
from ..types import DType
from .engine import Device
from .geometry import Geometry

Times: TypeAlias = Mapping[str, float]
"""Seconds by engine; where an engine has several ways, also by its name, a space and the way."""

Machines: TypeAlias = dict[str, dict[str, Times]]
"""Times by machine and case."""

VARIABLE = "ONEPATH_CACHE"
"""In the environment: the folder of the file, or ``off`` for none; the user's cache by default."""

_FORMAT = 1
_NAME = "convolutions.json"


class Measurements:
    """The times of cases on machines; the file is read when one is first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: Machines | None = None
        self._told: set[Path] = set()

    def times(self, device: Device, case: str) -> Times:
        """Return what was measured.

        Parameters
        ----------
        device : Device
            A backend.
        case : str
            See `case_of`.

        Returns
        -------
        dict of str to float
            Seconds by engine, empty if nothing was.
        """
        with self._lock:
            known = self._loaded()
            if not known:  # spares a look at the machine
                return {}
            return known.get(machine_of(device.name, device.xp), {}).get(case, {})

    def way(self, device: Device, case: str, engine: str) -> str | None:
        """Return which of an engine's ways was the fastest, by the engine's own name for it.

        Parameters
        ----------
        device, case
            As for `times`.
        engine : str
            Its name.
        """
        ways = (name.partition(" ") for name in self.times(device, case))
        return next((way for name, _, way in ways if way and name == engine), None)

    def add(self, device: Device, times: Mapping[str, Times]) -> None:
        """Remember what was measured, in the place of what was before.

        The file may have grown by what other processes measured, which is kept. If it cannot be
        written, a warning says so, and this process remembers alone.

        Parameters
        ----------
        device : Device
            A backend.
        times : dict of str to dict of str to float
            Seconds by case and engine.

        Raises
        ------
        ImportError
            If platformdirs is not installed.
        """
        machine, path = machine_of(device.name, device.xp), path_of_file()
        with self._lock:
            self._loaded().setdefault(machine, {}).update(times)
            if path is None:
                return
            content = self._read(path)
            content.setdefault(machine, {}).update(times)
            text = json.dumps({"format": _FORMAT, "seconds": content}, indent=1)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                replace(path, text.encode())
            except OSError as error:
                warnings.warn(
                    f"measurements could not be kept in {path}: {error}; this process remembers "
                    f"them, and {VARIABLE} names another folder",
                    stacklevel=2,
                )

    def _loaded(self) -> Machines:
        """What is known, from the file at first; without platformdirs there is none."""
        if self._known is None:
            self._known = {}
            try:
                path = path_of_file()
            except ImportError:
                path = None
            if path is not None:
                self._known = self._read(path)
        return self._known

    def _read(self, path: Path) -> Machines:
        """What a file holds: nothing, with one warning, if it is damaged or another's."""
        try:
            return _checked(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            if path not in self._told:
                self._told.add(path)
                warnings.warn(
                    f"the measurements in {path} are ignored: {error}; autotune makes new ones",
                    stacklevel=2,
                )
            return {}


def path_of_file() -> Path | None:
    """Return where measurements are kept.

    Returns
    -------
    pathlib.Path or None
        None if the environment says that there is to be no file.

    Raises
    ------
    ImportError
        If platformdirs is needed for it and not installed.
    """
    folder = os.environ.get(VARIABLE)
    if folder == "off":
        return None
    if folder:
        return Path(folder) / _NAME
    try:
        from platformdirs import user_cache_path
    except ImportError as error:
        raise ImportError(
            "finding the folder where measurements are kept needs platformdirs: "
            f"pip install 'onepath[train]', or name a folder in {VARIABLE}"
        ) from error
    return user_cache_path("onepath", appauthor=False) / _NAME


def case_of(operation: str, geometry: Geometry, batch: int, dtype: DType) -> str:
    """Return what a case is called in the file: all on which its times depend, but the machine."""
    window = geometry.window
    numerics = current()
    return (
        f"{operation}, x {(batch, *geometry.input_shape)}, kernel {geometry.kernel_shape}, "
        f"strides {window.strides}, pads {window.pads}, dilation {window.dilation}, {dtype}"
        f"{', TF32' * numerics.tf32}{', any order' * (not numerics.deterministic)}"
    )


def _checked(content: Any) -> Machines:
    """The content of a file, if it is what `Measurements.add` writes."""
    if not isinstance(content, dict) or not {"format", "seconds"} <= content.keys():
        raise ValueError("it is not a file of onepath's measurements")
    if content["format"] != _FORMAT:
        raise ValueError(f"its format is {content['format']!r}, and this version's is {_FORMAT}")
    machines: Machines = content["seconds"]
    for machine, cases in _entries("seconds", machines):
        for case, times in _entries(machine, cases):
            for engine, seconds in _entries(case, times):
                if type(seconds) not in (int, float) or not 0 < seconds < math.inf:
                    raise ValueError(f"{case!r}: {engine} took {seconds!r}, which is no time")
    return machines


def _entries(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{name!r} is a {type(value).__name__}, where an object is wanted")
    return value.items()


memory = Measurements()
"""What `planner.remember` was told, by this process or by an earlier one."""
