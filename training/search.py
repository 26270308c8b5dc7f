"""Grid or random search over a recipe's declared choices; finished combinations are kept, so a search can go on."""

import csv
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sklearn.model_selection import ParameterGrid, ParameterSampler

from app.errors import Misconfigured
from training import metrics, results
from training.aside import written_aside
from training.dataset import Crops
from training.fit import fit
from training.out_of_fold import scored_of
from training.parts import met
from training.recipe import Recipe
from training.scored import ones

Row = dict[str, Any]
"""What was chosen, by name, and the figures that it reached."""


class NothingToSearch(Misconfigured):
    code = "nothing_to_search"


def search(
    recipe: Recipe,
    crops: Crops,
    *,
    runs: Path,
    folder: Path,
    draws: int | None = None,
    unlabelled: Crops | None = None,
) -> Path:
    """Fits every combination of `recipe.choices`, or `draws` of them at random, and gives the table of their figures.

    The table lies at `folder`/<recipe>.csv, best subject-macro balanced accuracy first, and has every combination that
    this or an earlier search fitted on these cells; `unlabelled` are met as in `fit`. Raises NothingToSearch.
    """
    refuse_without_choices(recipe)
    rows = _kept(recipe, crops, folder=folder, unlabelled=unlabelled)
    trying = combinations(recipe, draws=draws)
    for number, chosen in enumerate(trying, start=1):
        one = recipe.with_choices(chosen)
        said = ", ".join(f"{name} {value}" for name, value in chosen.items())
        print(f"combination {number} of {len(trying)}: {said}", flush=True)
        fit(one, crops, folder=runs, results_folder=folder / one.fingerprint(), unlabelled=unlabelled)
        rows[one.fingerprint()] = _row(one, chosen, crops, folder=folder)
        _write(sorted(rows.values(), key=lambda row: -row["macro_balanced_accuracy"]), folder / f"{recipe.name}.csv")
    return folder / f"{recipe.name}.csv"


def refuse_without_choices(recipe: Recipe) -> None:
    """Raises NothingToSearch where a recipe declares no choices."""
    if not recipe.choices:
        raise NothingToSearch(f"Recipe {recipe.name} declares no choices. Give it some in its file.")


def combinations(recipe: Recipe, *, draws: int | None) -> list[dict[str, Any]]:
    """The combinations to try, in an order that does not change."""
    values = {name: list(options) for name, options in recipe.choices.items()}
    if draws is None:
        return list(ParameterGrid(values))
    return list(ParameterSampler(values, min(draws, len(ParameterGrid(values))), random_state=0))


def _kept(recipe: Recipe, crops: Crops, *, folder: Path, unlabelled: Crops | None) -> dict[str, Row]:
    """The rows of combinations that were fitted to the end on these cells, by the fingerprint of each."""
    rows = {}
    for chosen in combinations(recipe, draws=None):
        one = recipe.with_choices(chosen)
        own = results.fingerprints(one, crops.cells, unlabelled=met(one, unlabelled))
        with suppress(results.ResultsDoNotFit):  # not fitted yet, or not to the end
            if results.is_made_from(results.record(folder / one.fingerprint() / f"{one.name}.json"), own):
                rows[one.fingerprint()] = _row(one, chosen, crops, folder=folder)
    return rows


def _row(one: Recipe, chosen: dict[str, Any], crops: Crops, *, folder: Path) -> Row:
    """What was chosen and the figures of its first seed; raises ResultsDoNotFit where they are not of all cells."""
    rows = results.read(folder / one.fingerprint() / f"{one.name}.csv")
    scored = scored_of(rows, crops.cells, seed=one.seeds[0])
    whole = ones(scored)
    return {
        **chosen,
        "auc": round(float(metrics.auc(scored, whole)), 4),
        "macro_balanced_accuracy": round(float(metrics.macro(metrics.balanced_accuracy)(scored, whole)), 4),
    }


def _write(rows: Sequence[Row], path: Path) -> None:
    with written_aside(path) as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
