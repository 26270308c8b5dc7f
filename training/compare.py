"""Two sets of committed results on the same cells: the paired difference of every figure, with its interval."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training import evaluate, metrics, results
from training.cnmc import Cell
from training.floor import floor_scores
from training.metrics import Figure, paired_difference


class NoCommonPartition(results.ResultsDoNotFit):
    code = "no_common_partition"


def compared(one: Path, other: Path, cells: Sequence[Cell]) -> dict[str, Any]:
    """Each figure of `one` less that of `other` (`<recipe>.csv`), on the first partition that both were scored on.

    [difference, low, high] by bootstrap over subject groups that are drawn for both together. Raises NoCommonPartition,
    ScoresMissing, GroupShared or ResultsDoNotFit.
    """
    rows = [results.read(path) for path in (one, other)]
    common = sorted({row.seed for row in rows[0]} & {row.seed for row in rows[1]})
    if not common:
        raise NoCommonPartition(f"{one.stem} and {other.stem} share no partition: fit both with one seed in common.")
    seed = common[0]
    first, second = (evaluate.scored_of(own, cells, seed=seed) for own in rows)
    floor = floor_scores(cells, folds=len(set(first.folds.tolist())), seed=seed)
    figures: dict[str, Figure] = {
        "auc": metrics.auc,
        "floor_matched_auc": metrics.matched_auc(floor),
        "area_matched_auc": metrics.matched_auc(first.areas),
        "balanced_accuracy": metrics.balanced_accuracy,
        "subject_macro_auc": metrics.macro(metrics.auc),
        "subject_macro_sensitivity": metrics.macro(metrics.sensitivity),
        "subject_macro_specificity": metrics.macro(metrics.specificity),
        "calibration_error": metrics.macro(metrics.calibration_error),
    }
    differences = {name: paired_difference(figure, first, second).as_json() for name, figure in figures.items()}
    return {"one": one.stem, "other": other.stem, "seed": seed, "differences": differences}
