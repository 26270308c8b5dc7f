"""A Keras network as one ONNX file that takes RGB bytes and answers by name."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import onnx
import tensorflow as tf
import tf2onnx
from onnxruntime import InferenceSession, SessionOptions

OPSET = 17

LARGE = 100_000_000
"""Parameters beyond which weights are put in afterwards: tf2onnx copies constants until 24 GiB are too few."""


def write(model: keras.Model, path: Path, *, size: int) -> tuple[str, ...]:
    """Writes `model` with input `pixels` (uint8 N x size x size x 3) and gives the names of its outputs.

    `model` answers with a dict; each of its keys becomes an output.
    """
    names = tuple(model.output)
    proto = _converted(model, names, size=size, apart=model.count_params() > LARGE)
    _rename_outputs(proto, names)
    for value in [*proto.graph.input, *proto.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.checker.check_model(proto)
    onnx.save(proto, path)
    return names


def session(model: keras.Model, *, size: int, options: SessionOptions | None = None) -> InferenceSession:
    """ONNX Runtime with that graph, on the processor."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        write(model, path, size=size)
        return InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _converted(model: keras.Model, names: Sequence[str], *, size: int, apart: bool) -> onnx.ModelProto:
    """The network as a graph with its weights in it. `apart`: converted without them, as if they were inputs."""
    trainable, fixed = (model.trainable_variables, model.non_trainable_variables) if apart else ([], [])
    weights = {f"weight{place}": variable for place, variable in enumerate([*trainable, *fixed])}
    pixels = tf.TensorSpec((None, size, size, 3), tf.uint8, name="pixels")
    told = [tf.TensorSpec(variable.shape, variable.dtype, name=name) for name, variable in weights.items()]

    @tf.function(input_signature=[pixels, *told])
    def scores(pixels: tf.Tensor, *given: tf.Tensor) -> list[tf.Tensor]:
        seen = tf.cast(pixels, tf.float32)
        if apart:
            own, others = given[: len(trainable)], given[len(trainable) :]
            answer, _ = model.stateless_call(own, others, seen, training=False)
        else:
            answer = model(seen, training=False)
        return [tf.identity(answer[name], name=name) for name in names]

    proto, _ = tf2onnx.convert.from_function(scores, input_signature=scores.input_signature, opset=OPSET)
    used = {name for node in proto.graph.node for name in node.input}
    for value in [value for value in proto.graph.input if value.name in weights]:
        proto.graph.input.remove(value)
        if value.name in used:
            values = keras.ops.convert_to_numpy(weights[value.name])
            proto.graph.initializer.append(onnx.numpy_helper.from_array(values, value.name))
    return proto


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
