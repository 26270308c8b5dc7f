"""Early stopping, on people that the network does not learn from and that are not the tested fold's either."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from app.vision.bundle import CLASSES
from training import aside
from training.cells import Cell
from training.dataset import Crops
from training.metrics import weighted_auc
from training.network import scores
from training.scored import subject_balance
from training.splits import partition

WATCHED_SHARE = 5
"""One in so many of the training subject groups is watched instead of learned from, as far as there are enough."""


@dataclass(frozen=True)
class Memory:
    """The best epoch so far, counted from 1, and its figure; 0 before the first."""

    best: float = 0.0
    best_epoch: int = 0

    def after(self, epoch: int, figure: float) -> "Memory":
        """The memory with this epoch's figure; the earlier of two equal ones stays the best."""
        return Memory(figure, epoch) if self.best_epoch == 0 or figure > self.best else self

    def is_over(self, epoch: int, *, patience: int) -> bool:
        """Whether `patience` epochs have passed since the best, when so many are behind."""
        return self.best_epoch > 0 and epoch - self.best_epoch >= patience


def watched_apart(
    cells: Sequence[Cell], learns: NDArray[np.int64], *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`learns` in two: what is learned from, and what is watched; no subject group is in both. Raises OneClassOnly."""
    own = [cells[index] for index in learns]
    groups = [len({cell.group for cell in own if cell.label == name}) for name in CLASSES]
    fold_of = partition(own, folds=max(2, min(WATCHED_SHARE, *groups)), seed=seed)
    return learns[fold_of != 0], learns[fold_of == 0]


def watch(
    model: keras.Model, crops: Crops, watched: NDArray[np.int64], *, size: int, folder: Path, epoch: int
) -> float:
    """AUC of the watched cells, people counting the same. Where it is the best so far, weights go to `folder`."""
    logits = scores(model, crops, watched, size=size)["logit"]
    is_all = crops.labels[watched] == 1
    weights = subject_balance(is_all, np.array([crops.cells[index].group for index in watched]))
    figure = float(weighted_auc(is_all, logits.astype(np.float64), weights))
    memory = remembered(folder).after(epoch, figure)
    if memory.best_epoch == epoch:
        with aside.moved_to(folder / "best.npz") as best, best.open("wb") as file:
            np.savez(file, *model.get_weights())
    aside.write(folder / "watched.json", json.dumps(asdict(memory)))
    return figure


def remembered(folder: Path) -> Memory:
    """The memory of an earlier run of the same part, or a fresh one."""
    path = folder / "watched.json"
    return Memory(**json.loads(path.read_text())) if path.exists() else Memory()


def take_best(model: keras.Model, *, folder: Path) -> None:
    """Gives the model the weights of its best epoch."""
    with np.load(folder / "best.npz") as kept:
        model.set_weights([kept[name] for name in kept.files])
