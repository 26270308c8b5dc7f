"""A Keras network as one ONNX file that takes RGB bytes and answers by name."""

from pathlib import Path

import keras
import onnx
import tensorflow as tf
import tf2onnx

OPSET = 17


def write(model: keras.Model, path: Path, *, size: int) -> tuple[str, ...]:
    """Writes `model` with input `pixels` (uint8 N x size x size x 3) and gives the names of its outputs.

    `model` answers with a dict; each of its keys becomes an output.
    """
    names = tuple(model.output)

    @tf.function(input_signature=[tf.TensorSpec((None, size, size, 3), tf.uint8, name="pixels")])
    def scores(pixels: tf.Tensor) -> list[tf.Tensor]:
        answer = model(tf.cast(pixels, tf.float32), training=False)
        return [tf.identity(answer[name], name=name) for name in names]

    proto, _ = tf2onnx.convert.from_function(scores, input_signature=scores.input_signature, opset=OPSET)
    _rename_outputs(proto, names)
    for value in [*proto.graph.input, *proto.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.checker.check_model(proto)
    onnx.save(proto, path)
    return names


def _rename_outputs(proto: onnx.ModelProto, names: tuple[str, ...]) -> None:
    """Gives the graph's outputs, which come in the order of `names`, these names."""
    renamed = {value.name: name for value, name in zip(proto.graph.output, names, strict=True)}
    for value in proto.graph.output:
        value.name = renamed[value.name]
    for node in proto.graph.node:
        for place, name in enumerate(node.output):
            node.output[place] = renamed.get(name, name)
        for place, name in enumerate(node.input):
            node.input[place] = renamed.get(name, name)
