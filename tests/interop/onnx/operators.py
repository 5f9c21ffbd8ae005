"""ONNX's own tests of its operators, run through the importer.

``python tests/interop/onnx/operators.py`` prints the table that docs/interop.md has.
"""

import importlib
import pkgutil
import warnings
from collections import Counter, defaultdict
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from onepath.backends import get_backend
from onepath.interop.errors import UnsupportedLayerError
from onepath.interop.onnx import from_onnx
from onepath.interop.onnx.importing.table import operators


class Trial(NamedTuple):
    """A model of ONNX's, with inputs and the outputs that must come of them."""

    name: str
    model: object
    inputs: list
    outputs: list
    rtol: float
    atol: float


def operator_trials(names=None):
    """The tests of single operators; of all, or of those whose module has one of the names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case import node as package

        for module in pkgutil.iter_modules(package.__path__):
            if names is None or module.name.replace("_", "") in names:
                importlib.import_module(f"{package.__name__}.{module.name}")
        found = list(package._NodeTestCases)
    for case in found:
        if names is None or used_in(case.model) & names:
            inputs, outputs = case.data_sets[0]
            yield Trial(case.name, case.model, inputs, outputs, case.rtol, case.atol)


def file_trials(onnx):
    """The tests that come as files: what PyTorch once exported."""
    root = Path(onnx.__file__).parent / "backend" / "test" / "data"
    for path in sorted(root.glob("pytorch-*/*/model.onnx")):
        data = path.parent / "test_data_set_0"
        inputs, outputs = (
            [
                tensor(onnx, data / f"{kind}_{n}.pb")
                for n in range(len(list(data.glob(f"{kind}_*"))))
            ]
            for kind in ("input", "output")
        )
        yield Trial(path.parent.name, onnx.load(path), inputs, outputs, 1e-3, 1e-6)


def tensor(onnx, path):
    proto = onnx.TensorProto()
    proto.ParseFromString(path.read_bytes())
    return onnx.numpy_helper.to_array(proto)


def used_in(model):
    """The operators of a model, in lower case as modules have them."""
    return {node.op_type.lower() for node in model.graph.node}


def outcome(trial):
    """Run a trial: "passed", "failed: ..." or "refused: ...".

    First all inputs are what the model is given; then all but the first are bound as constants, as
    weights and axes are that the tests give as inputs. Where a second output is none that a layer
    gives, such as the mask of a Dropout, the first alone is compared.
    """
    stored = {each.name for each in trial.model.graph.initializer}
    names = [each.name for each in trial.model.graph.input if each.name not in stored]
    given = [np.asarray(x) if isinstance(x, np.generic) else x for x in trial.inputs]
    arrays = dict(zip(names, given, strict=False))
    if not all(isinstance(arrays.get(name), np.ndarray) for name in names):
        return "refused: takes what is no array"
    first = type(trial.model)()
    first.CopyFrom(trial.model)
    del first.graph.output[1:]
    ways = product((trial.model, first), ([], names[1:]) if len(names) > 1 else ([],))
    for proto, bound in ways:
        try:
            model = from_onnx(proto, constants={name: arrays[name] for name in bound})
        except UnsupportedLayerError as error:
            reason = f"refused: {error}"
            continue
        except ValueError as error:
            return f"refused: {error}"
        return computed(trial, model, [arrays[name] for name in names if name not in bound])
    return reason


def computed(trial, model, inputs):
    """Compare what a model gives with what must come."""
    recurrent = bool(used_in(trial.model) & {"rnn", "gru", "lstm"})
    if recurrent and trial.model.graph.node[0].attribute[-1].name != "layout":
        inputs = [np.moveaxis(x, 1, 0) for x in inputs]
    given = tuple(map(get_backend("cpu").asarray, inputs))
    outputs = model.layer.forward(given if len(given) > 1 else given[0])
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    expected = [y for y in trial.outputs if y is not None]
    for y, wanted in zip(outputs, expected, strict=False):
        if recurrent and y.shape != wanted.shape:
            wanted = np.moveaxis(wanted, -2, 0)
        if y.shape != wanted.shape or y.dtype != wanted.dtype:
            return f"failed: {y.dtype} {y.shape} for {wanted.dtype} {wanted.shape}"
        if not np.allclose(y, wanted, trial.rtol, max(trial.atol, 1e-6), equal_nan=True):
            return f"failed: off by {np.abs(y - wanted).max()}"
    return "passed"


def main():
    import onnx

    results = defaultdict(Counter)
    reasons = []
    for trial in (*operator_trials(), *file_trials(onnx)):
        result = outcome(trial)
        kind = result.partition(":")[0]
        used = {node.op_type for node in trial.model.graph.node} - {"Constant"}
        results[min(used) if len(used) == 1 else "several"][kind] += 1
        results["all"][kind] += 1
        if used <= operators() and kind != "passed":
            reasons.append(f"{trial.name}: {result[:300]}")
    print("| operator | passed | refused | failed |")
    print("|---|---|---|---|")
    for op in (*sorted(operators()), "several", "all"):
        counts = results[op]
        print(f"| {op} | {counts['passed']} | {counts['refused']} | {counts['failed']} |")
    print(*reasons, sep="\n")


if __name__ == "__main__":
    main()
