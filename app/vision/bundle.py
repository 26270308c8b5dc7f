"""A model folder and what it says of itself: `card.json`, bound to `model.onnx` by its hash.

Whoever serves a model reads its card first, and a card that does not fit the model or this program is refused.
"""

import hashlib
import json
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from app.errors import Misconfigured
from app.vision.preprocess import REVISION
from app.vision.quality import GateLimits
from app.vision.strict import parsed

CLASSES = ("HEM", "ALL")
"""The one order of classes: HEM is a normal cell; the number is always P(ALL)."""

FORMAT = 1


class BundleNotFound(Misconfigured):
    code = "bundle_not_found"


class CardNotReadable(Misconfigured):
    code = "card_not_readable"


class CardDoesNotFit(Misconfigured):
    code = "card_does_not_fit"


@dataclass(frozen=True)
class Preprocessing:
    """`revision` of app.vision.preprocess that the model was trained on, and the side of its square input in pixels."""

    revision: int
    size: int


@dataclass(frozen=True)
class Calibration:
    """P(ALL) = sigmoid(slope * logit + bias) at the card's prior."""

    slope: float
    bias: float

    def probability(self, logit: float) -> float:
        """The calibrated P(ALL); the only place where a logit becomes a probability."""
        shifted = self.slope * logit + self.bias
        return 1.0 / (1.0 + math.exp(-shifted)) if shifted >= 0 else math.exp(shifted) / (1.0 + math.exp(shifted))


@dataclass(frozen=True)
class BandThresholds:
    """On the calibrated probability: below the first a cell is not suspected, from the second on it is suspected."""

    not_suspected_below: float
    suspected_from: float


@dataclass(frozen=True)
class Conformal:
    """A class is in the set where 1 - P(class) is at most its limit, which covers 1 - miscoverage of subjects."""

    miscoverage: float
    hem: float
    all: float

    def classes(self, probability: float) -> tuple[str, ...]:
        """The names of the classes that P(ALL) = `probability` does not rule out, in the order of CLASSES."""
        kept = (probability <= self.hem, 1.0 - probability <= self.all)
        return tuple(name for name, in_set in zip(CLASSES, kept, strict=True) if in_set)


@dataclass(frozen=True)
class Distance:
    """How far an embedding lies from the training cells: root mean square of (e - mean) / deviation, nearest class."""

    hem_mean: tuple[float, ...]
    all_mean: tuple[float, ...]
    deviation: tuple[float, ...]
    atypical_from: float


@dataclass(frozen=True)
class Card:
    """What `card.json` says. `raw` is the JSON as it stands there."""

    format: int
    name: str
    version: str
    for_demonstration: bool
    classes: tuple[str, ...]
    prior_all: float
    intended_use: str
    onnx_sha256: str
    outputs: tuple[str, ...]
    preprocessing: Preprocessing
    calibration: Calibration
    thresholds: BandThresholds
    conformal: Conformal
    distance: Distance | None
    gate: GateLimits
    cell_statistics: dict[str, Any]
    training: dict[str, Any]
    evaluation: dict[str, Any]
    raw: dict[str, Any]
    morphology: dict[str, Any] | None = None
    """Quantiles of each measure of `app.vision.morphology` over the training cells of each class."""


def read_card(folder: Path) -> Card:
    """The card of the bundle in `folder`, checked against the model beside it and against this program.

    Raises BundleNotFound, CardNotReadable, CardDoesNotFit or NotAsDeclared, each with the folder and what is wrong.
    """
    return card_for(folder, model=model_bytes(folder))


def model_bytes(folder: Path) -> bytes:
    """What is in `model.onnx`; raises BundleNotFound."""
    try:
        return (folder / "model.onnx").read_bytes()
    except OSError as error:
        raise BundleNotFound(
            f"There is no readable model.onnx in {folder} ({error.strerror}). Name a model folder."
        ) from None


def card_for(folder: Path, *, model: bytes) -> Card:
    """The card in `folder` as `read_card` gives it, for a model that is read already."""
    where = folder / "card.json"
    try:
        raw = json.loads(where.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleNotFound(
            f"There is no readable card.json in {folder} ({error.strerror}). Name a model folder."
        ) from None
    except ValueError as error:
        raise CardNotReadable(f"{where} is not JSON ({error}). Export the model again.") from None
    card = parse_card(raw, where=str(where))
    actual = hashlib.sha256(model).hexdigest()
    if card.onnx_sha256 != actual:
        raise CardDoesNotFit(
            f"{where} belongs to another model: it names {card.onnx_sha256[:12]}… and model.onnx is {actual[:12]}…. "
            "Put the two files of one export together."
        )
    return card


def parse_card(raw: Any, *, where: str) -> Card:
    """A card from its JSON; raises NotAsDeclared or CardDoesNotFit."""
    card = parsed(Card, {**raw, "raw": raw} if isinstance(raw, dict) else raw, where=where)
    for is_wrong, what in _faults(card):
        if is_wrong:
            raise CardDoesNotFit(f"{where}: {what}. Export the model with this version of Blastscreen.")
    return card


def _faults(card: Card) -> list[tuple[bool, str]]:
    revision, bands, prior = card.preprocessing.revision, card.thresholds, card.prior_all
    return [
        (card.format != FORMAT, f"format {card.format}, where this program reads {FORMAT}"),
        (card.classes != CLASSES, f"classes {card.classes}, where this program means {CLASSES}"),
        (revision != REVISION, f"preprocessing revision {revision}, where this program has {REVISION}"),
        ("logit" not in card.outputs, "the model has no output `logit`"),
        (not 0.0 < prior < 1.0, f"prior_all {prior} is not between 0 and 1"),
        (
            not 0.0 <= bands.not_suspected_below <= bands.suspected_from <= 1.0,
            "the bands are not in order within 0 to 1",
        ),
        (not card.calibration.slope > 0.0, "the calibration's slope is not positive"),
        (card.distance is not None and "embedding" not in card.outputs, "a distance, but no output `embedding`"),
        (card.distance is not None and not _same_length(card.distance), "the distance's vectors differ in length"),
    ]


def _same_length(distance: Distance) -> bool:
    vectors = [getattr(distance, field.name) for field in fields(distance) if field.name != "atypical_from"]
    return len({len(vector) for vector in vectors}) == 1
