"""The five figures that stand in every table of networks, and how a reader sees them."""

from collections.abc import Mapping

from training import metrics
from training.bootstrap import Estimate, estimate, paired_difference
from training.markdown import table
from training.metrics import Figure
from training.scored import Floats, Scored
from training.targets import Gain

COLUMNS = ("AUC", "floor-matched AUC", "area-matched AUC", "balanced accuracy", "healthy")
_KEYS = ("auc", "floor_matched", "area_matched", "balanced_accuracy", "healthy")

GUESSED = 0.5
"""The AUC of whoever guesses."""


def figures(scored: Scored, floor: Floats) -> dict[str, Estimate]:
    """Each of COLUMNS under a name of its own, of the scores on one partition; `floor` is that of the same cells."""
    wanted: dict[str, Figure] = {
        "auc": metrics.auc,
        "floor_matched": metrics.matched_auc(floor),
        "area_matched": metrics.matched_auc(scored.areas),
        "balanced_accuracy": metrics.balanced_accuracy,
        "healthy": metrics.macro(metrics.specificity),
    }
    return {name: estimate(figure, scored) for name, figure in wanted.items()}


def shown(found: Mapping[str, Estimate]) -> list[str]:
    """Each of COLUMNS with its interval, from what `figures` found."""
    return [str(found[key]) for key in _KEYS]


def gain(ours: Scored, other: Scored, floor: Floats, *, auc_of_other: Estimate) -> Gain:
    """What `ours` gains over the other on the same cells, pairwise over the same drawn groups."""
    return Gain(
        auc=paired_difference(metrics.auc, ours, other),
        floor_matched=paired_difference(metrics.matched_auc(floor), ours, other),
        area_matched=paired_difference(metrics.matched_auc(ours.areas), ours, other),
        auc_within=paired_difference(metrics.auc_within_folds, ours, other),
        floor_matched_within=paired_difference(metrics.matched_auc(floor, within_folds=True), ours, other),
        learned=auc_of_other.low > GUESSED,
    )


def contested(name: str, ours: Scored, others: Mapping[str, Scored], floor: Floats) -> list[str]:
    """Ours and then each other in the same folds, with what ours has more, as a table of Markdown; `floor` is the
    floor's logit of each cell.
    """
    columns = ("recipe", *COLUMNS, "ours more: AUC", "floor-matched AUC")
    rows = []
    for other, scored in others.items():
        told = figures(scored, floor)
        more = (
            paired_difference(figure, ours, scored).signed() for figure in (metrics.auc, metrics.matched_auc(floor))
        )
        rows.append((-told["floor_matched"].value, [other, *shown(told), *more]))
    ranked = [[name, *shown(figures(ours, floor)), "", ""], *(row for _, row in sorted(rows))]
    return table(columns, ranked)
