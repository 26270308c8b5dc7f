"""Stand-ins that keep the protocol of what they stand for."""

import math
from dataclasses import asdict
from functools import cache

from app.vision.bundle import CLASSES, FORMAT, Card, parse_card
from app.vision.classifier import Score
from app.vision.decode import Pixels
from app.vision.drawn import Look, draw
from app.vision.golden import GoldenCell
from app.vision.preprocess import REVISION
from app.vision.quality import fit_limits, measure


@cache
def fake_card() -> Card:
    """A card whose gate passes drawn cells and whose thresholds are .2 and .8."""
    cells = [measure(draw(seed, look)) for seed in range(200, 215) for look in (Look.HEALTHY, Look.BLAST)]
    raw = {
        "format": FORMAT,
        "name": "fake",
        "version": "1",
        "for_demonstration": False,
        "classes": list(CLASSES),
        "prior_all": 0.5,
        "intended_use": "tests",
        "onnx_sha256": "f" * 64,
        "outputs": ["logit"],
        "preprocessing": {"revision": REVISION, "size": 224},
        "calibration": {"slope": 1.0, "bias": 0.0},
        "thresholds": {"not_suspected_below": 0.2, "suspected_from": 0.8},
        "conformal": {"miscoverage": 0.1, "hem": 0.8, "all": 0.8},
        "distance": None,
        "gate": {name: limit for name, limit in asdict(fit_limits(cells)).items() if not name.endswith("_usual")},
        "cell_statistics": {},
        "training": {},
        "evaluation": {},
    }
    return parse_card(raw, where="the fake's card")


class FakeClassifier:
    """A classifier that says what a test wants it to say."""

    def __init__(self) -> None:
        self.card = fake_card()
        self.golden: tuple[GoldenCell, ...] = ()
        self.probability = 0.97
        self.atypical = False

    @property
    def unsure(self) -> float:
        """A probability between the thresholds."""
        return 0.5625

    def score(self, pixels: Pixels) -> Score:
        logit = math.log(self.probability / (1 - self.probability))
        return Score(logit=logit, probability=self.probability, atypical=self.atypical)
