"""How many roundings lie on the way to an element: the device's counts against counts by hand."""

import numpy as np
import pytest

from onepath.backends import get_backend
from onepath.backends.simulated import roundings

BACKEND = get_backend("simulated")
xp = BACKEND.xp


@pytest.fixture
def x():
    """Exact data, of shape (2, 3, 4)."""
    return xp.asarray(np.arange(24.0).reshape(2, 3, 4))


def after(count, shape=(2, 3)):
    """An array that has been rounded so many times."""
    made = xp.ones(shape)
    for _ in range(count):
        made = made * 1.5
    assert roundings(made) == count
    return made


# One function at a time, of exact data: what it adds


@pytest.mark.parametrize(
    ("count", "call"),
    [
        (0, lambda x: x),
        (1, lambda x: x + x),
        (1, lambda x: xp.exp(x)),
        (1, lambda x: 2 / x),
        (0, lambda x: -abs(x)),
        (0, lambda x: xp.maximum(x, 0)),
        (0, lambda x: xp.clip(x, 1, 2)),
        (0, lambda x: xp.where(x > 1, x, 0.0)),
        (0, lambda x: x > 1),
        (0, lambda x: xp.floor(x / 3).astype("int32")),
        (0, lambda x: xp.zeros(3)),
        (0, lambda x: xp.arange(3.0)),
        (0, lambda x: xp.eye(3)),
        (0, lambda x: xp.concatenate([x, x])),
        (0, lambda x: xp.pad(x, 1)),
        (0, lambda x: x.transpose(2, 0, 1).reshape(4, -1)),
        (0, lambda x: x.max(axis=1)),
        (0, lambda x: xp.sort(x)),
        (0, lambda x: x[xp.array([0, 1])]),
        (24, lambda x: x.sum()),
        (3, lambda x: x.sum(axis=1)),
        (8, lambda x: xp.sum(x, axis=(0, 2), keepdims=True)),
        (8, lambda x: xp.add.reduce(x, axis=(0, 2))),
        (4, lambda x: xp.cumsum(x, axis=2)),
        (3, lambda x: xp.trace(x[0])),
        (3 + 1, lambda x: x.mean(axis=1)),
        (2 * 4 + 4, lambda x: x.var(axis=2)),
        (2 * 4 + 5, lambda x: xp.std(x, axis=2)),
        (4, lambda x: x @ xp.ones((4, 5))),
        (4, lambda x: xp.dot(x, xp.ones(4))),
        (3, lambda x: xp.inner(x[0].T, x[1].T)),
        (6, lambda x: xp.tensordot(x, x, ((0, 1), (0, 1)))),
        (12, lambda x: xp.vdot(x[0], x[0])),
        (1, lambda x: xp.outer(x[0, 0], x[0, 1])),
        (1, lambda x: xp.kron(x[0], x[1])),
        (3, lambda x: xp.convolve(x[0, 0], x[0, :, 0])),
        (4, lambda x: xp.matmul(x, xp.ones((2, 4, 5)))),
        (4, lambda x: xp.einsum("bij,bkj->bik", x, x)),
        (1, lambda x: xp.einsum("bij,bij->bij", x, x)),
        (24, lambda x: xp.einsum("bij->", x)),
        (3, lambda x: xp.einsum("...ij,ik->...jk", x, xp.ones((3, 7)))),
        (6, lambda x: xp.einsum("bij,bic->jc", x, x)),
    ],
)
def test_what_a_function_adds(x, count, call):
    assert roundings(call(x)) == count


# One after the other


def test_chains_add_up():
    x = after(3)
    assert roundings(x * x + 1) == 5
    assert roundings(xp.exp(x).sum(axis=0) / 2) == 3 + 1 + 2 + 1
    assert roundings(x @ after(5, (3, 4))) == 5 + 3
    assert roundings(xp.where(x > 0, x, after(7))) == 7
    assert roundings(np.float64(2) * x) == 4


def test_of_several_operands_the_longest_way_counts():
    assert roundings(after(2) + after(6)) == 7
    assert roundings(xp.concatenate([after(2), after(6)])) == 6
    assert roundings(after(2), after(6), 1.0, None) == 6


