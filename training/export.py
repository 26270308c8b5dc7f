"""From a trained recipe to a bundle: model.onnx, card.json, golden.json, MODEL_CARD.md; written aside, then renamed."""

import hashlib
import json
import platform
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from app.errors import Invalid
from app.vision.bundle import CLASSES, FORMAT, Distance
from app.vision.classifier import OnnxClassifier
from app.vision.drawn import CELLS, NOT_CELLS, Look
from app.vision.golden import GOLDEN_CELLS, look_golden
from app.vision.preprocess import REVISION
from app.vision.quality import fit_limits
from training import asked, evaluate, gate, model_card, morphology, network, onnx_model, results, trust
from training.cnmc import fingerprint
from training.dataset import Crops
from training.metrics import Floats, Scored, estimate, macro, share, subject_weights, weighted_quantiles
from training.parts import FINAL, Part, parts_of, place_of
from training.pictures import read_pixels
from training.recipe import Recipe

INTENDED_USE = (
    "Support for professionals who screen images of single, segmented white blood cells for acute lymphoblastic "
    "leukaemia. Never a diagnosis: every result needs a professional's judgement."
)

C_NMC = {
    "title": "C-NMC 2019, part of the official training set",
    "attribution": (
        "Gupta, A., & Gupta, R. (2019). ALL Challenge dataset of ISBI 2019 (C-NMC 2019) (Version 1) [Data set]. "
        "The Cancer Imaging Archive. https://doi.org/10.7937/tcia.2019.dc64i46r"
    ),
    "licence": "Creative Commons Attribution 3.0 Unported (CC BY 3.0)",
    "changes": "subset, re-encoded without loss; cropped to the cell for training",
}
DRAWN = {
    "title": "Cells drawn by program",
    "attribution": "Blastscreen; no patient's image",
    "licence": "Apache-2.0",
    "changes": "none",
}

PARITY = 1e-3
"""The most that ONNX Runtime's logit may differ from Keras'."""


class ExportDiffers(Invalid):
    code = "export_differs"


@dataclass(frozen=True)
class Trained:
    """A finished recipe: its cells, its out-of-fold scores and its final network."""

    recipe: Recipe
    crops: Crops
    root: Path
    parts: Sequence[Part]
    scored: Scored
    network: keras.Model
    shifts: list[dict[str, Any]]
    """What `evaluate --shifts` found; empty where it was not run."""
    smear_fields: Path | None
    """The folder of smear fields for the gate's trial; None for drawn cells."""
    morphology: Path
    """What `python -m training morphology` wrote, if it was run; else export measures."""


