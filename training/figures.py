"""The five figures that stand in every table of networks, and how a reader sees them."""

from collections.abc import Mapping, Sequence

from training import metrics
from training.bootstrap import Estimate, estimate, paired_difference
from training.cnmc import Cell
from training.floor import floor_scores
from training.metrics import Figure
from training.scored import Floats, Scored
from training.targets import Gain

COLUMNS = ("AUC", "floor-matched AUC", "area-matched AUC", "balanced accuracy", "healthy")
_KEYS = ("auc", "floor_matched", "area_matched", "balanced_accuracy", "healthy")

GUESSED = 0.5
"""The AUC of whoever guesses."""


def figures(scored: Scored, cells: Sequence[Cell], *, seed: int) -> dict[str, Estimate]:
    """Each of COLUMNS under a name of its own, of the scores on one partition."""
    wanted: dict[str, Figure] = {
        "auc": metrics.auc,
        "floor_matched": metrics.matched_auc(_floor(scored, cells, seed=seed)),
        "area_matched": metrics.matched_auc(scored.areas),
        "balanced_accuracy": metrics.balanced_accuracy,
        "healthy": metrics.macro(metrics.specificity),
    }
    return {name: estimate(figure, scored) for name, figure in wanted.items()}


def shown(found: Mapping[str, Estimate]) -> list[str]:
    """Each of COLUMNS with its interval, from what `figures` found."""
    return [str(found[key]) for key in _KEYS]


def gain(ours: Scored, other: Scored, cells: Sequence[Cell], *, seed: int, auc_of_other: Estimate) -> Gain:
    """What `ours` gains over the other on the same partition, pairwise over the same drawn groups."""
    floor = _floor(ours, cells, seed=seed)
    return Gain(
        auc=paired_difference(metrics.auc, ours, other),
        floor_matched=paired_difference(metrics.matched_auc(floor), ours, other),
        learned=auc_of_other.low > GUESSED,
    )


def contested(
    ours: str, scored: Scored, others: Mapping[str, Scored], cells: Sequence[Cell], *, seed: int
) -> list[str]:
    """Ours and then each other on the same partition, with what ours has more, as a table of Markdown."""
    columns = ("recipe", *COLUMNS, "ours more: AUC", "floor-matched AUC")
    rows = []
    for name, other in others.items():
        told = figures(other, cells, seed=seed)
        more = gain(scored, other, cells, seed=seed, auc_of_other=told["auc"])
        row = [name, *shown(told), more.auc.signed(), more.floor_matched.signed()]
        rows.append((-told["floor_matched"].value, row))
    ranked = [[ours, *shown(figures(scored, cells, seed=seed)), "", ""], *(row for _, row in sorted(rows))]
    return [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *(f"| {' | '.join(row)} |" for row in ranked)]


def _floor(scored: Scored, cells: Sequence[Cell], *, seed: int) -> Floats:
    return floor_scores(cells, folds=len(set(scored.folds.tolist())), seed=seed)
