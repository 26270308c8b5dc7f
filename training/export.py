"""From a trained recipe to a bundle: model.onnx, card.json, golden.json, MODEL_CARD.md; written aside, then renamed."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from app.errors import Invalid
from app.vision.classifier import OnnxClassifier
from app.vision.drawn import CELLS, NOT_CELLS, Look
from app.vision.golden import GOLDEN_CELLS, acting_sha256, look_golden
from training import asked, failures, kept_shifts, model_card, network, onnx_model, renew, results, retakes
from training.card import Trained, card_of
from training.card_tables import FigureMissing
from training.dataset import Crops
from training.out_of_fold import scores_of
from training.parts import parts_of, place_of
from training.pictures import read_pixels
from training.recipe import Recipe

PARITY = 1e-3
"""The most that ONNX Runtime's logit may differ from Keras'."""


class ExportDiffers(Invalid):
    code = "export_differs"


def load(
    recipe: Recipe,
    crops: Crops,
    *,
    root: Path,
    runs: Path,
    results_folder: Path,
    smear_fields: Path | None,
    unlabelled: Crops | None = None,
) -> Trained:
    """What `fit` left, with these unlabelled cells if it met any, and for a fixed network what `fit --each-person` did.

    Raises NotTrained or ScoresMissing where it is not finished, ResultsDoNotFit where the results are of other cells or
    of an earlier form of the recipe, ShiftsDoNotFit where the shift test is of either or of other folds, and
    FigureMissing where that of real cells was not run.
    """
    *folds, final = parts_of(recipe, crops, folder=place_of(recipe, crops, folder=runs, unlabelled=unlabelled))
    on = scores_of(recipe, crops.cells, folder=results_folder)
    apart = recipe
    if recipe.is_fixed:
        apart = recipe.each_person()
        folds = parts_of(apart, crops, folder=place_of(apart, crops, folder=runs, unlabelled=unlabelled))
        network.refuse_untrained(apart, folds)
        on = scores_of(apart, crops.cells, folder=results_folder)
    made_from = results.fingerprints(apart, crops.cells)
    found = kept_shifts.read_of(kept_shifts.path_of(apart.name, folder=results_folder), on, made_from=made_from)
    if not (found or recipe.drawn_cells):
        raise FigureMissing(
            f"The shift test of {apart.name} is missing, so no model card can be written. Run `evaluate` with --shifts"
            f"{' and --each-person' * recipe.is_fixed}."
        )
    return Trained(
        recipe=recipe,
        crops=crops,
        root=root,
        parts=[*folds, final],
        on=on,
        network=network.trained(recipe, final),
        shifts=found,
        smear_fields=smear_fields,
        morphology=results_folder / asked.MORPHOLOGY,
        retakes=results_folder / retakes.KEPT,
    )


def export(trained: Trained, *, version: str, models: Path) -> Path:
    """Writes `models/<bundle>-<version>` and gives that folder. An earlier one stays there until all of it is right.

    Raises ExportDiffers where the ONNX file does not agree with Keras, and what the card's checks raise.
    """
    folder = models / f"{trained.recipe.bundle}-{version}"
    aside = models / f".{folder.name}.part"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        _write(trained, version=version, folder=aside)
        put_in_place(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def put_in_place(aside: Path, folder: Path) -> None:
    """`aside` becomes `folder`; an earlier `folder` is renamed, and removed only when the new one is there."""
    old = folder.with_name(f".{folder.name}.old")
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    try:
        aside.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write(trained: Trained, *, version: str, folder: Path) -> None:
    outputs = onnx_model.write(trained.network, folder / "model.onnx", size=trained.recipe.size)
    card = card_of(trained, version=version, outputs=outputs, model=(folder / "model.onnx").read_bytes())
    _write_json(folder / "card.json", card)
    _write_json(folder / "golden.json", {"cells": []})
    classifier = OnnxClassifier(folder)
    card["evaluation"]["parity"] = check_parity(classifier, trained)
    card["evaluation"]["milliseconds"] = renew.milliseconds(classifier)
    card["evaluation"]["known_failures"] = failures.listed(card)
    _write_json(folder / "card.json", card)
    golden = [asdict(look_golden(classifier, seed=seed, look=look)) for seed, look in _golden_looks()]
    _write_json(folder / "golden.json", {"cells": golden, "card_sha256": acting_sha256(card)})
    (folder / "MODEL_CARD.md").write_text(model_card.text(card), encoding="utf-8")


def check_parity(classifier: OnnxClassifier, trained: Trained) -> dict[str, Any]:
    """The largest differences between the served scores of 32 cells and Keras', and between mean(cam) and logit."""
    chosen = np.linspace(0, len(trained.crops.cells) - 1, 32).astype(np.int64)
    expected = network.scores(trained.network, trained.crops, chosen, size=trained.recipe.size)["logit"]
    served = [classifier.score(read_pixels(trained.root / trained.crops.cells[one].path)) for one in chosen]
    worst = max(abs(score.logit - float(logit)) for score, logit in zip(served, expected, strict=True))
    if not worst <= PARITY:
        raise ExportDiffers(f"ONNX Runtime's logits differ from Keras' by up to {worst:.2g}. Nothing was exported.")
    cams = [abs(score.logit - float(score.cam.mean())) for score in served if score.cam is not None]
    if cams and not max(cams) <= PARITY:
        raise ExportDiffers(f"The mean of cam differs from the logit by up to {max(cams):.2g}. Nothing was exported.")
    return {"cells": len(chosen), "logit": float(f"{worst:.2g}"), "cam": float(f"{max(cams):.2g}") if cams else None}


def _golden_looks() -> list[tuple[int, Look]]:
    """Twelve drawn cells and four drawings that are none."""
    looks = [CELLS[number % len(CELLS)] for number in range(GOLDEN_CELLS - 4)]
    return list(enumerate([*looks, *NOT_CELLS[:4]], start=1))


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")
