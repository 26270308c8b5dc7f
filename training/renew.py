"""A bundle that is there told anew: card.json and MODEL_CARD.md with what was measured since, and its time."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from app.vision.bundle import parse_card
from app.vision.classifier import OnnxClassifier
from app.vision.drawn import CELLS, draw
from training import failures, stopwatch
from training.model_card import text


def renew(bundle: Path, *, morphology: dict[str, Any] | None, **evaluated: Any) -> Path:
    """Puts morphology and these parts of the evaluation into the card, times the model, and writes MODEL_CARD.md anew.

    Gives that file. Raises FigureMissing, and what OnnxClassifier raises; nothing is touched then.
    """
    classifier = OnnxClassifier(bundle)
    card = classifier.card.raw
    evaluation = {**card["evaluation"], **evaluated, "milliseconds": milliseconds(classifier)}
    renewed = {**card, "morphology": morphology, "evaluation": evaluation}
    evaluation["known_failures"] = failures.listed(renewed)
    parse_card(renewed, where=f"the renewed card of {bundle}")
    written = {"card.json": json.dumps(renewed, indent=1, allow_nan=False) + "\n", "MODEL_CARD.md": text(renewed)}
    for name, content in written.items():
        (bundle / f".{name}.part").write_text(content, encoding="utf-8")
    for name in written:
        (bundle / f".{name}.part").rename(bundle / name)
    return bundle / "MODEL_CARD.md"


def milliseconds(classifier: OnnxClassifier) -> float:
    """From RGB pixels to score on one thread."""
    cells = (draw(seed, look) for seed in range(4) for look in CELLS)
    return stopwatch.milliseconds((partial(classifier.score, pixels) for pixels in cells), runs=20)
