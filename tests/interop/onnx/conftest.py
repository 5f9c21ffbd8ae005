"""Layers of the table beside ONNX's checker, onnxruntime, and themselves after a round trip."""

import numpy as np
import pytest

from onepath.backends import get_backend
from onepath.testing.cases import layer_cases
from onepath.testing.indexing import Indexed
from onepath.testing.joining import Joined

from . import operators

CASES = {case.name: case for case in layer_cases()}


class Built:
    """A layer of the table, built on the CPU, with weights that hide nothing, and inputs."""

    def __init__(self, name, dtype="float32", batch=3):
        self.name = name
        self.layer, self.shape = CASES[name].make(dtype), CASES[name].shape
        if isinstance(self.layer, Joined):
            self.layer, self.shape = self.layer.layer, self.layer.shapes
        if isinstance(self.layer, Indexed):
            self.layer = self.layer.layer
        self.layer.to("cpu").build(self.shape)
        self.several = self.layer.several
        if not self.several and isinstance(self.shape[0], tuple):
            (self.shape,) = self.shape
        rng = np.random.default_rng(5)
        for key, array in (self.layer.parameters | self.layer.state).items():
            array[...] = rng.uniform(-1, 1, array.shape)
            if key.endswith("variance"):
                array[...] = np.abs(array) + 0.5
        shapes = self.shape if self.several else (self.shape,)
        self.x = tuple(self._input(rng, shape, dtype, batch) for shape in shapes)

    def _input(self, rng, shape, dtype, batch):
        if self.layer.indices:
            return rng.integers(0, 3, (batch, *shape))
        return rng.standard_normal((batch, *shape)).astype(dtype)

    @property
    def given(self):
        """The inputs as a layer takes them."""
        return self.x if self.several else self.x[0]


@pytest.fixture(scope="session")
def built():
    """The function ``built(name, dtype="float32", batch=3)``."""
    return Built


@pytest.fixture(scope="session")
def infer():
    """What a layer gives, as a tuple."""

    def run(layer, given):
        y = layer.infer(given)
        return y if isinstance(y, tuple) else (y,)

    return run


@pytest.fixture(scope="session")
def run_onnx(onnxruntime):
    """The function ``run_onnx(model, *arrays)``: the outputs, by onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3

    last = [None, None]

    def run(model, *arrays):
        if last[0] is not model:
            last[:] = model, onnxruntime.InferenceSession(model.SerializeToString(), options)
        names = [each.name for each in last[1].get_inputs()]
        return last[1].run(None, dict(zip(names, arrays, strict=True)))

    return run


@pytest.fixture(scope="session")
def model_of(onnx):
    """The function ``model_of(nodes, inputs, outputs, weights={}, opset=21)``: a checked model.

    Nodes are ``(operator, inputs, outputs, attributes)``; inputs and outputs are shapes by name,
    and None is an output's that follows from the rest.
    """
    helper = onnx.helper

    def make(nodes, inputs, outputs, weights=None, opset=21, dtype=1):
        described = [
            [helper.make_tensor_value_info(name, dtype, shape) for name, shape in each.items()]
            for each in (inputs, outputs)
        ]
        graph = helper.make_graph(
            [
                helper.make_node(op, takes, gives, name=f"{op.lower()}_{n}", **attributes)
                for n, (op, takes, gives, attributes) in enumerate(nodes)
            ],
            "graph",
            *described,
            [onnx.numpy_helper.from_array(np.asarray(a), n) for n, a in (weights or {}).items()],
        )
        opsets = [helper.make_opsetid("", opset)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        return onnx.shape_inference.infer_shapes(model) if None in outputs.values() else model

    return make


@pytest.fixture(scope="session")
def operator_tests():
    """The module that runs ONNX's own tests."""
    return operators


@pytest.fixture(scope="session")
def host():
    return get_backend("cpu")
