"""What ``import onepath as op`` gives."""

import subprocess
import sys

import pytest

import onepath as op


def test_every_name_that_is_offered_is_there():
    assert dir(op) == op.__all__
    for name in op.__all__:
        assert getattr(op, name) is not None
    assert op.Model is op.training.Model
    assert op.load_model is op.training.load_model


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'onepath' has no attribute 'nothing'"):
        _ = op.nothing


def test_rooms_are_imported_when_they_are_asked_for():
    code = (
        "import sys, onepath as op\n"
        "assert 'onepath.layers' not in sys.modules\n"
        "op.layers.Dense(1)\n"
        "assert 'onepath.training' not in sys.modules\n"
        "op.Model\n"
        "assert 'onepath.datasets' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
