"""``cupy.random`` of the simulated device: CuPy's names and rules, and the right distributions.

Means and deviations are the distributions' own, in closed form.
"""

import ast
import importlib.util
import inspect
import math
from pathlib import Path

import numpy as np
import pytest

from onepath.backends.simulated import ledger, modules
from onepath.backends.simulated.array import ndarray
from onepath.backends.simulated.signatures import classes, functions

cupy = modules()["cupy"]
random = modules()["cupy.random"]

EULER = 0.5772156649015329
DRAWS = 4000

# name, parameters, mean, standard deviation (None where there is none)
DISTRIBUTIONS = [
    ("beta", (2, 3), 0.4, 0.2),
    ("binomial", (10, 0.3), 3, math.sqrt(2.1)),
    ("chisquare", (3,), 3, math.sqrt(6)),
    ("exponential", (2.0,), 2, 2),
    ("f", (5, 12), 1.2, math.sqrt(2 * 144 * 15 / (5 * 100 * 8))),
    ("gamma", (2, 3), 6, math.sqrt(18)),
    ("geometric", (0.25,), 4, math.sqrt(12)),
    ("gumbel", (1, 2), 1 + 2 * EULER, math.pi * 2 / math.sqrt(6)),
    ("hypergeometric", (6, 4, 5), 3, math.sqrt(5 * 0.6 * 0.4 * 5 / 9)),
    ("laplace", (1, 2), 1, 2 * math.sqrt(2)),
    ("logistic", (1, 2), 1, 2 * math.pi / math.sqrt(3)),
    ("lognormal", (0, 0.5), math.exp(0.125), math.sqrt(math.expm1(0.25) * math.exp(0.25))),
    ("logseries", (0.5,), 1 / math.log(2), math.sqrt((2 * math.log(2) - 1) / math.log(2) ** 2)),
    ("negative_binomial", (4, 0.5), 4, math.sqrt(8)),
    ("noncentral_chisquare", (3, 2), 5, math.sqrt(14)),
    ("noncentral_f", (5, 12, 2), 12 * 7 / (5 * 10), 1.2),
    ("normal", (1, 2), 1, 2),
    ("pareto", (5,), 0.25, math.sqrt(5 / (16 * 3))),
    ("poisson", (4,), 4, 2),
    ("power", (2,), 2 / 3, math.sqrt(1 / 18)),
    ("randint", (0, 6), 2.5, math.sqrt(35 / 12)),
    ("integers", (0, 6), 2.5, math.sqrt(35 / 12)),
    ("random", (), 0.5, math.sqrt(1 / 12)),
    ("random_integers", (6,), 3.5, math.sqrt(35 / 12)),
    ("random_sample", (), 0.5, math.sqrt(1 / 12)),
    ("ranf", (), 0.5, math.sqrt(1 / 12)),
    ("rayleigh", (2,), 2 * math.sqrt(math.pi / 2), 2 * math.sqrt(2 - math.pi / 2)),
    ("sample", (), 0.5, math.sqrt(1 / 12)),
    ("standard_cauchy", (), None, None),
    ("standard_exponential", (), 1, 1),
    ("standard_gamma", (2,), 2, math.sqrt(2)),
    ("standard_normal", (), 0, 1),
    ("standard_t", (5,), 0, math.sqrt(5 / 3)),
    ("tomaxint", (), 2.0**62, 2.0**63 / math.sqrt(12)),
    ("triangular", (0, 1, 5), 2, math.sqrt(21 / 18)),
    ("uniform", (-1, 3), 1, 4 / math.sqrt(12)),
    ("vonmises", (0, 4), 0, 0.55),
    ("wald", (2, 3), 2, math.sqrt(8 / 3)),
    ("weibull", (1,), 1, 1),
    ("zipf", (4,), 1.110626535, 0.53),
]
OWNERS = {
    "cupy.random": lambda: random,
    "cupy.random.RandomState": lambda: random.RandomState(1),
    "cupy.random.Generator": lambda: random.default_rng(1),
}
CASES = [
    pytest.param(section, *row, id=f"{section}.{row[0]}")
    for section in OWNERS
    for row in DISTRIBUTIONS
    if row[0] in functions(section)
]


@pytest.fixture(autouse=True)
def _own_stream():
    """Each test starts where the others do, whatever ran before."""
    random.seed(1)
    yield
    random.reset_states()


# What there is


@pytest.mark.parametrize("section", OWNERS)
def test_every_function_of_cupy_s_is_tested(section):
    special = {"bytes", "choice", "default_rng", "dirichlet", "get_random_state", "multinomial"}
    special |= {"multivariate_normal", "permutation", "rand", "randn", "reset_states", "seed"}
    special |= {"set_random_state", "shuffle"}
    public = {name for name in functions(section) if not name.startswith("_")}
    assert public - special <= {name for name, *_ in DISTRIBUTIONS}


