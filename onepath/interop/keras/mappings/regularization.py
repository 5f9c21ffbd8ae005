"""What acts in training alone."""

from ....layers import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from ..entry import Entry

ENTRIES = (
    Entry("Dropout", Dropout),
    Entry("SpatialDropout1D", SpatialDropout1D, fixed={"data_format": "channels_last"}),
    Entry("SpatialDropout2D", SpatialDropout2D),
    Entry("SpatialDropout3D", SpatialDropout3D),
)
