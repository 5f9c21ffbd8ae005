"""What acts in training alone."""

from ....layers import Dropout
from ..entry import Entry

ENTRIES = (Entry("Dropout", Dropout),)
