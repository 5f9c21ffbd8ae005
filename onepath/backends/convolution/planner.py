"""Picks the engine, and says why."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from ..numerics import Numerics, current
from ..types import DType
from .cudnn import CudnnEngine
from .engine import Cost, Device, Engine, UnsupportedError
from .fft import FFTEngine
from .gemm import GemmEngine
from .geometry import Geometry
from .measurements import Times, case_of, memory
from .signal import SignalEngine
from .winograd import WinogradEngine

ENGINES: dict[str, Engine] = {
    engine.name: engine
    for engine in (CudnnEngine(), GemmEngine(), WinogradEngine(), FFTEngine(), SignalEngine())
}
"""The engines by name, the preferred first."""

Case: TypeAlias = tuple[str, Device, str, Geometry, int, DType, Numerics]
"""A name, a device, an operation, shapes, the batch and a dtype, as for `decide`; the setting."""

_decided: dict[Case, Engine] = {}
_refused: dict[Case, str] = {}
"""Why an engine of that name does not support a case after all."""

_MOST = 4096


class _Here(threading.local):
    """What is used in place of engines of a name."""

    instead: Mapping[str, Engine] = MappingProxyType({})


_here = _Here()


@dataclass(frozen=True)
class Candidate:
    """What is known of an engine for an operation.

    Attributes
    ----------
    engine : str
        Its name.
    predicted : float or None
        Seconds that it should take on one thread; None if it refuses.
    measured : float or None
        Seconds that it took on one thread; None if that was not measured.
    workspace : int or None
        Bytes of scratch memory that it takes at most; None if it refuses.
    refusal : str or None
        Why it does not support the case; None if it does.
    """

    engine: str
    predicted: float | None = None
    measured: float | None = None
    workspace: int | None = None
    refusal: str | None = None


@dataclass(frozen=True)
class Decision:
    """Which engine computes an operation.

    Attributes
    ----------
    operation : {"forward", "input_gradient", "kernel_gradient"}
        What is computed.
    candidates : tuple of Candidate
        All engines, in the order of `ENGINES`.
    chosen : str
        The name of the one that computes.
    reason : str
        "fastest measured", "smallest prediction", "the only one that supports it", or
        "asked for by name".
    """

    operation: str
    candidates: tuple[Candidate, ...]
    chosen: str
    reason: str


def check_engine(name: str) -> str:
    """Return ``name`` if it is "auto" or an engine's, or raise."""
    if name != "auto" and name not in ENGINES:
        raise ValueError(f"engine must be 'auto' or one of {tuple(ENGINES)}, got {name!r}")
    return name


def choose(
    name: str, device: Device, operation: str, geometry: Geometry, batch: int, dtype: DType
) -> Engine:
    """Return the engine that `decide` picks; what was decided once is looked up."""
    if name in _here.instead:
        return _here.instead[name]
    case = (name, device, operation, geometry, batch, dtype, current())
    engine = _decided.get(case)
    if engine is None:
        if len(_decided) >= _MOST:
            _decided.clear()
        engine = _decided[case] = ENGINES[decide(*case[:-1], workspaces=False).chosen]
    return engine


def refuse(
    engine: Engine,
    name: str,
    device: Device,
    operation: str,
    geometry: Geometry,
    batch: int,
    dtype: DType,
    reason: str,
) -> None:
    """Take note that an engine does not support a case after all, so that another one is picked.

    Parameters
    ----------
    engine : Engine
        The one that was picked.
    name, device, operation, geometry, batch, dtype
        For which case, as for `choose`.
    reason : str
        Why it does not.

    Raises
    ------
    UnsupportedError
        If there is no other one to pick.
    """
    if ENGINES.get(engine.name) is not engine:
        raise UnsupportedError(reason)
    dtype = device.xp.dtype(dtype)
    _refused[engine.name, device, operation, geometry, batch, dtype, current()] = reason
    _decided.clear()


