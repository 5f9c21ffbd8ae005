"""Schedules that rise before they fall."""

from itertools import pairwise

from ..arguments import flag, number, whole
from .cosine import half_cosine
from .registry import register_schedule
from .schedule import LearningRateSchedule, between


@register_schedule
class OneCycle(LearningRateSchedule):
    """Rise to a large rate, and fall far below the first one (L. Smith, N. Topin, 2018).

    The formula is that of PyTorch's ``OneCycleLR``: from ``initial = max_learning_rate /
    div_factor`` up to the largest rate in the first ``pct_start`` of the steps, then down to
    ``initial / final_div_factor``, which is reached in the last step and stays.

    Parameters
    ----------
    max_learning_rate : float
        The largest rate; at least 0.
    total_steps : int
        How many steps the whole takes.
    pct_start : float, optional
        Which part of them the rate rises; from 0 to 1.
    anneal_strategy : {"cos", "linear"}, optional
        Whether it goes along half a period of a cosine, or straight.
    div_factor, final_div_factor : float, optional
        See above; above 0.
    three_phase : bool, optional
        Whether the rate falls to the initial one in as many steps as it rose, and to its end
        afterwards.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number, or out of range.
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        self.max_learning_rate = number("max_learning_rate", max_learning_rate)
        self.total_steps = whole("total_steps", total_steps)
        self.pct_start = number("pct_start", pct_start, at_most=1)
        self.anneal_strategy = anneal_strategy
        self.div_factor = number("div_factor", div_factor, positive=True)
        self.final_div_factor = number("final_div_factor", final_div_factor, positive=True)
        self.three_phase = flag("three_phase", three_phase)

    def __call__(self, step: float) -> float:
        """Return the rate of a step."""
        for (begin, start), (end, target) in pairwise(self._corners()):
            if step <= end:
                fraction = (step - begin) / (end - begin) if end > begin else 1.0
                if self.anneal_strategy == "cos":
                    fraction = half_cosine(1 - fraction)
                return between(start, target, fraction)
        return target

    def _corners(self) -> list[tuple[float, float]]:
        """The steps at which the rate turns, each with its rate."""
        top, last = self.max_learning_rate, self.total_steps - 1
        initial, rise = top / self.div_factor, self.pct_start * self.total_steps
        corners = [(0.0, initial), (rise - 1, top)]
        if self.three_phase:
            corners.append((2 * rise - 2, initial))
        return [*corners, (last, initial / self.final_div_factor)]
