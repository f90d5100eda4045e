"""ONNX files, with the class names in their metadata."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.exports.exporter_row import EXACT, Exporter, Source

OPSET = 17  # ONNX Runtime 1.12 and later


def write_onnx(source: Source, file: Path) -> None:
    """Write an ONNX file: `images`, float32 (batch, size, size, 3), to `probabilities`.

    Of texts it takes `token_ids`, int32 (batch, length), both of which are free.

    Args:
        source: Its model is converted.
        file: Gets the model; `class_names` (a JSON list) and how images become squares, or texts
            ids, are in its metadata.
    """
    import onnx
    import tf2onnx
    from tensorflow.python.framework import convert_to_constants

    from keras_transfer.evaluation.inference import trace_forward

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    # tf2onnx's own way from a function to a graph takes constants of the graph, such as the means
    # of EfficientNet's Normalization, for inputs, which every caller would have to feed.
    frozen = convert_to_constants.convert_variables_to_constants_v2(trace_forward(source.model))
    taken, answer = frozen.inputs[0].name, frozen.outputs[0].name
    proto, _ = tf2onnx.convert.from_graph_def(
        _allow_inlining(frozen.graph.as_graph_def()),
        name="classifier",
        input_names=[taken],
        output_names=[answer],
        opset=OPSET,
        custom_op_handlers={"Erfc": (_convert_erfc, [])},
        tensors_to_rename={taken: source.usage.input_name, answer: "probabilities"},
    )
    said = source.usage.to_notes() | {"class_names": json.dumps(source.usage.class_names)}
    onnx.helper.set_model_props(proto, {name: str(value) for name, value in said.items()})
    onnx.save(proto, file)


def _allow_inlining(graph: Any) -> Any:
    """Make calls plain: Keras compiles grouped convolutions, and tf2onnx knows no compiled call."""
    for part in (*graph.library.function, *graph.node):
        for name in ("_XlaMustCompile", "_noinline"):
            if name in part.attr:
                del part.attr[name]
    for node in graph.node:
        if node.op == "StatefulPartitionedCall":
            node.op = "PartitionedCall"
    return graph


def _convert_erfc(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write erfc(x), which TensorFlow makes of an exact GELU, as 1 - erf(x)."""
    outputs, shapes, dtypes = node.output, node.output_shapes, node.output_dtypes
    one = context.make_const(f"{name}_one", np.array(1.0, np.float32))
    erf = context.make_node("Erf", [node.input[0]])
    context.remove_node(node.name)
    inputs = [one.output[0], erf.output[0]]
    context.make_node("Sub", inputs, outputs=outputs, shapes=shapes, dtypes=dtypes, name=name)


ONNX = Exporter(
    file="model.onnx",
    write=write_onnx,
    limits=EXACT,
    packages=("onnx", "tf2onnx", "onnxruntime"),
)