@contextmanager
def instead(engine: Engine, names: Iterable[str]) -> Iterator[None]:
    """Let another engine compute wherever one of these names is asked for, on this thread.

    Parameters
    ----------
    engine : Engine
        What computes.
    names : iterable of str
        Names of engines, and "auto".
    """
    before = _here.instead
    _here.instead = {**before, **dict.fromkeys(names, engine)}
    try:
        yield
    finally:
        _here.instead = before


def decide(
    name: str,
    device: Device,
    operation: str,
    geometry: Geometry,
    batch: int,
    dtype: DType,
    workspaces: bool = True,
) -> Decision:
    """Pick the engine of that name, or for "auto" the one that should be the fastest.

    Of those that were measured it is the fastest one; if none was, the one with the smallest
    prediction.

    Parameters
    ----------
    name : str
        An engine's, or "auto".
    device : Device
        A backend.
    operation : str
        One of `OPERATIONS`.
    geometry : Geometry
        The shapes.
    batch : int
        How many samples there are.
    dtype : dtype
        That of the arrays.
    workspaces : bool, optional
        Whether to ask for scratch memory, too; engines may have to prepare themselves to tell.

    Returns
    -------
    Decision
        The engine, all candidates, and the reason.

    Raises
    ------
    ValueError
        If the name is unknown, or the engine does not support the case.
    """
    check_engine(name)
    dtype = device.xp.dtype(dtype)
    times = memory.times(device, case_of(operation, geometry, batch, dtype))
    candidates = tuple(
        _candidate(engine, device, operation, geometry, batch, dtype, times, workspaces)
        for engine in ENGINES.values()
    )
    if name == "auto":
        return Decision(operation, candidates, *_fastest(candidates))
    refusal = next(each.refusal for each in candidates if each.engine == name)
    if refusal is not None:
        raise ValueError(f"engine {name!r} does not support this case: {refusal}")
    return Decision(operation, candidates, name, "asked for by name")


def remember(
    device: Device, geometry: Geometry, batch: int, dtype: DType, times: Mapping[str, Times]
) -> None:
    """Let measurements decide from now on.

    Parameters
    ----------
    device : Device
        A backend.
    geometry, batch, dtype
        As for `decide`.
    times : dict of str to dict of str to float
        Seconds by operation and engine.

    Raises
    ------
    ImportError
        If platformdirs is not installed.
    """
    dtype = device.xp.dtype(dtype)
    memory.add(
        device,
        {case_of(operation, geometry, batch, dtype): each for operation, each in times.items()},
    )
    _decided.clear()


def predicted(cost: Cost, device: Device) -> float:
    """Return how many seconds that takes on one thread of a device."""
    speed = device.speed
    return cost.flops / speed.flops + cost.moved / speed.moved + cost.calls * speed.call


def _candidate(
    engine: Engine,
    device: Device,
    operation: str,
    geometry: Geometry,
    batch: int,
    dtype: DType,
    times: Times,
    workspaces: bool,
) -> Candidate:
    """What is known of one engine."""
    refusal = engine.refusal(device, geometry, dtype) or _refused.get(
        (engine.name, device, operation, geometry, batch, dtype, current())
    )
    if refusal is not None:
        return Candidate(engine.name, refusal=refusal)
    return Candidate(
        engine.name,
        predicted(engine.cost(device, operation, geometry, batch, dtype), device),
        times.get(engine.name),
        engine.workspace(device, geometry, batch, dtype) if workspaces else None,
    )


def _fastest(candidates: Sequence[Candidate]) -> tuple[str, str]:
    """The engine to take, and why."""
    predictions = {each.engine: each.predicted for each in candidates if each.predicted is not None}
    times = {each.engine: each.measured for each in candidates if each.measured is not None}
    if not predictions:
        reasons = "; ".join(f"{each.engine}: {each.refusal}" for each in candidates)
        raise ValueError(f"no engine supports this case: {reasons}")
    if len(predictions) == 1:
        return next(iter(predictions)), "the only one that supports it"
    if times:
        return min(times, key=times.__getitem__), "fastest measured"
    return min(predictions, key=predictions.__getitem__), "smallest prediction"
