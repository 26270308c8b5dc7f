"""From C-NMC images to a bundle: python -m training {index,explore,fit,search,evaluate,export,results} …"""

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import BlastscreenError, Misconfigured
from training.recipe import Recipe

if TYPE_CHECKING:
    from training.dataset import Crops
    from training.metrics import Scored

VAR = Path("var/training")
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
    from training.fit import fit as fit_recipe

    recipe = recipe_named(arguments.recipe)
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


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="command")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--var", type=Path, default=VAR, help="where index, crops and networks are kept (%(default)s)")
    shared.add_argument("--results", type=Path, help=f"where out-of-fold logits are kept ({RESULTS})")
    one = commands.add_parser("index", parents=[shared], help="read a folder of cells into one table")
    one.add_argument("folder", type=Path)
    one.set_defaults(act=index)
    zero = commands.add_parser("explore", parents=[shared], help="the exploratory report, as one HTML page")
    zero.add_argument("folder", type=Path)
    zero.set_defaults(act=explore)
    two = commands.add_parser("fit", parents=[shared], help="train a recipe: grouped folds, then the final network")
    two.add_argument("recipe")
    two.add_argument("folder", type=Path, nargs="?", help="images in the C-NMC layout; not for drawn cells")
    two.set_defaults(act=fit)
    six = commands.add_parser(
        "search", parents=[shared], help="try a recipe's declared choices: all, or some at random"
    )
    six.add_argument("recipe")
    six.add_argument("folder", type=Path, nargs="?", help="images in the C-NMC layout; not for drawn cells")
    six.add_argument("--draws", type=int, help="so many random combinations instead of the whole grid")
    six.set_defaults(act=search)
    three = commands.add_parser("evaluate", parents=[shared], help="figures of a recipe, or scores of files by --model")
    three.add_argument("recipe", help="a recipe; with --model the first image file")
    three.add_argument("files", type=Path, nargs="*", help="the folder of images; with --model more image files")
    three.add_argument("--shifts", action="store_true", help="also the shift test, which needs the trained networks")
    three.add_argument("--model", type=Path, help="a bundle's folder: score image files as the service does")
    three.set_defaults(act=evaluate)
    four = commands.add_parser("export", parents=[shared], help="write a trained recipe as a bundle")
    four.add_argument("recipe")
    four.add_argument("folder", type=Path, nargs="?", help="images in the C-NMC layout; not for drawn cells")
    four.add_argument("--version", default="1")
    four.add_argument("--models", type=Path, default=MODELS)
    four.set_defaults(act=export)
    five = commands.add_parser("results", parents=[shared], help="write RESULTS.md from all committed results")
    five.set_defaults(act=results)
    return top


def main(words: list[str] | None = None) -> int:
    """Runs one command; 1 and a sentence on standard error where it cannot be done."""
    arguments = parser().parse_args(words)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        arguments.act(arguments)
    except BlastscreenError as error:
        print(f"training: {error.message}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
