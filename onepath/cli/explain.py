"""``python -m onepath explain``."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..backends import Backend, Geometry, get_backend
from ..backends.convolution.measurements import path_of_file
from ..training import Model, load_model
from ..tuning import batches_of, convolutions_of, tune
from ..tuning import explain as explanation_of
from .coloured import show
from .explain_arguments import OF_GEOMETRY

_COLOURS = {
    r"(?m)^(convolution|\S+ \(\w+\))$": "bold",
    r"(?m)^ +predicted.*$|─+| -(?= |$)": "dim",
    r"(?m)^  > .*$": "green",
    r"(?m)^\S+ cannot: .*$": "yellow",
}


def run(options: argparse.Namespace) -> int:
    """Print the planner's decisions.

    Parameters
    ----------
    options : argparse.Namespace
        As the command line's parser makes them.

    Returns
    -------
    int
        0.

    Raises
    ------
    BackendUnavailableError
        If the device is not there.
    CorruptFileError, FileNotFoundError
        If there is no model, or it is damaged.
    ImportError
        If a package is missing.
    SystemExit
        With status 2, if it is not said what to explain.
    ValueError
        If a shape does not fit.
    """
    subject, backend = _subject(options), get_backend(options.device)
    if options.measure:
        _measure(subject, options, backend)
    text = str(explanation_of(subject, options.batch, backend, options.dtype))
    show(f"{text}\n\n{_remark(text, options.measure)}", _COLOURS)
    return 0


def _subject(options: argparse.Namespace) -> Model | Geometry:
    """The model that is named, or the geometry that is described."""
    said = {word for word in OF_GEOMETRY if getattr(options, word) is not None}
    if options.model is not None:
        if said:
            words = ", ".join(f"--{word}" for word in OF_GEOMETRY if word in said)
            options.refuse(f"MODEL has convolutions of its own: leave out {words}")
        path = options.model
        return load_model(path / "model.onepath" if path.is_dir() else path)
    if not {"input", "filters", "kernel"} <= said:
        options.refuse("name a MODEL, or describe a convolution by --input, --filters and --kernel")
    return Geometry.of(
        options.input,
        options.filters,
        options.kernel,
        1 if options.strides is None else options.strides,
        "valid" if options.padding is None else options.padding,
        1 if options.dilation is None else options.dilation,
        1 if options.groups is None else options.groups,
    )


def _measure(subject: Model | Geometry, options: argparse.Namespace, backend: Backend) -> None:
    """Measure one convolution after the other, and say at which it is."""
    convolutions = tuple(convolutions_of(subject, dtype=options.dtype))
    with _progress() as say:
        for size in batches_of(subject, options.batch, backend):
            for each in tune(convolutions, size, backend):
                say(f"measuring {each.name}, {size} samples at a time")


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A function that says what is being done, on a terminal where rich is installed."""
    try:
        from rich.console import Console
    except ImportError:
        yield lambda text: None
        return
    with Console(stderr=True).status("") as status:
        yield status.update


def _remark(text: str, measured: bool) -> str:
    """What else there is to know."""
    if "smallest prediction" in text:
        return (
            "Times are of one thread; predictions compare engines, and are no more than that.\n"
            "--measure times them here; from then on the fastest computes."
        )
    if measured:
        place = path_of_file() or "no file: ONEPATH_CACHE is off"
        return f"Times are of one thread. They are kept in {place}."
    return "Times are of one thread."
