"""An ONNX graph, brought into the form of our own generators."""

from collections.abc import Iterator

import numpy as np
import onnx
import onnx.compose
import onnx.inliner
import onnx.version_converter
import torch
from onnx import TensorProto

from curvegan.errors import CurveganError
from train.export.onnx_models import strip_metadata
from train.export.parity import noise_to_compare
from train.export.seed_rule import IR_VERSION, OPSET
from train.importing.given import checked_points
from train.importing.onnx_file import STANDARD, OnnxModule, first_line, noise_input, opset_of

# So that no name of a graph meets one of the seed rule's.
_PREFIX = "given."
# Numbers in the vectors of processors: at most 16, and a row has one at least.
SPARE_ROWS = 15
_ROWS = 1_000


def with_standard_operators(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Returns a copy of `model` that consists of standard operators, without functions.

    Raises CurveganError for one that has others.
    """
    whole = onnx.inliner.inline_local_functions(model)
    # Many of the operators that came later are functions of earlier ones.
    later = [("", kind) for kind in _lacking(whole)]
    if later:
        whole = onnx.inliner.inline_selected_functions(whole, later, inline_schema_functions=True)
    lacking = _lacking(whole)
    if lacking:
        raise CurveganError(
            f"{name} has the operators {', '.join(lacking)}, which opset {OPSET} of ONNX does not "
            f"have: export it again with opset_version={OPSET} and standard operators"
        )
    opset = onnx.helper.make_opsetid("", opset_of(whole))
    del whole.opset_import[:]
    whole.opset_import.append(opset)
    return whole


def to_generator_graph(
    model: onnx.ModelProto, name: str, n_noise: int, n_points: int
) -> onnx.ModelProto:
    """Returns `model`, of standard operators, as `train.export.onnx_models.generator_onnx` makes
    them: for any number of rows, from `noise` to `curves`, of the opset and the IR version that old
    runtimes read.

    Where onnxruntime gives a row other bytes in another batch, spare rows stand behind the noise:
    it computes some functions, such as Exp, in vectors of numbers and what is left over one by one,
    with another last bit.

    Raises CurveganError if that can't be done.
    """
    model = _for_any_rows(model, name, n_points)
    whole = _joined(model, name, n_noise, n_points, spare_rows=0)
    if not _keeps_bytes(OnnxModule(whole, name), name, n_noise):
        whole = _joined(model, name, n_noise, n_points, SPARE_ROWS)
    return whole


def _for_any_rows(model: onnx.ModelProto, name: str, n_points: int) -> onnx.ModelProto:
    """Returns `model` of the opset that old runtimes read, and without a size of its batch."""
    graph = model.graph
    source = noise_input(model, name)
    # What the graph says of the sizes in between, it says of its own batch.
    del graph.value_info[:]
    source.type.tensor_type.shape.dim[0].dim_param = "n"
    graph.output[0].CopyFrom(_value(graph.output[0].name, n_points))
    try:
        if opset_of(model) != OPSET:
            model = onnx.version_converter.convert_version(model, OPSET)
        return onnx.compose.add_prefix(model, _PREFIX)
    except (RuntimeError, ValueError) as error:
        raise _not_writable(name, error) from error


def _joined(
    model: onnx.ModelProto, name: str, n_noise: int, n_points: int, spare_rows: int
) -> onnx.ModelProto:
    """Returns the model from `noise` to `curves` by way of `model`, and of `spare_rows`."""
    node, graph = onnx.helper.make_node, model.graph
    source, result = noise_input(model, name).name, graph.output[0].name
    constants: list[onnx.TensorProto] = []
    if spare_rows:
        spare = np.zeros((spare_rows, n_noise), np.float32)
        numbers = {"first_row": 0, "first_spare_row": -spare_rows, "along_rows": 0}
        constants = [onnx.numpy_helper.from_array(spare, "spare_rows")]
        constants += [
            onnx.numpy_helper.from_array(np.array([number]), key) for key, number in numbers.items()
        ]
        before = node("Concat", ["noise", "spare_rows"], [source], axis=0)
        after = node("Slice", [result, *numbers], ["curves"])
    else:
        before = node("Identity", ["noise"], [source])
        after = node("Identity", [result], ["curves"])
    joined = onnx.helper.make_graph(
        [before, *graph.node, after],
        "generator",
        [_value("noise", n_noise)],
        [_value("curves", n_points)],
        [*graph.initializer, *constants],
        sparse_initializer=graph.sparse_initializer,
    )
    opset = onnx.helper.make_opsetid("", OPSET)
    whole = onnx.helper.make_model(joined, opset_imports=[opset], ir_version=IR_VERSION)
    strip_metadata(whole)
    try:
        onnx.checker.check_model(whole, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise _not_writable(name, error) from error
    return whole


def _keeps_bytes(generator: OnnxModule, name: str, n_noise: int) -> bool:
    """Returns whether a row has the same bytes alone and in a batch. Raises CurveganError for a
    graph that is built for one size of batch."""
    checked_points(name, generator, n_noise)
    noise = torch.from_numpy(noise_to_compare(n_noise)[:_ROWS])
    alone = torch.cat([generator(row) for row in noise.unsqueeze(1)])
    return torch.equal(alone.view(torch.int32), generator(noise).view(torch.int32))


def _not_writable(name: str, error: Exception) -> CurveganError:
    return CurveganError(
        f"{name} can't be written for any number of rows in opset {OPSET}, which old runtimes "
        f"read: {first_line(error)}; export it again with opset_version={OPSET} and dynamic rows"
    )


def _lacking(model: onnx.ModelProto) -> list[str]:
    """Returns the operators that are not among the standard's of OPSET."""
    return sorted(
        {
            f"{node.domain}.{node.op_type}".lstrip(".")
            for node in _nodes(model.graph)
            if node.domain not in STANDARD or not onnx.defs.has(node.op_type, OPSET, "")
        }
    )


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yields the nodes of a graph, and those of the graphs within."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for within in (attribute.g, *attribute.graphs):
                yield from _nodes(within)


def _value(name: str, width: int) -> onnx.ValueInfoProto:
    return onnx.helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])
