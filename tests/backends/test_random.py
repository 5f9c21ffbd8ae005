"""Random numbers: NumPy's own Philox and SciPy's quantiles say what every device must draw."""

import math
import subprocess
import sys

import numpy as np
import pytest
import scipy.special
import scipy.stats

from onepath.backends import Random, set_seed
from onepath.backends.random import checked_seed, derived_seed, next_seed, philox4x64

MASK = 2**64 - 1


def oracle(seed, size, counter=0):
    """Words of ``numpy.random.Philox``, which is another implementation of the same generator."""
    source = np.random.Philox(
        counter=np.array([counter, 0, 0, 0], "u8"), key=np.array([seed & MASK, seed >> 64], "u8")
    )
    return source.random_raw(size)


def halves(words):
    """The lower and the upper 32 bits of each word, in this order on every machine."""
    return np.stack([words & 0xFFFFFFFF, words >> 32], axis=1).ravel()


class Chosen:
    """A source of words of one's choice, in place of a backend."""

    xp = np

    def __init__(self, word):
        self.word = word

    def philox(self, key, counter, blocks):
        return np.full(4 * blocks, self.word, "u8")


# The words


@pytest.mark.parametrize(
    "key",
    [(0, 0), (1, 0), (0, 1), (MASK, MASK), (0x0123456789ABCDEF, 0xFEDCBA9876543210), (1 << 63, 7)],
    ids=str,
)
@pytest.mark.parametrize("counter", [0, 1, 5, 2**32 - 2, 2**32, 2**63 - 2, 2**64 - 9])
def test_philox_words(backend, key, counter):
    """The key's steps wrap around at 2**64, and the counter passes 2**32 and 2**63."""
    expected = oracle(key[0] + (key[1] << 64), 32, counter)
    for words in (
        philox4x64(backend.xp, key, counter, 8),
        backend.philox(key, counter, 8),
    ):
        assert backend.owns(words)
        np.testing.assert_array_equal(backend.to_numpy(words), expected, strict=True)


def test_philox_of_many_random_keys(backend):
    rng = np.random.default_rng(0)
    for _ in range(50):
        *key, counter = (int(word) for word in rng.integers(0, 2**64 - 100, 3, "u8"))
        words = backend.to_numpy(philox4x64(backend.xp, tuple(key), counter, 3))
        np.testing.assert_array_equal(words, oracle(key[0] + (key[1] << 64), 12, counter))


def test_no_blocks_are_no_words(backend):
    assert backend.to_numpy(philox4x64(backend.xp, (1, 2), 0, 0)).shape == (0,)
    assert backend.to_numpy(backend.philox((1, 2), 0, 0)).shape == (0,)


def test_a_stream_goes_on_block_by_block(backend):
    """A block has four words; what a draw leaves of its last block is not used again."""
    stream = backend.random(9)
    assert stream.counter == 0
    drawn = [backend.to_numpy(stream.bits(size)) for size in (3, 8, 1)]
    words = oracle(9, 16)
    for part, start, size in zip(drawn, (0, 4, 12), (3, 8, 1), strict=True):
        np.testing.assert_array_equal(part, words[start : start + size])
    assert stream.counter == 4
    again = Random(backend, 9, counter=3)
    np.testing.assert_array_equal(backend.to_numpy(again.bits(1)), words[12:13])


def test_a_seed_of_128_bits_is_used_whole(backend):
    for seed in (0, 1, 2**64, 2**64 + 1, 2**128 - 1, 0x1234 << 100):
        words = backend.to_numpy(backend.random(seed).bits(4))
        np.testing.assert_array_equal(words, oracle(seed, 4))


# Uniform numbers


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 4), (2, 3, 5), (0,)], ids=str)
def test_uniform_float64_is_the_upper_53_bits(backend, shape):
    out = backend.random(3).uniform(shape, dtype="float64")
    assert backend.owns(out)
    expected = np.ldexp((oracle(3, math.prod(shape)) >> 11).astype("f8"), -53).reshape(shape)
    np.testing.assert_array_equal(backend.to_numpy(out), expected, strict=True)


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 4), (2, 3, 5), (0,)], ids=str)
def test_uniform_float32_is_the_upper_24_bits_of_half_words(backend, shape):
    out = backend.random(3).uniform(shape)
    assert backend.owns(out)
    size = math.prod(shape)
    bits = halves(oracle(3, -(-size // 2)))[:size] >> 8
    expected = np.ldexp(bits.astype("f4"), -24).astype("f4").reshape(shape)
    np.testing.assert_array_equal(backend.to_numpy(out), expected, strict=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(-1, 1), (0, 5), (2.5, 2.75), (-0.1, 0.3)])
def test_uniform_between_bounds(backend, dtype, low, high):
    """Scaled and shifted in the result's dtype, each step rounded once."""
    unit = backend.to_numpy(backend.random(8).uniform((1000,), dtype=dtype))
    out = backend.to_numpy(backend.random(8).uniform((1000,), low, high, dtype))
    scaled = unit * np.dtype(dtype).type(high - low)
    np.testing.assert_array_equal(out, scaled + np.dtype(dtype).type(low), strict=True)
    assert out.min() >= np.dtype(dtype).type(low)
    assert out.max() < high


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (1, 2), (-1, 1), (100, 101), (-3, -2), (0, 0.3)])
def test_uniform_leaves_out_the_upper_bound(dtype, low, high):
    """Even for the largest word, where the sum would round up to the bound."""
    kind = np.dtype(dtype).type
    largest = Random(Chosen(MASK), 0).uniform((2,), low, high, dtype)
    assert kind(low) < largest[0] < kind(high)
    assert largest.dtype == dtype
    smallest = Random(Chosen(0), 0).uniform((2,), low, high, dtype)
    assert smallest[0] == kind(low)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("skip", range(41))
