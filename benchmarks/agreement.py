"""Whether both sides computed the same."""

from collections.abc import Mapping

import numpy as np

from .suites.case import Array


def disagreement(
    ours: Mapping[str, Array], theirs: Mapping[str, Array], tolerance: float
) -> str | None:
    """Compare the results of two sides.

    Parameters
    ----------
    ours, theirs : mapping of str to array
        Results by name.
    tolerance : float
        How far each may lie from its counterpart, in the Euclidean norm, relative to it.

    Returns
    -------
    str or None
        What differs first, None if nothing does.
    """
    if ours.keys() != theirs.keys():
        return f"results {sorted(ours)} against {sorted(theirs)}"
    for name, mine in ours.items():
        other = theirs[name]
        if (mine.shape, mine.dtype) != (other.shape, other.dtype):
            return f"{name}: {mine.dtype} {mine.shape} against {other.dtype} {other.shape}"
        distance = float(np.linalg.norm((mine - other).astype("float64")))
        size = float(np.linalg.norm(other.astype("float64")))
        if not distance <= tolerance * size:  # NaN is a difference, too
            return f"{name}: {distance / size if size else distance:.1e} apart"
    return None
