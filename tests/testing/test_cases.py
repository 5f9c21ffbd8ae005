"""The one table: nothing that must be checked is left out of it."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import onepath.layers
from onepath import losses, notebook, optimizers
from onepath.backends.convolution import ENGINES
from onepath.layers import Layer, registry
from onepath.testing import cases
from onepath.testing.indexing import Indexed
from onepath.testing.joining import Joined


def kinds(module, base):
    """The public classes of a module that can be made."""
    public = getattr(module, "__all__", [name for name in vars(module) if name[0] != "_"])
    return {
        value
        for value in (getattr(module, name) for name in public)
        if inspect.isclass(value) and issubclass(value, base) and not inspect.isabstract(value)
    }


def layers_in(table):
    return [case.make("float32") for case in table]


def test_names_are_there_once():
    names = [case.name for case in cases.cases()]
    assert len(names) > 90
    assert len(set(names)) == len(names)


def test_every_layer_is_in_the_table():
    registered = {c for c in registry._classes.values() if c.__module__.startswith("onepath.")}
    exported = kinds(onepath.layers, Layer) | kinds(notebook, Layer)
    found = layers_in(cases.layer_cases() + cases.notebook_cases())
    inside = [layer.layer for layer in found if isinstance(layer, Joined | Indexed)]
    assert (registered | exported) - {Layer} == {type(layer) for layer in found + inside}


def test_an_engine_that_takes_few_convolutions_is_in_the_table_with_these():
    layers = [layer for layer in layers_in(cases.engine_cases()) if layer.engine == "winograd"]
    assert {layer.kernel_size for layer in layers} == {3}
    assert any(layer.padding != "valid" and layer.groups > 1 for layer in layers)


# winograd takes squares of 3 alone, and the CPU has no cuDNN
@pytest.mark.parametrize("engine", sorted(ENGINES.keys() - {"winograd", "cudnn"}))
def test_every_engine_is_in_the_table_with_every_option(engine):
    layers = [layer for layer in layers_in(cases.engine_cases()) if layer.engine == engine]
    assert {layer.rank for layer in layers} == {1, 2, 3}
    for option, plain in {
        "strides": 1,
        "padding": "valid",
        "dilation_rate": 1,
        "groups": 1,
    }.items():
        assert any(getattr(layer, option) != plain for layer in layers), option


def test_every_loss_is_in_the_table_with_every_kind_of_prediction():
    known = kinds(losses, losses.Loss) | set(losses.LOSSES.values())
    known -= {losses.SeveralLosses}  # made of the others; it has tests of its own
    expected = {
        (loss, from_logits)
        for loss in known
        for from_logits in ([False, True] if issubclass(loss, losses.Crossentropy) else [None])
    }
    found = [layer.loss for layer in layers_in(cases.loss_cases())]
    assert {(type(loss), getattr(loss, "from_logits", None)) for loss in found} == expected


def test_every_optimizer_is_in_the_table_with_every_option():
    known = kinds(optimizers, optimizers.Optimizer) | set(optimizers.OPTIMIZERS.values())
    known -= {optimizers.LossScaleOptimizer}  # around one of the others; it has tests of its own
    common = inspect.signature(optimizers.Optimizer).parameters.keys() - {"learning_rate"}
    expected = {(cls, None) for cls in known} | {
        (cls, option)
        for cls in known
        for option in cls().get_config()
        if option not in common or option in inspect.signature(cls).parameters
    }
    found = set()
    for case in cases.optimizer_cases():
        cls, plain = type(case.optimizer), type(case.optimizer)().get_config()
        changed = [k for k, value in case.optimizer.get_config().items() if value != plain[k]]
        found |= {(cls, option) for option in changed or [None]}
    # what all have in common is the same code in each
    assert {each for each in found if each in expected or each[1] not in common} == expected
    assert {option for _, option in found} >= common


def test_inputs_are_batches_of_samples():
    for case in cases.cases():
        shape = case.x if case.values == "normal" else case.x.shape
        assert shape == (cases.BATCH, *case.shape), case.name


def test_probabilities_are_given_where_a_logarithm_is_taken():
    for case in cases.loss_cases():
        loss = case.make("float64").loss
        logarithm = getattr(loss, "from_logits", None) is False
        logarithm |= isinstance(
            loss, losses.KLDivergence | losses.MeanSquaredLogarithmicError | losses.Poisson
        )
        assert (case.values == "probabilities") == logarithm, case.name
        if logarithm:
            np.testing.assert_allclose(case.x.sum(axis=-1), 1)
            assert case.x.min() > 0.01


def test_targets_fit_the_predictions():
    for case in cases.loss_cases():
        layer = case.make("float64")
        x = case.x if case.values == "probabilities" else np.zeros(case.x)
        layer.loss.check(layer.y_true, x)
        exact = np.float32(layer.y_true)
        np.testing.assert_array_equal(exact, layer.y_true, err_msg="float32 rounds the targets")


def test_table_is_made_anew():
    """An optimizer that one check has stepped does not get into another."""
    once, again = ([case.optimizer for case in cases.optimizer_cases()] for _ in range(2))
    assert not set(map(id, once)) & set(map(id, again))


def test_importing_the_table_imports_no_test_tools():
    script = "import onepath.testing.cases, sys; print({'pytest', 'hypothesis'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(Path(onepath.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "set()"
