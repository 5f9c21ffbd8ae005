"""An operator as the functions that read it see it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....layers import Layer
from ...errors import UnsupportedLayerError
from .values import Operand, Value


class Node:
    """A node of a graph: its operands, its attributes, and what its layers go into.

    Each attribute must have been asked for when the node has been read: one that a function does
    not know is refused, not passed over.

    Parameters
    ----------
    assembly : Assembly
        What layers are added to.
    proto : NodeProto
        The node itself.
    place : str
        Where it is, for messages.

    Attributes
    ----------
    op : str
        The operator.
    opset : int
        The version of the operators.
    operands : list of Value, array or None
        The inputs; None where one is left out.
    """

    def __init__(self, assembly: Any, proto: Any, place: str) -> None:
        self.assembly, self.proto, self.place = assembly, proto, place
        self.op: str = proto.op_type
        self.opset: int = assembly.opset
        self.operands: list[Operand | None] = [
            assembly.values[name] if name else None for name in proto.input
        ]
        get = assembly.onnx.helper.get_attribute_value
        self._attributes = {each.name: get(each) for each in proto.attribute}
        self._asked: set[str] = set()
        self._end: str = proto.output[0]

    # Attributes

    def attribute(self, name: str, default: Any = None) -> Any:
        """Return an attribute: a number, a tensor, or a list of numbers."""
        self._asked.add(name)
        return self._attributes.get(name, default)

    def integer(self, name: str, default: int) -> int:
        """Return a whole number."""
        return int(self.attribute(name, default))

    def integers(self, name: str, default: Sequence[int] = ()) -> tuple[int, ...]:
        """Return whole numbers."""
        return tuple(map(int, self.attribute(name, default)))

    def number(self, name: str, default: float) -> float:
        """Return a number: of all that float32 does not tell from it, the one that was meant."""
        return meant(self.attribute(name, default))

    def text(self, name: str, default: str) -> str:
        """Return a text."""
        value = self.attribute(name, default)
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    def refuse_unasked(self) -> None:
        """Raise if there is an attribute that nobody asked for."""
        unknown = sorted(self._attributes.keys() - self._asked)
        if unknown:
            raise self.refusal(f"has the attributes {unknown}, which no layer has")

    # Operands

    @property
    def x(self) -> Value:
        """The first operand, which must be computed, and have the batch first."""
        return self.first(self.value(0))

    @property
    def operand(self) -> Operand:
        """The first operand, computed or constant."""
        if not self.has(0):
            raise self.refusal("lacks its input")
        return self.operands[0]

    @property
    def values(self) -> list[Value]:
        """All operands that are computed."""
        return [operand for operand in self.operands if isinstance(operand, Value)]

    @property
    def constants(self) -> list[Any]:
        """All operands that are not."""
        there = [operand for operand in self.operands if operand is not None]
        return [operand for operand in there if not isinstance(operand, Value)]

    def has(self, index: int) -> bool:
        """Whether there is an operand of that number."""
        return index < len(self.operands) and self.operands[index] is not None

    def value(self, index: int) -> Value:
        """Return an operand that must be computed."""
        operand = self.operands[index] if self.has(index) else None
        if not isinstance(operand, Value):
            raise self.refusal(f"takes as input {index} what the model does not compute")
        return operand

    def constant(self, index: int, default: Any = None) -> Any:
        """Return an operand that must be constant; a default where it is left out."""
        if not self.has(index):
            if default is None:
                raise self.refusal(f"lacks its input {index}")
            return default
        operand = self.operands[index]
        if isinstance(operand, Value):
            name = self.proto.input[index]
            if self.assembly.is_given(name):
                raise self.refusal(
                    f"takes its input {index} from the model's input {name!r}, where a layer has "
                    f"weights: constants={{{name!r}: array}} binds it"
                )
            raise self.refusal(
                f"takes its input {index} ({name!r}) from what the model computes, where a layer "
                "has weights"
            )
        return operand

    def first(self, value: Value) -> Value:
        """Return a value that must have the batch first."""
        if value.batch != 0:
            raise self.refusal(f"takes the batch on axis {value.batch}; layers have it on axis 0")
        return value

    def axis(self, value: Value, axis: int) -> int:
        """Return which axis of a layer's batch is one of ONNX's, or raise if that is the batch."""
        if not -value.ndim <= axis < value.ndim:
            raise self.refusal(f"has axis {axis}, and its input {value.ndim} axes")
        axis %= value.ndim
        if axis == value.batch:
            raise self.refusal(f"works along axis {axis}, which is the batch")
        return axis + 1 if axis < value.batch else axis

    def expect(self, what: str, declared: int, stored: int) -> None:
        """Raise unless an input is as long as the weights for it; nothing is made before."""
        if declared != stored:
            raise self.refusal(f"gets {declared} {what}, and its weights are for {stored}")

    # What comes out

    def used(self, index: int) -> bool:
        """Whether anything takes an output."""
        names = self.proto.output
        return index < len(names) and bool(names[index]) and self.assembly.uses(names[index]) > 0

    def only_first(self) -> None:
        """Raise if another output than the first is taken."""
        for index in range(1, len(self.proto.output)):
            if self.used(index):
                raise self.refusal(f"gives a second output, {self.proto.output[index]!r}")

    def apply(self, layer: Layer, *values: Value, **weights: Any) -> Value:
        """Let a layer compute from values, and fill its parameters and state with weights."""
        result: Value = self.assembly.apply(self, layer, values, weights)
        return result

    def followed_by(self, op: str) -> Any:
        """Return the constant that is added to the output, say, and to it alone, or None."""
        return self.assembly.constant_behind(self._end, op)

    def absorb(self) -> None:
        """Take that operator as done by this node's layer, and look behind it from now on."""
        self._end = self.assembly.absorb(self._end)

    def refusal(self, what: str) -> UnsupportedLayerError:
        """Return the error that names the node and what about it no layer does."""
        return UnsupportedLayerError(f"{self.place} {what}")


def by_channel(array: Any, channels: int, rank: int) -> bool:
    """Whether an array has a number for each channel, in front of so many spatial axes."""
    shape = (channels, *(1,) * rank)
    return array is not None and array.shape in (shape, (1, *shape))


def meant(value: Any) -> float:
    """The shortest decimal that float32 does not tell from a number: 0.2 for 0.200000003."""
    return float(str(np.float32(value)))
