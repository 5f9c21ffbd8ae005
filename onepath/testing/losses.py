"""Losses as layers, so that every check of layers is one of losses, too."""

from ..backends import Array
from ..losses import Loss


class LossLayer:
    """A loss with its targets: predictions go in, the value comes out.

    Parameters
    ----------
    loss : Loss
        What to compute.
    y_true : array
        The targets, as the loss takes them.

    Attributes
    ----------
    loss, y_true
        As given.
    parameters : dict
        Empty: targets are not learned.
    """

    def __init__(self, loss: Loss, y_true: Array) -> None:
        self.loss = loss
        self.y_true = y_true
        self.parameters: dict[str, Array] = {}
        self._gradient: Array = None

    def __repr__(self) -> str:
        return f"LossLayer({self.loss!r}, y_true)"

    @property
    def title(self) -> str:
        """What messages call it: the loss."""
        return repr(self.loss)

    def forward(self, y_pred: Array) -> Array:
        """Compute the loss.

        Parameters
        ----------
        y_pred : array
            Predictions, on the device of the targets.

        Returns
        -------
        array, shape ()
            The loss.
        """
        value, self._gradient = self.loss.value_and_gradient(self.y_true, y_pred)
        return value

    def backward(self, dy: Array) -> Array:
        """Compute the gradient with respect to the predictions.

        Parameters
        ----------
        dy : array, shape ()
            The gradient with respect to the loss.

        Returns
        -------
        array
            Of the shape of the predictions.
        """
        return dy * self._gradient
