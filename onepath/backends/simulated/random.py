"""``cupy.random``: NumPy's distributions by CuPy's names and parameters, in streams of its own.

A seed gives the same numbers each time, and never those that NumPy gives for it.
"""

import hashlib
import secrets
from collections.abc import Callable
from inspect import Signature
from typing import Any

import numpy as np

from . import devices
from .array import ndarray, unwrap, wrap
from .creation import asarray
from .dtypes import SCALARS
from .ledger import ledger
from .signatures import functions

_STREAM = 0x63757079
"""What tells these streams from NumPy's of the same seed."""

_ALIASES = {"random": "random_sample", "ranf": "random_sample", "sample": "random_sample"}
_NUMPY_NAMES = {"random_sample": "random", "randint": "integers"}

_TYPED = {
    "random",
    "random_sample",
    "integers",
    "randint",
    "standard_normal",
    "standard_exponential",
    "standard_gamma",
}
"""What NumPy draws in the dtype that is asked for; other numbers are converted."""

_CHECKED_ON_DEVICE = {
    "exponential",
    "logseries",
    "negative_binomial",
    "noncentral_chisquare",
    "noncentral_f",
    "power",
    "rayleigh",
    "triangular",
    "weibull",
    "zipf",
}
"""Whose parameters a `RandomState` checks on the device: the host waits for the answer."""

_PLAIN = {"size", "method", "check_valid"}
"""Parameters that are no numbers of a distribution."""


class BitGenerator:
    """``cupy.random.BitGenerator``: of any seed, 32 bits are used.

    Parameters
    ----------
    seed : int, array_like of int or numpy.random.SeedSequence, optional
        If left out, the system's entropy.
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, ndarray):
            seed = seed.get()
        if not isinstance(seed, np.random.SeedSequence):
            seed = np.random.SeedSequence(seed)
        kind = int.from_bytes(type(self).__name__.encode(), "little")
        self._numbers = _stream(int(seed.generate_state(1)[0]), kind)


class XORWOW(BitGenerator):
    """``cupy.random.XORWOW``."""


class MRG32k3a(BitGenerator):
    """``cupy.random.MRG32k3a``."""


class Philox4x3210(BitGenerator):
    """``cupy.random.Philox4x3210``."""


class Generator:
    """``cupy.random.Generator``: it has fewer distributions than NumPy's, and no shuffling."""

    def __init__(self, bit_generator: BitGenerator) -> None:
        self.bit_generator = bit_generator

    @property
    def _source(self) -> np.random.Generator:
        """What draws; it goes on whether or not a stream captures, as CuPy's does not."""
        if ledger.capturing is not None and ledger.capturing.is_current():
            raise NotImplementedError("the simulated device captures no random numbers")
        return self.bit_generator._numbers

    @staticmethod
    def _admitted(value: Any) -> Any:
        """A parameter of a distribution: a number, or an array of the device."""
        return unwrap(value)


