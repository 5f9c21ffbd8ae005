"""What an optimizer is given for a step."""

from collections.abc import Mapping

from ..backends import Array, Backend, DeviceMismatchError, backend_of


def checked(
    parameters: Mapping[str, Array],
    gradients: Mapping[str, Array],
    slots: Mapping[str, Mapping[str, Array]],
) -> list[Backend]:
    """Return the parameters' backends, if every parameter has a gradient and slots that fit.

    Parameters and errors are those of `Optimizer.update`.
    """
    if parameters.keys() != gradients.keys():
        raise ValueError(
            "parameters and gradients must have the same names; "
            f"without a gradient: {sorted(parameters.keys() - gradients.keys())}, "
            f"without a parameter: {sorted(gradients.keys() - parameters.keys())}"
        )
    backends = [backend_of(parameter) for parameter in parameters.values()]
    for (name, parameter), backend in zip(parameters.items(), backends, strict=True):
        if parameter.dtype.kind != "f":
            raise TypeError(f"parameter {name!r} must be floating, got {parameter.dtype}")
        for role, array in {"gradient": gradients[name], **slots.get(name, {})}.items():
            if not backend.owns(array):
                raise DeviceMismatchError(
                    f"parameter {name!r} is on {backend.name}, but its {role}, a "
                    f"{type(array).__module__}.{type(array).__qualname__}, is not: "
                    f"get_backend({backend.name!r}).asarray(...) moves host data there"
                )
            if (array.shape, array.dtype) != (parameter.shape, parameter.dtype):
                raise ValueError(
                    f"parameter {name!r} is {parameter.dtype} of shape {parameter.shape}, but "
                    f"its {role} {array.dtype} of shape {array.shape}; a slot that does not "
                    "fit has served another model, and slots.clear() forgets it"
                )
    return backends
