"""What each layer must compute: the generic tests of this folder run on each layer of the table.

`onepath.testing.cases` makes the layers. Here is the definition of each, written out in float64 as
loops that know nothing of onepath. A layer without one fails ``test_table.py``.
"""

import hashlib
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from onepath.backends import Backend, register_backend, registry
from onepath.testing.cases import BATCH, Case, layer_cases

Oracle = Callable[[np.ndarray, Mapping[str, np.ndarray]], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Entry(Case):
    """A layer of the package's table, and what it must compute."""

    oracle: Oracle
    """Computes the output of a batch from it and from parameters and state by name."""
    terms: int = 1
    """How many numbers are summed at most on the way to one output."""
    bound: float | None = None
    """No number on the way is larger; if left out, the oracle of all absolute values says it."""
    rowwise: bool = True
    """Whether a sample's output is the same whatever else is in the batch."""
    elementwise: bool = False
    """Whether samples of any shape are taken at any time."""
    ambiguous: bool = False
    """Whether a layer that is not built cannot tell such a sample from a batch."""
    stateless: bool = False
    """Whether there are neither parameters nor state, nor a dtype."""
    follows_input: bool = False
    """Whether there is, all the same, a way on which the input keeps its dtype."""
    channels_first: Mapping[str, object] = field(default_factory=dict)
    """What to change in the configuration for the same layer with the channels first."""
    misfits: Mapping[tuple[int, ...], str] = field(default_factory=dict)
    """Shapes of samples that are always refused, each with the message."""
    misfits_once_built: Mapping[tuple[int, ...], str] = field(default_factory=dict)
    """Shapes of samples that are refused once the layer is built for `shape`."""

    def batch(self, size=BATCH):
        """Float64 samples of n elements that are 4 / n apart, and 1 / n from 0."""
        n = size * math.prod(self.shape)
        values = (np.arange(n) - n / 2 + 0.25) * (4 / n)
        return np.random.default_rng(n).permutation(values).reshape(size, *self.shape)

    def prepared(self, backend, dtype="float64"):
        """The built layer; parameters and state are random, lest a zero or a one hide a mistake."""
        layer = self.make(dtype).to(backend)
        layer.build(self.shape)
        rng = np.random.default_rng(5)
        for name, array in (layer.parameters | layer.state).items():
            values = rng.standard_normal(array.shape)
            if name.endswith("variance"):
                values = np.abs(values) + 0.5
            array[...] = backend.asarray(values, dtype=array.dtype)
        return layer

    @staticmethod
    def output_gradient(shape):
        """A float64 gradient for an output."""
        return np.random.default_rng(11).standard_normal(shape)

    def expected(self, layer, x):
        """The oracle's output, and how far rounding may carry the layer's from it."""
        arrays = {
            name: layer.home.to_numpy(array).astype("float64")
            for name, array in (layer.parameters | layer.state).items()
        }
        size = self.bound or self.oracle(np.abs(x), {name: np.abs(a) for name, a in arrays.items()})
        return self.oracle(x, arrays), (self.terms + 8) * size


def assert_within(actual, expected, tolerance):
    """Equal shapes, and no element further off than the tolerance."""
    assert actual.shape == expected.shape
    excess = np.abs(actual - expected) - tolerance
    assert np.all(excess <= 0), f"beyond the tolerance by {excess.max()}"


# The definitions. Batches are channels first.


def conv(strides=(1, 1), pads=((0, 0), (0, 0)), dilation=(1, 1), groups=1):
    def oracle(x, arrays):
        kernel, size = arrays["kernel"], x.shape[2:]
        filters, depth, *taps = kernel.shape
        places = [
            (n + before + after - (k - 1) * d - 1) // s + 1
            for n, k, s, (before, after), d in zip(size, taps, strides, pads, dilation, strict=True)
        ]
        y = np.zeros((len(x), filters, *places))
        for n, f, *at in np.ndindex(y.shape):
            if "bias" in arrays:
                y[(n, f, *at)] = arrays["bias"][f]
            for c, *tap in np.ndindex(depth, *taps):
                place = [
                    i * s + k * d - before
                    for i, s, k, d, (before, _) in zip(
                        at, strides, tap, dilation, pads, strict=True
                    )
                ]
                if inside(place, size):
                    channel = f // (filters // groups) * depth + c
                    y[(n, f, *at)] += x[(n, channel, *place)] * kernel[(f, c, *tap)]
        return y

    return oracle


def inside(place, size):
    return all(0 <= i < n for i, n in zip(place, size, strict=True))


def convolutional(x, arrays):
    y = conv()(x, {"kernel": arrays["kernels"]})
    for index in np.ndindex(y.shape):
        y[index] += arrays["biases"][index[1:]]
    return y


def pool(reduce, size, strides, pads=((0, 0), (0, 0))):
    def oracle(x, arrays):
        places = [
            (n + before + after - k) // s + 1
            for n, k, s, (before, after) in zip(x.shape[2:], size, strides, pads, strict=True)
        ]
        y = np.zeros((*x.shape[:2], *places))
        for n, c, i, j in np.ndindex(y.shape):
            corner = i * strides[0] - pads[0][0], j * strides[1] - pads[1][0]
            window = [(corner[0] + k, corner[1] + m) for k, m in np.ndindex(*size)]
            y[n, c, i, j] = reduce([x[(n, c, *at)] for at in window if inside(at, x.shape[2:])])
        return y

    return oracle


def mean(values):
    return sum(values) / len(values)


def global_average(x, arrays):
    y = np.zeros(x.shape[:2])
    for n, c in np.ndindex(y.shape):
        y[n, c] = mean([x[n, c, i, j] for i, j in np.ndindex(x.shape[2:])])
    return y


def dense(x, arrays):
    kernel = arrays["kernel"]
    y = np.zeros((*x.shape[:-1], kernel.shape[1]))
    for *row, unit in np.ndindex(y.shape):
        y[(*row, unit)] = arrays["bias"][unit] if "bias" in arrays else 0
        for feature in range(x.shape[-1]):
            y[(*row, unit)] += x[(*row, feature)] * kernel[feature, unit]
    return y


def each(function):
    """What an elementwise layer does."""

    def oracle(x, arrays):
        y = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            y[index] = function(x[index])
        return y

    return oracle


def softmax(axis):
    def oracle(x, arrays):
        y = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            line = list(index)
            line[axis] = slice(None)
            y[index] = math.exp(x[index]) / sum(math.exp(v) for v in x[tuple(line)])
        return y

    return oracle


def normalized(training, epsilon):
    def oracle(x, arrays):
        y = np.zeros(x.shape)
        for c in range(x.shape[1]):
            channel = [index for index in np.ndindex(x.shape) if index[1] == c]
            centre, variance = arrays["moving_mean"][c], arrays["moving_variance"][c]
            if training:
                centre = mean([x[index] for index in channel])
                variance = mean([(x[index] - centre) ** 2 for index in channel])
            for index in channel:
                normal = (x[index] - centre) / math.sqrt(variance + epsilon)
                y[index] = arrays["gamma"][c] * normal + arrays["beta"][c]
        return y

    return oracle


def dropped(rate, seed):
    """What the first call drops: 24 bits an element, of Philox4x64 keyed with seed and call."""

    def oracle(x, arrays):
        digest = hashlib.blake2b(f"{seed}/0".encode(), digest_size=16).digest()
        words = np.random.Philox(key=np.frombuffer(digest, "<u8")).random_raw(-(-x.size // 2))
        halves = itertools.chain.from_iterable((int(w) % 2**32, int(w) >> 32) for w in words)
        y = np.zeros(x.shape)
        for index, half in zip(np.ndindex(x.shape), halves, strict=False):
            if (half >> 8) * 2.0**-24 >= rate:
                y[index] = x[index] / (1 - rate)
        return y

    return oracle


def identity(x, arrays):
    return x


def reshaped(*shape):
    def oracle(x, arrays):
        y = np.zeros((len(x), *shape))
        for n in range(len(x)):
            for to, source in zip(np.ndindex(*shape), np.ndindex(x.shape[1:]), strict=True):
                y[(n, *to)] = x[(n, *source)]
        return y

    return oracle


def last(oracle):
    """The same with the channels last."""
    return lambda x, arrays: np.moveaxis(oracle(np.moveaxis(x, -1, 1), arrays), 1, -1)


def chain(**steps):
    """One after the other; the keywords are the children's names."""

    def oracle(x, arrays):
        for name, step in steps.items():
            x = step(x, below(name, arrays))
        return x

    return oracle


def fork(**ways):
    """Side by side, and added up."""

    def oracle(x, arrays):
        return sum(way(x, below(name, arrays)) for name, way in ways.items())

    return oracle


def below(name, arrays):
    prefix = f"{name}/"
    return {key.removeprefix(prefix): a for key, a in arrays.items() if key.startswith(prefix)}


# The table


def defined(oracle, **facts):
    """What makes an entry of a case."""
    return lambda case: Entry(**vars(case), oracle=oracle, **facts)


RELU, LEAKY = each(lambda v: max(v, 0)), each(lambda v: v if v > 0 else 0.2 * v)
FIRST = {"data_format": "channels_first"}
TOO_SMALL = r"the kernel spans 3 positions on spatial axis 0, the input has only 2 \(size 2, "
NO_ROOM = r"the kernel spans 2 positions on spatial axis 0, the input has only 1 \(size 1, "

# by the cases' names
DEFINITIONS = {
    # convolutions
    "Conv1D": defined(
        conv((1,), ((0, 0),), (1,)),
        terms=6,
        misfits={(2, 2): TOO_SMALL},
        misfits_once_built={(3, 7): "expected 2 channels, got 3"},
    ),
    "Conv1D same strided": defined(conv((2,), ((0, 1),), (1,)), terms=6),
    "Conv1D asymmetric dilated grouped": defined(conv((1,), ((2, 1),), (3,), groups=2), terms=4),
    "Conv1D channels last": defined(
        last(conv((2,), ((0, 0),), (1,))),
        terms=4,
        channels_first=FIRST,
        misfits_once_built={(7, 3): "expected 2 channels, got 3 with data_format='channels_last'"},
    ),
    "Conv1D full signal": defined(conv((2,), ((4, 4),), (2,)), terms=6),
    "Conv2D": defined(
        conv(),
        terms=18,
        misfits={(3, 2, 5): TOO_SMALL},
        misfits_once_built={(5, 4, 5): "expected 3 channels, got 5"},
    ),
    "Conv2D same strided": defined(conv((2, 1), ((0, 1), (1, 2))), terms=24),
    "Conv2D full": defined(conv(pads=((1, 1), (2, 2))), terms=12),
    "Conv2D padded by an int": defined(conv((2, 2), ((1, 1), (1, 1))), terms=18),
    "Conv2D asymmetric": defined(conv(pads=((1, 1), (0, 2))), terms=12),
    "Conv2D dilated without bias": defined(conv(dilation=(1, 3)), terms=8),
    "Conv2D grouped": defined(conv(groups=2), terms=12),
    "Conv2D depthwise": defined(conv(groups=3), terms=4),
    "Conv2D pointwise strided": defined(conv((2, 2)), terms=3),
    "Conv2D channels last": defined(
        last(conv((2, 1), ((0, 1), (0, 1)), groups=2)), terms=6, channels_first=FIRST
    ),
    "Conv2D signal": defined(conv((2, 1), ((1, 0), (0, 2)), (1, 2), groups=2), terms=12),
    "Conv2D signal channels last": defined(last(conv()), terms=8, channels_first=FIRST),
    "Conv3D": defined(
        conv((1, 1, 1), ((0, 0),) * 3, (1, 1, 1)),
        terms=8,
        misfits={(2, 1, 2, 3): NO_ROOM},
        misfits_once_built={(3, 3, 2, 3): "expected 2 channels, got 3"},
    ),
    "Conv3D same strided": defined(conv((1, 2, 2), ((0, 1), (0, 1), (0, 0)), (1, 1, 1)), terms=12),
    "Conv3D signal channels last": defined(
        last(conv((1, 1, 1), ((0, 0),) * 3, (1, 1, 1), groups=2)), terms=16, channels_first=FIRST
    ),
    "Convolutional": defined(
        convolutional,
        terms=18,
        misfits={
            (3, 5, 4): r"the layer is for samples of shape \(2, 5, 4\)",
            (2, 6, 4): r"the layer is for samples of shape \(2, 5, 4\)",
        },
    ),
    "Convolutional one channel signal": defined(convolutional, terms=4),
    # dense
    "Dense": defined(dense, terms=4, misfits_once_built={(3,): "expected 4 features, got 3"}),
    "Dense on rows": defined(
        dense, terms=4, misfits_once_built={(4, 2): "expected 4 features, got 2"}, ambiguous=True
    ),
    "Dense without bias": defined(dense, terms=4),
    # activations
    "ReLU": defined(RELU, elementwise=True, stateless=True),
    "LeakyReLU": defined(LEAKY, elementwise=True, stateless=True),
    "Sigmoid": defined(each(lambda v: 1 / (1 + math.exp(-v))), elementwise=True, stateless=True),
    "Tanh": defined(each(math.tanh), elementwise=True, stateless=True),
    "Softmax": defined(softmax(-1), terms=5, bound=1, stateless=True),
    "Softmax over channels": defined(softmax(1), terms=4, bound=1, stateless=True, ambiguous=True),
    # pooling
    "MaxPooling2D": defined(
        pool(max, (2, 2), (2, 2)), stateless=True, misfits={(2, 1, 4): NO_ROOM}
    ),
    "MaxPooling2D overlapping": defined(pool(max, (3, 2), (2, 1)), stateless=True),
    "MaxPooling2D same": defined(pool(max, (3, 3), (2, 2), ((0, 1), (1, 1))), stateless=True),
    "MaxPooling2D asymmetric channels last": defined(
        last(pool(max, (3, 3), (2, 2), ((1, 0), (0, 2)))), stateless=True, channels_first=FIRST
    ),
    "AveragePooling2D": defined(
        pool(mean, (2, 2), (2, 2)), terms=4, stateless=True, misfits={(2, 1, 4): NO_ROOM}
    ),
    "AveragePooling2D overlapping": defined(pool(mean, (3, 2), (2, 1)), terms=6, stateless=True),
    "AveragePooling2D same": defined(
        pool(mean, (3, 3), (2, 2), ((0, 1), (1, 1))), terms=9, stateless=True
    ),
    "AveragePooling2D asymmetric channels last": defined(
        last(pool(mean, (3, 3), (2, 2), ((1, 0), (0, 2)))),
        terms=9,
        stateless=True,
        channels_first=FIRST,
    ),
    "GlobalAveragePooling2D": defined(global_average, terms=8, stateless=True),
    "GlobalAveragePooling2D channels last": defined(
        last(global_average), terms=8, stateless=True, channels_first=FIRST
    ),
    "GlobalAveragePooling2D kept axes": defined(
        last(lambda x, arrays: global_average(x, arrays)[..., None, None]),
        terms=8,
        stateless=True,
        channels_first=FIRST,
    ),
    # normalization and regularization
    "BatchNormalization": defined(
        normalized(False, 1e-3),
        bound=16,
        misfits_once_built={(3,): "expected 4 channels on axis 1"},
    ),
    "BatchNormalization training": defined(
        normalized(True, 0.1), terms=36, bound=16, rowwise=False, ambiguous=True
    ),
    "BatchNormalization channels last": defined(
        last(normalized(False, 1e-3)),
        bound=16,
        channels_first={"axis": 1},
        misfits_once_built={(4, 2, 3): "expected 4 channels on axis -1"},
        ambiguous=True,
    ),
    "BatchNormalization training channels last": defined(
        last(normalized(True, 1e-3)),
        terms=18,
        bound=16,
        rowwise=False,
        channels_first={"axis": 1},
        ambiguous=True,
    ),
    "Dropout": defined(identity, elementwise=True, stateless=True),
    "Dropout training": defined(dropped(0.4, 7), rowwise=False, elementwise=True, stateless=True),
    # shapes
    "Flatten": defined(reshaped(12), stateless=True, ambiguous=True),
    "Reshape": defined(
        reshaped(3, 4),
        stateless=True,
        misfits={(2, 5): r"their 10 elements do not make \(3, 4\)"},
        ambiguous=True,
    ),
    "Reshape by what is left": defined(
        reshaped(2, 3, 2),
        stateless=True,
        misfits={(10,): r"their 10 elements do not make \(2, -1, 2\)"},
    ),
    # composition
    "Sequential": defined(
        chain(
            conv2d=conv(pads=((1, 1), (1, 1))),
            leaky_relu=LEAKY,
            max_pooling2d=pool(max, (2, 2), (2, 2)),
            flatten=reshaped(8),
            dense=dense,
        ),
        terms=27,
        misfits={(2, 1, 4): f"MaxPooling2D 'max_pooling2d': .*{NO_ROOM}"},
        misfits_once_built={
            (2, 6, 4): "Dense 'dense': .*expected 8 features, got 12",
            (3, 4, 4): "Conv2D 'conv2d': .*expected 2 channels, got 3",
        },
    ),
    "Sequential training": defined(
        chain(
            dense=dense,
            batch_normalization=normalized(True, 1e-3),
            dropout=dropped(0.4, 7),
            dense_1=dense,
        ),
        terms=16,
        bound=64,
        rowwise=False,
    ),
    "Sequential nested": defined(
        chain(
            block=fork(main=chain(relu=RELU, conv=conv((2, 2))), shortcut=conv((2, 2))),
            global_average_pooling2d=global_average,
        ),
        terms=17,
        misfits={
            (2, 4, 1): "Conv2D 'conv': .*the kernel spans 2 positions on spatial axis 1",
            (2, 4, 5): r"main gives \(3, 2, 2\), the way around \(3, 2, 3\): they must be equal",
        },
    ),
    "Residual": defined(fork(dense=dense, shortcut=identity), terms=5, follows_input=True),
    "Residual training": defined(
        fork(
            batch_normalization=normalized(True, 1e-3), batch_normalization_1=normalized(True, 0.1)
        ),
        terms=8,
        bound=16,
        rowwise=False,
    ),
    "Residual with shortcut": defined(
        fork(conv2d=conv((2, 2), ((1, 1), (1, 1))), conv2d_1=conv((2, 2))),
        terms=31,
        misfits_once_built={(2, 4, 3): "Conv2D 'conv2d': .*expected 3 channels, got 2"},
    ),
}
CASES = [DEFINITIONS[case.name](case) for case in layer_cases() if case.name in DEFINITIONS]


def each_case(wanted=lambda case: True):
    """A fixture that is each of the wanted entries in turn."""

    @pytest.fixture(params=filter(wanted, CASES), ids=lambda case: case.name.replace(" ", "-"))
    def entry(request):
        return request.param

    return entry


case = each_case()
channels_last_case = each_case(lambda case: case.channels_first)
elementwise_case = each_case(lambda case: case.elementwise)
shaped_case = each_case(lambda case: not case.elementwise)
ranked_case = each_case(lambda case: not case.elementwise and not case.ambiguous)
stateful_case = each_case(lambda case: not case.stateless)


@pytest.fixture(scope="session")
def cases():
    """The whole table."""
    return CASES


@pytest.fixture(scope="session")
def definitions():
    """What completes the cases of the package's table, by their names."""
    return DEFINITIONS


@pytest.fixture(scope="session")
def within():
    """The function ``within(actual, expected, tolerance)``, which asserts."""
    return assert_within


# Another device


class FarArray:
    """Numbers on a device where nothing computes; no array of NumPy's, and not made into one."""

    def __init__(self, host):
        self.host = host
        self.shape, self.dtype, self.ndim, self.size = host.shape, host.dtype, host.ndim, host.size


class FarBackend(Backend):
    """The device of `FarArray`."""

    name = "far"
    tile_bytes = 1
    xp = np
    signal = None

    def __init__(self, index=0):
        super().__init__()

    @classmethod
    def index_of(cls, array):
        return 0 if isinstance(array, FarArray) else None

    def owns(self, array):
        return isinstance(array, FarArray)

    def asarray(self, x, dtype=None):
        return FarArray(np.array(x, dtype=dtype))

    def to_numpy(self, x):
        return x.host.copy()

    def synchronize(self):
        pass

    def memory(self):
        raise NotImplementedError


@pytest.fixture
def far(monkeypatch):
    """A second device beside whichever a test runs on."""
    for known in ("_factories", "_live"):
        monkeypatch.setattr(registry, known, dict(getattr(registry, known)))
    register_backend("far", FarBackend)
    return registry.get_backend("far")
