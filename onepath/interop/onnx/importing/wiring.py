"""The layers that were read, as one layer."""

from ....layers import Graph, Identity, Layer, Sequential
from ...errors import UnsupportedLayerError
from .assembly import Assembly
from .values import Step, Value


def wired(assembly: Assembly, inputs: list[Value]) -> Layer:
    """Return a stack where each layer takes what the one before gives, or else a graph.

    Raises
    ------
    UnsupportedLayerError
        If an output is none that layers give.
    """
    outputs = [_output(assembly, each.name, inputs) for each in assembly.graph.output]
    names = [value.name for value in inputs]
    for place, output in enumerate(outputs):
        if output in names:
            outputs[place] = f"{output}.output"
            assembly.steps[outputs[place]] = Identity(), (output,)
    steps = _needed(assembly.steps, outputs)
    title = assembly.graph.name.replace("/", ".") or None
    if _is_stack(steps, names, outputs):
        for name, (layer, _) in steps.items():
            layer.name, layer._named = name, True
        return Sequential([layer for layer, _ in steps.values()], title)
    try:
        return Graph(names, steps, outputs, title)
    except ValueError as error:
        raise UnsupportedLayerError(f"the model makes no graph of layers: {error}") from error


def _output(assembly: Assembly, name: str, inputs: list[Value]) -> str:
    """The step that an output is of."""
    value = assembly.values.get(name)
    if not isinstance(value, Value):
        raise UnsupportedLayerError(f"the output {name!r} is a constant, which no layer gives")
    if value.batch and not any(each.batch for each in inputs):
        raise UnsupportedLayerError(
            f"the output {name!r} has the batch on axis {value.batch}, layers have it on axis 0"
        )
    return value.name


def _needed(steps: dict[str, Step], outputs: list[str]) -> dict[str, Step]:
    """The steps that outputs depend on."""
    wanted, kept = set(outputs), {}
    for name, step in reversed(steps.items()):
        if name in wanted:
            wanted.update(step[1])
            kept[name] = step
    return dict(reversed(kept.items()))


def _is_stack(steps: dict[str, Step], inputs: list[str], outputs: list[str]) -> bool:
    """Whether each step takes the one before alone, and the last is the output."""
    before = [*inputs, *steps]
    taken = [taken for _, taken in steps.values()]
    return bool(steps) and taken == [(name,) for name in before[:-1]] and outputs == before[-1:]