def test_uniform_may_leave_out_the_first_numbers(backend, dtype, skip):
    """What is left, and how far the stream then is, are those of a draw of all."""
    whole, part = backend.random(3), backend.random(3)
    for bounds in ((0.0, 1.0), (-1.0, 3.0)):
        expected = backend.to_numpy(whole.uniform((skip + 15,), *bounds, dtype=dtype))[skip:]
        out = part.uniform((3, 5), *bounds, dtype=dtype, skip=skip)
        np.testing.assert_array_equal(backend.to_numpy(out), expected.reshape(3, 5), strict=True)
        assert part.counter == whole.counter
    assert backend.to_numpy(part.uniform((0,), dtype=dtype, skip=skip)).shape == (0,)


@pytest.mark.parametrize("dtype", ["float16", "int32", "complex64"])
def test_uniform_has_two_dtypes(backend, dtype):
    with pytest.raises(ValueError, match=f"dtype must be float32 or float64, got {dtype}"):
        backend.random(0).uniform((3,), dtype=dtype)


def test_uniform_wants_its_bounds_in_order(backend):
    with pytest.raises(ValueError, match="low must not be above high, got 1 and -1"):
        backend.random(0).uniform((3,), 1, -1)
    with pytest.raises(ValueError, match="low must not be above high, got 0 and nan"):
        backend.random(0).uniform((3,), 0, math.nan)
    np.testing.assert_array_equal(
        backend.to_numpy(backend.random(0).uniform((3,), 2, 2)), [2, 2, 2]
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_is_uniform(backend, dtype):
    x = backend.to_numpy(backend.random(11).uniform((100_000,), dtype=dtype)).astype("f8")
    assert scipy.stats.kstest(x, "uniform").pvalue > 1e-3
    assert abs(x.mean() - 0.5) < 4 * math.sqrt(1 / 12 / x.size)
    assert abs(x.var() - 1 / 12) < 4 * math.sqrt(1 / 180 / x.size)
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 4 / math.sqrt(x.size)


# Normal numbers


def quantiles(seed, size):
    """Normal numbers by SciPy, from uniform ones in the middles of 2**52 cells."""
    return scipy.special.ndtri(((oracle(seed, size) >> 12).astype("f8") + 0.5) * 2.0**-52)


def test_normal_is_the_quantile_of_uniform(backend):
    out = backend.random(4).normal((50, 400), dtype="float64")
    assert backend.owns(out)
    expected = quantiles(4, 20_000).reshape(50, 400)
    np.testing.assert_allclose(backend.to_numpy(out), expected, rtol=1e-14, atol=1e-16)


def normal_of(cell):
    """What is drawn from a word whose upper 52 bits are ``cell``."""
    return Random(Chosen(cell << 12), 0).normal((1,), dtype="float64")[0]


def test_normal_in_the_far_tails():
    """Wichura's three ranges: the centre, the flanks, and the tails beyond exp(-25)."""
    borders = [0.075, 0.5, 0.925, math.exp(-25), 1 - math.exp(-25)]
    cells = [round(2**52 * p) + step for p in borders for step in (-1, 0, 1)]
    cells += [0, 1, 2, 1000, 2**20, 2**40, 2**50, 3 * 2**50, 2**52 - 2, 2**52 - 1]
    for cell in cells:
        expected = scipy.special.ndtri((cell + 0.5) * 2.0**-52)
        np.testing.assert_allclose(normal_of(cell), expected, rtol=1e-14, atol=0, err_msg=hex(cell))


def test_normal_is_finite_and_antisymmetric():
    """Opposite words give opposite numbers, up to the very last one, which is no infinity."""
    for cell in (0, 1, 12345, 2**48, 2**51 - 1):
        assert normal_of(cell) == -normal_of(2**52 - 1 - cell) < 0, hex(cell)
    assert -8.3 < normal_of(0) < -8.2


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_normal_with_mean_and_deviation(backend, dtype):
    """The arithmetic is float64; only the result is rounded."""
    standard = backend.to_numpy(backend.random(5).normal((300,), dtype="float64"))
    out = backend.to_numpy(backend.random(5).normal((300,), mean=3.0, std=0.25, dtype=dtype))
    np.testing.assert_array_equal(out, (standard * 0.25 + 3.0).astype(dtype), strict=True)


def test_normal_is_normal(backend):
    x = backend.to_numpy(backend.random(6).normal((100_000,), dtype="float64"))
    assert scipy.stats.kstest(x, "norm").pvalue > 1e-3
    assert abs(x.mean()) < 4 / math.sqrt(x.size)
    assert abs(x.var() - 1) < 4 * math.sqrt(2 / x.size)
    assert abs((x**3).mean()) < 4 * math.sqrt(15 / x.size)
    assert abs((x**4).mean() - 3) < 4 * math.sqrt(96 / x.size)


def test_every_device_draws_the_cpu_s_bits(backend, cpu):
    for draw in (
        lambda r: r.uniform((33, 7), -2, 3),
        lambda r: r.uniform((33, 7), -2, 3, "float64"),
        lambda r: r.normal((100_000,), 0.5, 2, "float64"),
        lambda r: r.normal((1001,)),
        lambda r: r.permutation(5000),
    ):
        ours = backend.to_numpy(draw(backend.random(77)))
        np.testing.assert_array_equal(ours, draw(cpu.random(77)), strict=True)


# Permutations


@pytest.mark.parametrize("size", [0, 1, 2, 5, 1000])
def test_permutation(backend, size):
    out = backend.random(12).permutation(size)
    assert backend.owns(out)
    order = backend.to_numpy(out)
    assert order.dtype == "int64"
    np.testing.assert_array_equal(np.sort(order), np.arange(size))
    words = oracle(12, size).tolist()
    np.testing.assert_array_equal(order, sorted(range(size), key=words.__getitem__))


def test_all_orders_are_equally_likely(backend):
    stream, counts = backend.random(13), {}
    for _ in range(1200):
        order = tuple(backend.to_numpy(stream.permutation(3)).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    assert scipy.stats.chisquare(list(counts.values())).pvalue > 1e-3


# Seeds


def test_streams_differ_by_seed_and_repeat(backend):
    first, again, other = (backend.to_numpy(backend.random(s).bits(1000)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not (first == other).any()


@pytest.mark.parametrize("seed", [-1, 2**128, 1.0, "1", None, True, (1,), np.int64(1)], ids=repr)
def test_bad_seeds(backend, seed):
    with pytest.raises(ValueError, match=r"a seed is an integer from 0 to 2\*\*128 - 1, got "):
        backend.random(seed)
    with pytest.raises(ValueError, match="a seed is an integer"):
        set_seed(seed)
    with pytest.raises(ValueError, match="a seed is an integer"):
        checked_seed(seed)


def test_derived_seeds_are_told_apart_by_their_path():
    """A blake2b digest: the same in every process, and no path is a part of another by accident."""
    paths = [(), ("a",), ("b",), ("a", 1), ("a", 2), (1,), ("ab",), ("a", "b")]
    seeds = [derived_seed(root, *path) for root in (0, 1, 2**127) for path in paths]
    assert len(set(seeds)) == len(seeds)
    assert all(checked_seed(seed) == seed for seed in seeds)
    assert derived_seed(0, "a", 1) == derived_seed(0, "a", 1)
    code = "from onepath.backends.random import derived_seed; print(derived_seed(5, 'dense', 3))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(out.stdout) == derived_seed(5, "dense", 3)


@pytest.fixture
def seeded():
    """Programs start with seed 0; put it back afterwards."""
    yield
    set_seed(0)


@pytest.mark.usefixtures("seeded")
def test_set_seed_starts_the_row_of_seeds_again():
    rows = []
    for seed in (3, 4, 3):
        set_seed(seed)
        rows.append([next_seed() for _ in range(5)])
    assert rows[0] == rows[2]
    assert not set(rows[0]) & set(rows[1])
    assert len(set(rows[0])) == 5
    assert rows[0] == [derived_seed(3, count) for count in (1, 2, 3, 4, 5)]


@pytest.mark.usefixtures("seeded")
def test_a_refused_seed_changes_nothing():
    set_seed(3)
    first = next_seed()
    with pytest.raises(ValueError, match="a seed is an integer"):
        set_seed(-3)
    assert next_seed() != first
    set_seed(3)
    assert next_seed() == first
