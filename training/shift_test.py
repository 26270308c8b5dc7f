"""The shift test of a recipe, run and kept; and what of it stands on the page of each partition."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training import kept_shifts, shifts
from training.dataset import Crops
from training.parts import parts_of, place_of
from training.recipe import Recipe
from training.results import fingerprints
from training.scored import Scored

RUN = (
    "The same unseen cells, changed and scored again. Threshold and calibration, fitted on all of them unchanged, stay "
    "as they are; a fall shows what the network leans on."
)
NOT_RUN = "The shift test and the mask-edge test were not run. They need the trained networks: evaluate with --shifts."


def run(
    recipe: Recipe, crops: Crops, on: Mapping[int, Scored], *, runs: Path, folder: Path, unlabelled: Crops | None
) -> tuple[Path, Path]:
    """Shifts the cells of the first partitions, has the networks in `runs` score them, and keeps logits and figures in
    `folder`: where they lie. `on`: the scores of the same cells unchanged, by seed.
    """
    parts = parts_of(recipe, crops, folder=place_of(recipe, crops, folder=runs, unlabelled=unlabelled))
    tried = {seed: on[seed] for seed in recipe.seeds[: shifts.PARTITIONS]}
    shifted = shifts.logits(recipe, crops, parts, tried)
    logits, figures = (at(recipe.name, folder=folder) for at in (kept_shifts.logits_path_of, kept_shifts.path_of))
    kept_shifts.write_logits(shifted, crops.cells, logits)
    kept_shifts.write(shifts.report(tried, shifted), figures, made_from=fingerprints(recipe, crops.cells))
    return logits, figures


def kept(recipe: Recipe, crops: Crops, on: Mapping[int, Scored], *, folder: Path) -> tuple[list[dict[str, Any]], str]:
    """The one of the networks whose scores are `on`, and a sentence on it or on why there is none."""
    path = kept_shifts.path_of(recipe.name, folder=folder)
    try:
        found = kept_shifts.read_of(path, on, made_from=fingerprints(recipe, crops.cells))
    except kept_shifts.ShiftsDoNotFit as error:
        return [], error.message
    return found, RUN if found else NOT_RUN


def on_page(recipe: Recipe, found: list[dict[str, Any]], note: str, *, seed: int) -> dict[str, Any]:
    """What of it stands on the page of one partition, and the sentence there."""
    tried = recipe.seeds[: shifts.PARTITIONS]
    if seed not in tried:
        where = " and ".join(str(one) for one in tried)
        return {"shifts": [], "shifts_note": f"The shift test is on the page of each of the first seeds, {where}."}
    return {"shifts": [one for one in found if one["seed"] == seed], "shifts_note": note}
