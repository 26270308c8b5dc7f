"""Cells decoded once into native-scale crops on disk, and the batches that training draws from them."""

import math
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from scipy import ndimage
from tqdm import tqdm

from app.errors import Misconfigured
from app.vision.bundle import CLASSES
from app.vision.preprocess import REVISION, crop
from training.aside import alone_in
from training.augment import CELL, ERODED, OPENED, Varier, middle
from training.cells import Cell, order
from training.pictures import read_pixels

STORED_SIDE = 288
"""Crops are kept this large, so that a warp to a smaller square finds pixels where it turns or shrinks."""

SPARE = 1_000_000
"""Bytes that are left free beside them."""

Pixels = NDArray[np.uint8]
Answers = dict[str, NDArray[np.float32]]


class NoRoomForCrops(Misconfigured):
    code = "no_room_for_crops"


@dataclass(frozen=True)
class Crops:
    """Crops (uint8 N x 288 x 288 x 3) and outline maps (uint8 N x 288 x 288, bits of `training.augment`) on disk."""

    cells: tuple[Cell, ...]
    pixels: NDArray[np.uint8]
    outlines: NDArray[np.uint8]

    @property
    def labels(self) -> NDArray[np.int64]:
        return np.array([CLASSES.index(cell.label) for cell in self.cells])


def stored(cells: Sequence[Cell], root: Path, *, folder: Path) -> Crops:
    """The crops of `cells`, read from `root` and written below `folder` on first use; later calls map those files.

    The same cells in another order have other files. Of several processes one writes them, and the others wait.
    """
    place = folder / f"{order(cells)[:16]}-r{REVISION}"
    done = place / "done"
    with alone_in(place):
        if not done.exists():
            _store(cells, root, place)
            done.touch()
    pixels = open_memmap(place / "crops.npy", mode="r")
    return Crops(cells=tuple(cells), pixels=pixels, outlines=open_memmap(place / "outlines.npy", mode="r"))


def _store(cells: Sequence[Cell], root: Path, place: Path) -> None:
    shape = (len(cells), STORED_SIDE, STORED_SIDE)
    needed, free = 4 * math.prod(shape) + SPARE, shutil.disk_usage(place).free
    if free < needed:  # a mapped file that finds no room ends the process without a word
        raise NoRoomForCrops(
            f"{place} needs {needed / 1e6:,.0f} MB for the crops of {len(cells):,} cells, and {free / 1e6:,.0f} MB are "
            "free. Make room, or name another folder with --var."
        )
    pixels = open_memmap(place / "crops.npy", mode="w+", dtype=np.uint8, shape=(*shape, 3))
    outlines = open_memmap(place / "outlines.npy", mode="w+", dtype=np.uint8, shape=shape)

    def store(index: int) -> None:
        square = crop(read_pixels(root / cells[index].path), size=STORED_SIDE)
        pixels[index] = square
        outlines[index] = outline_map(square)

    with ThreadPoolExecutor(2) as pool:
        for _ in tqdm(pool.map(store, range(len(cells))), total=len(cells), desc="crops", mininterval=5):
            pass


def outline_map(square: Pixels) -> Pixels:
    """Bits CELL, ERODED (by 4 px) and OPENED (by a disc of radius 8 px) of a black-backed crop, uint8 H x W."""
    cell = square.max(axis=2) > 0
    depth = ndimage.distance_transform_edt(cell)
    opened = cell & (ndimage.distance_transform_edt(depth <= 8) <= 8)
    bits: Pixels = cell * np.uint8(CELL) + (depth > 4) * np.uint8(ERODED) + opened * np.uint8(OPENED)
    return bits


def balanced(
    cells: Sequence[Cell], *, count: int, rng: np.random.Generator, by_subject: bool = True
) -> NDArray[np.int64]:
    """`count` indices into `cells`: classes by turns, then a person by the root of its size, then any cell of it; or
    any cell of the class.
    """
    drawn = np.empty(count, np.int64)
    for offset, name in enumerate(CLASSES):
        of_class = [index for index, cell in enumerate(cells) if cell.label == name]
        sizes: dict[str, int] = {}
        for index in of_class:
            sizes[cells[index].group] = sizes.get(cells[index].group, 0) + 1
        weights = np.array([sizes[cells[index].group] ** -0.5 if by_subject else 1.0 for index in of_class])
        turns = len(drawn[offset :: len(CLASSES)])
        drawn[offset :: len(CLASSES)] = rng.choice(of_class, turns, p=weights / weights.sum())
    return drawn


class TrainingBatches(keras.utils.PyDataset):
    """One epoch of varied cells: uint8 batch x size x size x 3 in 0-255, and by name its answers, each batch x 1.

    `answers` holds for each name N numbers, one for each of the crops. The same seed gives the same batches in whatever
    order the loader threads ask for them.
    """

    def __init__(
        self,
        crops: Crops,
        chosen: NDArray[np.int64],
        *,
        answers: Answers,
        varier: Varier,
        batch: int,
        seed: tuple[int, ...],
        mixup: float = 0.0,
    ) -> None:
        super().__init__(workers=2, max_queue_size=6)
        self._crops, self._chosen, self._varier, self._batch, self._seed = crops, chosen, varier, batch, seed
        self._answers, self._mixup = answers, mixup

    def __len__(self) -> int:
        return len(self._chosen) // self._batch

    def __getitem__(self, index: int) -> tuple[Pixels, Any]:
        chosen, rng = self.of(index)
        pixels = self.varied(chosen, rng)
        answers = {name: of_all[chosen, None] for name, of_all in self._answers.items()}
        return mixed(pixels, answers, alpha=self._mixup, rng=rng) if self._mixup else (pixels, answers)

    def of(self, index: int) -> tuple[NDArray[np.int64], np.random.Generator]:
        """The cells of a batch, and what draws their variations."""
        chosen = self._chosen[index * self._batch : (index + 1) * self._batch]
        return chosen, np.random.default_rng((*self._seed, index))

    def varied(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> Pixels:
        """One variation of each."""
        size = self._varier.size
        pixels = np.empty((len(chosen), size, size, 3), np.uint8)
        for place, cell in enumerate(chosen):
            pixels[place] = self._varier.vary(self._crops.pixels[cell], self._crops.outlines[cell], rng=rng)
        return pixels


def mixed(pixels: Pixels, answers: Answers, *, alpha: float, rng: np.random.Generator) -> tuple[Pixels, Answers]:
    """Each cell blended with another of the batch, and its `logit` likewise (mixup, Zhang et al. 2018).

    The first keeps a share from Beta(alpha, alpha) that is at least half; other answers are of the first.
    """
    share = rng.beta(alpha, alpha, len(pixels)).astype(np.float32)
    share = np.maximum(share, 1 - share)
    other = rng.permutation(len(pixels))
    own = share[:, None, None, None]
    blended = np.rint(own * pixels + (1 - own) * pixels[other]).astype(np.uint8)
    logit = share[:, None] * answers["logit"] + (1 - share[:, None]) * answers["logit"][other]
    return blended, {**answers, "logit": logit}


def plain(crops: Crops, chosen: NDArray[np.int64], *, size: int) -> NDArray[np.float32]:
    """Unvaried crops as the service sees them: float32 N x size x size x 3 in 0-255."""
    return np.stack([middle(crops.pixels[cell], size=size) for cell in chosen]).astype(np.float32)
