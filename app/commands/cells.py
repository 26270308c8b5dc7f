"""Scoring files and drawing cells, without server or database."""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app.errors import Invalid, Misconfigured
from app.policy.rules import Policy
from app.screening import rules
from app.screening.instrument import Seen, look_at, thresholds_of
from app.screening.rules import Outcome
from app.settings import Settings
from app.vision.bundle import Card
from app.vision.classifier import OnnxClassifier
from app.vision.decode import SUFFIXES, Limits, pixels_sha256
from app.vision.drawn import draw_set, save


def screen(settings: Settings, *, paths: list[Path], bundle: Path) -> int:
    """One JSON line a file, with the fields of the REST reply that come from the score; 1 if one was unreadable."""
    print("Nothing of this is recorded. Screening support, never a diagnosis.", file=sys.stderr)
    classifier = OnnxClassifier(bundle, threads=settings.inference_threads)
    limits = Limits(bytes=settings.image_bytes, pixels=settings.image_pixels)
    failed = 0
    for path in tqdm(list(_files(paths)), unit="cell", disable=not sys.stderr.isatty()):
        try:
            received = path.read_bytes()
            seen = look_at(classifier, received, limits=limits)
        except (Invalid, OSError) as error:
            failed += 1
            why = error.message if isinstance(error, Invalid) else error.strerror
            code = error.code if isinstance(error, Invalid) else "file_unreadable"
            print(json.dumps({"file": str(path), "error": {"code": code, "detail": why}}), flush=True)
        else:
            print(json.dumps({"file": str(path), **_score(seen, received, card=classifier.card)}), flush=True)
    return 1 if failed else 0


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
        else:
            yield path


def _score(seen: Seen, received: bytes, *, card: Card) -> dict[str, Any]:
    thresholds = thresholds_of(card)
    triage = None
    if seen.score is not None:
        without_lots = Policy(quality_sample_share=0)
        triage = rules.triage(
            seen.score.probability,
            thresholds=thresholds,
            policy=without_lots,
            atypical=seen.score.atypical,
            lossy=seen.lossy,
            lot=1.0,
        )
    return {
        "outcome": (Outcome.UNUSABLE if seen.unusable else Outcome.SCREENED).value,
        "all_probability": seen.score.probability if seen.score else None,
        "band": triage.band.value if triage else None,
        "needs_review": bool(triage and triage.reasons),
        "review_reasons": [reason.value for reason in triage.reasons] if triage else [],
        "unusable_reason": seen.unusable.value if seen.unusable else None,
        "image_sha256": hashlib.sha256(received).hexdigest(),
        "pixels_sha256": pixels_sha256(seen.pixels),
        "model": {"name": card.name, "version": card.version, "sha256": card.onnx_sha256},
        "thresholds": thresholds.as_json(),
        "sandbox": card.for_demonstration,
        "statement": rules.statement(card.prior_all, lossy=seen.lossy and seen.score is not None),
    }


def draw(folder: Path, *, count: int, seed: int) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"{folder} cannot be made ({error.strerror}). Name another folder.") from error
    for name, kind, pixels in draw_set(count, seed):
        save(folder / f"{name}.png", pixels, look=kind)
    print(f"Drew {count} images in {folder}. They show no patient.")
    return 0
