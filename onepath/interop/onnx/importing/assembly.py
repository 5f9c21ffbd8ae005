"""A graph of operators, made into a graph of layers."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from ....layers import Layer
from ...errors import CorruptFileError, UnsupportedLayerError
from .node import Node
from .reading import place_of
from .table import read_of
from .tensors import array_of
from .values import Operand, Step, Value


class Assembly:
    """Reads node after node, and keeps the layers that they become.

    Parameters
    ----------
    onnx : module
        The onnx package.
    graph : GraphProto
        Checked.
    opset : int
        The version of its operators.
    values : dict of str to Value or array
        The graph's inputs.

    Attributes
    ----------
    values : dict of str to Value or array
        All that was computed so far, and constants, by ONNX's names.
    steps : dict of str to Step
        The layers, each with the names of the inputs and steps that it takes.
    batch : int
        The batch's length where the file says it, or else what stands for it.
    """

    def __init__(
        self, onnx: Any, graph: Any, opset: int, values: Mapping[str, Operand], batch: int
    ) -> None:
        self.onnx, self.graph, self.opset, self.batch = onnx, graph, opset, batch
        self.values: dict[str, Operand] = dict(values)
        self.steps: dict[str, Step] = {}
        self._names = Counter(value.name for value in values.values() if isinstance(value, Value))
        self._inputs = set(values)
        self._outputs = {output.name for output in graph.output}
        self._consumers: dict[str, list[Any]] = {}
        self._absorbed: dict[str, str] = {}
        for proto in graph.node:
            for name in proto.input:
                self._consumers.setdefault(name, []).append(proto)

    def read(self) -> None:
        """Read all nodes; constants first, as a layer may look for a bias behind it."""
        for tensor in self.graph.initializer:
            if tensor.name not in self.values:
                self.values[tensor.name] = array_of(self.onnx, tensor, "initializers")
        rest = []
        for proto in self.graph.node:
            known = all(name in self.values for name in proto.input if name)
            if known and not any(isinstance(self.values[n], Value) for n in proto.input if n):
                self._read(proto)
            else:
                rest.append(proto)
        for proto in rest:
            self._read(proto)

    def _read(self, proto: Any) -> None:
        place = f"{proto.op_type} at {place_of(proto)}"
        if proto.output[0] in self._absorbed:
            self.values[proto.output[0]] = self.values[self._absorbed[proto.output[0]]]
            return
        for name in proto.input:
            if name and name not in self.values:
                raise UnsupportedLayerError(f"{place} takes {name!r}, which nothing gives")
        node = Node(self, proto, place)
        try:
            result = read_of(proto.op_type)(node)
        except (UnsupportedLayerError, CorruptFileError):
            raise
        except (TypeError, ValueError, LookupError, ArithmeticError) as error:
            raise node.refusal(f"fits no layer: {error}") from error
        node.refuse_unasked()
        if not isinstance(result, dict):
            node.only_first()
            result = {0: result}
        self.values.update({proto.output[index]: each for index, each in result.items()})

    def apply(
        self, node: Node, layer: Layer, values: tuple[Value, ...], weights: Mapping[str, Any]
    ) -> Value:
        """Add a layer that takes values, and fill its parameters and state with weights."""
        if len({value.batch for value in values}) != 1:
            raise node.refusal("takes the batch on different axes")
        dtypes = {value.dtype for value in values} | {str(each.dtype) for each in weights.values()}
        if len(dtypes - {"int32", "int64"}) > 1:
            raise node.refusal(f"mixes {sorted(dtypes)}")
        if not layer.indices and not all(value.dtype.startswith("float") for value in values):
            raise node.refusal("computes with whole numbers")
        shapes = tuple(value.shape for value in values)
        shape: Any = shapes if layer.several else shapes[0]
        layer.build(shape, "cpu")
        arrays = layer.parameters | layer.state
        for name, array in weights.items():
            if arrays[name].shape != array.shape:
                raise node.refusal(
                    f"has for {name!r} an array of shape {array.shape}, and "
                    f"{type(layer).__name__} holds {arrays[name].shape}"
                )
            arrays[name][...] = array
        name = self._name(node)
        self.steps[name] = layer, tuple(value.name for value in values)
        dtype = str(layer.variable_dtype) if layer.dtype else values[0].dtype
        return Value(name, layer.compute_output_shape(shape), dtype, values[0].batch)

    def _name(self, node: Node) -> str:
        """A name for a layer, as like the node's as can be; no other has it."""
        name = (node.proto.name or node.op.lower()).strip("/").replace("/", ".") or node.op.lower()
        self._names[name] += 1
        if self._names[name] == 1:
            return name
        unique = f"{name}_{self._names[name]}"
        self._names[unique] += 1
        return unique

    # What comes behind

    def is_given(self, name: str) -> bool:
        """Return whether something is an input of the model."""
        return name in self._inputs

    def uses(self, name: str) -> int:
        """Return how often something is taken, by nodes or as an output."""
        return len(self._consumers.get(name, ())) + (name in self._outputs)

    def constant_behind(self, name: str, op: str) -> Any:
        """Return the constant that an operator takes with something nothing else takes, or None."""
        consumers = self._consumers.get(name, [])
        if len(consumers) != 1 or name in self._outputs:
            return None
        if consumers[0].op_type != op or consumers[0].attribute:
            return None
        others = [self.values.get(each) for each in consumers[0].input if each != name]
        return others[0] if len(others) == 1 and isinstance(others[0], np.ndarray) else None

    def absorb(self, name: str) -> str:
        """Take that operator as done; return what it gives."""
        output = str(self._consumers[name][0].output[0])
        self._absorbed[output] = name
        return output
