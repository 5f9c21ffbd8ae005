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
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        device: str | Backend | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(SequentialLayer(layers, name), device)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, first to last."""
        return tuple(self.layer.children)  # type: ignore[attr-defined]
