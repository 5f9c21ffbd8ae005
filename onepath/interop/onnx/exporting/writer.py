"""The graph that an export writes, node by node."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ....layers import Layer
from ....layers.base import Shape
from ...errors import UnsupportedLayerError
from .table import Names, Shapes, export_of


class Writer:
    """Collects nodes and initializers; knows each value's dtype, and in which layer it is.

    Parameters
    ----------
    onnx : module
        The onnx package.

    Attributes
    ----------
    nodes : list of NodeProto
        In the order of computation.
    initializers : dict of str to TensorProto
        What layers hold, by the names of `Layer.parameters`.
    dtypes : dict of str to str
        Of each value.
    """

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.dtypes: dict[str, str] = {}
        self._path: list[str] = []
        self._counts: Counter[str] = Counter()
        self._transposed: dict[str, tuple[str, Shape]] = {}

    def layer(self, layer: Layer, x: Names, shape: Shapes) -> Names:
        """Write a layer that gets x, of samples of a shape; return what comes out."""
        export = export_of(layer, self.place(layer))
        if layer.dtype is not None and not layer.indices:
            x = each(lambda name: self.cast(name, str(layer.variable_dtype)), x)
        return export(self, layer, x, shape)

    def child(self, layer: Layer, x: Names, shape: Shapes) -> Names:
        """Write a layer inside the one that is being written."""
        return self.within(layer, lambda: self.layer(layer, x, shape))

    def within(self, layer: Layer, write: Callable[[], Any]) -> Any:
        """Write something in the name of a layer inside the one that is being written."""
        self._path.append(layer.name)
        try:
            return write()
        finally:
            self._path.pop()

    def place(self, layer: Layer) -> str:
        """Where a layer is, for messages."""
        return f"{layer.title} at {'/'.join(self._path)!r}" if self._path else layer.title

    def refusal(self, layer: Layer, what: str) -> UnsupportedLayerError:
        """Return the error that names a layer and what about it ONNX cannot say."""
        return UnsupportedLayerError(f"{self.place(layer)}: {what}")

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Write an operator of one output; return that, of the first input's dtype."""
        return self.nodes_of(op, inputs, 1, **attributes)[0]

    def nodes_of(
        self, op: str, inputs: Sequence[str], outputs: int, **attributes: Any
    ) -> tuple[str, ...]:
        """Write an operator; return its outputs, of the first input's dtype."""
        name = self._fresh(op.lower())
        names = tuple(name if not n else f"{name}:{n}" for n in range(outputs))
        node = self.onnx.helper.make_node(op, inputs, names, name=name, **attributes)
        self.nodes.append(node)
        self.dtypes.update(dict.fromkeys(names, self.dtypes[inputs[0]]))
        return names

    def constant(self, name: str, array: Any) -> str:
        """Keep an array of the host; return its name."""
        name = self._fresh(name)
        array = np.ascontiguousarray(array).reshape(np.shape(array))
        self.initializers[name] = self.onnx.numpy_helper.from_array(array, name)
        self.dtypes[name] = str(array.dtype)
        return name

    def ints(self, name: str, values: Sequence[int]) -> str:
        """Keep whole numbers, as shapes and axes are given."""
        return self.constant(name, np.array(values, dtype=np.int64))

    def number(self, like: str, value: float) -> str:
        """Keep a number of another value's dtype."""
        return self.constant("number", np.array(value, dtype=self.dtypes[like]))

    def parameter(self, layer: Layer, name: str) -> str:
        """Keep a parameter or state of a layer."""
        return self.constant(name, self.array(layer, name))

    def array(self, layer: Layer, name: str) -> Any:
        """Return a parameter or state of a layer, on the host."""
        return layer.home.to_numpy((layer.parameters | layer.state)[name])

    def cast(self, x: str, dtype: str) -> str:
        """Convert a value, unless it is of the dtype."""
        if self.dtypes[x] == dtype:
            return x
        y = self.node("Cast", x, to=self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
        self.dtypes[y] = dtype
        return y

    def transpose(self, x: str, axes: Sequence[int]) -> str:
        """Transpose a value; a transposition of a transposition is one of what it was made from."""
        axes = tuple(axes)
        if x in self._transposed:
            x, before = self._transposed[x]
            axes = tuple(before[axis] for axis in axes)
        if axes == tuple(range(len(axes))):
            return x
        y = self.node("Transpose", x, perm=axes)
        self._transposed[y] = x, axes
        return y

    def needed(self, outputs: Sequence[str]) -> list[Any]:
        """Return the nodes that outputs depend on; undone transpositions leave some over."""
        wanted, kept = set(outputs), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input)
                kept.append(node)
        return kept[::-1]

    def _fresh(self, name: str) -> str:
        """A name that no other has, with the path to the layer."""
        full = "/".join((*self._path, name))
        self._counts[full] += 1
        return full if self._counts[full] == 1 else f"{full}_{self._counts[full]}"


def each(function: Any, x: Names) -> Names:
    """Return what a function makes of a name, or of each of several."""
    return tuple(map(function, x)) if isinstance(x, tuple) else function(x)