@pytest.mark.parametrize("name", ["RandomState", "Generator"])
def test_classes_have_cupy_s_methods_and_no_others(name):
    def public(names):
        return {each for each in names if not each.startswith("_")}

    assert public(vars(getattr(random, name))) == public(functions(f"cupy.random.{name}"))


@pytest.mark.parametrize("name", ["normal", "choice", "permutation", "shuffle"])
def test_a_generator_has_less_than_numpy_s(name):
    assert hasattr(np.random.Generator, name)
    with pytest.raises(AttributeError):
        getattr(random.default_rng(1), name)


@pytest.mark.parametrize("name", sorted(functions("cupy.random")))
def test_functions_are_called_as_cupy_s(name):
    theirs = functions("cupy.random")[name]
    ours = inspect.signature(getattr(random, name)) if name != "bytes" else theirs
    assert list(ours.parameters) == list(theirs.parameters)
    with pytest.raises(TypeError):
        getattr(random, name)(device="cpu")
    with pytest.raises(TypeError, match="missing a required argument: 'scale'"):
        random.exponential()


def test_no_class_is_missing():
    for name in classes("cupy.random"):
        assert getattr(random, name).__module__ == "onepath.backends.simulated.random"


# Distributions


@pytest.mark.parametrize(("section", "name", "parameters", "mean", "deviation"), CASES)
def test_distributions(section, name, parameters, mean, deviation):
    with ledger.watch() as events:
        out = getattr(OWNERS[section](), name)(*parameters, size=(DRAWS,))
    assert isinstance(out, ndarray)
    assert out.shape == (DRAWS,)
    assert not [event for event in events if event.kind != "synchronisation"]
    x = out.get()
    if mean is None:
        assert abs(np.median(x)) < 0.1
    else:
        assert abs(x.mean() - mean) < 5 * deviation / math.sqrt(DRAWS)
        assert abs(x.std() / deviation - 1) < 0.35
    integers = {"binomial", "geometric", "hypergeometric", "integers", "logseries", "poisson"}
    integers |= {"negative_binomial", "randint", "random_integers", "tomaxint", "zipf"}
    assert x.dtype == ("int64" if name in integers else "float64")


@pytest.mark.parametrize("section", OWNERS)
def test_sizes(section):
    owner = OWNERS[section]()
    for size, shape in ((None, ()), (3, (3,)), ((2, 3), (2, 3)), ((0, 2), (0, 2)), ((), ())):
        out = owner.uniform(size=size)
        assert isinstance(out, ndarray)
        assert out.shape == shape
    assert owner.uniform(cupy.zeros(4), cupy.ones((3, 1))).shape == (3, 4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name", ["random_sample", "standard_normal", "normal", "uniform", "gumbel"]
)
def test_dtypes(name, dtype):
    for owner in (random, random.RandomState(1)):
        assert getattr(owner, name)(size=3, dtype=dtype).dtype == dtype
        with pytest.raises(TypeError, match="only supports float32 and float64"):
            getattr(owner, name)(size=3, dtype="float16")


def test_dtypes_of_integers():
    assert random.randint(5, size=3, dtype="int8").dtype == "int8"
    assert random.poisson(3, 4, dtype="int32").dtype == "int32"
    assert random.default_rng(1).integers(5, dtype="uint8").dtype == "uint8"
    assert int(random.default_rng(1).integers(5, 6, endpoint=False)) == 5
    assert set(random.default_rng(1).integers(1, 2, 99, endpoint=True).tolist()) == {1, 2}
    for low, high in ((0, 129), (-129, 0), (3, 3)):
        with pytest.raises(ValueError, match=r"out of bounds for int8|low >= high"):
            random.randint(low, high, dtype="int8")


def test_shapes_dimension_by_dimension():
    assert random.rand(2, 3).shape == random.randn(2, 3).shape == (2, 3)
    assert random.rand(2, dtype="float32").dtype == "float32"
    assert random.rand().shape == ()
    with pytest.raises(TypeError, match="size"):
        random.rand(2, size=2)


def test_vectors():
    x = random.multivariate_normal([1.0, 2.0], [[1.0, 0.9], [0.9, 1.0]], DRAWS).get()
    np.testing.assert_allclose(x.mean(0), [1, 2], atol=0.1)
    np.testing.assert_allclose(np.cov(x.T), [[1, 0.9], [0.9, 1]], atol=0.1)
    for owner in (random, random.default_rng(1)):
        x = owner.dirichlet(cupy.asarray([1.0, 3.0]), DRAWS).get()
        np.testing.assert_allclose(x.sum(1), 1)
        np.testing.assert_allclose(x.mean(0), [0.25, 0.75], atol=0.02)
    counts = random.multinomial(100, cupy.asarray([0.2, 0.8]), 50)
    assert counts.shape == (50, 2)
    np.testing.assert_array_equal(counts.sum(1).get(), 100)
    assert abs(counts.get()[:, 0].mean() - 20) < 3


