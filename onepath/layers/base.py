"""What every layer has in common."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from ..arguments import flag, number
from ..backends import Array, Backend, get_backend
from ..backends.dtypes import NARROW
from ..backends.random import checked_seed, derived_seed, next_seed
from ..configuration import Configurable
from .checks import check_input, fits, input_backend, refuse_output_gradient, several_of
from .initializers import Initializer, initial
from .policies import MIXED, check_policy, compute_dtype, get_dtype_policy, variable_dtype
from .regularizers import Regularizer
from .several import each, listed, sample_shapes

Shape = tuple[int, ...]

_WORDS = re.compile(
    r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[a-z]{2})(?=[A-Z]{2})|(?<=[0-9A-Z]{2})(?=[A-Z][a-z])"
)
"""Where words of a class's name begin: as in ``Simple|RNN`` or ``Conv2D|Transpose``, not within
``PReLU``."""


class Layer(Configurable):
    """A step of a network: forward, and backward beside it.

    Two ways lead to a layer of one's own. The short one overrides `_forward` and `_backward`, and
    where they apply `_build` and `compute_output_shape`: arrays then arrive as checked batches, and
    single samples, building, moving and the plain gradient step are taken care of. The notebook's
    one overrides `forward` and `backward` themselves, and nothing is taken care of.

    Parameters
    ----------
    name : str, optional
        How messages and summaries call the layer; made from the class's name if left out.
    dtype : {"float32", "float64", "mixed_float16", "mixed_bfloat16"}, optional
        The dtype of the parameters, to which floating inputs are converted; the mixed ones keep
        parameters in float32 and convert inputs to float16 or bfloat16. The package's layers with
        parameters take `onepath.set_dtype_policy`'s if it is left out. Layers without parameters
        have none and keep the input's.
    seed : int, optional
        Seed of the initial parameters; taken from `onepath.set_seed`'s sequence if left out.

    Attributes
    ----------
    parameters, gradients, state : dict of str to array
        What is learned, its gradients after a `backward`, and what is kept but not learned.
    regularizers : dict of str to Regularizer
        Penalties on parameters, by the parameters' names; training adds them to the loss.
    trainable : bool
        Whether the parameters are learned, as they are at first. Set to False, `backward` fills no
        gradients, and training leaves the layer and all layers in it as they are.
    backend : Backend or None
        Where the layer lives; None until it is built.
    input_shape : tuple of int or None
        The shape of one sample; None until the layer is built.
    """

    sample_rank: int | None = None
    """How many axes one sample has; None if that shows only when the layer is built."""

    elementwise: ClassVar[bool] = False
    """Whether the shape of the input makes no difference at all."""

    shardable: bool = False
    """Whether a batch may go through in parts, as what becomes of a sample depends on it alone."""

    several: bool | None = False
    """Whether the input is a tuple of arrays; gradients and `input_shape` are tuples as well. None
    if it may be one or the other, which the first input settles."""

    indices: bool = False
    """Whether the input may be whole numbers, which are left as they are."""

    meets: bool = False
    """Whether a shardable layer asks `onepath.layers.shards` for what the other parts have."""

    rounds: ClassVar[bool] = True
    """Whether outputs for narrow inputs are made narrow; layers made of others leave it to them."""

    capturable: ClassVar[bool]
    """Whether steps with the layer may be captured as a CUDA graph, if all that it does is on the
    device and the same each time. Each class of one's own has to say so itself."""

    input_shape: Shape | None = None
    backend: Backend | None = None
    name: str = ""
    dtype: str | None = None
    seed: int = 0

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Set up what `forward` relies on, whether or not a subclass calls ``super().__init__``."""
        layer = super().__new__(cls)
        layer._parameters, layer._gradients, layer._state = {}, {}, {}
        layer._output = None
        layer._known = None
        layer._saved = None
        layer._weights = {}
        layer.regularizers = {}
        layer.name = automatic_name(cls.__name__)
        layer._named = False
        return layer

    _parameters: dict[str, Array]
    _gradients: dict[str, Array]
    _state: dict[str, Array]
    _output: tuple[bool, Any, Any] | None
    _known: tuple[Any, Shape] | None
    _saved: Any
    _weights: dict[str, Array]
    _named: bool
    regularizers: dict[str, Regularizer]

    def __init__(
        self, name: str | None = None, dtype: str | None = None, seed: int | None = None
    ) -> None:
        if name is not None:
            if "/" in name:
                raise ValueError(f"a layer's name must be without '/', got {name!r}")
            self.name, self._named = name, True
        self.dtype = dtype if dtype is None else check_policy(dtype)
        self.seed = next_seed() if seed is None else checked_seed(seed)

    @property
    def compute_dtype(self) -> str | None:
        """The dtype that the layer computes in; None if that is its input's."""
        dtype: str | None = compute_dtype(self.dtype)
        return dtype

    @property
    def variable_dtype(self) -> str | None:
        """The dtype of parameters, gradients and state."""
        dtype: str | None = variable_dtype(self.dtype)
        return dtype

    def _left_out(self, name: str, default: Any) -> Any:
        """What an argument becomes if it is left out: a dtype, the global policy's."""
        chosen = name == "dtype" and default is None and self.dtype is not None
        return get_dtype_policy() if chosen else default

    @property
    def parameters(self) -> dict[str, Array]:
        """What is learned, by name."""
        return self._parameters

    @property
    def trainable_parameters(self) -> dict[str, Array]:
        """The parameters, unless the layer is frozen."""
        return self.parameters if self.trainable else {}

    @property
    def gradients(self) -> dict[str, Array]:
        """The loss's gradients with respect to the trainable parameters, by the same names."""
        return self._gradients

    @property
    def state(self) -> dict[str, Array]:
        """What is kept between calls but not learned, by name."""
        return self._state

    @property
    def trainable(self) -> bool:
        """Whether the parameters are learned."""
        trainable: bool = vars(self).get("trainable", True)
        return trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        # kept under its own name, among the options: what is captured holds only while they do
        vars(self)["trainable"] = flag("trainable", value)
        if not value:
            self._gradients.clear()

    @property
    def learns(self) -> bool:
        """Whether `backward` does something with an output gradient, beside passing it on."""
        own_way = type(self).backward is not Layer.backward
        return self.trainable and (own_way or bool(self.parameters))

    def _is_frozen(self) -> bool:
        """Whether nothing in the layer may be learned."""
        return not self.trainable

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same layer again, and whether it is frozen if so."""
        frozen = {"trainable": False} if self._is_frozen() else {}
        return {**super().get_config(), **frozen}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what `get_config` returned.

        Raises
        ------
        ValueError
            If there is an argument that the constructor does not know.
        """
        config = dict(config)
        trainable = config.pop("trainable", True)
        layer = super().from_config(config)
        if trainable is not True:
            layer.trainable = trainable
        return layer

    # Forward and backward

    def forward(self, input: Array, training: bool = False) -> Array:
        """Compute the layer's output.

        Parameters
        ----------
        input : array, shape (N, *sample) or (*sample)
            A batch, or a single sample if the layer knows how many axes one has. Never modified.
            A tuple or a list of such for layers with several inputs.
        training : bool, optional
            Whether dropout drops and batch statistics are taken.

        Returns
        -------
        array, shape (N, *output) or (*output)
            The output, on the device of the input. Where a layer that is not made of others
            computes in float16 or bfloat16, that is its dtype.

        Raises
        ------
        DeviceMismatchError
            If the input lives on another device than the parameters, or than `to` has put a layer
            that is not built yet.
        TypeError
            If the input is no array, or its dtype is not floating.
        ValueError
            If the input is empty or its shape does not fit; the layer is left as it was.
        """
        x, single = (input, False) if self._is_known(input) else self._check(input)
        if self.dtype is not None:
            x = x if self.indices else each(self._converted, x)
            self._weights = {}
        with self.home.scope():
            y = self._forward(x, training)
            decisive = y if self.indices else x
            computing = (decisive[0] if isinstance(decisive, tuple) else decisive).dtype
            if self.rounds and computing.itemsize < NARROW:
                y = each(lambda a: a.astype(computing, copy=False), y)
        several = isinstance(y, tuple)
        self._output = single, [*map(_kind, y)] if several else _kind(y), computing
        return each(_first, y) if single else y

    def backward(self, output_gradient: Array, learning_rate: float | None = None) -> Array:
        """Compute the gradients, and take a plain gradient step if asked to.

        Parameters
        ----------
        output_gradient : array
            The loss's gradient with respect to the last output, of its shape.
        learning_rate : float, optional
            If given, each parameter has ``learning_rate`` times its gradient subtracted, in place.

        Returns
        -------
        array
            The loss's gradient with respect to the last input, of its shape.

        Raises
        ------
        RuntimeError
            If there was no `forward` before.
        DeviceMismatchError, TypeError, ValueError
            If the gradient's device, dtype or shape, or the rate, is not what it must be; the layer
            is left as it was.
        """
        if learning_rate is not None:
            learning_rate = number("learning_rate", learning_rate)
        dy, single, narrow = self._admitted(output_gradient)
        with self.home.scope(quiet=narrow is not None):
            dx = self._backward(dy)
            if self._gradients and not self.trainable:  # filling them was no work of its own
                self._gradients.clear()
            if narrow is not None:
                dx = each(lambda d: d.astype(narrow, copy=False), dx)
                self._convert_gradients()
            if learning_rate is not None:
                for name, parameter in self.trainable_parameters.items():
                    self.home.axpby(-learning_rate, self.gradients[name], 1, parameter)
        return each(_first, dx) if single else dx

    def learn(self, output_gradient: Array) -> None:
        """Fill the gradients as `backward` does, and leave the input's gradient out.

        A network's first layer would compute it for nobody. Parameters and errors are those of
        `backward`.
        """
        if type(self).backward is not Layer.backward:
            self.backward(output_gradient)
            return
        dy, _, narrow = self._admitted(output_gradient)
        with self.home.scope(quiet=narrow is not None):
            if self.learns:
                self._learn(dy)
            if narrow is not None:
                self._convert_gradients()

    def infer(self, input: Array) -> Array:
        """Compute the output as `forward` does, and keep nothing for a `backward`.

        Parameters, result and errors are those of `forward` without training.
        """
        y = self.forward(input)
        self.clear()
        return y

    def _forward(self, x: Array, training: bool) -> Array:
        """Compute the output of a batch; what `_backward` needs goes into ``self._saved``."""
        raise NotImplementedError(f"{type(self).__name__} has neither forward nor _forward")

    def _backward(self, dy: Array) -> Array:
        """Fill ``self.gradients`` and return the input's gradient."""
        raise NotImplementedError(f"{type(self).__name__} has neither backward nor _backward")

    def _learn(self, dy: Array) -> None:
        """Fill ``self.gradients``; for layers to which the input's gradient is work of its own."""
        self._backward(dy)

    def _convert_gradients(self) -> None:
        """Let gradients have the dtype of the parameters that they are for."""
        if self.dtype is not None:
            for name, gradient in self._gradients.items():
                self._gradients[name] = gradient.astype(self.variable_dtype, copy=False)

    def _converted(self, x: Array) -> Array:
        """The input in the dtype of computation."""
        return x.astype(self.compute_dtype, copy=False)

    def _admitted(self, output_gradient: Array) -> tuple[Array, bool, Any]:
        """Return a checked gradient as a batch, whether it was a single sample's, and a dtype.

        That is float16 or bfloat16 if the last input came in it, else None.
        """
        if self._output is None or self.backend is None:
            raise RuntimeError(f"{self.title}: backward needs a forward before it")
        single, kinds, computing = self._output
        narrow = computing if computing.itemsize < NARROW else None
        if isinstance(kinds, tuple):
            return self._fitted(output_gradient, kinds, single, narrow), single, narrow
        gradients = several_of(self.title, "output_gradient", output_gradient, len(kinds))
        fitted = (
            self._fitted(dy, kind, single, narrow)
            for dy, kind in zip(gradients, kinds, strict=True)
        )
        return tuple(fitted), single, narrow

    def _fitted(self, dy: Array, kind: tuple[Shape, Any], single: bool, narrow: Any) -> Array:
        """Return a checked gradient as a batch, in the dtype of the output it is for."""
        shape, dtype = kind
        expected = shape[1:] if single else shape
        if not fits(dy, self.home, expected):
            refuse_output_gradient(self.title, dy, self.home, expected)
        if dy.dtype != dtype:
            with self.home.scope(quiet=narrow is not None):
                dy = dy.astype(dtype)
        return dy[None] if single else dy

    # Shapes and building

    @property
    def built(self) -> bool:
        """Whether shapes are known and parameters exist."""
        return self.input_shape is not None

    @property
    def home(self) -> Backend:
        """The backend of a built layer."""
        if self.backend is None:
            raise RuntimeError(f"{self.title} is on no device yet: build it, or call forward")
        return self.backend

    @property
    def title(self) -> str:
        """Class and name, for messages."""
        return f"{type(self).__name__} {self.name!r}"

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample, or raise if the input's does not fit.

        Parameters
        ----------
        input_shape : tuple of int
            The shape of one sample, without the batch.

        Returns
        -------
        tuple of int
            The shape of one output sample, without the batch.

        Raises
        ------
        ValueError
            If the layer cannot take such a sample; the message says why.
        """
        return input_shape

    def parts(self, input_shape: Shape) -> Iterable[tuple["Layer", Shape]]:
        """Return the layers inside this one, each with the shape of the samples that it gets."""
        return ()

    def build(self, input_shape: Shape, backend: Backend | str | None = None) -> None:
        """Make the parameters, unless they exist.

        Parameters
        ----------
        input_shape : tuple of int
            The shape of one sample, without the batch.
        backend : Backend or str, optional
            Where to make them; the CPU, or where `to` has put the layer, if left out.

        Raises
        ------
        ValueError
            If the layer cannot take such samples.
        """
        input_shape = _as_tuples(input_shape) if self.several else tuple(input_shape)
        if input_shape == self.input_shape:
            return
        self.check_sample(input_shape)
        if self.built:
            return
        self.backend = get_backend(backend or self.backend or "cpu")
        with self.backend.scope():
            self._build(input_shape)
        self.input_shape = input_shape

    def _build(self, input_shape: Shape) -> None:
        """Make the parameters for samples of this shape."""

    def _add_parameter(
        self,
        name: str,
        shape: Shape,
        initializer: str | Initializer,
        regularizer: Regularizer | None = None,
    ) -> None:
        """Make a parameter, from a random stream of its own."""
        random = self.home.random(derived_seed(self.seed, name))
        dtype = self.variable_dtype
        self._parameters[name] = initial(initializer, random, self.home.xp, shape, dtype)
        if regularizer is not None:
            self.regularizers[name] = regularizer

    def _weight(self, name: str) -> Array:
        """A parameter in the dtype of computation; made once for a forward and its backward."""
        if self.dtype not in MIXED:
            return self._parameters[name]
        if name not in self._weights:
            self._weights[name] = self._parameters[name].astype(self.compute_dtype)
        return self._weights[name]

    # Copies and moving

    def replica(self) -> Self:
        """Return a layer of the same parameters and state, with gradients of its own.

        What one learns or moves, the other has, too. Two threads may use the two at the same time.
        """
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__, _gradients={}, _weights={}, _saved=None, _output=None)
        return twin

    def to(self, backend: Backend | str) -> Self:
        """Move parameters, gradients and state to a device.

        Parameters
        ----------
        backend : Backend or str
            Where to.

        Returns
        -------
        Layer
            The layer itself.
        """
        target = get_backend(backend)
        if self.backend is not None and self.backend is not target:
            for arrays in (self._parameters, self._gradients, self._state):
                for name, array in arrays.items():
                    arrays[name] = target.asarray(self.backend.to_numpy(array))
            self.clear()
        self.backend = target
        return self

    def clear(self) -> None:
        """Drop what the last forward kept for a backward."""
        self._saved = None
        self._output = None
        self._weights = {}

    def _is_known(self, input: Array) -> bool:
        """Whether a batch of such samples was checked before."""
        return (
            self._known is not None
            and self.home.owns(input)
            and (input.dtype, input.shape[1:]) == self._known
            and len(input) > 0
        )

    def _check(self, input: Array) -> tuple[Array, bool]:
        """Return a checked input as a batch, and whether it was a single sample; build first."""
        free = self.elementwise or (self.built and not (self.parameters or self.state))
        if self.several:
            count = None if self.input_shape is None else len(self.input_shape)
            input = several_of(self.title, "input", input, count)
        backend = input_backend(self.title, input, None if free else self.backend)
        x, single = self._batch(input)
        if not (self.elementwise or self.built):
            self.build(sample_shapes(x), backend)
        self.backend = backend
        batch = not (self.several or single or x.ndim == 1)
        self._known = (x.dtype, x.shape[1:]) if batch else None
        return x, single

    def _batch(self, input: Array) -> tuple[Array, bool]:
        """Return a checked input as a batch, and whether it was a single sample."""
        arrays = listed(input)
        for x in arrays:
            check_input(self.title, x, self.indices)
        if self.elementwise:
            return input, False
        single = None
        for x, rank in zip(arrays, self._ranks(arrays), strict=True):
            single = x.ndim == rank if single is None else single
            if x.ndim != rank + (not single):
                raise ValueError(
                    f"{self.title}: the input must have {rank + 1} axes, or {rank} for a single "
                    f"sample{self._expectation()}, got shape {x.shape}"
                )
        if single:
            input = each(_batch_of_one, input)
        elif len({len(x) for x in arrays}) > 1:
            lengths = ", ".join(str(len(x)) for x in arrays)
            raise ValueError(
                f"{self.title}: its inputs must have equally many samples, got {lengths}"
            )
        self.check_sample(sample_shapes(input))
        return input, bool(single)

    def _ranks(self, arrays: tuple[Array, ...]) -> tuple[int, ...]:
        """How many axes a sample of each input has; of one that may be either, one less than it."""
        if self.input_shape is not None:
            shapes: Any = self.input_shape if self.several else (self.input_shape,)
            return tuple(map(len, shapes))
        if self.sample_rank is not None:
            return (self.sample_rank,) * len(arrays)
        return tuple(max(x.ndim - 1, 1) for x in arrays)

    def check_sample(self, input_shape: Shape) -> Shape:
        """Return the output's shape as `compute_output_shape` does; errors name the layer."""
        try:
            return self.compute_output_shape(input_shape)
        except ValueError as error:
            raise ValueError(
                f"{self.title}: samples of shape {input_shape} do not fit{self._expectation()}: "
                f"{error}"
            ) from None

    def _expectation(self) -> str:
        return f" (built for {self.input_shape})" if self.built else ""


def automatic_name(class_name: str) -> str:
    """Return what a layer is called that has no name of its own, but for a number behind it."""
    return _WORDS.sub("_", class_name).lower()


def _as_tuples(shapes: Any) -> Any:
    return tuple(tuple(shape) for shape in shapes)


def _kind(y: Array) -> tuple[Shape, Any]:
    return y.shape, y.dtype


def _first(x: Array) -> Array:
    return x[0]


def _batch_of_one(x: Array) -> Array:
    return x[None]
