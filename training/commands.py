"""What each command of `python -m training` does; each loads only what it needs, so that all start at once."""

import argparse
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import Misconfigured
from training.recipe import Recipe

if TYPE_CHECKING:
    from training.cnmc import Cell
    from training.dataset import Crops
    from training.metrics import Scored

RESULTS = Path("training/results")
MODELS = Path("models")


class RecipeNotFound(Misconfigured):
    code = "recipe_not_found"


class FolderNotNamed(Misconfigured):
    code = "folder_not_named"


class SmearFieldsMissing(Misconfigured):
    code = "smear_fields_missing"


class GateNotTried(Misconfigured):
    code = "gate_not_tried"


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
    logs = arguments.var / "tensorboard" if arguments.tensorboard else None
    fit_recipe(recipe, crops, folder=arguments.var / "runs", results_folder=_results(arguments, recipe), logs=logs)


def explore(arguments: argparse.Namespace) -> None:
    from training import explore as exploring

    crops = _stored(arguments, arguments.folder)
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
    trained = exporting.load(
        recipe,
        crops,
        root=root,
        runs=arguments.var / "runs",
        results_folder=results_folder,
        smear_fields=None if recipe.drawn_cells else _smear_fields(arguments, root),
    )
    print(exporting.export(trained, version=arguments.version, models=arguments.models))


def gate(arguments: argparse.Namespace) -> None:
    path = (arguments.results or RESULTS) / "gate.json"
    cells, smears = _indexed(arguments, arguments.folder), _smear_fields(arguments, arguments.folder)
    path.write_text(json.dumps(_gate_trial(cells, arguments.folder, folds=3, seed=0, smears=smears), indent=1) + "\n")
    print(path)


def card(arguments: argparse.Namespace) -> None:
    from app.vision.bundle import read_card
    from training import model_card

    shipped = read_card(arguments.bundle)
    results_folder = arguments.results or RESULTS
    if shipped.for_demonstration:
        recipe = recipe_named(shipped.training["recipe"]["name"])
        cells, root = _drawn(arguments, recipe)
        found = _gate_trial(cells, root, folds=recipe.folds, seed=recipe.seeds[0], smears=None)
    else:
        found = _kept_gate_trial(results_folder / "gate.json", fingerprint=shipped.training["data_fingerprint"])
    print(model_card.renew(arguments.bundle, gate=found))


def features(arguments: argparse.Namespace) -> None:
    from training import features as hand_made
    from training import machines

    crops = _stored(arguments, arguments.folder)
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
    from training import dataset

    if recipe.drawn_cells:
        cells, root = _drawn(arguments, recipe)
        return dataset.stored(cells, root, folder=arguments.var / "crops"), root
    if arguments.folder is None:
        raise FolderNotNamed(f"Recipe {recipe.name} needs images: name the folder in the C-NMC layout.")
    return _stored(arguments, arguments.folder), arguments.folder


def _stored(arguments: argparse.Namespace, root: Path) -> "Crops":
    """Crops of the labelled cells below `root`."""
    from training import dataset

    return dataset.stored(_indexed(arguments, root), root, folder=arguments.var / "crops")


def _drawn(arguments: argparse.Namespace, recipe: Recipe) -> "tuple[list[Cell], Path]":
    """The recipe's drawn cells, and the folder where they lie."""
    from training import drawn

    root = arguments.var / "drawn"
    drawn.write_cells(root, count=recipe.drawn_cells)
    return _indexed(arguments, root, table="drawn.csv"), root


def _indexed(arguments: argparse.Namespace, root: Path, *, table: str = "index.csv") -> "list[Cell]":
    """The labelled cells below `root`, indexed now or earlier."""
    from training import cnmc

    path = arguments.var / table
    if not path.exists():
        cnmc.write_index(cnmc.read(root), path)
    return [cell for cell in cnmc.read_index(path) if cell.label]


def _smear_fields(arguments: argparse.Namespace, root: Path) -> Path:
    """The folder of smear fields: the one that was named, or `not_cells` beside the cells."""
    folder: Path = arguments.not_cells or root.parent / "not_cells"
    if not any(folder.rglob("*.jpg")):
        raise SmearFieldsMissing(f"There are no smear fields (JPEG) in {folder}. Name their folder with --not-cells.")
    return folder


def _gate_trial(cells: "list[Cell]", root: Path, *, folds: int, seed: int, smears: Path | None) -> dict[str, Any]:
    from training import cnmc
    from training import gate as trying

    measured = trying.measurements(cells, root)
    found = trying.trial(measured, cells, root, folds=folds, seed=seed, fields_of=smears)
    return {"data_fingerprint": cnmc.fingerprint(cells), **found}


def _kept_gate_trial(path: Path, *, fingerprint: str) -> dict[str, Any]:
    """The committed trial, where it is of the very cells that the model learned from."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    if found.get("data_fingerprint") != fingerprint:
        raise GateNotTried(f"{path} holds no trial of the gate on this model's cells. Run `python -m training gate`.")
    return found
