"""What the words of a command name: which recipe, which cells, which results."""

import argparse
import importlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import Misconfigured
from app.vision.bundle import CLASSES
from training.earlier import as_published, from_scratch
from training.labels import located
from training.recipe import Recipe

if TYPE_CHECKING:
    from training.cells import Cell
    from training.dataset import Crops

RESULTS = Path("training/results")
INDEX = "index.csv"
MORPHOLOGY = "morphology.json"


class RecipeNotFound(Misconfigured):
    code = "recipe_not_found"


class FolderNotNamed(Misconfigured):
    code = "folder_not_named"


class FolderNotWanted(Misconfigured):
    code = "folder_not_wanted"


class FolderNotWritable(Misconfigured):
    code = "folder_not_writable"


class ClassMissing(Misconfigured):
    code = "class_missing"


class SmearFieldsMissing(Misconfigured):
    code = "smear_fields_missing"


def recipe_named(name: str) -> Recipe:
    """The recipe in `training/recipes/<name>.py`."""
    there = sorted(path.stem for path in (Path(__file__).parent / "recipes").glob("[a-z]*.py"))
    if name not in there:
        raise RecipeNotFound(f"There is no recipe {name!r}. There are: {', '.join(there)}.")
    recipe: Recipe = importlib.import_module(f"training.recipes.{name}").RECIPE
    return recipe


def chosen(arguments: argparse.Namespace) -> Recipe:
    """The recipe that was named, as it stands, or the variant of it that was asked for; raises NotPublished and
    NothingPretrained.
    """
    recipe = recipe_named(arguments.recipe)
    if arguments.as_published:
        recipe = as_published(recipe)
    if arguments.from_scratch:
        recipe = from_scratch(recipe)
    if arguments.each_person:
        return recipe.each_person()
    return recipe if arguments.partition is None else recipe.on_partition(arguments.partition)


def results_folder(arguments: argparse.Namespace, recipe: Recipe) -> Path:
    """Results on drawn cells are for trying out and are not kept with the others."""
    chosen: Path = arguments.results or (arguments.var / "results" if recipe.drawn_cells else RESULTS)
    return chosen


def crops(arguments: argparse.Namespace, recipe: Recipe) -> tuple["Crops", Path]:
    """The recipe's cells as crops, and the folder of their images."""
    from training import dataset

    if recipe.drawn_cells:
        if arguments.folder is not None:
            raise FolderNotWanted(
                f"Recipe {recipe.name} learns from cells that it draws itself, and from none in {arguments.folder}. "
                "Name no folder, or another recipe."
            )
        cells, root = drawn_cells(arguments, recipe)
        return dataset.stored(cells, root, folder=arguments.var / "crops"), root
    if arguments.folder is None:
        raise FolderNotNamed(f"Recipe {recipe.name} needs images: name the folder in the C-NMC layout.")
    return stored(arguments, arguments.folder), arguments.folder


def unlabelled(arguments: argparse.Namespace, recipe: Recipe) -> "Crops | None":
    """Crops of the unlabelled cells below the folder that was named, for who learns without labels; None where either
    is none.
    """
    from training import dataset, index

    if recipe.drawn_cells or not recipe.learns_without_labels:
        return None
    cells = [cell for cell in index.current(arguments.folder, writable(arguments.var) / INDEX) if not cell.label]
    return dataset.stored(cells, arguments.folder, folder=arguments.var / "crops") if cells else None


def stored(arguments: argparse.Namespace, root: Path) -> "Crops":
    """Crops of the labelled cells below `root`."""
    from training import dataset

    return dataset.stored(indexed(arguments, root), root, folder=arguments.var / "crops")


def drawn_cells(arguments: argparse.Namespace, recipe: Recipe) -> "tuple[list[Cell], Path]":
    """The recipe's drawn cells, and the folder where they lie: recipes with as many cells share it, and no others."""
    from training import drawn

    root = writable(arguments.var) / f"drawn-{recipe.drawn_cells}"
    drawn.write_cells(root, count=recipe.drawn_cells)
    return indexed(arguments, root, table=f"{root.name}.csv"), root


def indexed(arguments: argparse.Namespace, root: Path, *, table: str = INDEX) -> "list[Cell]":
    """The labelled cells below `root`, indexed now or earlier; raises ClassMissing."""
    from training import index

    cells = [cell for cell in index.current(root, writable(arguments.var) / table) if cell.label]
    if missing := [name for name in CLASSES if not any(cell.label == name for cell in cells)]:
        raise ClassMissing(
            f"{root} has no cell labelled {' or '.join(missing)}, and this needs both classes. The class comes from a "
            "file's name (UID_1_1_1_all.bmp) or from the label CSV."
        )
    return cells


def kept_in(arguments: argparse.Namespace) -> Path:
    """The folder that results are to be written to, made where it is missing; raises FolderNotWritable."""
    return writable(arguments.results or RESULTS, option="--results")


def writable(folder: Path, *, option: str = "--var") -> Path:
    """The same folder, made where it is missing; raises FolderNotWritable, which says what names another one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise FolderNotWritable(
            f"{folder} cannot be written ({error.strerror}). Name another folder with {option}."
        ) from error
    return folder


def smear_fields(arguments: argparse.Namespace, root: Path) -> Path:
    """The folder of smear fields: the one that was named, or `not_cells` beside the cells."""
    from training import not_cells

    folder: Path = arguments.not_cells or located(root).parent / "not_cells"
    if not not_cells.photographs(folder):
        raise SmearFieldsMissing(f"There are no smear fields (JPEG) in {folder}. Name their folder with --not-cells.")
    return folder
