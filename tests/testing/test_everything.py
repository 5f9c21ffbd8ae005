"""Everything in the one table is under every check of the kit, on every backend that is here."""

import pytest

from onepath.testing import (
    assert_deterministic,
    assert_gradients,
    assert_no_transfer,
    assert_parity,
)
from onepath.testing.cases import cases
from onepath.testing.parity.check import LAYOUTS


def each(table):
    return pytest.mark.parametrize("case", table, ids=lambda case: case.name)


def run(check, case, **options):
    return check(
        case.make("float32"),
        case.x,
        training=case.training,
        optimizer=case.optimizer,
        **options,
    )


@each(cases())
def test_parity(case):
    # what an optimizer does is the same however the input lies in memory
    layouts = LAYOUTS if case.optimizer is None else ("C",)
    report = run(assert_parity, case, layouts=layouts)
    assert {"cpu", "simulated:0"} <= {row.backend for row in report.rows}
    assert report.counted, "the bound is a guess"


@each([case for case in cases() if case.optimizer is None])
def test_gradients(case):
    report = assert_gradients(case.make("float32"), case.x, training=case.training, directions=2)
    assert report.slopes > 0


@each(cases())
def test_determinism(case):
    run(assert_deterministic, case, repeats=2)


@each(cases())
def test_no_transfer(case):
    run(assert_no_transfer, case)