# Seeds


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        *((name, parameters) for name, parameters, *_ in DISTRIBUTIONS if hasattr(random, name)),
        ("choice", (9, 4)),
        ("dirichlet", ([1.0, 3.0],)),
        ("multinomial", (99, [0.2, 0.8], 3)),
        ("multivariate_normal", ([1.0, 2.0], [[1.0, 0.0], [0.0, 1.0]])),
        ("permutation", (20,)),
        ("rand", (3,)),
        ("randn", (3,)),
    ],
    ids=str,
)
def test_every_function_draws_from_the_seeded_stream(name, parameters):
    first = getattr(random, name)(*parameters).tolist()
    later = [getattr(random, name)(*parameters).tolist() for _ in range(30)]
    assert later != [first] * 30
    random.seed(1)
    assert getattr(random, name)(*parameters).tolist() == first


def draws(owner):
    return owner.uniform(size=5).tolist()


def test_a_seed_gives_the_same_numbers():
    first = draws(random)
    assert draws(random) != first
    random.seed(1)
    assert draws(random) == first == draws(random.RandomState(1))
    random.seed(2)
    assert draws(random) != first
    assert draws(random.RandomState()) != draws(random.RandomState())
    assert draws(random.default_rng(1)) == draws(random.default_rng(1)) != first
    assert draws(random.default_rng()) != draws(random.default_rng())


def test_numbers_are_not_numpy_s():
    def close(ours, theirs):
        return np.isclose(ours.get(), theirs, rtol=1e-6).any()

    assert not close(random.RandomState(1).random_sample(50), np.random.RandomState(1).rand(50))
    assert not close(random.RandomState(1).random_sample(50), np.random.default_rng(1).random(50))
    assert not close(random.default_rng(1).random(50), np.random.default_rng(1).random(50))
    philox = np.random.Generator(np.random.Philox(1)).random(50)
    assert not close(random.Generator(random.Philox4x3210(1)).random(50), philox)


def test_seeds_of_a_state():
    array = np.arange(3)
    assert draws(random.RandomState(array)) == draws(random.RandomState(array.copy()))
    assert draws(random.RandomState(array)) != draws(random.RandomState(array + 1))
    assert draws(random.RandomState(True)) == draws(random.RandomState(1))
    assert draws(random.RandomState(2**64 - 1)) != draws(random.RandomState(2**32 - 1))
    for seed in (1.0, "1", 2**64):
        with pytest.raises(TypeError, match=r"Seed must be an integer\."):
            random.seed(seed)
    with pytest.raises(ValueError, match="Seed must be an integer between 0 and"):
        random.seed(-1)


def test_seeds_of_a_generator_collapse_to_32_bits():
    """NumPy's SeedSequence makes the same 32 bits of these two."""
    assert draws(random.default_rng(14375)) == draws(random.default_rng(53572))
    assert np.random.default_rng(14375).random() != np.random.default_rng(53572).random()
    sequence = np.random.SeedSequence(3)
    assert draws(random.default_rng(sequence)) == draws(random.default_rng(3))
    with ledger.watch() as events:
        assert draws(random.default_rng(cupy.asarray([3]))) == draws(random.default_rng(3))
    assert "copy to the host" in [event.kind for event in events]
    assert draws(random.default_rng([1, 2])) == draws(random.default_rng(np.array([1, 2])))


def test_kinds_of_bits_differ():
    kinds = [random.XORWOW, random.MRG32k3a, random.Philox4x3210]
    assert len({tuple(draws(random.Generator(kind(1)))) for kind in kinds}) == 3
    assert draws(random.default_rng(random.MRG32k3a(1))) == draws(
        random.Generator(random.MRG32k3a(1))
    )
    generator = random.default_rng(1)
    assert random.default_rng(generator) is generator


def test_each_device_has_a_state():
    first = random.get_random_state()
    with cupy.cuda.Device(1):
        assert random.get_random_state() is not first
        random.seed(1)
        other = random.rand(3)
        assert other.device.id == 1
    assert random.get_random_state() is first
    assert random.rand(3).tolist() == other.tolist()
    mine = random.RandomState(5)
    random.set_random_state(mine)
    assert random.get_random_state() is mine
    random.reset_states()
    assert random.get_random_state() is not mine
    with pytest.raises(TypeError, match="must be an instance of RandomState"):
        random.set_random_state(np.random.RandomState(1))


# Order


