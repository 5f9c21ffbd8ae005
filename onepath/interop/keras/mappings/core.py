"""Products of matrices."""

from ....layers import Dense
from ..entry import Entry, Weight

ENTRIES = (Entry("Dense", Dense, (Weight("kernel"), Weight("bias"))),)
