"""The one table of all that must compute the same everywhere: layers, engines, losses, optimizers.

Checks, recordings and the tests of the layers run on its entries. What is registered or exported
and has no entry here fails a test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from .. import notebook
from ..backends import Array, get_backend
from ..backends.convolution import ENGINES
from ..layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv1D,
    Conv2D,
    Conv3D,
    Convolutional,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    ReLU,
    Reshape,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from ..layers.base import Shape
from ..losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Crossentropy,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from ..optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from .losses import LossLayer

BATCH = 3
"""How many samples a batch of a case has."""

_LAST = "channels_last"
_WINDOW = {"pool_size": 3, "strides": 2}


@dataclass(frozen=True)
class Case:
    """Something to check, as a layer.

    Attributes
    ----------
    name : str
        No other case has it, and it stays: recordings are kept by it.
    make : callable
        Makes the layer, with seeds of its own, for a dtype, "float32" or "float64".
    shape : tuple of int
        The shape of a sample.
    training : bool
        Whether the layer runs in training mode.
    values : {"normal", "probabilities"}
        Which inputs it takes: any numbers, or distributions along the last axis.
    optimizer : Optimizer or None
        What the case is there to step with; None if the layer is what matters.
    """

    name: str
    make: Callable[[str], Any]
    shape: Shape
    training: bool = False
    values: str = "normal"
    optimizer: Optimizer | None = None

    @property
    def x(self) -> Shape | Array:
        """The input as the checks take it.

        Returns
        -------
        tuple of int or array, float64
            The shape of a batch, to be filled, or on the CPU a batch of what the layer must have.
        """
        shape = (BATCH, *self.shape)
        if self.values == "normal":
            return shape
        logits = get_backend("cpu").random(1).normal(shape, dtype="float64")
        return Softmax().forward(logits)


def cases() -> list[Case]:
    """Return the whole table: layers, the notebook's too, engines, losses and optimizers."""
    return [
        *layer_cases(),
        *notebook_cases(),
        *engine_cases(),
        *loss_cases(),
        *optimizer_cases(),
    ]