def load(
    recipe: Recipe, crops: Crops, *, root: Path, runs: Path, results_folder: Path, smear_fields: Path | None
) -> Trained:
    """What `fit` left; raises NotTrained or ScoresMissing where it is not finished, ShiftsDoNotFit where the shift test
    is of another recipe or of other cells.
    """
    parts = parts_of(recipe, crops, folder=place_of(recipe, crops, folder=runs))
    rows = results.read(results_folder / f"{recipe.name}.csv")
    scored = evaluate.scored_of(rows, crops.cells, seed=recipe.seeds[0])
    made_from = results.fingerprints(recipe, crops.cells)
    found = results.shifts(results.shifts_path(recipe.name, folder=results_folder), made_from=made_from)
    return Trained(
        recipe,
        crops,
        root,
        parts,
        scored,
        network.trained(recipe, parts[-1]),
        found,
        smear_fields,
        results_folder / asked.MORPHOLOGY,
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
    card = _card(trained, version=version, outputs=outputs, model=(folder / "model.onnx").read_bytes())
    _write_json(folder / "card.json", card)
    _write_json(folder / "golden.json", {"cells": []})
    classifier = OnnxClassifier(folder)
    card["evaluation"]["parity"] = check_parity(classifier, trained)
    card["evaluation"]["milliseconds"] = model_card.milliseconds(classifier)
    _write_json(folder / "card.json", card)
    golden = [asdict(look_golden(classifier, seed=seed, look=look)) for seed, look in _golden_looks()]
    _write_json(folder / "golden.json", {"cells": golden})
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


def _card(trained: Trained, *, version: str, outputs: tuple[str, ...], model: bytes) -> dict[str, Any]:
    recipe, scored, cells = trained.recipe, trained.scored, trained.crops.cells
    measured = gate.measurements(cells, trained.root)
    report = evaluate.report(scored, cells, seed=recipe.seeds[0])
    calibrated = evaluate.recalibrated(scored)
    distance, away = _distance(trained) if "embedding" in outputs else (None, None)
    return {
        "format": FORMAT,
        "name": recipe.bundle,
        "version": version,
        "for_demonstration": recipe.drawn_cells > 0,
        "classes": list(CLASSES),
        "prior_all": trust.PRIOR_ALL,
        "intended_use": INTENDED_USE,
        "onnx_sha256": hashlib.sha256(model).hexdigest(),
        "outputs": list(outputs),
        "preprocessing": {"revision": REVISION, "size": recipe.size},
        "calibration": asdict(trust.calibration(scored)),
        "thresholds": asdict(trust.bands(calibrated)),
        "conformal": asdict(trust.conformal(calibrated)),
        "distance": asdict(distance) if distance else None,
        "gate": asdict(fit_limits(measured)),
        "cell_statistics": gate.statistics(measured, scored.is_all),
        "morphology": morphology.for_card(cells, trained.root, kept=trained.morphology),
        "training": _training(trained),
        "evaluation": {
            "protocol": (
                f"Out of fold: {recipe.folds} folds, split by subject group, seed {recipe.seeds[0]}. Intervals are "
                "95 %, by bootstrap over subject groups. Calibration and thresholds are the other folds'."
            ),
            "report": report,
            "gate": gate.trial(
                measured,
                cells,
                trained.root,
                folds=recipe.folds,
                seed=recipe.seeds[0],
                fields_of=trained.smear_fields,
            ),
            "shifts": trained.shifts,
            **({"far": _far(scored, away, limit=distance.atypical_from)} if distance and away is not None else {}),
        },
    }


def _training(trained: Trained) -> dict[str, Any]:
    cells = trained.crops.cells
    notes = [part.note for part in trained.parts]
    return {
        "data": DRAWN if trained.recipe.drawn_cells else C_NMC,
        "data_fingerprint": fingerprint(cells),
        "cells": {name: sum(cell.label == name for cell in cells) for name in CLASSES},
        "subjects": {name: len({cell.subject for cell in cells if cell.label == name}) for name in CLASSES},
        "subject_groups": {name: len({cell.group for cell in cells if cell.label == name}) for name in CLASSES},
        "recipe": trained.recipe.as_json(),
        "recipe_fingerprint": trained.recipe.fingerprint(),
        "parameters": trained.network.count_params(),
        "seconds": sum(note["seconds"] for note in notes),
        "keras": keras.__version__,
        "python": platform.python_version(),
    }


def _far(scored: Scored, away: Floats, *, limit: float) -> dict[str, list[float | None]]:
    """The share of each class' unseen cells that lie farther away than `limit`, every subject counting the same."""
    is_all, far = scored.is_all.astype(np.float64), away > limit
    return {
        name: estimate(macro(share(far, among)), scored).as_json()
        for name, among in (("far_hem", 1 - is_all), ("far_all", is_all))
    }


def _distance(trained: Trained) -> tuple[Distance, Floats]:
    """The final network's reference, with the distance that 99 % of unseen cells keep under the fold networks; and the
    N distances of those cells.
    """
    everything = np.arange(len(trained.crops.cells))
    is_all, size = trained.scored.is_all, trained.recipe.size
    away = np.zeros(len(everything))
    for part in trained.parts:
        if part.fold == FINAL or part.seed != trained.recipe.seeds[0]:
            continue
        seen = network.scores(network.trained(trained.recipe, part), trained.crops, everything, size=size)["embedding"]
        away[part.tested] = trust.unseen_distances(seen[part.learns], is_all[part.learns], seen[part.tested])
    limit = weighted_quantiles(away, subject_weights(trained.scored), shares=(0.99,))[0]
    embeddings = network.scores(trained.network, trained.crops, everything, size=size)["embedding"]
    return trust.fitted_distance(embeddings, is_all, atypical_from=limit), away


def _golden_looks() -> list[tuple[int, Look]]:
    """Twelve drawn cells and four drawings that are none."""
    looks = [CELLS[number % len(CELLS)] for number in range(GOLDEN_CELLS - 4)]
    return list(enumerate([*looks, *NOT_CELLS[:4]], start=1))


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")
