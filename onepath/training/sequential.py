"""The model of a stack of layers."""

from collections.abc import Iterable

from ..backends import Backend
from ..layers import Layer
from ..layers import Sequential as SequentialLayer
from .model import Model


class Sequential(Model):
    """A model of layers one after the other.

    Parameters
    ----------
    layers : iterable of Layer
        At least one.
    device : str or Backend, optional
        As for `Model`.
    name : str, optional
        The name of the whole.

    Attributes
    ----------
    layers : tuple of Layer
        The layers, first to last.
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        device: str | Backend | None = None,
        name: str | None = None,
    ) -> None:
        stack = SequentialLayer(layers, name)
        super().__init__(stack, device)
        self.layers = stack.layers
