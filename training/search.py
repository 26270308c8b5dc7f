"""Grid or random search over a recipe's declared choices; finished combinations are kept, so a search can go on."""

import csv
from pathlib import Path
from typing import Any

from sklearn.model_selection import ParameterGrid, ParameterSampler

from app.errors import Misconfigured
from training import evaluate, metrics, results
from training.aside import written_aside
from training.dataset import Crops
from training.fit import fit
from training.recipe import Recipe


class NothingToSearch(Misconfigured):
    code = "nothing_to_search"


def search(recipe: Recipe, crops: Crops, *, runs: Path, folder: Path, draws: int | None = None) -> Path:
    """Fits every combination of `recipe.choices`, or `draws` of them at random, and gives the table of their figures.

    The table lies at `folder`/<recipe>.csv, best subject-macro balanced accuracy first. Raises NothingToSearch.
    """
    if not recipe.choices:
        raise NothingToSearch(f"Recipe {recipe.name} declares no choices. Give it some in its file.")
    rows: list[dict[str, Any]] = []
    for chosen in combinations(recipe, draws=draws):
        one = recipe.with_choices(chosen)
        kept = folder / one.fingerprint()
        fit(one, crops, folder=runs, results_folder=kept)
        scored = evaluate.scored_of(results.read(kept / f"{one.name}.csv"), crops.cells, seed=one.seeds[0])
        whole = metrics.ones(scored)
        rows.append(
            {
                **chosen,
                "auc": round(float(metrics.auc(scored, whole)), 4),
                "macro_balanced_accuracy": round(float(metrics.macro(metrics.balanced_accuracy)(scored, whole)), 4),
            }
        )
        _write(sorted(rows, key=lambda row: -row["macro_balanced_accuracy"]), folder / f"{recipe.name}.csv")
    return folder / f"{recipe.name}.csv"


def combinations(recipe: Recipe, *, draws: int | None) -> list[dict[str, Any]]:
    """The combinations to try, in an order that does not change."""
    values = {name: list(options) for name, options in recipe.choices.items()}
    if draws is None:
        return list(ParameterGrid(values))
    return list(ParameterSampler(values, min(draws, len(ParameterGrid(values))), random_state=0))


def _write(rows: list[dict[str, Any]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
