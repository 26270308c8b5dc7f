"""Golden cells: drawn cells with the logits that the model gave them when it was exported.

Replaying some says, without TensorFlow and without a patient's image, that decode-to-logit still is what was evaluated.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import Misconfigured
from app.vision.decode import Pixels, pixels_sha256
from app.vision.drawn import Look, draw
from app.vision.quality import gate
from app.vision.strict import parsed

if TYPE_CHECKING:
    from app.vision.classifier import Classifier

GOLDEN_CELLS = 16

ACTING = ("onnx_sha256", "prior_all", "preprocessing", "calibration", "thresholds", "conformal", "distance", "gate")
"""The parts of a card by which a cell is scored, refused or flagged."""

LOGIT_TOLERANCE = 2e-3
"""Other processors round otherwise; a changed pixel or weight moves a logit by far more."""


PROBABILITY_TOLERANCE = 5e-3
"""More than the other makes of a probability where a calibration is steepest: by a slope of 10."""


class GoldenDiffers(Misconfigured):
    code = "golden_differs"


class GoldenNotReadable(Misconfigured):
    code = "golden_not_readable"


@dataclass(frozen=True)
class GoldenCell:
    """One drawing by seed and look, the hash of its pixels, what the gate makes of it, and its score all the same."""

    seed: int
    look: str
    pixels_sha256: str
    unusable: str | None
    logit: float
    probability: float | None = None
    """As calibrated; None in a bundle that is older than this."""

    def pixels(self) -> Pixels:
        return draw(self.seed, Look(self.look))


def read_golden(folder: Path, *, card: Mapping[str, Any] | None = None) -> tuple[GoldenCell, ...]:
    """The golden cells of the bundle in `folder`; raises GoldenNotReadable, NotAsDeclared, or GoldenDiffers where they
    are of another `card`, by all of it that scores, refuses or flags. Cells of before do not say of which they are.
    """
    where = folder / "golden.json"
    try:
        raw = json.loads(where.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GoldenNotReadable(f"{where} cannot be read ({error}). Export the model again.") from None
    golden = parsed(_Golden, raw, where=str(where))
    if card is not None and golden.card_sha256 not in {None, acting_sha256(card)}:
        raise GoldenDiffers(
            f"{folder / 'card.json'} was changed since the bundle was exported, in what scores, refuses or flags. Take "
            "the bundle as it was."
        )
    return golden.cells


def acting_sha256(card: Mapping[str, Any]) -> str:
    """Of what a card, as JSON, has to say about any cell: the rest only tells of the model."""
    acting = {name: card[name] for name in ACTING}
    return hashlib.sha256(json.dumps(acting, sort_keys=True).encode()).hexdigest()


def golden_fault(classifier: "Classifier", *, numbers: Iterable[int]) -> str | None:
    """A sentence about the first of the numbered golden cells that comes out otherwise than at export, or None."""
    for number in numbers:
        if number < len(classifier.golden) and (fault := _fault(classifier, classifier.golden[number])):
            return f"golden cell {number}: {fault}"
    return None


def refuse_other_scores(classifier: "Classifier", *, count: int = 4) -> None:
    """Raises GoldenDiffers where the first golden cells do not come out as at export, or there are none."""
    fault = golden_fault(classifier, numbers=range(count)) if classifier.golden else "it has no golden cells"
    if fault:
        card = classifier.card
        raise GoldenDiffers(
            f"{card.name} {card.version} does not score as it did when it was exported: {fault}. Its files were "
            "changed since, or this machine computes otherwise. Take the bundle as it was."
        )


def look_golden(classifier: "Classifier", *, seed: int, look: Look) -> GoldenCell:
    """A drawing as this classifier sees it now; export writes these down."""
    pixels = draw(seed, look)
    refused, score = gate(pixels, limits=classifier.card.gate), classifier.score(pixels)
    return GoldenCell(
        seed=seed,
        look=look.value,
        pixels_sha256=pixels_sha256(pixels),
        unusable=refused.value if refused else None,
        logit=round(score.logit, 6),
        probability=round(score.probability, 6),
    )


def _fault(classifier: "Classifier", expected: GoldenCell) -> str | None:
    seen = look_golden(classifier, seed=expected.seed, look=Look(expected.look))
    if seen.pixels_sha256 != expected.pixels_sha256:
        return "the drawing has other pixels than at export"
    if seen.unusable != expected.unusable:
        return f"the gate says {seen.unusable or 'usable'} instead of {expected.unusable or 'usable'}"
    if not abs(seen.logit - expected.logit) <= LOGIT_TOLERANCE:
        return f"the logit is {seen.logit:.4f} instead of {expected.logit:.4f}"
    if expected.probability is None or seen.probability is None:
        return None
    if not abs(seen.probability - expected.probability) <= PROBABILITY_TOLERANCE:
        return f"the probability is {seen.probability:.4f} instead of {expected.probability:.4f}"
    return None


@dataclass(frozen=True)
class _Golden:
    cells: tuple[GoldenCell, ...]
    card_sha256: str | None = None
