"""Fixed filters and a linear head: what a cell's texture says when no filter is learned from labels.

The filters are the centres of k-means over whitened patches (Coates, Lee and Ng 2011, An Analysis of Single-Layer
Networks in Unsupervised Feature Learning) of the cells of the training folds; logistic regression reads their mean
responses inside the cell. A row of the contest, and the yardstick for what a trained network adds.
"""

import dataclasses
import hashlib
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from training import results
from training.augment import ERODED, middle
from training.dataset import Crops
from training.metrics import Floats
from training.networks.arithmetic import colour_centred
from training.splits import partition

KERNEL, BATCH = 5, 8
"""Side of a filter in pixels; crops that are looked at together."""

Filters = list[NDArray[np.float32]]


@dataclass(frozen=True)
class FilterBank:
    """One trial. `scales` are the pixels averaged before filtering; each has `filters` filters of 5 x 5 x 3."""

    name: str = "filter_bank"
    size: int = 240
    scales: tuple[int, ...] = (1, 2, 4)
    filters: int = 48
    sampled_cells: int = 600
    patches: int = 60_000
    strength: float = 1.0
    """Inverse strength of the regression's L2 penalty."""
    folds: int = 3
    seeds: tuple[int, ...] = (0,)
    shrink_to: int | None = None

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:12]


def write(bank: FilterBank, crops: Crops, *, folder: Path) -> None:
    """Scores every cell by filters and a regression that never saw its subject group, and writes the results."""
    weights = balance(crops)
    finished = []
    for seed in bank.seeds:
        fold_of = partition(crops.cells, folds=bank.folds, seed=seed)
        for fold in range(bank.folds):
            began = time.monotonic()
            learns, tested = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            learned = filters(bank, crops, learns, rng=np.random.default_rng((seed, fold)))
            table = features(bank, crops, learned)
            head = make_pipeline(StandardScaler(), LogisticRegression(C=bank.strength, max_iter=500))
            head.fit(table[learns], crops.labels[learns], logisticregression__sample_weight=weights[learns])
            note = {
                "seconds": round(time.monotonic() - began),
                "parameters": sum(one.size for one in learned) + table.shape[1] + 1,
                "epochs": 1,
                "seen": len(learns),
            }
            logits = head.decision_function(table[tested]).astype(np.float32)
            finished.append(results.Fold(seed, fold, tested, logits, note))
    results.write(bank, crops, finished, folder=folder)


def balance(crops: Crops) -> Floats:
    """A weight for every cell: classes even, a subject by the root of its size, as `dataset.subject_balanced` draws."""
    sizes = Counter(cell.subject for cell in crops.cells)
    weights = np.array([sizes[cell.subject] ** -0.5 for cell in crops.cells])
    for label in (0, 1):
        weights[crops.labels == label] /= weights[crops.labels == label].mean()
    return weights


def filters(bank: FilterBank, crops: Crops, learns: NDArray[np.int64], *, rng: np.random.Generator) -> Filters:
    """For each scale float32 5 x 5 x 3 x K, learned without labels from patches inside some of the cells `learns`."""
    sampled = np.sort(rng.choice(learns, min(bank.sampled_cells, len(learns)), replace=False))
    found = []
    for scale in bank.scales:
        patches = np.concatenate(
            [
                _patches(
                    *looked(bank, crops, batch, scale=scale), most=bank.patches * len(batch) // len(sampled), rng=rng
                )
                for batch in batches(sampled)
            ]
        )
        found.append(_centres(patches, count=bank.filters))
    return found


def _patches(pixels: Any, inside: Any, *, most: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """At most so many patches, M x 75, of those that lie wholly inside a cell."""
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(pixels), (KERNEL, KERNEL), axis=(1, 2))
    whole = np.lib.stride_tricks.sliding_window_view(np.asarray(inside)[..., 0], (KERNEL, KERNEL), axis=(1, 2))
    places = np.argwhere(whole.min(axis=(3, 4)) > 0)
    chosen = places[rng.permutation(len(places))[:most]]
    taken = windows[chosen[:, 0], chosen[:, 1], chosen[:, 2]]
    return np.moveaxis(taken, 1, -1).reshape(len(chosen), -1).astype(np.float32)


def _centres(patches: NDArray[np.float32], *, count: int) -> NDArray[np.float32]:
    away = patches - patches.mean(axis=1, keepdims=True)
    even = away / np.sqrt(away.var(axis=1, keepdims=True) + 1e-2)
    spread, axes = np.linalg.eigh(np.cov(even.T))
    whitening = axes @ np.diag(1 / np.sqrt(spread + 0.1)) @ axes.T
    grouped = MiniBatchKMeans(count, n_init=1, batch_size=4096, max_iter=30, random_state=0).fit(even @ whitening)
    centres = grouped.cluster_centers_ / np.linalg.norm(grouped.cluster_centers_, axis=1, keepdims=True)
    found = centres @ whitening
    found -= found.mean(axis=1, keepdims=True)
    return found.reshape(count, KERNEL, KERNEL, 3).transpose(1, 2, 3, 0).astype(np.float32)


def features(bank: FilterBank, crops: Crops, learned: Filters) -> Floats:
    """N x F: for each scale the means of both sides of each filter's response beyond a threshold, and its deviation."""
    rows = []
    for batch in tqdm(batches(np.arange(len(crops.cells))), desc="filter bank", mininterval=5):
        parts = [
            _responses(*looked(bank, crops, batch, scale=scale), bank_of_scale)
            for scale, bank_of_scale in zip(bank.scales, learned, strict=True)
        ]
        rows.append(np.concatenate(parts, axis=1))
    return np.concatenate(rows).astype(np.float64)


def _responses(pixels: Any, inside: Any, bank: NDArray[np.float32]) -> NDArray[np.float32]:
    count = ops.maximum(ops.sum(inside, axis=(1, 2)), 1.0)
    seen = ops.conv(pixels, bank, padding="same") * inside
    deviation = ops.sqrt(ops.sum(ops.square(seen), axis=(1, 2)) / count + 1e-4)
    threshold = 0.5 * ops.mean(deviation, axis=1)[:, None, None, None]
    sides = [ops.sum(ops.relu(sign * seen - threshold), axis=(1, 2)) / count for sign in (1, -1)]
    return np.asarray(ops.concatenate([*sides, deviation], axis=1))


def looked(bank: FilterBank, crops: Crops, chosen: NDArray[np.int64], *, scale: int) -> tuple[Any, Any]:
    """Centred colour, B x H x W x 3, of these crops at a scale, and 1 where a pixel counts, B x H x W x 1.

    What lies within 4 pixels of the outline does not: its edge is no texture.
    """
    pixels = np.stack([middle(crops.pixels[one], size=bank.size) for one in chosen]).astype(np.float32)
    outlines = np.stack([middle(crops.outlines[one], size=bank.size) for one in chosen])
    inside = (outlines & ERODED != 0).astype(np.float32)[..., None]
    if scale == 1:
        return colour_centred(pixels), inside
    whole = ops.cast(ops.average_pool(inside, scale) > 0.99, "float32")
    return ops.average_pool(colour_centred(pixels), scale), whole


def batches(chosen: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return np.array_split(chosen, max(1, len(chosen) // BATCH))
