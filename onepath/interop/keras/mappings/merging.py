"""What makes one array of several."""

from ....layers import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from ..entry import Entry

ENTRIES = tuple(
    Entry(cls.__name__, cls)
    for cls in (Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate)
)
