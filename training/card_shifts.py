"""What a model card says of the model under changes: of the cells, of the photograph, and of who the people are."""

from typing import Any

from training.bootstrap import Estimate
from training.card_tables import FigureMissing, as_table, as_told, estimated
from training.markdown import table
from training.titles import CHANGES, RETAKES, TILTED


def shifts(card: dict[str, Any]) -> str:
    """The shift test, a row for each change; raises FigureMissing."""
    found = card["evaluation"].get("shifts")
    if not found and card["for_demonstration"]:
        return "The shift test was not run for this model."
    if not found:
        raise FigureMissing("The shift test is missing, so no model card can be written. Run `evaluate --shifts`.")
    alone = card["training"].get("each_person", False)
    rows = [
        [
            one["shift"],
            *([] if alone else [str(one["seed"])]),
            f"{one['auc']:.3f}",
            *(Estimate(*one[key]).signed() for key in CHANGES),
        ]
        for one in found
    ]
    partition = [] if alone else ["partition"]
    columns = ["the same unseen cells, with", *partition, "AUC", *CHANGES.values()]
    learned = (
        "Each network had learned from all other people."
        if alone
        else "Partitions are named by their seeds; of "
        f"{card['training']['recipe']['folds']} folds each network had learned from all but one."
    )
    told = (
        f"On {found[0]['cells']:,} cells, by networks that had not seen the person. {learned} Threshold and "
        "calibration are those of all unchanged cells, and stay as they are."
    )
    return "\n".join([told, "", *table(columns, rows)])


def retakes(card: dict[str, Any]) -> str:
    """How far it says the same of one cell in two photographs; raises FigureMissing."""
    found = card["evaluation"].get("retakes")
    if not found and card["for_demonstration"]:
        return "This was not looked at for this model."
    if not found:
        raise FigureMissing(
            "How far it says the same of a cell photographed again is missing, so no model card can be written. Run "
            "`python -m training retakes`, and keep the model's results beside that file."
        )
    if not found["pairs"]:
        return "No two of these images show the same cell."
    counted = (
        f"{found['pairs']:,} pairs of these images show one cell of one person, photographed again; they are of "
        f"{found['subject_groups']} subject groups."
    )
    if not any(name in found for name in RETAKES):
        return f"{counted} Those are too few to say more."
    how = "One network, which knew neither, scored both; each pair counts the same, and bands are as under Bands."
    return f"{counted} {how}\n\n{as_table(found, RETAKES)}"


def tilted(card: dict[str, Any]) -> str:
    """What it reaches under each tilt, "-" where none has a solution; raises FigureMissing."""
    found = card["evaluation"].get("tilted")
    if not found and card["for_demonstration"]:
        return "This was not looked at for this model."
    if not found:
        raise FigureMissing("How it ranks where size and colour say otherwise is missing. Export the model again.")
    figures = card["evaluation"]["report"]["figures"]
    rows = []
    for name, title in TILTED.items():
        one = found[name]
        worth = " and ".join(_persons(one["persons"][label]) for label in ("HEM", "ALL"))
        reached = (as_told(one[figure]) for figure in ("auc", "sensitivity", "specificity"))
        rows.append((title, f"{one['colour_auc']:.2f}", f"{one['floor_auc']:.2f}", worth, *reached))
    floor, own = (estimated(figures, name) for name in ("floor_subject_macro_auc", "subject_macro_auc"))
    told = (
        f"Here area and mean colour alone rank cells with an AUC of {floor} and this network with one of {own}, "
        "every subject counting the same. In other people they say otherwise: healthy cells of the official "
        "preliminary set are larger and brighter. So the same cells are weighed (exponential tilting by mean colour "
        "and size) until both have the AUC in the table; they are worth so many persons then. What is known of the "
        "preliminary set rests on 129 cells of 22 people, so in every draw those two are drawn anew as well. Those "
        "people themselves were not measured, and size and colour are moved with whatever goes with them here: this "
        "is no forecast."
    )
    columns = ("cells weighed", "mean colour alone", "with area", "worth: normal and ALL", "AUC of this network")
    return "\n".join([told, "", *table((*columns, "sensitivity", "specificity"), rows)])


def _persons(worth: float | None) -> str:
    """How many persons weighed cells are worth; "-" where no weights are what was asked for."""
    return "-" if worth is None else f"{worth:.0f}"
