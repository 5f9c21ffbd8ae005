"""The check that a layer leaves the device alone with its work."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..backends import get_backend
from ..backends.simulated.ledger import SYNCHRONISATION, TO_HOST, Event, ledger
from ..optimizers import Optimizer
from . import samples
from .failure import ParityError
from .subject import (
    gradients_of,
    layer_of,
    parameters_of,
    run_backward,
    run_forward,
    title_of,
    transplant,
)
from .tracing import Plan

MOST = 8
"""How many places a message names."""


def assert_no_transfer(
    layer: Any,
    x: Any,
    training: bool = False,
    optimizer: str | Optimizer | None = None,
    synchronizations: int = 0,
    seed: int = 0,
) -> Counter[str]:
    """Check that nothing is copied between host and device, and that the host never waits.

    Forward, backward and an optimizer's step are run on the simulated device, once to build what is
    needed, and once more under watch.

    Parameters
    ----------
    layer : object
        A layer, a `Model`, or an object of any class with ``forward(x)`` and ``backward(dy)`` or
        ``backward(dy, learning_rate)``. It is not changed.
    x : array or tuple of int
        The input, or its shape.
    training : bool, optional
        What ``forward`` is called with, if it takes it.
    optimizer : str or Optimizer, optional
        What takes the step, if the layer shows gradients; plain gradient descent if left out.
    synchronizations : int, optional
        How many times the host may wait for the device.
    seed : int, optional
        For everything that is drawn.

    Returns
    -------
    Counter of str
        How often the device did what, by the kinds of `onepath.backends.simulated.Event`.

    Raises
    ------
    ParityError
        If there was a copy, an undefined result, or more waiting than allowed; the message says in
        which pass and on which line.
    """
    layer, device = layer_of(layer), get_backend("simulated")
    host = samples.as_floating(samples.as_sample(x, seed), "float32")
    batch = device.asarray(host)
    twin = transplant(layer, device, "float32")
    stepper = Plan(optimizer=optimizer).fresh_optimizer()
    shape = run_forward(twin, batch, training).shape
    dy = device.asarray(samples.output_gradient(shape, seed), dtype="float32")
    passes: dict[str, Callable[[], Any]] = {
        "forward": lambda: run_forward(twin, batch, training),
        "backward": lambda: run_backward(twin, dy),
        "step": lambda: _step(twin, stepper),
    }
    for run in passes.values():
        run()
    seen: list[tuple[str, Event]] = []
    for name, run in passes.items():
        with ledger.watch() as events:
            run()
        seen += [(name, event) for event in events]

    counts = Counter(event.kind for _, event in seen)
    waits = counts[SYNCHRONISATION]
    wrong = [
        (name, event)
        for name, event in seen
        if event.kind != SYNCHRONISATION or waits > synchronizations
    ]
    if wrong:
        allowed = f"of {synchronizations} allowed " if synchronizations else ""
        raise ParityError(
            wrong[0][1].kind,
            f"{title_of(layer)}: {_summary(counts)} {allowed}on the simulated device",
            _rows(wrong),
        )
    return counts


def _step(layer: Any, optimizer: Optimizer) -> None:
    """Let an optimizer take a step with the gradients that a layer shows."""
    gradients, parameters = gradients_of(layer), parameters_of(layer)
    if gradients:
        optimizer.update({name: parameters[name] for name in gradients}, gradients)


def _summary(counts: Counter[str]) -> str:
    """All kinds of events with their numbers."""
    plurals = {"copy": "copies", SYNCHRONISATION: "synchronisations", "result": "results"}
    words = []
    for kind, count in counts.items():
        for one, many in plurals.items() if count > 1 else ():
            kind = kind.replace(one, many)
        words.append(f"{count} {kind}")
    return ", ".join(words)


def _rows(wrong: list[tuple[str, Event]]) -> dict[str, str]:
    """What happened where, place by place."""
    copied = {(event.place, event.what) for _, event in wrong if event.kind == TO_HOST}
    places: dict[str, dict[str, Counter[str]]] = {}
    for name, event in wrong:
        if event.kind == SYNCHRONISATION and (event.place, event.what) in copied:
            continue  # goes without saying
        size = f" of {event.nbytes} bytes" if event.nbytes else ""
        passes = places.setdefault(_short(event.place), {})
        passes.setdefault(f"{event.kind}{size} by {event.what}", Counter())[name] += 1
    rows = {
        place: "; ".join(f"{fact} in {_listed(passes)}" for fact, passes in facts.items())
        for place, facts in list(places.items())[:MOST]
    }
    if len(places) > MOST:
        rows["and"] = f"{len(places) - MOST} places more"
    return rows


def _listed(passes: Counter[str]) -> str:
    """The passes, and how often in each if it is more than once."""
    return ", ".join(f"{name} ({n} times)" if n > 1 else name for name, n in passes.items())


def _short(place: str) -> str:
    """A place without the folders that lead to the program's own."""
    path = Path(place)
    return str(
        path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else Path(*path.parts[-2:])
    )
