"""card.json of a trained recipe: what its bundle says of itself, of its data and of its evaluation."""

import hashlib
import inspect
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

from app.vision.bundle import CLASSES, FORMAT
from app.vision.preprocess import REVISION
from app.vision.quality import fit_limits
from training import compressed, distance, evaluate, gate, morphology, provenance, retakes, tilted, truncation, trust
from training.cells import fingerprint
from training.dataset import Crops
from training.parts import Part
from training.recipe import Recipe
from training.scored import Scored, pooled

INTENDED_USE = (
    "Support for professionals who screen images of single, segmented white blood cells for acute lymphoblastic "
    "leukaemia. Never a diagnosis: every result needs a professional's judgement."
)


@dataclass(frozen=True)
class Trained:
    """A finished recipe: its cells, its out-of-fold scores and its final network."""

    recipe: Recipe
    crops: Crops
    root: Path
    parts: Sequence[Part]
    """Of the networks whose scores those are; last the final one."""
    on: Mapping[int, Scored]
    """The out-of-fold scores that calibration and limits are fitted on, by seed; the card reports the first: of a fixed
    network those with each person left out alone, of another one those on every partition.
    """
    network: keras.Model
    shifts: list[dict[str, Any]]
    """What `evaluate --shifts` found of those networks; empty where it was not run."""
    smear_fields: Path | None
    """The folder of smear fields for the gate's trial; None for drawn cells."""
    morphology: Path
    """What `python -m training morphology` wrote, if it was run; else export measures."""
    retakes: Path
    """What `python -m training retakes` wrote, if it was run; else export looks for them."""

    @property
    def scored(self) -> Scored:
        """The scores that the card reports."""
        return next(iter(self.on.values()))


def card_of(trained: Trained, *, version: str, outputs: tuple[str, ...], model: bytes) -> dict[str, Any]:
    """The card of `model`, an ONNX file with these outputs; parity and time are left to whoever serves it."""
    recipe, scored, cells = trained.recipe, trained.scored, trained.crops.cells
    measured = gate.measurements(cells, trained.root)
    pool = pooled(list(trained.on.values()))
    report = evaluate.report(scored, cells, seed=next(iter(trained.on)), pool=pool)
    calibration = trust.calibration(pool)
    calibrated = trust.calibrated(pool, by=calibration)
    thresholds = trust.bands(calibrated)
    told, away = (
        distance.fitted(recipe, trained.crops, trained.parts, trained.network, pool=pool)
        if "embedding" in outputs
        else (None, None)
    )
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
        "calibration": asdict(calibration),
        "thresholds": asdict(thresholds),
        "conformal": asdict(trust.conformal(calibrated)),
        "distance": asdict(told) if told else None,
        "gate": asdict(fit_limits(measured)),
        "cell_statistics": gate.statistics(measured, scored.is_all),
        "morphology": morphology.for_card(cells, trained.root, kept=trained.morphology),
        "training": _training(trained),
        "evaluation": {
            "protocol": _protocol(recipe),
            "aims": {
                "miss_rate": trust.MISS_RATE,
                "precision": trust.UPPER_PRECISION,
                **({"nearer": distance.KEPT_BY} if told else {}),
            },
            "report": report,
            **({} if recipe.drawn_cells else {"tilted": tilted.report(scored, cells)}),
            "gate": gate.trial(
                measured,
                cells,
                trained.root,
                folds=recipe.folds,
                seed=recipe.seeds[0],
                fields_of=trained.smear_fields,
            ),
            "compression": compressed.trial(cells, trained.root),
            "cut": truncation.report(trained.crops, scored, size=recipe.size),
            "shifts": trained.shifts,
            "retakes": retakes.report(trust.as_served(scored), retakes.for_card(trained.crops, kept=trained.retakes)),
            **({"far": distance.beyond(pool, away)} if away is not None else {}),
        },
    }


def _protocol(recipe: Recipe) -> str:
    one = (
        "Subjects that share an image or a cell are one group, and count as one subject. Intervals are 95 %, by "
        "bootstrap over subject groups. "
    )
    if recipe.is_fixed:
        return (
            "Every subject group left out alone: its cells were scored by a network that had learned from all other "
            f"groups, as the one that is served has learned from all there are. {one}Calibration, bands and conformal "
            "sets of a group are those that the cells of all other groups give: it is left out of their scores, though "
            "the networks that scored them had learned from it."
        )
    return (
        f"Out of fold: {recipe.folds} folds, split by subject group, seed {recipe.seeds[0]}. {one}Calibration is the "
        "other folds'. What is as served, with bands, conformal sets and what became of cells scored alike, goes by "
        f"the calibration and limits that all other subject groups give, of {_partitions(recipe)}, each cell by a "
        "network that never saw its subject group."
    )


def _partitions(recipe: Recipe) -> str:
    """On how many partitions what is served was fitted."""
    seeds = ", ".join(str(seed) for seed in sorted(recipe.seeds))
    return f"{len(recipe.seeds)} such partitions (seeds {seeds})" if len(recipe.seeds) > 1 else "this partition"


def _training(trained: Trained) -> dict[str, Any]:
    cells = trained.crops.cells
    notes = [part.note for part in trained.parts]
    return {
        "data": provenance.DRAWN if trained.recipe.drawn_cells else provenance.source_of(cells, trained.root),
        "data_fingerprint": fingerprint(cells),
        "cells": {name: sum(cell.label == name for cell in cells) for name in CLASSES},
        "subjects": {name: len({cell.subject for cell in cells if cell.label == name}) for name in CLASSES},
        "subject_groups": {name: len({cell.group for cell in cells if cell.label == name}) for name in CLASSES},
        "recipe": trained.recipe.as_json(),
        "recipe_fingerprint": trained.recipe.fingerprint(),
        "each_person": trained.recipe.is_fixed,
        "architecture": " ".join(str(inspect.getdoc(trained.recipe.network)).split("\n\n")[0].split()),
        "parameters": trained.network.count_params(),
        "seconds": sum(note["seconds"] for note in notes),
        "devices": sorted({note["device"] for note in notes if "device" in note}),
        "keras": keras.__version__,
        "python": platform.python_version(),
    }
