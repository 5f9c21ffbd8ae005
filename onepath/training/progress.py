"""What a person sees while a model is trained."""

import sys
import time
from collections.abc import Callable
from typing import Any

from .callbacks import Callback, Logs


def progress(verbose: str | int) -> list[Callback]:
    """Return the callback that shows progress.

    Parameters
    ----------
    verbose : {"auto", 0, 1, 2}
        0 is silence, 1 a bar, 2 a line for each epoch; "auto" is a bar on a terminal where rich is
        installed, and lines elsewhere.

    Returns
    -------
    list of Callback
        None or one.

    Raises
    ------
    ValueError
        If ``verbose`` is something else.
    """
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose must be 'auto', 0, 1 or 2, got {verbose!r}")
    if verbose == 0:
        return []
    if verbose == 2 or (verbose == "auto" and not sys.stdout.isatty()):
        return [ProgressLines()]
    try:
        return [ProgressBar()]
    except ImportError:
        return [ProgressLines()]


class ProgressLines(Callback):
    """A line for each epoch: in logs, and where rich is not installed."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Start the clock."""
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Print the epoch's line."""
        seconds = time.perf_counter() - self._began
        print(
            f"{_counted(epoch, self.params)}  {_shown(logs)}  "
            f"{seconds:.1f} s  {self.params['samples'] / seconds:,.0f} samples/s",
            flush=True,
        )


class ProgressBar(Callback):
    """A bar for the epoch that runs, above it a line for each that is over."""

    interval = 0.1
    """Seconds between two looks at the loss, each of which waits for the device."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed}/{task.total}"),
            TextColumn("{task.fields[shown]}"),
            TimeRemainingColumn(compact=True),
            transient=True,
        )
        self._task: Any = None

    def on_train_begin(self) -> None:
        """Draw the bar."""
        self._bar.start()
        self._task = self._bar.add_task("", total=self.params["steps"], shown="")

    def on_epoch_begin(self, epoch: int) -> None:
        """Set the bar back to its beginning."""
        self._began = self._looked = time.perf_counter()
        self._bar.reset(self._task, description=_counted(epoch, self.params), shown="")

    def on_train_batch_end(self, batch: int, logs: Callable[[], Logs]) -> None:
        """Move the bar, but not more often than a person can read."""
        now = time.perf_counter()
        if now - self._looked < self.interval:
            return
        self._looked = now
        rate = (batch + 1) * self.params["batch_size"] / (now - self._began)
        shown = f"{_shown(logs())}  {rate:,.0f} samples/s"
        self._bar.update(self._task, completed=batch + 1, shown=shown)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Print the epoch's line."""
        seconds = time.perf_counter() - self._began
        self._bar.console.print(
            f"{_counted(epoch, self.params)}  {_shown(logs)}  [dim]{seconds:.1f} s[/dim]",
            highlight=False,
        )

    def on_train_end(self) -> None:
        """Take the bar away."""
        self._bar.stop()


def _counted(epoch: int, params: dict[str, int]) -> str:
    width = len(str(params["epochs"]))
    return f"epoch {epoch + 1:{width}}/{params['epochs']}"


def _shown(logs: Logs) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in logs.items())
