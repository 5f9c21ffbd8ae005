"""By the cases' names."""

import math

import numpy as np

from .composition import below
from .definition import defined


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def hard_sigmoid(x):
    return min(max(x / 6 + 0.5, 0), 1)


def elu(x):
    return x if x > 0 else math.expm1(x)


def softsign(x):
    return x / (1 + abs(x))


def linear(x):
    return x


def column(vector, kernel, j, bias=0):
    return bias + sum(vector[i] * kernel[i, j] for i in range(len(vector)))


def simple(act=math.tanh):
    def step(x, h, carried, arrays):
        kernel, recurrent = arrays["kernel"], arrays["recurrent_kernel"]
        bias = arrays.get("bias", np.zeros(len(h)))
        sums = [column(x, kernel, j, bias[j]) + column(h, recurrent, j) for j in range(len(h))]
        return [act(s) for s in sums], carried

    return step


def lstm(act=math.tanh, gate=sigmoid):
    def step(x, h, c, arrays):
        kernel, recurrent, units = arrays["kernel"], arrays["recurrent_kernel"], len(h)
        bias = arrays.get("bias", np.zeros(4 * units))

        def total(part, unit):
            j = part * units + unit
            return column(x, kernel, j, bias[j]) + column(h, recurrent, j)

        new_h, new_c = [], []
        for unit in range(units):
            i, f, o = (gate(total(part, unit)) for part in (0, 1, 3))
            new_c.append(f * c[unit] + i * act(total(2, unit)))
            new_h.append(o * act(new_c[-1]))
        return new_h, new_c

    return step


def gru(after=True):
    def step(x, h, carried, arrays):
        kernel, recurrent, units = arrays["kernel"], arrays["recurrent_kernel"], len(h)
        bias = arrays.get("bias", np.zeros(3 * units))
        into, through = bias if bias.ndim == 2 else (bias, 0 * bias)
        new_h, resets = [], []
        for unit in range(units):
            j = units + unit
            total = column(x, kernel, j, into[j]) + column(h, recurrent, j, through[j])
            resets.append(sigmoid(total))
        reset_h = [r * before for r, before in zip(resets, h, strict=True)]
        for unit in range(units):
            z = sigmoid(
                column(x, kernel, unit, into[unit]) + column(h, recurrent, unit, through[unit])
            )
            j = 2 * units + unit
            recalled = (
                resets[unit] * column(h, recurrent, j, through[j])
                if after
                else column(reset_h, recurrent, j)
            )
            g = math.tanh(column(x, kernel, j, into[j]) + recalled)
            new_h.append(z * h[unit] + (1 - z) * g)
        return new_h, carried

    return step


def unrolled(step, sequences=False, backwards=False):
    def oracle(x, arrays):
        units = len(arrays["recurrent_kernel"])
        ys = []
        for sample in x:
            h, carried, outputs = [0.0] * units, [0.0] * units, []
            for row in sample[::-1] if backwards else sample:
                h, carried = step(row, h, carried, arrays)
                outputs.append(h)
            ys.append(outputs if sequences else h)
        return np.array(ys)

    return oracle


def both_ways(ahead, back, merge, sequences, names):
    """Outputs of both, those of one place together."""

    def oracle(x, arrays):
        one, other = (way(x, below(n, arrays)) for way, n in zip((ahead, back), names, strict=True))
        return merge(one, other[:, ::-1] if sequences else other)

    return oracle


def two(step, **options):
    return unrolled(step, **options), unrolled(step, **options, backwards=True)


def side_by_side(a, b):
    return np.concatenate([a, b], axis=-1)


BUILT_FOR_2 = {(3, 4): "expected 2 features, got 4"}

# outputs are about 1; each step multiplies rounding errors by weights
BOUND = 128

DEFINITIONS = {
    "SimpleRNN": defined(unrolled(simple()), bound=BOUND, misfits_once_built=BUILT_FOR_2),
    "SimpleRNN sequences backwards": defined(
        unrolled(simple(softsign), sequences=True, backwards=True), bound=BOUND
    ),
    "LSTM": defined(unrolled(lstm()), bound=BOUND, misfits_once_built=BUILT_FOR_2),
    "LSTM sequences backwards": defined(
        unrolled(lstm(elu, hard_sigmoid), sequences=True, backwards=True), bound=BOUND
    ),
    "GRU": defined(unrolled(gru()), bound=BOUND, misfits_once_built=BUILT_FOR_2),
    "GRU sequences": defined(unrolled(gru(), sequences=True), bound=BOUND),
    "GRU reset before": defined(unrolled(gru(after=False), sequences=True), bound=BOUND),
    "Bidirectional": defined(
        both_ways(
            *two(lstm(), sequences=True), side_by_side, True, ("forward_lstm", "backward_lstm")
        ),
        bound=BOUND,
        misfits_once_built={(3, 4): "LSTM 'forward_lstm': .*expected 2 features, got 4"},
    ),
    "Bidirectional product": defined(
        both_ways(
            unrolled(gru()),
            unrolled(simple(), backwards=True),
            np.multiply,
            False,
            ("gru", "back"),
        ),
        bound=BOUND,
    ),
    "Bidirectional sum": defined(
        both_ways(
            *two(simple(linear), sequences=True), np.add, True, ("simple", "backward_simple")
        ),
        bound=BOUND,
    ),
    "Bidirectional mean": defined(
        both_ways(
            unrolled(simple(), backwards=True),
            unrolled(simple()),
            lambda a, b: (a + b) / 2,
            False,
            ("simple", "backward_simple"),
        ),
        bound=BOUND,
    ),
}