def layer_cases() -> list[Case]:
    """Return each layer, in each way that it can be set up."""
    return [
        # convolutions
        Case("Conv1D", _typed(Conv1D, 4, 3), (2, 7)),
        Case("Conv1D same strided", _typed(Conv1D, 2, 3, strides=2, padding="same"), (2, 6)),
        Case(
            "Conv1D asymmetric dilated grouped",
            _typed(Conv1D, 4, 2, padding=((2, 1),), dilation_rate=3, groups=2),
            (4, 5),
        ),
        Case("Conv1D channels last", _typed(Conv1D, 3, 2, strides=2, data_format=_LAST), (7, 2)),
        Case(
            "Conv1D full signal",
            _typed(Conv1D, 2, 3, strides=2, padding="full", dilation_rate=2, engine="signal"),
            (2, 5),
        ),
        Case("Conv2D", _typed(Conv2D, 4, (3, 2)), (3, 4, 5)),
        Case(
            "Conv2D same strided",
            _typed(Conv2D, 3, (3, 4), strides=(2, 1), padding="same"),
            (2, 4, 4),
        ),
        Case("Conv2D full", _typed(Conv2D, 2, (2, 3), padding="full"), (2, 3, 3)),
        Case("Conv2D padded by an int", _typed(Conv2D, 2, 3, strides=2, padding=1), (2, 5, 4)),
        Case("Conv2D asymmetric", _typed(Conv2D, 2, (2, 3), padding=(1, (0, 2))), (2, 3, 4)),
        Case(
            "Conv2D dilated without bias",
            _typed(Conv2D, 3, 2, dilation_rate=(1, 3), use_bias=False),
            (2, 3, 5),
        ),
        Case(
            "Conv2D grouped",
            _typed(Conv2D, 4, 2, groups=2, bias_initializer="standard_normal"),
            (6, 3, 3),
        ),
        Case(
            "Conv2D depthwise",
            _typed(Conv2D, 6, 2, groups=3, kernel_initializer="he_uniform"),
            (3, 3, 3),
        ),
        Case("Conv2D pointwise strided", _typed(Conv2D, 2, 1, strides=2), (3, 4, 3)),
        Case(
            "Conv2D channels last",
            _typed(Conv2D, 4, (3, 2), strides=(2, 1), padding="same", groups=2, data_format=_LAST),
            (4, 3, 2),
        ),
        Case(
            "Conv2D signal",
            _typed(
                Conv2D,
                4,
                (3, 2),
                strides=(2, 1),
                padding=((1, 0), (0, 2)),
                dilation_rate=(1, 2),
                groups=2,
                engine="signal",
            ),
            (4, 4, 3),
        ),
        Case(
            "Conv2D signal channels last",
            _typed(Conv2D, 2, 2, data_format=_LAST, engine="signal"),
            (3, 4, 2),
        ),
        Case("Conv3D", _typed(Conv3D, 2, (2, 1, 2)), (2, 3, 2, 3)),
        Case(
            "Conv3D same strided",
            _typed(Conv3D, 2, (2, 3, 1), strides=(1, 2, 2), padding="same"),
            (2, 2, 4, 3),
        ),
        Case(
            "Conv3D signal channels last",
            _typed(Conv3D, 2, 2, groups=2, data_format=_LAST, engine="signal"),
            (2, 3, 2, 4),
        ),
        Case("Convolutional", _typed(Convolutional, (2, 5, 4), 3, 3), (2, 5, 4)),
        Case(
            "Convolutional one channel signal",
            _typed(Convolutional, (1, 4, 4), 2, 2, engine="signal"),
            (1, 4, 4),
        ),
        # dense
        Case("Dense", _typed(Dense, 5), (4,)),
        Case("Dense on rows", _typed(Dense, 3, bias_initializer="ones"), (2, 4)),
        Case(
            "Dense without bias",
            _typed(Dense, 3, use_bias=False, kernel_initializer="he_uniform"),
            (4,),
        ),
        # activations
        Case("ReLU", _untyped(ReLU), (2, 3, 4)),
        Case("LeakyReLU", _untyped(LeakyReLU, 0.2), (5,)),
        Case("Sigmoid", _untyped(Sigmoid), (2, 5)),
        Case("Tanh", _untyped(Tanh), (7,)),
        Case("Softmax", _untyped(Softmax), (5,)),
        Case("Softmax over channels", _untyped(Softmax, axis=1), (4, 2, 3)),
        # pooling
        Case("MaxPooling2D", _untyped(MaxPooling2D), (2, 5, 4)),
        Case("MaxPooling2D overlapping", _untyped(MaxPooling2D, (3, 2), strides=(2, 1)), (2, 5, 4)),
        Case("MaxPooling2D same", _untyped(MaxPooling2D, **_WINDOW, padding="same"), (2, 4, 5)),
        Case(
            "MaxPooling2D asymmetric channels last",
            _untyped(MaxPooling2D, **_WINDOW, padding=((1, 0), (0, 2)), data_format=_LAST),
            (4, 3, 2),
        ),
        Case("AveragePooling2D", _untyped(AveragePooling2D), (2, 5, 4)),
        Case(
            "AveragePooling2D overlapping",
            _untyped(AveragePooling2D, (3, 2), strides=(2, 1)),
            (2, 5, 4),
        ),
        Case(
            "AveragePooling2D same",
            _untyped(AveragePooling2D, **_WINDOW, padding="same"),
            (2, 4, 5),
        ),
        Case(
            "AveragePooling2D asymmetric channels last",
            _untyped(AveragePooling2D, **_WINDOW, padding=((1, 0), (0, 2)), data_format=_LAST),
            (4, 3, 2),
        ),
        Case("GlobalAveragePooling2D", _untyped(GlobalAveragePooling2D), (3, 4, 2)),
        Case(
            "GlobalAveragePooling2D channels last",
            _untyped(GlobalAveragePooling2D, data_format=_LAST),
            (4, 2, 3),
        ),
        Case(
            "GlobalAveragePooling2D kept axes",
            _untyped(GlobalAveragePooling2D, keepdims=True, data_format=_LAST),
            (4, 2, 3),
        ),
        # normalization and regularization
        Case("BatchNormalization", _typed(BatchNormalization), (4,)),
        Case(
            "BatchNormalization training",
            _typed(BatchNormalization, epsilon=0.1),
            (2, 3, 2),
            training=True,
        ),
        Case("BatchNormalization channels last", _typed(BatchNormalization, axis=-1), (2, 3, 4)),
        Case(
            "BatchNormalization training channels last",
            _typed(BatchNormalization, axis=-1, momentum=0.5),
            (3, 2),
            training=True,
        ),
        Case("Dropout", _untyped(Dropout, 0.4), (3, 4)),
        Case("Dropout training", _untyped(Dropout, 0.4, seed=7), (3, 5), training=True),
        # shapes
        Case("Flatten", _untyped(Flatten), (2, 3, 2)),
        Case("Reshape", _untyped(Reshape, (3, 4)), (2, 6)),
        Case("Reshape by what is left", _untyped(Reshape, (2, -1, 2)), (12,)),
        # composition
        Case("Sequential", _small, (2, 4, 4)),
        Case("Sequential training", _regularized, (3,), training=True),
        Case("Sequential nested", _nested, (2, 4, 6)),
        Case("Residual", lambda dtype: Residual(Dense(4, dtype=dtype, seed=1)), (4,)),
        Case(
            "Residual training",
            lambda dtype: Residual(
                BatchNormalization(dtype=dtype), BatchNormalization(epsilon=0.1, dtype=dtype)
            ),
            (3,),
            training=True,
        ),
        Case(
            "Residual with shortcut",
            lambda dtype: Residual(
                Conv2D(2, 3, strides=2, padding=1, dtype=dtype, seed=1),
                Conv2D(2, 1, strides=2, dtype=dtype, seed=2),
            ),
            (3, 4, 3),
        ),
    ]


