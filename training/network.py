"""The network of a recipe: built, kept when it is trained, found again, and asked for its scores."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from app.errors import Misconfigured
from app.vision.decode import Pixels
from training import aside, backend
from training.dataset import Crops, plain
from training.parts import DONE, SCORES, WEIGHTS, Part
from training.recipe import Precision, Recipe, words_for


class NotTrained(Misconfigured):
    code = "not_trained"


def build(recipe: Recipe, *, precision: Precision = "float32") -> keras.Model:
    """The recipe's network with fresh weights. `precision` is a Keras dtype policy."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(precision)
    try:
        model = recipe.network(size=recipe.shrink_to or recipe.size, **recipe.network_options)
        if recipe.shrink_to:
            pixels = keras.Input((recipe.size, recipe.size, 3), dtype="float32", name="pixels")
            edge = ((recipe.frame or recipe.size) - recipe.size) // 2
            framed = keras.layers.ZeroPadding2D(edge, dtype="float32")(pixels) if edge else pixels
            shrunk = keras.layers.Resizing(recipe.shrink_to, recipe.shrink_to, dtype="float32")(framed)
            model = keras.Model(pixels, model(shrunk))
    finally:
        keras.mixed_precision.set_global_policy(before)
    return model


def answering(model: keras.Model, output: str, *, size: int) -> Callable[[Pixels], NDArray[np.float32]]:
    """From uint8 N x size x size x 3 to this output: by ONNX Runtime, as where it serves, which for ours takes a fifth
    of the time that TensorFlow does. By Keras itself under other backends, which write no graph.
    """
    if keras.config.backend() != "tensorflow":
        return lambda pixels: np.asarray(model.predict_on_batch(pixels.astype(np.float32))[output])
    from training import onnx_model  # noqa: PLC0415 - asks for TensorFlow, which other backends do without

    session = onnx_model.session(model, size=size)

    def answers(pixels: Pixels) -> NDArray[np.float32]:
        found: NDArray[np.float32] = session.run([output], {"pixels": pixels})[0]
        return found

    return answers


def scores(model: keras.Model, crops: Crops, chosen: NDArray[np.int64], *, size: int) -> dict[str, NDArray[np.float32]]:
    """`logit` (N) and, where the network has it, `embedding` (N x D) of unvaried crops, in the order of `chosen`."""
    collected: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(chosen), 128):
        answer = model.predict_on_batch(plain(crops, chosen[start : start + 128], size=size))
        for name in ("logit", "embedding"):
            if name in answer:
                collected.setdefault(name, []).append(np.asarray(answer[name], np.float32))
    joined = {name: np.concatenate(pieces) for name, pieces in collected.items()}
    joined["logit"] = joined["logit"][:, 0]
    return joined


def keep(
    recipe: Recipe, crops: Crops, part: Part, learned: keras.Model, *, seconds: float, epochs: int, seen: int
) -> None:
    """Writes float32 weights, the scores of the cells that the network never saw, and last the mark that it is done."""
    model = build(recipe)
    model.set_weights(learned.get_weights())
    model.save_weights(part.folder / WEIGHTS)
    if len(part.tested):
        found: dict[str, Any] = dict(scores(model, crops, part.tested, size=recipe.size))  # mypy: none is allow_pickle
        np.savez(part.folder / SCORES, tested=part.tested, **found)
    note = {
        "seconds": round(seconds),
        "device": backend.device(),
        "parameters": model.count_params(),
        "epochs": epochs,
        "seen": seen,
    }
    aside.write(part.folder / DONE, json.dumps(note))


def refuse_untrained(recipe: Recipe, parts: Sequence[Part]) -> None:
    """Raises NotTrained where one of the recipe's parts is not finished."""
    for part in parts:
        if not part.is_done:
            raise NotTrained(
                f"{part.folder.name} of recipe {recipe.name} is not trained. Run `{words_for(recipe.name)}` to the end."
            )


def trained(recipe: Recipe, part: Part) -> keras.Model:
    """The float32 network of a finished part; raises NotTrained."""
    refuse_untrained(recipe, [part])
    model = build(recipe)
    try:
        model.load_weights(part.folder / WEIGHTS)
    except (OSError, ValueError, KeyError) as error:
        raise part.damaged(error) from error
    return model
