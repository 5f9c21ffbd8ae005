"""No layer is left out of the table."""

import inspect

import onepath.layers
from onepath.layers import Layer, registry


def test_every_exported_layer_has_an_entry(cases):
    exported = {
        cls
        for name in onepath.layers.__all__
        if inspect.isclass(cls := getattr(onepath.layers, name)) and issubclass(cls, Layer)
    }
    assert exported - {Layer} == {type(case.make("float32")) for case in cases}


def test_every_registered_layer_has_an_entry(cases):
    assert set(registry._classes.values()) == {type(case.make("float32")) for case in cases}


def test_entries_have_names_of_their_own(cases):
    assert len({case.name for case in cases}) == len(cases)