def notebook_cases() -> list[Case]:
    """Return each layer that the notebook has of its own."""
    return [
        Case("notebook Dense", _typed(notebook.Dense, 4, 3), (4, 1)),
        Case("notebook Reshape", _untyped(notebook.Reshape, (2, 3, 2), (12, 1)), (2, 3, 2)),
        Case("notebook Softmax", _untyped(notebook.Softmax), (5, 1)),
        Case(
            "notebook Activation",
            _untyped(notebook.Activation, lambda x: x * x, lambda x: 2 * x),
            (4, 1),
        ),
    ]


def engine_cases() -> list[Case]:
    """Return convolutions in one to three dimensions, by each engine that takes them."""
    # small ones: the engine that is the definition computes channel by channel
    convolutions: list[tuple[str, Callable[..., Layer], Shape]] = [
        ("Conv1D strided", partial(Conv1D, 2, 3, strides=2, padding=1), (2, 5)),
        ("Conv1D dilated grouped", partial(Conv1D, 2, 2, dilation_rate=3, groups=2), (4, 5)),
        ("Conv2D", partial(Conv2D, 2, (3, 2)), (2, 4, 3)),
        ("Conv2D 3x3 grouped", partial(Conv2D, 2, 3, padding="same", groups=2), (2, 3, 5)),
        (
            "Conv2D strided asymmetric",
            partial(Conv2D, 2, 3, strides=(2, 1), padding=((1, 0), (0, 2))),
            (2, 4, 2),
        ),
        (
            "Conv2D dilated depthwise",
            partial(Conv2D, 4, 2, padding="same", dilation_rate=(2, 1), groups=2),
            (2, 3, 3),
        ),
        ("Conv3D full", partial(Conv3D, 1, (2, 1, 2), padding="full"), (2, 1, 2, 2)),
        (
            "Conv3D strided dilated grouped",
            partial(Conv3D, 2, 2, strides=(1, 2, 1), padding=1, dilation_rate=(1, 1, 2), groups=2),
            (2, 1, 3, 2),
        ),
    ]
    return [
        Case(f"{name} by {engine}", _typed(layer, use_bias=False, engine=engine), shape)
        for engine in ENGINES
        for name, layer, shape in convolutions
        if _takes(engine, layer(seed=0), shape)
    ]


def _takes(engine: str, layer: Layer, shape: Shape) -> bool:
    """Whether an engine takes a convolution in float32."""
    geometry = layer.geometry(shape)  # type: ignore[attr-defined]
    return ENGINES[engine].refusal(get_backend("cpu"), geometry, "float32") is None


