"""Weights of samples, their own or those of their classes."""

from collections.abc import Mapping
from typing import Any

from ..arguments import number, whole
from ..backends import Array, backend_of


def weights_of(
    y: Array, class_weight: Mapping[int, float] | None, sample_weight: Array | None
) -> dict[str, Array]:
    """Return weights of the samples, by the name that messages use; nothing if there are none.

    Parameters
    ----------
    y : array, shape (N,), (N, 1) or (N, classes)
        Labels or one-hot targets, where there are weights of classes.
    class_weight : dict of int to float, optional
        Weights by the class's index; 1 for those left out.
    sample_weight : array, shape (N,), optional
        Weights by sample.

    Returns
    -------
    dict of str to array
        Weights of classes are made samples' where ``y`` is, without a look at it from the host.

    Raises
    ------
    TypeError, ValueError
        If both are given, or the weights of classes are none, or do not go with the targets.
    """
    if class_weight is None:
        by_output = isinstance(y, tuple) and isinstance(sample_weight, list)
        if by_output or isinstance(sample_weight, tuple | Mapping):
            raise TypeError(
                "sample_weight must be one array of shape (N,), for all outputs if there are "
                f"several, got a {type(sample_weight).__name__}; loss_weights weighs outputs"
            )
        return {} if sample_weight is None else {"sample_weight": sample_weight}
    if isinstance(y, tuple):
        raise ValueError(
            f"class_weight is for networks with one output, this one has {len(y)}: give "
            "sample_weight instead"
        )
    if sample_weight is not None:
        raise ValueError(
            "class_weight and sample_weight were both given: multiply them into one sample_weight"
        )
    weights = _by_index(class_weight)
    backend = backend_of(y)
    with backend.scope():
        labels = _labels(backend.xp, y)
        # the last place of the table is for all classes that have no weight
        known = (labels >= 0) & (labels < len(weights) - 1)
        places = backend.xp.where(known, labels, len(weights) - 1)
        return {"sample_weight": backend.asarray(weights, dtype="float64")[places]}


def _by_index(class_weight: Any) -> list[float]:
    """The weights as a list, with a 1 at its end."""
    if not isinstance(class_weight, Mapping):
        raise TypeError(
            "class_weight must be a dict of class index to weight, such as {0: 1.0, 1: 5.0}, got "
            f"{class_weight!r}"
        )
    found = {
        whole("a class in class_weight", index, at_least=0): number("a class's weight", weight)
        for index, weight in class_weight.items()
    }
    return [found.get(index, 1.0) for index in range(max(found, default=-1) + 1)] + [1.0]


def _labels(xp: Any, y: Array) -> Array:
    """The class of each sample, as int64."""
    if y.ndim > 2 or not y.ndim:
        raise ValueError(
            "class_weight goes with targets of shape (N,), (N, 1) or (N, classes), got shape "
            f"{y.shape}: give sample_weight instead"
        )
    if y.ndim == 2 and y.shape[1] > 1:
        return y.argmax(axis=1)
    y = y.reshape(-1)
    return (xp.rint(y) if y.dtype.kind == "f" else y).astype("int64")
