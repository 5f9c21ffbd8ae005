"""Where two backends, two engines or two dtypes part."""

from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple

from ...backends import Backend, get_backend
from ...backends.convolution import ENGINES
from .. import samples
from ..failure import ParityError
from ..subject import home_of, layer_of, leaves, parameters_of, title_of, transplant
from ..tracing import Plan, path_and_what
from .outcomes import DTYPES, Data, Outcome, first_failure
from .picture import Mark, draw
from .report import Run


@dataclass(frozen=True)
class Divergence:
    """The first quantity, in the order of computation, that is wrong on one of two sides.

    Attributes
    ----------
    layer : str
        Class and name of the layer that computes it.
    path : str
        Where that is in the model, as ``child/grandchild``; "" for the model itself.
    pass_ : {"forward", "backward"}
        When it is computed.
    quantity : str
        What it is: "forward", "input gradient", "gradient of kernel", …
    failure : ParityError
        Errors, bound, and which side is wrong, as `assert_parity` would raise it.
    marks : list of Mark
        The errors on both sides, and the bound, of each quantity.
    """

    layer: str
    path: str
    pass_: str
    quantity: str
    failure: ParityError
    marks: list[Mark]

    def __str__(self) -> str:
        return str(self.failure)


def first_divergence(
    model: Any,
    x: Any,
    a: str | Backend,
    b: str | Backend,
    training: bool = False,
    seed: int = 0,
    picture: str | PathLike[str] | None = None,
) -> Divergence | None:
    """Find the first layer and pass in which two sides part by more than rounding explains.

    Each layer is judged on the data that it really got on its side. So rounding that grows from
    layer to layer is nobody's fault, and the layer that is found is the one that does something
    else. The truth is the model in float64 on the CPU, with the engine "signal" if engines are
    compared.

    Parameters
    ----------
    model : object
        A layer, a `Model`, or an object of any class with ``forward`` and ``backward``. It is not
        changed.
    x : array or tuple of int
        The input, a batch, or its shape, to be filled with random numbers.
    a, b : str or Backend
        The two sides: backends such as ``"cpu"`` and ``"cuda"``, engines of the convolutions such
        as ``"signal"`` and ``"gemm"``, or dtypes such as ``"float32"`` and ``"float64"``.
    training : bool, optional
        What ``forward`` is called with, if it takes it.
    seed : int, optional
        For everything that is drawn.
    picture : str or path, optional
        A PNG file to write: each layer's errors on both sides, beside the bound.

    Returns
    -------
    Divergence or None
        None if both sides are right everywhere.

    Raises
    ------
    ValueError
        If a side is neither backend, engine nor dtype, or an engine of a model that has no use for
        one.
    ImportError
        If there is to be a picture, and matplotlib is not installed.
    """
    layer = layer_of(model)
    sides = [_Side.of(side, layer) for side in (a, b)]
    data = Data.of(layer, samples.as_sample(x, seed), Plan(training), seed)
    # both sides start from the same numbers, which both dtypes have
    data = data.rounded(min((side.dtype for side in sides), key=DTYPES.index))
    if any(side.engine for side in sides):
        data = data._replace(layer=_with_engine(data.layer, "signal"))
    shape = x if isinstance(x, tuple) else "x"
    options = ["training=True"] * training + [f"seed={seed}"]
    line = f"first_divergence(model, {shape}, {_name(a)!r}, {_name(b)!r}, {', '.join(options)})"
    outcomes = [side.outcome(data, layer, line) for side in sides]

    failure = first_failure(outcomes)
    wrong = min((o.failure for o in outcomes if o.failure), key=lambda f: f.position, default=None)
    marks = _marks(layer, outcomes)
    if picture is not None:
        headline = f"{title_of(layer)}: no divergence" if failure is None else failure.headline
        draw(picture, marks, [side.name for side in sides], headline, wrong and wrong.name)
    if failure is None or wrong is None:
        return None
    path, leaf, what = path_and_what(wrong.name, layer)
    pass_ = "backward" if "gradient" in what else "forward"
    return Divergence(title_of(leaf), path, pass_, what, failure, marks)


class _Side(NamedTuple):
    """One of the two ways to compute the same thing."""

    name: str
    home: Backend
    dtype: str
    engine: str | None

    @classmethod
    def of(cls, side: str | Backend, layer: Any) -> "_Side":
        """Read what was given; all else is as it is in the layer."""
        arrays = list(parameters_of(layer).values())
        home = next((home_of(array) for array in arrays), None) or get_backend("cpu")
        kept = [leaf.dtype for _, leaf in leaves(layer) if getattr(leaf, "dtype", None)]
        dtype = next((str(d) for d in [*(a.dtype for a in arrays), *kept]), "float32")
        if side in DTYPES:
            return cls(f"{home.name} in {side}", home, side, None)
        if side in ENGINES:
            return cls(f"{home.name} by {side}", home, dtype, side)
        try:
            home = get_backend(side)
        except ValueError as error:
            raise ValueError(
                f"a side is a backend, one of the engines {tuple(ENGINES)}, or one of the dtypes "
                f"{DTYPES}; got {side!r}: {error}"
            ) from None
        return cls(home.name, home, dtype, None)

    def outcome(self, data: Data, layer: Any, line: str) -> Outcome:
        """Run the model in this way, and compare it with the truth."""
        data = data.rounded(self.dtype)
        subject = data.layer if self.engine is None else _with_engine(data.layer, self.engine)
        run = Run(layer, self.name, self.dtype, "C", line)
        return Outcome(data, self.home, run, layer=subject)


def _name(side: str | Backend) -> str:
    return side.name if isinstance(side, Backend) else side


def _with_engine(layer: Any, engine: str) -> Any:
    """A copy whose convolutions are computed by an engine."""
    layer = transplant(layer, "cpu")
    convolutions = [leaf for _, leaf in leaves(layer) if hasattr(leaf, "engine")]
    if not convolutions:
        raise ValueError(f"{title_of(layer)} has no convolution that {engine!r} could compute")
    for leaf in convolutions:
        leaf.engine = engine
    return layer


def _marks(layer: Any, outcomes: list[Outcome]) -> list[Mark]:
    """Each quantity that both sides have; neither what is only handed on nor anything twice."""
    first, second = (outcome.comparisons() for outcome in outcomes)
    marks = [Mark.of(name, first[name], second[name]) for name in first if name in second]
    is_leaf = leaves(layer)[0][1] is layer
    return [mark for mark in marks if _is_computed(mark, layer, is_leaf)]


def _is_computed(mark: Mark, layer: Any, is_leaf: bool) -> bool:
    path, _, what = path_and_what(mark.name, layer)
    what = what.rstrip(" 0123456789")  # of several
    if what in ("input", "output gradient", "forward", "input gradient"):
        within = bool(path or is_leaf) and what in ("forward", "input gradient")
        return within or any(mark.errors)
    return bool(path or is_leaf)
