"""Objects that can be made again from their configuration."""

import inspect
from collections.abc import Mapping
from typing import Any, Self


class Configurable:
    """Keeps each argument of its constructor in an attribute of the same name."""

    def __repr__(self) -> str:
        defaults = _arguments(type(self))
        try:
            given = {name: self._argument(name) for name in defaults}
        except AttributeError:  # someone's class that does not keep its arguments
            given = {}
        options = ", ".join(
            f"{key}={value!r}"
            for key, value in given.items()
            if repr(value) != repr(self._left_out(key, defaults[key].default))
            and key not in ("name", "seed")
        )
        return f"{type(self).__name__}({options})"

    def _left_out(self, name: str, default: Any) -> Any:
        """What an argument becomes if it is left out."""
        return default

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the same object again, as JSON can hold them."""
        return {name: _described(self._argument(name)) for name in _arguments(type(self))}

    def _argument(self, name: str) -> Any:
        """What was given for an argument."""
        return getattr(self, name)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make one from what `get_config` returned.

        Raises
        ------
        ValueError
            If there is an argument that the constructor does not know.
        """
        known = _arguments(cls)
        unknown = config.keys() - known.keys()
        if unknown:
            raise ValueError(
                f"{cls.__name__} has no {sorted(unknown)}; its arguments are {sorted(known)}"
            )
        return cls(**config)


def _described(value: Any) -> Any:
    """An option as JSON can hold it: one that is an object, by its class and configuration."""
    if isinstance(value, Configurable):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    return value


def _arguments(cls: type) -> dict[str, inspect.Parameter]:
    """The constructor's named arguments, without ``self``; ``**rest`` are those of a base class."""
    found: dict[str, inspect.Parameter] = {}
    for each in (each for each in cls.__mro__ if "__init__" in vars(each)):
        _, *arguments = inspect.signature(each.__init__).parameters.values()  # type: ignore[misc]
        kinds = {argument.kind for argument in arguments}
        for argument in arguments:
            if argument.kind not in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
                found.setdefault(argument.name, argument)
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            break
    return found
