"""What CuPy has and nothing on the host computes: it is there, and says so when it is used."""

from inspect import Signature
from typing import Any


def function(name: str, signature: Signature | None = None) -> Any:
    """Return what stands for a function of that name."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"{name} is CuPy's, and the simulated device does not have it: nothing on the host "
            "computes it. Code that needs it can be tested on a GPU only"
        )

    refuse.__name__ = refuse.__qualname__ = name.rpartition(".")[2]
    if signature is not None:
        refuse.__signature__ = signature  # type: ignore[attr-defined]
    return refuse


def cls(name: str) -> type:
    """Return what stands for a class: it can be derived from and made, but its objects not used."""
    refuse = function(name)

    def use(self: Any, *args: Any) -> Any:
        return refuse()

    def attribute(self: Any, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return refuse()

    body = {
        "__init__": lambda self, *args, **kwargs: None,
        "__call__": lambda self, *args, **kwargs: refuse(),
        "__getattr__": attribute,
        "__getitem__": use,
        "__matmul__": use,
        "__mul__": use,
        "__module__": name.rpartition(".")[0],
    }
    return type(name.rpartition(".")[2], (), body)