class RandomState:
    """``cupy.random.RandomState``: NumPy's older interface.

    Parameters
    ----------
    seed : int or numpy.ndarray, optional
        If left out, the system's entropy.
    method : int, optional
        cuRAND's number of a generator; there is one here.
    """

    def __init__(self, seed: Any = None, method: int | None = None) -> None:
        self.seed(seed)

    def seed(self, seed: Any = None) -> None:
        """Start the stream of a seed; an array is hashed to one number."""
        if seed is None:
            seed = secrets.randbits(64)
        elif isinstance(seed, np.ndarray):
            digest = hashlib.md5(seed.tobytes(), usedforsecurity=False)
            seed = int(digest.hexdigest()[:16], 16)
        else:
            if np.asarray(seed).dtype.kind not in "biu":
                raise TypeError("Seed must be an integer.")
            seed = int(seed)
            if not 0 <= seed < 2**64:
                raise ValueError("Seed must be an integer between 0 and 2**64 - 1")
        self._numbers = _stream(seed)

    @property
    def _source(self) -> np.random.Generator:
        """What draws, which CuPy leaves to cuRAND."""
        ledger.called("cuRAND")
        return self._numbers

    @staticmethod
    def _admitted(value: Any) -> Any:
        """A parameter of a distribution: anything of which CuPy makes an array."""
        return value if isinstance(value, SCALARS) else unwrap(asarray(value))

    random_sample: Any
    normal: Any
    randint: Any

    def rand(self, *size: int, dtype: Any = float) -> Any:
        """Draw uniform numbers; the shape is given dimension by dimension."""
        return self.random_sample(size, dtype)

    def randn(self, *size: int, dtype: Any = float) -> Any:
        """Draw normal numbers; the shape is given dimension by dimension."""
        return self.normal(size=size, dtype=dtype)

    def tomaxint(self, size: Any = None) -> Any:
        """Draw from all integers that are not negative."""
        return wrap(self._source.integers(0, np.iinfo(int).max, size, endpoint=True))

    def permutation(self, a: Any) -> Any:
        """Draw an order of the first integers, or of an array's rows."""
        order = wrap(self._source.permutation(a if isinstance(a, int) else len(a)))
        return order if isinstance(a, int) else a[order]

    def shuffle(self, a: Any) -> None:
        """Put an array's rows into another order, in place."""
        if not isinstance(a, ndarray):
            raise TypeError("The array must be cupy.ndarray")
        if a.ndim == 0:
            raise TypeError("An array whose ndim is 0 is not supported")
        a[:] = self.permutation(a)

    def choice(self, a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:
        """Draw from an array's elements, or from the first integers."""
        if size is None:
            raise NotImplementedError("choice() without specifying size is not supported yet")
        if p is not None and not replace:
            raise NotImplementedError("choice() with p and without replacement is not supported")
        a = self._admitted(a)
        if not isinstance(a, int) and a.ndim != 1:
            raise ValueError("a must be 1-dimensional or an integer")
        return wrap(self._source.choice(a, size, replace, self._probabilities(p)))

    def _probabilities(self, p: Any) -> Any:
        """Bring probabilities to the host; their sum is read there."""
        if p is None:
            return None
        ledger.copied_out(np.dtype(float).itemsize, "sum of probabilities")
        return self._admitted(p)


def _stream(seed: int, kind: int = 0) -> np.random.Generator:
    """NumPy's generator of a stream."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([_STREAM, kind, seed])))


def _method(name: str, signature: Signature) -> Callable[..., Any]:
    """A method that draws by NumPy's distribution of that name."""
    floating = "dtype" in signature.parameters and signature.parameters["dtype"].default is float

    def draw(self: Any, *args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        dtype, out = bound.arguments.get("dtype"), bound.arguments.get("out")
        options = {
            key: value if key in _PLAIN or value is None else self._admitted(value)
            for key, value in bound.arguments.items()
            if key not in ("self", "dtype", "out")
        }
        if floating and np.dtype(dtype).char not in "fd":
            raise TypeError("cupy.random only supports float32 and float64")
        if isinstance(self, RandomState) and name in _CHECKED_ON_DEVICE:
            ledger.synchronized(name)
        if name in _TYPED:
            options["dtype"] = dtype
        if out is not None:
            options["size"] = out.shape
        numbers = getattr(self._source, _NUMPY_NAMES.get(name, name))(**options)
        numbers = wrap(np.asarray(numbers, dtype))
        if out is None:
            return numbers
        out[...] = numbers
        return out

    draw.__name__ = name
    return draw


for _class in (RandomState, Generator):
    for _name, _signature in functions(f"cupy.random.{_class.__name__}").items():
        if _name not in vars(_class) and _signature is not None:
            setattr(_class, _name, _method(_name, _signature))


# The functions, which draw from one stream for each device

_states: dict[int, RandomState] = {}


def get_random_state() -> RandomState:
    """Return the stream of the current device."""
    if devices.current() not in _states:
        _states[devices.current()] = RandomState()
    return _states[devices.current()]


def set_random_state(rs: RandomState) -> None:
    """Let the functions draw from another stream on the current device."""
    if not isinstance(rs, RandomState):
        raise TypeError(f"Random state must be an instance of RandomState. Actual: {type(rs)}")
    _states[devices.current()] = rs


def reset_states() -> None:
    """Forget all streams; new ones start from the system's entropy."""
    _states.clear()


def random_integers(low: int, high: int | None = None, size: Any = None) -> Any:
    """Draw integers from ``low`` to ``high``, or from 1 to ``low``, all included."""
    low, high = (1, low) if high is None else (low, high)
    return get_random_state().randint(low, high + 1, size)


def multinomial(n: int, pvals: Any, size: Any = None) -> Any:
    """Draw how often each outcome comes up in n trials."""
    state = get_random_state()
    return wrap(state._source.multinomial(n, state._probabilities(pvals), size))


def default_rng(seed: Any = None) -> Generator:
    """Return a generator of a seed; one that is given already is returned as it is."""
    if isinstance(seed, Generator):
        return seed
    return Generator(seed if isinstance(seed, BitGenerator) else XORWOW(seed))


def _function(name: str, signature: Signature) -> Callable[..., Any]:
    """A function that draws from the current device's stream."""

    def draw(*args: Any, **kwargs: Any) -> Any:
        signature.bind(*args, **kwargs)
        return getattr(get_random_state(), _ALIASES.get(name, name))(*args, **kwargs)

    draw.__name__ = name
    draw.__signature__ = signature  # type: ignore[attr-defined]
    return draw


CONTENTS: dict[str, Any] = {
    **{
        name: _function(name, signature)
        for name, signature in functions("cupy.random").items()
        if signature is not None and hasattr(RandomState, _ALIASES.get(name, name))
    },
    **{
        each.__name__: each
        for each in (
            BitGenerator,
            Generator,
            MRG32k3a,
            Philox4x3210,
            RandomState,
            XORWOW,
            default_rng,
            get_random_state,
            multinomial,
            random_integers,
            reset_states,
            set_random_state,
        )
    },
    "bytes": np.random.bytes,
}
"""By CuPy's names."""
