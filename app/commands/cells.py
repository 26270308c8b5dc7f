"""Scoring files and drawing cells, without server or database."""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app.errors import Invalid
from app.policy.rules import Policy
from app.screening import rules
from app.screening.archives import is_the_systems
from app.screening.instrument import look_at, thresholds_of
from app.screening.rules import Outcome
from app.settings import Settings
from app.storage import made
from app.vision.classifier import Classifier, OnnxClassifier
from app.vision.decode import SUFFIXES, Limits, Picture, opened, pixels_sha256
from app.vision.drawn import draw_set, save
from app.vision.golden import refuse_other_scores

NAMED = 5
"""How many of the files that are passed over are named."""


def screen(settings: Settings, *, paths: list[Path], bundle: Path) -> int:
    """One JSON line a file, with the fields of the REST reply that come from the score; 1 if one was unreadable, or a
    folder held none. What a folder holds besides images is named on standard error. Of an image that the gate refuses
    `all_probability` is null."""
    print("Nothing of this is recorded. Screening support, never a diagnosis.", file=sys.stderr)
    classifier = OnnxClassifier(bundle, threads=settings.inference_threads)
    refuse_other_scores(classifier)
    limits = Limits(bytes=settings.image_bytes, pixels=settings.image_pixels)
    looked = [_look(path) for path in paths]
    failed = _tell_of_the_rest(looked)
    for path in tqdm([image for one in looked for image in one.images], unit="cell", disable=not sys.stderr.isatty()):
        try:
            received = path.read_bytes()
            with opened(received, limits=limits) as picture:
                told = _score(picture, received, classifier=classifier)
        except (Invalid, OSError) as error:
            failed += 1
            why = error.message if isinstance(error, Invalid) else error.strerror
            code = error.code if isinstance(error, Invalid) else "file_unreadable"
            print(json.dumps({"file": str(path), "error": {"code": code, "detail": why}}), flush=True)
        else:
            print(json.dumps({"file": str(path), **told}), flush=True)
    return 1 if failed else 0


@dataclass(frozen=True)
class Looked:
    """What is to be screened of a path, and what a folder holds that no image file's name has."""

    path: Path
    images: list[Path]
    others: list[Path]


def _look(path: Path) -> Looked:
    if not path.is_dir():
        return Looked(path, [path], [])
    files = [file for file in sorted(_below(path)) if not is_the_systems(file.name)]
    images = {file for file in files if file.suffix.lower() in SUFFIXES and not file.is_fifo()}
    return Looked(path, sorted(images), [file for file in files if file not in images])


def _below(root: Path) -> Iterator[Path]:
    """Whatever lies below a folder and is none, also by links to folders, each folder once."""
    seen = set()
    for folder, below, names in os.walk(root, followlinks=True):
        if (place := os.path.realpath(folder)) in seen:
            below.clear()
            continue
        seen.add(place)
        yield from (Path(folder, name) for name in names)


def _tell_of_the_rest(looked: list[Looked]) -> int:
    """Say on standard error what is passed over, and which folders hold no image; how many those are."""
    others = [file for one in looked for file in one.others]
    if others:
        named = ", ".join(str(file) for file in others[:NAMED])
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        told = (
            "1 file that is not named like an image"
            if len(others) == 1
            else f"{len(others)} files not named like images"
        )
        print(f"Passed over {told}: {named}{more}.", file=sys.stderr)
    without = [one.path for one in looked if not one.images]
    for path in without:
        print(
            f"blastscreen: no image found in {path}. Image files end in {', '.join(sorted(SUFFIXES))}.", file=sys.stderr
        )
    return len(without)


def _score(picture: Picture, received: bytes, *, classifier: Classifier) -> dict[str, Any]:
    seen, card = look_at(classifier, picture), classifier.card
    thresholds = thresholds_of(card)
    triage = None
    if seen.score is not None:
        without_lots = Policy(quality_sample_share=0)
        triage = rules.triage(
            seen.score.probability,
            thresholds=thresholds,
            policy=without_lots,
            odd=seen.odd,
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
        "pixels_sha256": pixels_sha256(picture.pixels),
        "model": {"name": card.name, "version": card.version, "sha256": card.onnx_sha256},
        "thresholds": thresholds.as_json(),
        "sandbox": card.for_demonstration,
        "statement": rules.statement(card.prior_all, reasons=seen.odd if triage else frozenset()),
    }


def draw(folder: Path, *, count: int, seed: int) -> int:
    here = made(folder)
    for name, kind, pixels in draw_set(count, seed):
        save(here / f"{name}.png", pixels, look=kind)
    print(f"Drew {count} images in {folder}. They show no patient.")
    return 0
