"""The exception of the data sets."""


class DatasetUnavailableError(RuntimeError):
    """A data set cannot be had here; the message says what was tried and what to do."""
