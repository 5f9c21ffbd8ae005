"""The parity kit: prove that a layer computes the same on every device, with or without a GPU.

>>> from onepath.testing import assert_parity
>>> report = assert_parity(MyLayer(), (4, 3, 8, 8))

A layer is an object with ``forward`` and ``backward``, onepath's or anybody's.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cases import Case
    from .determinism import assert_deterministic
    from .failure import ParityError
    from .gradients.check import GradientReport, assert_gradients
    from .losses import LossLayer
    from .parity.bounds import Bound, Comparison
    from .parity.check import assert_parity
    from .parity.divergence import Divergence, first_divergence
    from .parity.report import ParityReport
    from .recordings.file import RecordingError
    from .recordings.golden import diff, record, replay
    from .stand_in import simulated_cupy
    from .subject import transplant
    from .tracing import trace
    from .transfers import assert_no_transfer

_MODULES = {
    "Bound": "parity.bounds",
    "Case": "cases",
    "Comparison": "parity.bounds",
    "Divergence": "parity.divergence",
    "GradientReport": "gradients.check",
    "LossLayer": "losses",
    "ParityError": "failure",
    "ParityReport": "parity.report",
    "RecordingError": "recordings.file",
    "assert_deterministic": "determinism",
    "assert_gradients": "gradients.check",
    "assert_no_transfer": "transfers",
    "assert_parity": "parity.check",
    "diff": "recordings.golden",
    "first_divergence": "parity.divergence",
    "record": "recordings.golden",
    "replay": "recordings.golden",
    "simulated_cupy": "stand_in",
    "trace": "tracing",
    "transplant": "subject",
}

__all__ = [
    "Bound",
    "Case",
    "Comparison",
    "Divergence",
    "GradientReport",
    "LossLayer",
    "ParityError",
    "ParityReport",
    "RecordingError",
    "assert_deterministic",
    "assert_gradients",
    "assert_no_transfer",
    "assert_parity",
    "diff",
    "first_divergence",
    "record",
    "replay",
    "simulated_cupy",
    "trace",
    "transplant",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing else: the pytest plugin is loaded in every test run."""
    if name in _MODULES:
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
