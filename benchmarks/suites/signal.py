"""The six signal functions: what onepath's checks cost above the library underneath."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .case import Array, Case, draws, normal

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class SignalCase(Case):
    """A call of a signal function on two arrays.

    Attributes
    ----------
    function : str
        Its name, in scipy.signal and on a backend alike.
    shapes : tuple of shapes
        Those of the two arrays.
    options : mapping
        Further arguments, by name. The method is always named, so that both sides use the same.
    """

    kind = "signal"
    function: str
    shapes: tuple[Shape, Shape]
    options: Mapping[str, Any]

    def inputs(self) -> tuple[Array, Array]:
        """Return the two arrays."""
        rng = draws()
        return normal(rng, self.shapes[0]), normal(rng, self.shapes[1])


DIRECT, FFT = {"method": "direct"}, {"method": "fft"}

_CALLS: tuple[tuple[str, Shape, Shape, str, Mapping[str, Any]], ...] = (
    ("correlate", (100,), (9,), "valid", DIRECT),
    ("correlate", (100_000,), (1_001,), "same", FFT),
    ("correlate", (8, 32, 32), (3, 3, 3), "valid", DIRECT),
    ("convolve", (100,), (9,), "full", DIRECT),
    ("convolve", (64, 64), (17, 17), "same", FFT),
    ("correlate2d", (28, 28), (3, 3), "valid", {}),
    ("correlate2d", (256, 256), (5, 5), "same", {"boundary": "symm"}),
    ("convolve2d", (26, 26), (3, 3), "full", {}),
    ("convolve2d", (256, 256), (5, 5), "same", {}),
    ("fftconvolve", (32, 32), (7, 7), "same", {}),
    ("fftconvolve", (512, 512), (31, 31), "full", {}),
    ("oaconvolve", (1_000,), (31,), "full", {}),
    ("oaconvolve", (200_000,), (501,), "same", {}),
)


def cases(device: str) -> list[Case]:
    """Return the cases; the peer is the library that onepath itself calls on the device."""
    peer = "cupyx" if device == "cuda" else "scipy"
    return [
        SignalCase(
            name=f"{function} {_text(shape1)} * {_text(shape2)} {mode}",
            peers=(peer,),
            function=function,
            shapes=(shape1, shape2),
            options={"mode": mode, **options},
        )
        for function, shape1, shape2, mode, options in _CALLS
    ]


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape))
