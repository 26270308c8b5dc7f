"""Hand-made features of a cell, and the support-vector machine that reads them: the yardstick without a network.

Shape of the outline, local binary patterns, grey-level co-occurrence and differences of Gaussians inside the cell.
Neither size nor colour is among them: both are shortcuts that fail on the next healthy person. Area and mean colour
alone reach an AUC of about .85 on the subjects of C-NMC's training set, and .54 on those of its preliminary test set.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern
from skimage.measure import regionprops
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from tqdm import tqdm

from app.vision.decode import Pixels
from training import aside
from training.cells import fingerprint
from training.dataset import Crops
from training.scored import Floats

REVISION = 1
"""Rises with every change of a feature, so that stored tables of earlier ones are not taken for it."""

LEVELS = 16

COOCCURRENCE = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation", "ASM")


def stored(crops: Crops, *, folder: Path) -> Floats:
    """N x F features of every crop, computed on first use and kept below `folder`; later calls read that file, and one
    that comes meanwhile waits for it.
    """
    path = folder / f"{fingerprint(crops.cells)[:16]}-r{REVISION}.npz"
    order = [cell.sha256 for cell in crops.cells]
    with aside.alone_in(folder):
        if path.exists():
            with np.load(path) as kept:
                row_of = {sha256: row for row, sha256 in enumerate(kept["sha256"].tolist())}
                return np.asarray(kept["table"][[row_of[sha256] for sha256 in order]])
        table = features(crops)
        with aside.moved_to(path) as part, part.open("wb") as file:
            np.savez(file, table=table, sha256=np.array(order))
    return table


def features(crops: Crops) -> Floats:
    """N x F features of every crop, in two processes."""
    count = len(crops.cells)
    squares = (crops.pixels[place] for place in range(count))
    with ProcessPoolExecutor(2) as pool:
        found = pool.map(of_crop, squares, chunksize=64)
        return np.array(list(tqdm(found, total=count, desc="features", mininterval=5)))


def of_crop(square: Pixels) -> Floats:
    """The features of one crop, uint8 S x S x 3 on black."""
    cell = square.max(axis=2) > 0
    grey = square.astype(np.float64).mean(axis=2)
    inner = ndimage.binary_erosion(cell, iterations=6)
    if inner.sum() < 500:
        inner = cell
    spread = grey[inner].std() + 1.0
    standard = np.where(cell, (grey - grey[inner].mean()) / spread, 0.0)
    filled = _filled(standard, cell)
    parts = [
        *_shape(cell),
        *_patterns(filled, inner),
        *_cooccurrence(filled, inner),
        *_bands(filled, inner),
        *np.quantile(standard[inner], (0.02, 0.1, 0.25, 0.75, 0.9, 0.98)),
    ]
    return np.nan_to_num(np.array(parts, np.float64))


def machine() -> Pipeline:
    """A fresh support-vector machine; its `decision_function` stands for the logit."""
    return make_pipeline(StandardScaler(), SVC(C=3.0, gamma="scale"))


def _filled(standard: Floats, cell: NDArray[np.bool_]) -> Floats:
    """The cell continued outward by its nearest pixels, so that its edge does not count as texture."""
    nearest = ndimage.distance_transform_edt(~cell, return_distances=False, return_indices=True)
    return standard[tuple(nearest)]


def _shape(cell: NDArray[np.bool_]) -> Sequence[float]:
    found = regionprops(cell.astype(np.uint8))[0]
    roundness = 4 * np.pi * found.area / max(found.perimeter_crofton, 1.0) ** 2
    return (roundness, found.solidity, found.eccentricity, found.extent)


def _patterns(grey: Floats, inner: NDArray[np.bool_]) -> Sequence[float]:
    found: list[float] = []
    levels = np.clip((grey + 4) * 32, 0, 255).astype(np.uint8)
    for radius in (1, 2, 4):
        smooth = ndimage.gaussian_filter(levels.astype(np.float64), radius / 2)
        codes = local_binary_pattern(np.rint(smooth).astype(np.uint8), 8, radius, "uniform")[inner]
        found += (np.bincount(codes.astype(int), minlength=10) / codes.size).tolist()
    return found


def _cooccurrence(grey: Floats, inner: NDArray[np.bool_]) -> Sequence[float]:
    levels = np.clip((grey + 2.5) / 5 * (LEVELS - 1), 0, LEVELS - 1).astype(np.uint8) + 1
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    counts = graycomatrix(np.where(inner, levels, 0), [2, 6], angles, levels=LEVELS + 1, symmetric=True)
    counts = counts[1:, 1:].astype(np.float64)
    counts /= np.maximum(counts.sum(axis=(0, 1), keepdims=True), 1)
    return [float(one) for name in COOCCURRENCE for one in graycoprops(counts, name).mean(axis=1)]


def _bands(grey: Floats, inner: NDArray[np.bool_]) -> Sequence[float]:
    """Deviation, skewness and kurtosis of the cell in octaves of scale."""
    found: list[float] = []
    blurred = [ndimage.gaussian_filter(grey, sigma) for sigma in (0.7, 1.4, 2.8, 5.6, 11.2, 22.4)]
    for finer, coarser in pairwise(blurred):
        band = (finer - coarser)[inner]
        deviation = band.std() + 1e-6
        away = (band - band.mean()) / deviation
        found += [float(np.log(deviation)), float((away**3).mean()), float((away**4).mean())]
    return found