def test_views_and_copies_carry_the_count():
    x = after(3)
    for derived in (x[0], x.T, x.reshape(-1), x.copy(), x.astype("float32"), xp.copy(x), +x):
        assert roundings(derived) == 3
    for derived in (xp.split(x, 3, axis=1)[1], xp.broadcast_to(x, (4, 2, 3)), x.ravel(), x.real):
        assert roundings(derived) == 3
    assert roundings(xp.asarray(x)) == 3
    assert roundings(xp.array([x, x])) == 3
    assert roundings((x + 1j).real) == 4


def test_a_copy_goes_its_own_way():
    x = after(3)
    copy = x.copy()
    copy *= 2
    assert (roundings(x), roundings(copy)) == (3, 4)


def test_in_place():
    x = after(3)
    x += 1
    x *= x
    assert roundings(x) == 5


def test_a_write_through_a_view_raises_the_base_s_count():
    base = xp.zeros((2, 3))
    view = base[0]
    view += after(4, (3,))
    assert roundings(base) == roundings(view) == roundings(base[1]) == 5
    xp.multiply(after(6, (3,)), 2, out=base.T[:, 1])
    assert roundings(base) == 7
    base[:, 0] = after(8, (2,))
    assert roundings(view) == 8


def test_elements_assigned_raise_the_count():
    x = after(2)
    x[xp.array([0])] = after(5, (3,))
    assert roundings(x) == 5
    x[x > 0] = 1.0
    assert roundings(x) == 5
    xp.add.at(x, xp.array([0, 0, 1]), 1.0)
    assert roundings(x) == 5 + 2
    xp.copyto(src=after(9), dst=x)
    assert roundings(x) == 9


@pytest.mark.parametrize(
    "fill",
    [
        lambda x: x.fill(0),
        lambda x: x.__setitem__(slice(None), xp.zeros((2, 3))),
        lambda x: x.__setitem__(..., 0.0),
        lambda x: xp.maximum(xp.zeros((2, 3)), 1, out=x),
        lambda x: xp.concatenate([xp.zeros((2, 3))], out=x),
        lambda x: x.set(np.zeros((2, 3))),
    ],
)
def test_what_is_written_anew_counts_anew(fill):
    x = after(5)
    fill(x)
    assert roundings(x) == 0


def test_a_view_that_is_written_anew_leaves_the_rest():
    x = after(5)
    x[0].fill(0)
    assert roundings(x) == 5


def test_out():
    out = after(9, (3,))
    xp.sum(after(1), axis=0, out=out)
    assert roundings(out) == 3
    xp.dot(after(2, (3, 3)), after(0, (3,)), out=out)
    assert roundings(out) == 5


def test_complex_parts_share_the_count():
    z = xp.zeros(3, "complex128")
    z.real[...] = after(4, (3,))
    assert roundings(z) == 4
    z.imag = after(6, (3,))
    assert roundings(z) == 6


def test_workspaces_start_anew():
    first = BACKEND.workspace.take("rounding", (4,), "float64")
    first[...] = after(3, (4,))
    assert roundings(first) == 3
    again = BACKEND.workspace.take("rounding", (2, 2), "float64")
    assert roundings(again) == 0
    again += 1
    assert (roundings(again), roundings(first)) == (1, 3)


def test_bits_carry_the_count_of_their_numbers():
    x = after(3, (4,))
    bits = x.view("int64")
    assert roundings(bits) == roundings(bits.view("float64")) == 3
    bits += 1
    assert roundings(x) == 3


def test_elements_in_row_major_order():
    x = after(1)
    x.T.flat[2] = after(4, ())
    assert roundings(x) == roundings(x.flat[0]) == roundings(x.flat.copy()) == 4


def test_integers_are_exact():
    counts = (after(4) > 0).sum(axis=0)
    assert roundings(counts) == 0
    assert roundings(counts * counts) == 0
    assert roundings(counts / 2) == 1
    assert roundings(after(4).argmax(axis=1)) == 0


def test_what_comes_from_the_host_is_exact():
    assert roundings(xp.asarray(after(3).get())) == 0
    assert roundings(1.0, np.ones(2)) == 0


def test_a_layer_counts_its_sums():
    """A product over 6 and a bias that is added."""
    from onepath.layers import Dense

    layer = Dense(2, dtype="float64")
    x = xp.asarray(np.ones((3, 6)))
    assert roundings(layer.forward(x)) - roundings(layer.parameters["kernel"]) == 6 + 1
