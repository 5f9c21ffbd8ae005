"""What regularizers add to the loss, and to the gradients."""

from collections.abc import Callable, Iterator

from ..backends import Array
from ..layers import Layer
from ..layers.composition import leaves
from ..layers.regularizers import Regularizer


def penalize(layer: Layer, loss: Array, scaled: Callable[[Array], Array]) -> Array:
    """Add the penalties to the loss, and their gradients to the layers' gradients.

    Parameters
    ----------
    layer : Layer
        A built layer, whose gradients were just filled.
    loss : array, shape ()
        The loss without penalties; not changed.
    scaled : callable
        The optimizer's own, as the gradients that are there went through it, too.

    Returns
    -------
    array, shape ()
        The loss with penalties; the loss itself if there are none.
    """
    for leaf, name, regularizer in _regularized(layer):
        xp, w = leaf.home.xp, leaf.parameters[name]
        with leaf.home.scope():
            loss = xp.asarray(loss + regularizer.value(xp, w))
            slope = scaled(regularizer.gradient(xp, w))
            leaf.gradients[name] = leaf.gradients[name] + slope.astype(w.dtype, copy=False)
    return loss


def penalty(layer: Layer) -> Array | None:
    """Return the sum of the penalties, of shape (); None if there are none."""
    total = None
    for leaf, name, regularizer in _regularized(layer):
        with leaf.home.scope():
            value = regularizer.value(leaf.home.xp, leaf.parameters[name])
            total = value if total is None else total + value
    return total


def _regularized(layer: Layer) -> Iterator[tuple[Layer, str, Regularizer]]:
    """Each penalty on what is learned: the layer that has it, and the name of the parameter."""
    for leaf in leaves(layer):
        if leaf.regularizers and leaf.trainable:
            for name, regularizer in leaf.regularizers.items():
                yield leaf, name, regularizer
