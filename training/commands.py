"""What each command of `python -m training` does; each loads only what it needs, so that all start at once."""

import argparse
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import Misconfigured
from training.recipe import Recipe

if TYPE_CHECKING:
    from training.dataset import Crops
    from training.metrics import Scored

RESULTS = Path("training/results")
MODELS = Path("models")


class RecipeNotFound(Misconfigured):
    code = "recipe_not_found"


class FolderNotNamed(Misconfigured):
    code = "folder_not_named"


def recipe_named(name: str) -> Recipe:
    """The recipe in `training/recipes/<name>.py`."""
    there = sorted(path.stem for path in (Path(__file__).parent / "recipes").glob("[a-z]*.py"))
    if name not in there:
        raise RecipeNotFound(f"There is no recipe {name!r}. There are: {', '.join(there)}.")
    recipe: Recipe = importlib.import_module(f"training.recipes.{name}").RECIPE
    return recipe


def index(arguments: argparse.Namespace) -> None:
    from training import cnmc

    cells = cnmc.read(arguments.folder)
    table = arguments.var / "index.csv"
    cnmc.write_index(cells, table)
    print(f"{len(cells)} cells of {len({cell.group for cell in cells})} subject groups -> {table}")


def fit(arguments: argparse.Namespace) -> None:
    recipe = recipe_named(arguments.recipe)
    from training.fit import fit as fit_recipe

    crops, _ = _crops(arguments, recipe)
    fit_recipe(recipe, crops, folder=arguments.var / "runs", results_folder=_results(arguments, recipe))


def explore(arguments: argparse.Namespace) -> None:
    from training import explore as exploring

    crops = _stored(arguments, arguments.folder, table=arguments.var / "index.csv")
    exploring.write(crops, arguments.folder, path=arguments.var / "explore.html")
    print(arguments.var / "explore.html")


def search(arguments: argparse.Namespace) -> None:
    from training import search as searching

    recipe = recipe_named(arguments.recipe)
    crops, _ = _crops(arguments, recipe)
    searching.search(recipe, crops, runs=arguments.var / "runs", folder=arguments.var / "search", draws=arguments.draws)


def evaluate(arguments: argparse.Namespace) -> None:
    from training import evaluate as evaluation
    from training import page
    from training import results as kept

    if arguments.model:
        for line in evaluation.score_files(arguments.model, [Path(arguments.recipe), *arguments.files]):
            print(json.dumps(line))
        return
    recipe = recipe_named(arguments.recipe)
    arguments.folder = arguments.files[0] if arguments.files else None
    crops, root = _crops(arguments, recipe)
    rows = kept.read(_results(arguments, recipe) / f"{recipe.name}.csv")
    for seed in sorted({row.seed for row in rows}):
        scored = evaluation.scored_of(rows, crops.cells, seed=seed)
        written = arguments.var / "evaluation" / f"{recipe.name}-seed{seed}"
        page.write(evaluation.report(scored, crops.cells, seed=seed), scored, crops, path=written)
        print(f"{written}.html and .json, from images in {root}")
        if arguments.shifts and seed == recipe.seeds[0]:
            _shift_test(arguments, recipe, crops, scored)


def export(arguments: argparse.Namespace) -> None:
    from training import export as exporting

    recipe = recipe_named(arguments.recipe)
    crops, root = _crops(arguments, recipe)
    results_folder = _results(arguments, recipe)
    trained = exporting.load(recipe, crops, root=root, runs=arguments.var / "runs", results_folder=results_folder)
    print(exporting.export(trained, version=arguments.version, models=arguments.models))


def features(arguments: argparse.Namespace) -> None:
    from training import features as hand_made
    from training import machines

    crops = _stored(arguments, arguments.folder, table=arguments.var / "index.csv")
    table = hand_made.stored(crops, folder=arguments.var / "features")
    folder = arguments.results or RESULTS
    for machine in machines.machines(network=arguments.beside):
        machines.write(machine, crops, table, folder=folder)
        print(folder / f"{machine.name}.csv")


def time(arguments: argparse.Namespace) -> None:
    from training import fit as fitting
    from training import results as kept
    from training import timing

    for recipe in [recipe_named(name) for name in arguments.recipes]:
        taken = timing.milliseconds(fitting.build(recipe), size=recipe.size)
        kept.record_milliseconds(_results(arguments, recipe) / f"{recipe.name}.json", taken)
        print(f"{recipe.name}: {taken} ms")


def results(arguments: argparse.Namespace) -> None:
    from training import contest

    folder = arguments.results or RESULTS
    page = folder.parent / "RESULTS.md"
    page.write_text(contest.text(folder), encoding="utf-8")
    print(page)


def _shift_test(arguments: argparse.Namespace, recipe: Recipe, crops: "Crops", scored: "Scored") -> None:
    from training import fit as fitting
    from training import shifts

    parts = fitting.parts(recipe, crops, folder=fitting.place_of(recipe, crops, folder=arguments.var / "runs"))
    path = _results(arguments, recipe) / f"{recipe.name}.shifts.json"
    path.write_text(json.dumps(shifts.report(recipe, crops, parts, scored), indent=1) + "\n")
    print(path)


def _results(arguments: argparse.Namespace, recipe: Recipe) -> Path:
    """Results on drawn cells are for trying out and are not kept with the others."""
    chosen: Path = arguments.results or (arguments.var / "results" if recipe.drawn_cells else RESULTS)
    return chosen


def _crops(arguments: argparse.Namespace, recipe: Recipe) -> tuple["Crops", Path]:
    """The recipe's cells as crops, and the folder of their images."""
    from training import drawn

    root, table = arguments.folder, arguments.var / "index.csv"
    if recipe.drawn_cells:
        root, table = arguments.var / "drawn", arguments.var / "drawn.csv"
        drawn.write_cells(root, count=recipe.drawn_cells)
    if root is None:
        raise FolderNotNamed(f"Recipe {recipe.name} needs images: name the folder in the C-NMC layout.")
    return _stored(arguments, root, table=table), root


def _stored(arguments: argparse.Namespace, root: Path, *, table: Path) -> "Crops":
    """Crops of the labelled cells below `root`, indexed in `table` now or earlier."""
    from training import cnmc, dataset

    if not table.exists():
        cnmc.write_index(cnmc.read(root), table)
    cells = [cell for cell in cnmc.read_index(table) if cell.label]
    return dataset.stored(cells, root, folder=arguments.var / "crops")
