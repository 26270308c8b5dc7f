"""The same cell photographed again, say in another focus: how far a network says the same of it.

What `training.twice` finds within one subject group. Both images lie in one fold, so that one network, which knew
neither, scored them.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.vision.bundle import CLASSES
from training import aside, each_person, metrics, results, trust, twice
from training.bootstrap import Estimate, estimate, never_certain
from training.cells import Cell, fingerprint
from training.dataset import Crops
from training.markdown import table
from training.metrics import Figure, share
from training.out_of_fold import scored_of
from training.recipe import OF_EACH_PERSON
from training.scored import Floats, Scored, ones
from training.titles import RETAKES
from training.trust import Served

KEPT = "retakes.json"
"""The name of the file beside other results."""

FILED_AGAIN = 0.99
"""Likeness from which two images are one photograph, filed or cut out again, and no pair."""

SAME_AUC = 1e-4
"""So much may results differ in AUC from a card that was made of them."""

AGAIN = "Run `python -m training retakes` again."

COLUMNS = {"called_otherwise": "called otherwise", "another_cell": "another cell", "repeatability": "repeatability"}

RANKED = 12
"""So many of those that rank cells best are told of."""

HEAD = """\
## The same cell photographed again

{pairs} pairs of images show one cell, of {groups} subject groups, most in another focus (`python -m training retakes`);
a cell with three images is in three pairs. Both were scored by one network that knew neither. *Called otherwise* is the
share of pairs of which only one image is called ALL, *another cell* the same for two cells of one of these people,
*repeatability* the intraclass correlation of the logit: the share of its variance that is no matter of the photograph.
Those that rank best, on partition 0.
"""

Pairs = NDArray[np.int64]
"""P x 2 places of cells."""


def find(crops: Crops) -> list[tuple[str, str]]:
    """The SHA-256 of both images of every pair among these cells."""
    return [
        (pair.one.sha256, pair.other.sha256)
        for pair in twice.seen(crops)
        if pair.is_known and pair.likeness < FILED_AGAIN
    ]


def write(crops: Crops, path: Path) -> None:
    """Writes what `find` does, and of which cells that is."""
    found = {"data_fingerprint": fingerprint(crops.cells), "pairs": find(crops)}
    aside.write(path, json.dumps(found) + "\n")


def for_card(crops: Crops, *, kept: Path) -> Pairs:
    """The pairs kept in that file where they are of these very cells, else found now."""
    known = read(kept, crops.cells)
    return _places(find(crops), crops.cells) if known is None else known


def read(path: Path, cells: Sequence[Cell]) -> Pairs | None:
    """What is kept of these very cells; None where nothing is. Raises ResultsDoNotFit where it is no list of pairs, or
    one of two subject groups.
    """
    found = results.read_json(path) if path.is_file() else {}
    if found.get("data_fingerprint") != fingerprint(cells):
        return None
    try:
        places = _places([(one, other) for one, other in found["pairs"]], cells)
    except (KeyError, TypeError, ValueError) as error:
        raise results.ResultsDoNotFit(f"{path} is no list of pairs of these cells ({error}). {AGAIN}") from error
    if any(cells[one].group != cells[other].group for one, other in places):
        raise results.ResultsDoNotFit(f"{path} has pairs of two subject groups as they are now. {AGAIN}")
    return places


def _places(pairs: Sequence[tuple[str, str]], cells: Sequence[Cell]) -> Pairs:
    place = {cell.sha256: number for number, cell in enumerate(cells)}
    return np.array([(place[one], place[other]) for one, other in pairs], np.int64).reshape(-1, 2)


def of_results(card: Mapping[str, Any], *, folder: Path) -> dict[str, Any] | None:
    """`report` of the model with this card, by its results in `folder`; None where those or the pairs are not kept
    there, or are of other cells or networks.
    """
    training, figures_of_card = card["training"], card["evaluation"].get("report", {}).get("figures", {})
    alone = training.get("each_person", False)
    path = folder / f"{training['recipe']['name']}{OF_EACH_PERSON if alone else ''}.csv"
    if not (path.is_file() and (folder / results.CELLS).is_file()):
        return None
    cells = results.cells_beside(folder)
    pairs = read(folder / KEPT, cells)
    if pairs is None or fingerprint(cells) != training["data_fingerprint"]:
        return None
    seed = each_person.SEED if alone else training["recipe"]["seeds"][0]
    scored = scored_of(results.read_of(path, cells), cells, seed=seed)
    own = float(metrics.auc(scored, ones(scored)))
    if abs(own - figures_of_card.get("auc", [0.0])[0]) > SAME_AUC:
        return None
    return report(trust.as_served(scored), pairs)


def report(served: Served, pairs: Pairs) -> dict[str, Any]:
    """How many pairs of how many subject groups there are, and each of RETAKES as JSON; only the former where pairs of
    one class are lacking.
    """
    of_pairs = served.scored.of(pairs[:, 0])
    counts = {"pairs": len(pairs), "subject_groups": len(np.unique(of_pairs.groups))}
    if len(np.unique(of_pairs.is_all)) < len(CLASSES):
        return counts
    band = (1 * served.suspected - 1 * served.not_suspected)[pairs]
    found = figures(served.scored, pairs) | {"in_another_band": _share(band[:, 0] != band[:, 1], of_pairs)}
    return {**counts, **{name: found[name].as_json() for name in RETAKES}}


def figures(scored: Scored, pairs: Pairs) -> dict[str, Estimate]:
    """Of RETAKES those that go without bands; each pair counts the same."""
    of_pairs, probabilities = scored.of(pairs[:, 0]), scored.probabilities[pairs]
    called = scored.called_all[pairs]
    return {
        "called_otherwise": _share(called[:, 0] != called[:, 1], of_pairs),
        "another_cell": _share(_of_another_cell(scored)[pairs[:, 0]], of_pairs),
        "mean_difference": estimate(share(np.ptp(probabilities, axis=1), ones(of_pairs)), of_pairs),
        "repeatability": estimate(repeatability(scored.logits[pairs]), of_pairs),
    }


def repeatability(logits: Floats) -> Figure:
    """The intraclass correlation of P x 2 logits: 1 less the variance within pairs as a share of all there is."""
    within, squares, means = np.var(logits, axis=1, ddof=1), (logits**2).mean(axis=1), logits.mean(axis=1)

    def figure(_: Scored, weights: Floats) -> Floats:
        total = weights.sum(axis=-1)
        variance = weights @ squares / total - (weights @ means / total) ** 2
        return np.asarray(1 - weights @ within / total / variance)

    return figure


def _of_another_cell(scored: Scored) -> Floats:
    """For each of N cells how often two cells of its subject group are called differently."""
    _, group, sizes = np.unique(scored.groups, return_inverse=True, return_counts=True)
    called = np.bincount(group, weights=scored.called_all)
    apart: Floats = (2 * called * (sizes - called) / np.maximum(1, sizes * (sizes - 1)))[group]
    return apart


def _share(chosen: NDArray[np.bool_] | Floats, of_pairs: Scored) -> Estimate:
    return never_certain(estimate(share(chosen, ones(of_pairs)), of_pairs), among=of_pairs.groups)


def lines(finished: Mapping[str, Scored], cells: Sequence[Cell], *, folder: Path) -> list[str]:
    """The first RANKED of the finished, the best first, as Markdown; nothing where no pairs are kept in `folder`."""
    pairs = read(folder / KEPT, cells)
    if pairs is None or not finished:
        return []
    groups = len({cells[one].group for one in pairs[:, 0]})
    rows = []
    for name, scored in list(finished.items())[:RANKED]:
        found = figures(scored, pairs)
        rows.append([name, *(found[key] for key in COLUMNS)])
    return [HEAD.format(pairs=len(pairs), groups=groups), *table(("recipe", *COLUMNS.values()), rows), ""]
