"""How a worker and the process that started it talk: pickles over two pipes."""

import pickle
from typing import IO, Any


class Channel:
    """One end of a conversation; both ends are this program, so pickles do no harm.

    Parameters
    ----------
    incoming, outgoing : binary files
        The pipes.
    """

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def send(self, message: Any) -> None:
        """Send anything that can be pickled."""
        pickle.dump(message, self._outgoing)
        self._outgoing.flush()

    def receive(self) -> Any:
        """Wait for a message; EOFError says that the other end is gone."""
        try:
            return pickle.load(self._incoming)
        except pickle.UnpicklingError as error:  # it was gone in the midst of a message
            raise EOFError(str(error)) from None