def test_permutations():
    assert sorted(random.permutation(20).tolist()) == list(range(20))
    assert random.permutation(20).tolist() != random.permutation(20).tolist()
    rows = cupy.asarray(np.arange(20).reshape(10, 2))
    mixed = random.permutation(rows)
    np.testing.assert_array_equal(mixed.get()[:, 1] - mixed.get()[:, 0], 1)
    assert sorted(mixed.tolist()) == rows.tolist() != mixed.tolist()
    for host in ([1, 2], np.arange(3)):
        with pytest.raises(TypeError):
            random.permutation(host)


def test_shuffling_is_in_place():
    x = cupy.asarray(np.arange(40))
    assert random.shuffle(x[::2]) is None
    assert x.tolist() != list(range(40))
    assert sorted(x.tolist()) == list(range(40))
    np.testing.assert_array_equal(x.get()[1::2], np.arange(1, 40, 2))
    for host in ([1, 2], np.arange(3)):
        with pytest.raises(TypeError, match=r"must be cupy\.ndarray"):
            random.shuffle(host)
    with pytest.raises(TypeError, match="ndim is 0"):
        random.shuffle(cupy.asarray(1))


def test_choices():
    assert set(random.choice(3, 200).tolist()) == {0, 1, 2}
    assert set(random.choice(cupy.asarray([5.0, 7.0]), (20, 10)).ravel().tolist()) == {5.0, 7.0}
    assert sorted(random.choice(9, 9, replace=False).tolist()) == list(range(9))
    assert random.choice(2, 50, p=cupy.asarray([0.0, 1.0])).tolist() == [1] * 50
    assert random.choice(3, ()).shape == ()
    with ledger.watch() as events:
        random.choice(2, 5)
    assert not events
    p = cupy.asarray([0.0, 1.0])
    with ledger.watch() as events:
        random.choice(2, 5, p=p)
    assert [event.kind for event in events] == ["copy to the host", "synchronisation"]
    with pytest.raises(NotImplementedError, match="without specifying size"):
        random.choice(3)
    with pytest.raises(NotImplementedError, match="p and without replacement"):
        random.choice(2, 1, False, [0.5, 0.5])
    for a in (cupy.zeros((2, 2)), cupy.asarray(3)):
        with pytest.raises(ValueError, match="1-dimensional or an integer"):
            random.choice(a, 2)
    with pytest.raises(ValueError, match="arger sample than population"):
        random.choice(3, 4, replace=False)


# Operands and waiting


def test_a_state_takes_host_data_and_copies_it():
    for low in ([0, 1], np.arange(2)):
        with ledger.watch() as events:
            assert random.uniform(low, 2).shape == (2,)
        assert [event.kind for event in events] == ["copy to the device"]


def test_a_generator_takes_arrays_of_the_device_and_numbers():
    generator = random.default_rng(1)
    assert generator.poisson(cupy.asarray([1.0, 2.0])).shape == (2,)
    for lam in ([1.0], np.ones(2), "1"):
        with pytest.raises(TypeError, match="Unsupported type"):
            generator.poisson(lam)


def test_an_array_of_another_device():
    with cupy.cuda.Device(1):
        x = cupy.ones(2)
    with pytest.raises(ValueError, match="Peer access is unavailable"):
        random.default_rng(1).poisson(x)
    assert random.poisson(x).device.id == 0  # it makes an array of its own of anything


def test_places_for_the_result():
    for name in ("random", "standard_normal", "standard_exponential", "standard_gamma"):
        out = cupy.zeros((2, 3))
        parameters = (2.0,) if name == "standard_gamma" else ()
        assert getattr(random.default_rng(1), name)(*parameters, out=out) is out
        assert len(set(out.ravel().tolist())) == 6


def checked_on_the_device():
    """The methods of CuPy's that tell so in their source."""
    package = importlib.util.find_spec("cupy")
    if package is None:
        pytest.skip("CuPy is absent: pip install 'onepath[test]'")
    source = Path(package.origin).with_name("random").joinpath("_generator.py").read_text("utf-8")
    return {
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and "# synchronize!" in ast.get_source_segment(source, node)
    }


def test_the_host_waits_where_cupy_does():
    waiting = set()
    for name, parameters, *_ in DISTRIBUTIONS:
        if name in functions("cupy.random.RandomState"):
            with ledger.watch() as events:
                getattr(random.RandomState(1), name)(*parameters, size=2)
            waiting |= {name} if events else set()
    assert waiting == checked_on_the_device()


def test_the_host_waits_where_parameters_are_checked():
    for owner, waits in ((random, 1), (random.default_rng(1), 0)):
        with ledger.watch() as events:
            owner.exponential(2.0, 3)
            owner.poisson(2.0, 3)
        assert [event.kind for event in events] == ["synchronisation"] * waits
    with pytest.raises(ValueError, match="scale < 0"):
        random.exponential(-1.0, 3)


def test_bytes():
    assert len(random.bytes(7)) == 7
