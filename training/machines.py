"""The yardsticks of hand-made features: an SVM without size and colour, one with them, and one beside a network.

As rows of the contest they are scored on the very folds of the networks and written in the same files.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import features, results
from training.dataset import Crops
from training.floor import size_and_colour
from training.out_of_fold import scored_of
from training.recipe import EACH_PERSON, HAND_MADE, HAND_MADE_SIZED, OF_EACH_PERSON
from training.scored import Floats, subject_balance
from training.splits import partition


@dataclass(frozen=True)
class Machine:
    """One yardstick, a value as a Recipe is."""

    name: str
    sized: bool = False
    """Area and mean colour are among the features: the shortcuts that fail on the next healthy person."""
    beside: str | None = None
    """The results whose logits are added, both in units of their spread on the other folds."""
    folds: int = 3
    """Or EACH_PERSON."""
    seeds: tuple[int, ...] = (0,)
    features: int = features.REVISION

    def as_json(self) -> dict[str, Any]:
        """Every choice as plain JSON values."""
        return asdict(self)

    def fingerprint(self) -> str:
        """First 12 hex digits of the SHA-256 of its choices."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:12]


ALONE = (Machine(HAND_MADE), Machine(HAND_MADE_SIZED, sized=True))
"""Those that need no network."""


def asked_for(*, beside: str, seed: int | None, each_person: bool) -> tuple[Machine, ...]:
    """Those that `features` makes, by its options."""
    if each_person:
        return left_out_alone()
    return machines(network=beside) if seed is None else on_partition(seed)


def machines(*, network: str) -> tuple[Machine, ...]:
    """The rows of the contest; the last stands beside the network of these results."""
    return (*ALONE, Machine(f"{HAND_MADE}_{network}", beside=network))


def left_out_alone() -> tuple[Machine, ...]:
    """Those that need no network, with every person left out alone."""
    return tuple(replace(one, name=f"{one.name}{OF_EACH_PERSON}", folds=EACH_PERSON) for one in ALONE)


def on_partition(seed: int) -> tuple[Machine, ...]:
    """Those that need no network, on one other grouped partition."""
    return tuple(replace(one, name=f"{one.name}_on_{seed}", seeds=(seed,)) for one in ALONE)


def write(machine: Machine, crops: Crops, table: Floats, *, folder: Path) -> None:
    """Scores every cell out of fold from the N x F `table` and writes that; raises ResultsDoNotFit."""
    is_all = crops.labels == 1
    weights = subject_balance(is_all, np.array([cell.group for cell in crops.cells]))
    fold_of = partition(crops.cells, folds=machine.folds, seed=machine.seeds[0])
    seen = np.hstack([table, size_and_colour(crops.cells)]) if machine.sized else table
    found = []
    for fold in np.unique(fold_of).tolist():
        began, own = time.monotonic(), fold_of == fold
        fitted = features.machine().fit(seen[~own], is_all[~own], svc__sample_weight=_balanced(weights[~own]))
        note = {
            "seconds": round(time.monotonic() - began),
            "parameters": int(fitted["svc"].dual_coef_.size * (seen.shape[1] + 1)),
            "epochs": 1,
            "seen": int(np.count_nonzero(~own)),
        }
        logits = fitted.decision_function(seen[own]).astype(np.float32)
        found.append(results.Fold(machine.seeds[0], fold, np.flatnonzero(own), logits, note))
    if machine.beside:
        found = _beside(found, crops, fold_of, path=folder / f"{machine.beside}.csv")
    results.write(machine, crops.cells, found, folder=folder)


def _balanced(weights: Floats) -> Floats:
    return weights / weights.mean()


def _beside(
    folds: Sequence[results.Fold], crops: Crops, fold_of: NDArray[np.int64], *, path: Path
) -> list[results.Fold]:
    """The same folds with the network's logits added to the machine's."""
    network = scored_of(results.read(path), crops.cells, seed=folds[0].seed)
    if not np.array_equal(network.folds, fold_of):
        raise results.ResultsDoNotFit(
            f"The results at {path} are of other folds. Only scores of the same folds add up."
        )
    own, (parameters, seen) = np.empty(len(crops.cells)), results.cost(path.with_suffix(".json"))
    for fold in folds:
        own[fold.tested] = fold.logits
    return [
        replace(
            fold,
            logits=_standard(own, fold_of, fold.fold) + _standard(network.logits, fold_of, fold.fold),
            note={
                **fold.note,
                "parameters": fold.note["parameters"] + parameters,
                "seen": fold.note["seen"] + seen,
            },
        )
        for fold in folds
    ]


def _standard(scores: Floats, fold_of: NDArray[np.int64], fold: int) -> NDArray[np.float32]:
    """The fold's scores, less the mean and over the deviation of the other folds'."""
    others = scores[fold_of != fold]
    return ((scores[fold_of == fold] - others.mean()) / others.std()).astype(np.float32)
