"""Objects that can be made again from their configuration."""

import inspect
from collections.abc import Mapping
from typing import Any, Self


class Configurable:
    """Keeps each argument of its constructor in an attribute of the same name."""

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        try:
            config = self.get_config()
        except AttributeError:  # someone's layer that does not keep its arguments
            config = {}
        options = ", ".join(
            f"{key}={value!r}"
            for key, value in config.items()
            if repr(value) != repr(defaults[key].default) and key not in ("name", "seed")
        )
        return f"{type(self).__name__}({options})"

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same object again, as JSON can hold them."""
        arguments = inspect.signature(type(self).__init__).parameters
        return {name: getattr(self, name) for name in arguments if name != "self"}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make one from what `get_config` returned.

        Raises
        ------
        ValueError
            If there is an argument that the constructor does not know.
        """
        known = set(inspect.signature(cls.__init__).parameters) - {"self"}
        unknown = set(config) - known
        if unknown:
            raise ValueError(
                f"{cls.__name__} has no {sorted(unknown)}; its arguments are {sorted(known)}"
            )
        return cls(**config)
