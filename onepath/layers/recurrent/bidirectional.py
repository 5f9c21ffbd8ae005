"""Sequences gone through in both directions."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from ...backends import Array
from ...backends.random import derived_seed
from ..base import Layer, Shape
from ..composition import Composite
from ..registry import deserialize, register_layer, serialize
from .layer import Recurrent

Merge = Callable[[Any, Array, Array], Array]
Split = Callable[[Any, Array, Array, Array], tuple[Array, Array]]


def _half(x: Array) -> Array:
    """``x / 2``; that of a bfloat16 is a float32 to NumPy."""
    return (x * 0.5).astype(x.dtype, copy=False)


MERGES: dict[str, tuple[Merge, Split]] = {
    "concat": (
        lambda xp, a, b: xp.concatenate((a, b), axis=-1),
        lambda xp, dy, a, b: (dy[..., : a.shape[-1]], dy[..., a.shape[-1] :]),
    ),
    "sum": (lambda xp, a, b: a + b, lambda xp, dy, a, b: (dy, dy)),
    "mul": (lambda xp, a, b: a * b, lambda xp, dy, a, b: (dy * b, dy * a)),
    "ave": (lambda xp, a, b: _half(a + b), lambda xp, dy, a, b: (_half(dy), _half(dy))),
}
"""How two outputs become one, and what both get of its gradient."""


@register_layer
class Bidirectional(Composite):
    """Two recurrent layers, one of which begins at the end of a sequence.

    With ``return_sequences``, both outputs of one place of the sequence come together.

    Parameters
    ----------
    layer : Recurrent
        A recurrent layer, which is taken over.
    merge_mode : {"concat", "sum", "mul", "ave"}, optional
        How both outputs become one: side by side, or their sum, product or mean.
    backward_layer : Recurrent, optional
        The other layer, which goes the other way. If left out, one with the options of the first,
        and with weights of its own.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If a layer is not recurrent, both go the same way, only one returns sequences, or there is
        no such mode.
    """

    def __init__(
        self,
        layer: Recurrent,
        merge_mode: str = "concat",
        backward_layer: Recurrent | None = None,
        name: str | None = None,
    ) -> None:
        if merge_mode not in MERGES:
            raise ValueError(f"merge_mode must be one of {tuple(MERGES)}, got {merge_mode!r}")
        for each in (layer, backward_layer or layer):
            if not isinstance(each, Recurrent):
                raise TypeError(f"Bidirectional takes recurrent layers, got {each!r}")
        if backward_layer is None:
            backward_layer = _turned(layer)
        if layer.go_backwards == backward_layer.go_backwards:
            raise ValueError(f"both layers have go_backwards={layer.go_backwards}: one must turn")
        if layer.return_sequences != backward_layer.return_sequences:
            raise ValueError("return_sequences must be the same for both layers")
        self.merge_mode = merge_mode
        super().__init__((layer, backward_layer), name)
        self.sample_rank = layer.sample_rank

    @property
    def shardable(self) -> bool:  # type: ignore[override]
        """Whether both layers are."""
        return all(child.shardable for child in self.children)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(T, features) -> (T, n), or (n,) without ``return_sequences``."""
        ahead, back = (child.check_sample(input_shape) for child in self.children)
        if self.merge_mode == "concat":
            return (*ahead[:-1], ahead[-1] + back[-1])
        if ahead != back:
            raise ValueError(
                f"merge_mode={self.merge_mode!r} needs as many units both ways, got {ahead[-1]} "
                f"and {back[-1]}"
            )
        return ahead

    def parts(self, input_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Return both layers with the shape that both get."""
        return ((child, input_shape) for child in self.children)

    def _aligned(self, back: Array) -> Array:
        """The other layer's outputs, or their gradients, by the first one's places."""
        return back[:, ::-1] if back.ndim == 3 else back

    def _forward(self, x: Array, training: bool) -> Array:
        ahead, back = (self._pass(child, x, training) for child in self.children)
        back = self._aligned(back)
        self._saved = ahead, back
        merge, _ = MERGES[self.merge_mode]
        return merge(self.home.xp, ahead, back)

    def _split(self, dy: Array) -> tuple[Array, Array]:
        """The gradients of both layers' outputs."""
        _, split = MERGES[self.merge_mode]
        ahead, back = split(self.home.xp, dy, *self._saved)
        return ahead, self._aligned(back)

    def _backward(self, dy: Array) -> Array:
        ahead, back = self._split(dy)
        return self.children[0].backward(ahead) + self.children[1].backward(back)

    def _learn(self, dy: Array) -> None:
        for child, gradient in zip(self.children, self._split(dy), strict=True):
            child.learn(gradient)

    def get_config(self) -> dict[str, Any]:
        """Return name, mode and both layers, as JSON can hold them."""
        layer, backward_layer = map(serialize, self.children)
        return {
            "layer": layer,
            "merge_mode": self.merge_mode,
            "backward_layer": backward_layer,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make both layers again, of registered classes."""
        back = config.get("backward_layer")
        made = {
            "layer": deserialize(config.get("layer", {})),
            "backward_layer": None if back is None else deserialize(back),
        }
        return super().from_config({**config, **made})


def _turned(layer: Recurrent) -> Recurrent:
    """A layer of the same options that goes the other way; both are named by where they go."""
    stem = layer.name
    if not layer._named:
        layer.name, layer._named = f"forward_{stem}", True
    other = {
        "go_backwards": not layer.go_backwards,
        "name": f"backward_{stem}",
        "seed": derived_seed(layer.seed, "backward"),
    }
    return type(layer).from_config({**layer.get_config(), **other})
