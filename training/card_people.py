"""What a model card says of parts of the cells, and of each person."""

from typing import Any

from training.card_tables import FigureMissing, as_told, estimated
from training.cells import subject_order
from training.markdown import table
from training.titles import OF_ONE_SUBJECT, SUBGROUP_FIGURES


def subgroups(report: dict[str, Any]) -> str:
    """The table of `training.subgroups`; raises FigureMissing."""
    if not report.get("subgroups"):
        raise FigureMissing("The figures by size and brightness are missing, so no model card can be written.")
    columns = ["cells", "normal (subjects)", "ALL (subjects)", *SUBGROUP_FIGURES.values()]
    rows = []
    for one in report["subgroups"]:
        counts = [f"{one['cells'][name]:,} ({one['subjects'][name]})" for name in ("HEM", "ALL")]
        rows.append([f"{one['by']}: {one['part']}", *counts, *(as_told(one[key]) for key in SUBGROUP_FIGURES)])
    told = (
        "Thirds of all cells by the area of the cell in pixels and by its mean grey level of 0 to 255, and the folders "
        "that the images came in where there are several. Calls are at a probability of 0.5."
    )
    return "\n".join([told, "", *table(columns, rows)])


def subjects(evaluation: dict[str, Any], *, alone: bool) -> str:
    """A row for each, with what the gate refuses of them. `alone`: every person was left out alone."""
    rows = [
        (
            one["subject"],
            one["class"],
            one["cells"],
            f"{one['right']:.2f} ({one['right_interval'][0]:.2f} to {one['right_interval'][1]:.2f})",
            f"{one['mean_probability']:.2f}",
            f"{one['not_suspected']:.2f}",
            f"{one['suspected']:.2f}",
            estimated(evaluation["gate"]["by_subject"], one["subject"]),
        )
        for one in sorted(evaluation["report"]["by_subject"], key=lambda one: subject_order(one["subject"]))
    ]
    said = ("called right", "mean probability", "`not_suspected`", "`suspected`", "refused")
    of_partitions = "" if alone else " and on the mean of all partitions"
    told = (
        f"{OF_ONE_SUBJECT} The mean probability is that of ALL; then the shares of the person's cells that fall into "
        f"those bands, with limits as under Bands{of_partitions}, and that the gate refuses."
    )
    return "\n".join([told, "", *table(("subject", "class", "cells", *said), rows)])
