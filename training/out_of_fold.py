"""From committed logits to calibrated scores: each by a network and a calibration that never saw the cell's subject."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training import results, trust
from training.cnmc import Cell
from training.scored import Scored
from training.splits import refuse_shared


class ScoresMissing(results.ResultsDoNotFit):
    code = "scores_missing"


def scored_of(rows: Sequence[results.Row], cells: Sequence[Cell], *, seed: int) -> Scored:
    """The out-of-fold scores of one seed in the order of `cells`.

    Raises ScoresMissing where a cell has none, and GroupShared where a subject group was scored in two folds: then a
    network was tested on people whom it knew. ResultsDoNotFit where an image has two.
    """
    by_image: dict[str, results.Row] = {}
    for row in rows:
        if row.seed == seed and (earlier := by_image.setdefault(row.image_sha256, row)) is not row:
            raise results.ResultsDoNotFit(
                f"{row.where}: image {row.image_sha256[:12]} has a score of seed {seed} already ({earlier.where}). "
                "Run `fit` again."
            )
    if missing := sum(cell.sha256 not in by_image for cell in cells):
        raise ScoresMissing(f"{missing} of {len(cells)} cells have no score under seed {seed}. Run `fit` to the end.")
    own = [by_image[cell.sha256] for cell in cells]
    refuse_shared([cell.group for cell in cells], [row.fold for row in own], where=[row.where for row in own])
    scored = Scored(
        is_all=np.array([cell.label == "ALL" for cell in cells]),
        subjects=np.array([cell.subject for cell in cells]),
        groups=np.array([cell.group for cell in cells]),
        folds=np.array([row.fold for row in own]),
        logits=np.array([row.logit for row in own]),
        areas=np.array([cell.area for cell in cells], np.float64),
        probabilities=np.zeros(len(cells)),
    )
    return replace(scored, probabilities=trust.cross_calibrated(scored, apart=scored.folds))


def scored_by_seed(
    rows: Sequence[results.Row], cells: Sequence[Cell], *, seeds: Sequence[int] | None = None
) -> dict[int, Scored]:
    """The scores of these seeds, or of all that the rows have; raises what `scored_of` raises."""
    wanted = sorted({row.seed for row in rows}) if seeds is None else seeds
    return {seed: scored_of(rows, cells, seed=seed) for seed in wanted}


@dataclass(frozen=True)
class Apart:
    """The scores of those of N cells whose person no network met, and which cells those are."""

    scored: Scored
    kept: NDArray[np.bool_]
    """N; all of them, but where networks were run before it was known that some people have several names."""

    @classmethod
    def of_all(cls, scored: Scored) -> "Apart":
        """The scores of all cells."""
        return cls(scored, np.ones(len(scored.is_all), np.bool_))

    def on(self, cells: NDArray[np.bool_]) -> Scored:
        """The scores of its cells that are among these of the N."""
        return self.scored.of(cells[self.kept])


def apart_if_finished(rows: Sequence[results.Row], cells: Sequence[Cell], *, seed: int) -> Apart | None:
    """The same, leaving out every person who was tested in several folds under several names: the networks of some of
    those had learned from the others. None where some folds of that seed are still to come.

    Raises GroupShared where a subject of one name was scored in two folds, else what `scored_of` raises.
    """
    found = {row.image_sha256: row for row in rows if row.seed == seed}
    if any(cell.sha256 not in found for cell in cells):
        return None
    scored = [found[cell.sha256] for cell in cells]
    refuse_shared([cell.subject for cell in cells], [row.fold for row in scored], where=[row.where for row in scored])
    tested: dict[str, set[int]] = {}
    for cell, row in zip(cells, scored, strict=True):
        tested.setdefault(cell.group, set()).add(row.fold)
    kept = np.array([len(tested[cell.group]) == 1 for cell in cells])
    own = [cell for cell, is_kept in zip(cells, kept, strict=True) if is_kept]
    return Apart(scored_of(rows, own, seed=seed), kept)
