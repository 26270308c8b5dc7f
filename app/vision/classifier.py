"""Pixels -> Score, by an ONNX model and the card beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from app.errors import Misconfigured
from app.vision.bundle import Card, CardDoesNotFit, card_for, model_bytes
from app.vision.decode import Pixels
from app.vision.distance import to_classes
from app.vision.golden import GoldenCell, read_golden
from app.vision.preprocess import crop

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


class ModelNotLoadable(Misconfigured):
    code = "model_not_loadable"


@dataclass(frozen=True)
class Score:
    """What the model says of one cell. `logit` is as the network gives it, `probability` is calibrated P(ALL)."""

    logit: float
    probability: float
    atypical: bool
    """The conformal set is not exactly one class, or the cell is far from the training cells."""
    distance: float | None = None
    """From the training cells, those of the nearer class; None for a model without embedding."""
    conformal_set: tuple[str, ...] = ()
    cam: NDArray[np.float32] | None = None
    """Class activation map, float32 h x w over the network's input square; its mean is the logit."""
    embedding: NDArray[np.float32] | None = None
    """The network's D numbers for this cell, before the head; None for a model that does not give them."""


class Classifier(Protocol):
    """Scores cells by one model, whose card and golden cells it carries."""

    @property
    def card(self) -> Card: ...

    @property
    def golden(self) -> tuple[GoldenCell, ...]: ...

    def score(self, pixels: Pixels) -> Score: ...


class OnnxClassifier:
    """A bundle's model in ONNX Runtime on the CPU: one session, safe to use from several threads at once.

    Raises what `read_card` raises, CardDoesNotFit also where the model's input or embedding has another size than the
    card says, and ModelNotLoadable where the model is no ONNX file or lacks what its card names.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        model = model_bytes(folder)
        self.card = card_for(folder, model=model)
        self.golden = read_golden(folder, card=self.card.raw)
        self._session = _session(model, folder=folder, threads=threads)
        self._outputs = list(self.card.outputs)
        there = {output.name for output in self._session.get_outputs()}
        if missing := set(self._outputs) - there:
            raise ModelNotLoadable(
                f"model.onnx in {folder} lacks the output {', '.join(sorted(missing))}. Export it again."
            )
        _refuse_other_sizes(self._session, self.card, folder=folder)
        self._input = self._session.get_inputs()[0].name

    def score(self, pixels: Pixels) -> Score:
        """The score of one cell, uint8 H x W x 3 RGB on black, whether or not the gate would pass it."""
        square = crop(pixels, size=self.card.preprocessing.size)
        answer = dict(zip(self._outputs, self._session.run(self._outputs, {self._input: square[None]}), strict=True))
        logit = float(answer["logit"][0, 0])
        probability = self.card.calibration.probability(logit)
        conformal_set = self.card.conformal.classes(probability)
        told = self.card.distance
        distance = min(to_classes(answer["embedding"][0], told=told).values()) if told else None
        far = told is not None and distance is not None and distance >= told.atypical_from
        return Score(
            logit=logit,
            probability=probability,
            atypical=far or len(conformal_set) != 1,
            distance=distance,
            conformal_set=conformal_set,
            cam=answer["cam"][0, :, :, 0] if "cam" in answer else None,
            embedding=answer["embedding"][0] if "embedding" in answer else None,
        )


def _refuse_other_sizes(session: "InferenceSession", card: Card, *, folder: Path) -> None:
    side = card.preprocessing.size
    told = {"input": [side, side, 3]} | ({"embedding": [len(card.distance.deviation)]} if card.distance else {})
    there = {output.name: output.shape[1:] for output in session.get_outputs()}
    there["input"] = session.get_inputs()[0].shape[1:]
    for what, shape in told.items():
        left_open = any(not isinstance(length, int) for length in there[what])
        if there[what] != shape and not left_open:
            raise CardDoesNotFit(
                f"{folder / 'card.json'} says {what} {_sides(shape)}, and model.onnx has {_sides(there[what])}. "
                "Export the model again."
            )


def _sides(shape: Sequence[object]) -> str:
    return " x ".join(map(str, shape))


def _session(model: bytes, *, folder: Path, threads: int) -> "InferenceSession":
    # Imported here: half a second that only those who score should pay.
    from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415
    from onnxruntime.capi import onnxruntime_pybind11_state as refusals  # noqa: PLC0415

    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except (refusals.Fail, refusals.InvalidGraph, refusals.InvalidProtobuf, refusals.NotImplemented) as error:
        raise ModelNotLoadable(f"model.onnx in {folder} cannot be loaded ({error}). Export it again.") from error
