"""What must hold of a file before anything is made of it.

Files may come from anywhere. Nothing in them is code here: operators are those of a closed table,
no other file is opened, and no name is used as a path.
"""

from collections.abc import Iterator
from typing import Any

from ...errors import CorruptFileError, UnsupportedLayerError
from ..package import NEWEST, OLDEST
from .table import operators
from .tensors import refuse_external

DEFAULT_DOMAINS = ("", "ai.onnx")


def decoded(onnx: Any, data: bytes, path: Any) -> Any:
    """Return the model that a file's bytes describe.

    Raises
    ------
    CorruptFileError
        If they describe none.
    """
    from google.protobuf.message import DecodeError  # what onnx stands on

    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise CorruptFileError(f"{path} is no ONNX file, or is damaged: {error}") from None
    return model


def checked(onnx: Any, model: Any) -> int:
    """Return the version of the operators of a model that holds nothing unexpected, or raise.

    Raises
    ------
    CorruptFileError
        If it is not what ONNX allows.
    UnsupportedLayerError
        If it holds what is not read: functions, subgraphs, other domains, unknown operators.
    """
    opset = _opset(onnx, model)
    graph = model.graph
    if any(isinstance(name, bytes) for name in _names(graph)):  # what protobuf makes of no UTF-8
        raise CorruptFileError("the model is damaged: a name in it is no text")
    if model.functions or model.training_info or graph.sparse_initializer:
        raise UnsupportedLayerError(
            "the model has functions, training graphs or sparse weights, which are not read: "
            "export it without"
        )
    foreign = sorted({n.domain for n in graph.node if n.domain not in DEFAULT_DOMAINS})
    if foreign:
        raise UnsupportedLayerError(
            f"the model has operators of the domains {foreign}; ONNX's own alone are read"
        )
    unknown = sorted({n.op_type for n in graph.node} - operators())
    if unknown:
        places = [f"{n.op_type} at {place_of(n)}" for n in graph.node if n.op_type in unknown]
        raise UnsupportedLayerError(
            f"no layer computes {', '.join(unknown)} ({', '.join(places[:5])}); operators that can "
            f"be read are {', '.join(sorted(operators()))}"
        )
    for place, attribute in _attributes(graph):
        _check_attribute(onnx, attribute, place)
    for tensor in graph.initializer:
        refuse_external(onnx, tensor, "initializers")
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, UnicodeDecodeError) as error:
        raise CorruptFileError(f"the model is not what ONNX allows: {error}") from None
    return opset


def place_of(node: Any) -> str:
    """Where a node is, for messages: its name, or else what it gives."""
    return repr(node.name or next(filter(None, node.output), "?"))


def _opset(onnx: Any, model: Any) -> int:
    versions = [each.version for each in model.opset_import if each.domain in DEFAULT_DOMAINS]
    if not model.HasField("graph") or len(versions) != 1:
        raise CorruptFileError("the model has no graph, or no version of its operators")
    if model.ir_version > onnx.IR_VERSION:
        raise UnsupportedLayerError(
            f"the model is of format {model.ir_version}, the installed onnx knows "
            f"{onnx.IR_VERSION}: pip install --upgrade onnx"
        )
    opset = int(versions[0])
    if not OLDEST <= opset <= NEWEST:
        raise UnsupportedLayerError(
            f"the model has operators of version {opset}; {OLDEST} to {NEWEST} are read"
        )
    return opset


def _names(graph: Any) -> Iterator[Any]:
    """All names that matter."""
    yield graph.name
    for each in (*graph.input, *graph.output, *graph.initializer):
        yield each.name
    for node in graph.node:
        yield from (node.op_type, node.domain, node.name, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)


def _attributes(graph: Any) -> Iterator[tuple[str, Any]]:
    """Each attribute, with where it is."""
    for node in graph.node:
        for attribute in node.attribute:
            yield f"{node.op_type} at {place_of(node)}", attribute


def _check_attribute(onnx: Any, attribute: Any, place: str) -> None:
    """Raise if an attribute is a graph, refers to a function's, or lies in another file."""
    kinds = onnx.AttributeProto
    plain = (kinds.FLOAT, kinds.INT, kinds.STRING, kinds.TENSOR, kinds.FLOATS, kinds.INTS)
    if attribute.ref_attr_name or attribute.type not in (*plain, kinds.STRINGS):
        raise UnsupportedLayerError(
            f"{place}: the attribute {attribute.name!r} is a graph, or of another kind that is not "
            "read"
        )
    if attribute.type == kinds.TENSOR:
        refuse_external(onnx, attribute.t, place)
