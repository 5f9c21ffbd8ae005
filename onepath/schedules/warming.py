"""A slow start."""

from ..arguments import number
from .registry import check_rate, register_schedule
from .schedule import LearningRateSchedule, Rate, between


@register_schedule
class WarmUp(LearningRateSchedule):
    """Go straight from one rate to that of another schedule, which begins then.

    Parameters
    ----------
    schedule : float or LearningRateSchedule
        What comes after the warm-up; it sees steps counted from there.
    warmup_steps : float
        How many steps the warm-up takes; at least 0.
    initial_learning_rate : float, optional
        The rate of the first step; at least 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is neither a number nor, for the first, a schedule, or is out of range.
    """

    def __init__(
        self, schedule: Rate, warmup_steps: float, initial_learning_rate: float = 0.0
    ) -> None:
        self.schedule = check_rate("schedule", schedule)
        self.warmup_steps = number("warmup_steps", warmup_steps)
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)

    def __call__(self, step: float) -> float:
        """Return the rate of a step."""
        if step < self.warmup_steps:
            return between(self.initial_learning_rate, self._after(0), step / self.warmup_steps)
        return self._after(step - self.warmup_steps)

    def _after(self, step: float) -> float:
        """The other schedule's rate."""
        return self.schedule if isinstance(self.schedule, float) else self.schedule(step)