def loss_cases() -> list[Case]:
    """Return each loss; crossentropies of probabilities and of logits."""
    # targets that each dtype has exactly
    numbers = [[0.5, -2.0, 0.0, 3.0], [1.0, 0.25, -1.5, 8.0], [-0.125, 40.0, 0.75, -6.0]]
    shares = [[0.0, 1.0, 0.25, 1.0], [1.0, 0.0, 0.0, 0.5], [0.875, 0.0, 1.0, 0.0]]
    distributions = [[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.125, 0.25, 0.5, 0.125]]
    labels = [[2, 0], [3, 3], [1, 2]]
    return [
        _loss_case(MeanSquaredError(), numbers, (4,)),
        _loss_case(MeanAbsoluteError(), numbers, (4,)),
        _loss_case(BinaryCrossentropy(), shares, (4,)),
        _loss_case(BinaryCrossentropy(from_logits=True), shares, (4,)),
        _loss_case(CategoricalCrossentropy(), distributions, (4,)),
        _loss_case(CategoricalCrossentropy(from_logits=True), distributions, (4,)),
        _loss_case(SparseCategoricalCrossentropy(), labels, (2, 4)),
        _loss_case(SparseCategoricalCrossentropy(from_logits=True), labels, (2, 4)),
    ]


def optimizer_cases() -> list[Case]:
    """Return each optimizer, as it is and with each option, over a small network."""
    return [
        Case(repr(optimizer), _perceptron, (3,), optimizer=optimizer)
        for optimizer in [
            SGD(),
            SGD(learning_rate=0.5),
            SGD(momentum=0.9),
            SGD(momentum=0.9, nesterov=True),
            RMSprop(),
            RMSprop(learning_rate=0.1),
            RMSprop(rho=0.5),
            RMSprop(momentum=0.9),
            RMSprop(epsilon=0.1),
            RMSprop(centered=True),
            RMSprop(momentum=0.9, centered=True),
            Adam(),
            Adam(learning_rate=0.1),
            Adam(beta_1=0.5),
            Adam(beta_2=0.5),
            Adam(epsilon=0.1),
            AdamW(),
            AdamW(learning_rate=0.1),
            AdamW(weight_decay=0.5),
            AdamW(beta_1=0.5),
            AdamW(beta_2=0.5),
            AdamW(epsilon=0.1),
        ]
    ]


# How they are made


def _typed(cls: Callable[..., Layer], *args: Any, **options: Any) -> Callable[[str], Layer]:
    """What makes a layer with parameters."""
    return lambda dtype: cls(*args, dtype=dtype, seed=1, **options)


def _untyped(cls: Callable[..., Layer], *args: Any, **options: Any) -> Callable[[str], Layer]:
    """What makes a layer that has the dtype of its input."""
    return lambda dtype: cls(*args, **options)


def _loss_case(loss: Loss, y_true: list[Any], shape: Shape) -> Case:
    """A loss of a batch of predictions; those from which a logarithm is taken are probabilities."""
    logarithm = isinstance(loss, Crossentropy) and not loss.from_logits
    return Case(
        repr(loss),
        lambda dtype: LossLayer(loss, get_backend("cpu").asarray(y_true)),
        shape,
        values="probabilities" if logarithm else "normal",
    )


def _perceptron(dtype: str) -> Layer:
    return Sequential([Dense(4, dtype=dtype, seed=1), ReLU(), Dense(2, dtype=dtype, seed=2)])


def _small(dtype: str) -> Layer:
    return Sequential(
        [
            Conv2D(2, 3, padding="same", dtype=dtype, seed=1),
            LeakyReLU(0.2),
            MaxPooling2D(2),
            Flatten(),
            Dense(3, dtype=dtype, seed=2),
        ]
    )


def _regularized(dtype: str) -> Layer:
    return Sequential(
        [
            Dense(4, dtype=dtype, seed=1),
            BatchNormalization(dtype=dtype),
            Dropout(0.4, seed=7),
            Dense(2, dtype=dtype, seed=2),
        ]
    )


def _nested(dtype: str) -> Layer:
    main = Sequential(
        [ReLU(), Conv2D(3, 2, strides=2, dtype=dtype, seed=1, name="conv")], name="main"
    )
    shortcut = Conv2D(3, 1, strides=2, dtype=dtype, seed=2, name="shortcut")
    return Sequential([Residual(main, shortcut, name="block"), GlobalAveragePooling2D()])
