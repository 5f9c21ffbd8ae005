"""Every layer of the package's table is defined here, and nothing else is."""

from onepath.testing.cases import layer_cases


def test_every_case_has_a_definition(cases):
    assert cases
    assert [case.name for case in cases] == [case.name for case in layer_cases()]


def test_every_definition_has_a_case(definitions):
    assert definitions.keys() - {case.name for case in layer_cases()} == set()
