"""Says which engine computes a convolution, and why."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..arguments import whole
from ..backends import Backend, Geometry
from ..backends.convolution.engine import OPERATIONS
from ..backends.convolution.planner import Candidate, Decision, decide
from ..units import duration, size
from .convolutions import convolutions_of, home_of

_WIDTH = 80
_MARK = "  > "


@dataclass(frozen=True)
class ExplainedConvolution:
    """The planner's decisions on a convolution.

    Attributes
    ----------
    name : str
        The layer's, or "convolution".
    geometry : Geometry
        Its shapes.
    dtype : str
        That of its arrays.
    forward, input_gradient, kernel_gradient : Decision
        For each operation the candidates, the chosen one, and the reason.
    """

    name: str
    geometry: Geometry
    dtype: str
    forward: Decision
    input_gradient: Decision
    kernel_gradient: Decision


@dataclass(frozen=True)
class Explanation:
    """The planner's decisions on all convolutions of a network; its text is a table for each.

    Attributes
    ----------
    convolutions : tuple of ExplainedConvolution
        In the order of the layers.
    batch : int
        How many samples there are at a time.
    device : str
        Where they are computed.
    """

    convolutions: tuple[ExplainedConvolution, ...]
    batch: int
    device: str

    def __str__(self) -> str:
        if not self.convolutions:
            return "There are no convolutions."
        return "\n\n".join(
            "\n".join(_table(each, self.batch, self.device)) for each in self.convolutions
        )


def explain(
    subject: Any,
    batch_size: int = 32,
    device: str | Backend | None = None,
    dtype: str | None = None,
    input_shape: Iterable[int] | None = None,
) -> Explanation:
    """Say which engine computes each convolution, and why.

    >>> print(op.explain(op.Sequential([op.layers.Conv2D(8, 3)]), input_shape=(1, 28, 28)))

    Parameters
    ----------
    subject : Layer, Model or Geometry
        What to look at.
    batch_size : int, optional
        How many samples there are at a time.
    device : str or Backend, optional
        Where: where the layer is, or else on the CPU, if left out.
    dtype : {"float16", "float32", "float64"}, optional
        To look at other arrays than the layers'.
    input_shape : iterable of int, optional
        The shape of one sample, without the batch; a layer that is built knows it.

    Returns
    -------
    Explanation
        To be printed, or looked into: ``.convolutions[0].forward.chosen``.

    Raises
    ------
    BackendUnavailableError
        If the device is not there.
    TypeError, ValueError
        If an argument is none of those allowed; the message says which.
    """
    backend, batch = home_of(subject, device), whole("batch_size", batch_size)
    return Explanation(
        tuple(
            ExplainedConvolution(
                each.name,
                each.geometry,
                each.dtype,
                *(
                    decide(each.engine, backend, operation, each.geometry, batch, each.dtype)
                    for operation in OPERATIONS
                ),
            )
            for each in convolutions_of(subject, input_shape, dtype)
        ),
        batch,
        backend.name,
    )


def _table(convolution: ExplainedConvolution, batch: int, device: str) -> Iterator[str]:
    decisions = [getattr(convolution, operation) for operation in OPERATIONS]
    candidates = decisions[0].candidates
    width = max(len("kernel gradient"), *(len(_MARK + each.engine) for each in candidates))
    about = f"{_shapes(convolution.geometry)}, batch {batch}, {convolution.dtype}, {device}"
    yield convolution.name
    yield from textwrap.wrap(about, _WIDTH)
    yield "─" * _WIDTH
    yield _row("", width, ("predicted", "measured", "workspace"))
    for decision in decisions:
        yield decision.operation.replace("_", " ")
        yield from _rows(decision, width)
    for each in candidates:
        if each.refusal is not None:
            yield from textwrap.wrap(f"{each.engine} cannot: {each.refusal}", _WIDTH)


def _rows(decision: Decision, width: int) -> Iterator[str]:
    """A line for each engine that can do it, the chosen one first, then the faster ones."""
    for each in sorted(decision.candidates, key=lambda each: _rank(each, decision.chosen)):
        if each.predicted is not None and each.workspace is not None:
            measured = "-" if each.measured is None else duration(each.measured)
            numbers = (duration(each.predicted), measured, size(each.workspace))
            if each.engine == decision.chosen:
                yield _row(_MARK + each.engine, width, numbers, decision.reason)
            else:
                yield _row(" " * len(_MARK) + each.engine, width, numbers)


def _rank(candidate: Candidate, chosen: str) -> tuple[bool, bool, float]:
    seconds = candidate.predicted if candidate.measured is None else candidate.measured
    return candidate.engine != chosen, candidate.measured is None, seconds or 0.0


def _row(name: str, width: int, numbers: tuple[str, str, str], text: str = "") -> str:
    columns = "".join(f"{number:>11}" for number in numbers)
    return f"{name:{width}}{columns}  {text}".rstrip()


def _shapes(geometry: Geometry) -> str:
    """What comes in and goes out, and what the kernels do that is not as by default."""
    window = geometry.window
    parts = [f"{_times(geometry.input_shape)} -> {_times(geometry.output_shape)}"]
    parts += [f"kernel {_times(window.kernel_size)}"]
    if max(window.strides) > 1:
        parts.append(f"strides {_times(window.strides)}")
    if window.padded:
        pads = (a if a == b else f"{a}+{b}" for a, b in window.pads)
        parts.append(f"padding {_times(pads)}")
    if max(window.dilation) > 1:
        parts.append(f"dilation {_times(window.dilation)}")
    if geometry.groups > 1:
        parts.append(f"groups {geometry.groups}")
    return ", ".join(parts)


def _times(shape: Iterable[int | str]) -> str:
    """Write the entries as in ``"3x3"``."""
    return "x".join(map(str, shape))
