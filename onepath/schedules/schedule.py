"""What every schedule has in common."""

from abc import ABC, abstractmethod

from ..configuration import Configurable


class LearningRateSchedule(Configurable, ABC):
    """A learning rate as a function of the step's number."""

    @abstractmethod
    def __call__(self, step: float) -> float:
        """Return the rate of a step.

        Parameters
        ----------
        step : float
            Its number, from 0 on: how many steps were taken before.

        Returns
        -------
        float
            The rate, at least 0.
        """


Rate = float | LearningRateSchedule
"""What an optimizer takes for a learning rate."""


def between(start: float, end: float, fraction: float) -> float:
    """Return the number at a fraction of the straight way."""
    return start + (end - start) * fraction
