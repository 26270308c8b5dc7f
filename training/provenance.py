"""What a model was learned from, how, and how it is made again: as a model card tells it, from card.json."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from training.cells import Cell, read_index
from training.labels import located

C_NMC = {
    "title": "C-NMC 2019, part of the official training set",
    "attribution": (
        "Gupta, A., & Gupta, R. (2019). ALL Challenge dataset of ISBI 2019 (C-NMC 2019) (Version 1) [Data set]. "
        "The Cancer Imaging Archive. https://doi.org/10.7937/tcia.2019.dc64i46r"
    ),
    "licence": "Creative Commons Attribution 3.0 Unported (CC BY 3.0)",
    "changes": "subset, re-encoded without loss; cropped to the cell for training",
    "not_known": "age and sex of the subjects, and by which microscope and camera each image was taken",
}
DRAWN = {
    "title": "Cells drawn by program",
    "attribution": "Blastscreen; no patient's image",
    "licence": "Apache-2.0",
    "changes": "none",
}
CELLS_OF_C_NMC = Path(__file__).with_name("results") / "cells.csv"
"""The table of its images that the committed results are of."""

FOLDERS = (
    "`FOLDER` holds the images in the C-NMC layout, `SMEARS` the smear fields (JPEG) on which the gate is tried; "
    "without `--not-cells` they are looked for in `not_cells` beside `FOLDER`. "
)


def source_of(cells: Iterable[Cell], root: Path) -> dict[str, str]:
    """What a card says of whose real images below `root` these are: C_NMC where all of them are known to be of it.

    Raises IndexNotReadable.
    """
    if {cell.sha256 for cell in cells} <= {cell.sha256 for cell in read_index(CELLS_OF_C_NMC)}:
        return C_NMC
    return {
        "title": f"Images in {located(root).name}",
        "attribution": "Source not stated",
        "licence": "No licence stated",
        "changes": "cropped to the cell for training",
    }


def is_of_c_nmc(training: dict[str, Any]) -> bool:
    """Whether the data of a card's `training` are C_NMC."""
    return bool(training["data"]["title"] == C_NMC["title"])


def data(training: dict[str, Any]) -> str:
    """Which images, whose, under which licence, of how many subjects; `training` is the card's."""
    source, cells, subjects, groups = (training[key] for key in ("data", "cells", "subjects", "subject_groups"))
    return (
        f"{source['title']}. {source['attribution']}. Licence: {source['licence']}. Changes made: {source['changes']}."
        "\n\n"
        f"{cells['HEM']:,} normal cells of {subjects['HEM']} subjects ({groups['HEM']} subject groups) and "
        f"{cells['ALL']:,} ALL cells of {subjects['ALL']} subjects ({groups['ALL']} groups). "
        f"Fingerprint `{training['data_fingerprint'][:16]}`."
        f"{' Not known: ' + source['not_known'] + '.' if 'not_known' in source else ''}"
    )


def learned(recipe: dict[str, Any]) -> str:
    """What of the network the recipe learned, and from what."""
    if recipe["views"] is None:
        return (
            f"Its weights are learned by gradient, in at most {recipe['epochs']} epochs of "
            f"{recipe['cells_per_epoch']:,} varied cells."
        )
    head = "a linear discriminant" if recipe["discriminant"] else "a logistic regression"
    tints = f" and {recipe['tints']} in other colours" if recipe["tints"] else ""
    return (
        f"Nothing is learned but the weights of its last, linear layer, at once, as {head}, from every cell as it is, "
        f"{recipe['views']} variations of it{tints}.{_varying(recipe)}{_stain(recipe)}"
    )


def _varying(recipe: dict[str, Any]) -> str:
    if not (recipe["discriminant"] or {}).get("varying_floor"):
        return ""
    return (
        f" They vary from picture to picture with {recipe['network_options']['modifiers']} numbers, learned without "
        "labels, that tell how strongly filters of colour answer there, which is a matter of focus and stain."
    )


def _stain(recipe: dict[str, Any]) -> str:
    told = recipe["discriminant"] or {}
    if not told.get("stain_floor"):
        return ""
    adjusted = ", nor what they differ in only because of it" if told.get("stain_adjusted") else ""
    return (
        " What goes with the stain, how red a cell is against green, among cells of one class is taken off the other "
        f"features; how the classes differ in the stain itself is not used{adjusted}."
    )


def reproduce(card: dict[str, Any]) -> str:
    """The commands that make the model again, its recipe, and what training took."""
    name, real = card["training"]["recipe"]["name"], not card["for_demonstration"]
    folder, shifts, not_cells = (words * real for words in (" FOLDER", " --shifts", " --not-cells SMEARS"))
    each_person = card["training"].get("each_person", False)
    apart = " --each-person" * each_person
    alone = f"python -m training fit {name}{folder}{apart}\n" * each_person
    of_which = " The minutes are those of the final network and of those with a person left out." * each_person
    return (
        f"```\npython -m training fit {name}{folder}\n{alone}"
        f"python -m training evaluate {name}{folder}{apart}{shifts}\n"
        f"python -m training export {name}{folder} --version {card['version']}{not_cells}\n```\n\n"
        f"{FOLDERS * real}Recipe `training/recipes/{name}.py`, fingerprint "
        f"`{card['training']['recipe_fingerprint']}`, {_taken(card['training'])}; "
        f"out-of-fold logits are in `training/results/`.{of_which}"
    )


def _taken(training: dict[str, Any]) -> str:
    """What the training of these networks took, and on what where the card has it: earlier ones say nothing of that."""
    on = " and ".join(f"a {device.upper()}" for device in training.get("devices", []))
    return f"{training['seconds'] / 60:.0f} minutes of training{f' on {on}' if on else ''}"
