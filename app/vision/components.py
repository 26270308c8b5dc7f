"""Connected components of a small mask without scipy: runs of each row, joined by union-find."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def largest_component(mask: Mask) -> Mask:
    """The largest 8-connected component of a bool H x W mask, as a mask; all False where there is none."""
    runs = _runs(mask)
    if not runs:
        return np.zeros_like(mask)
    roots = _joined(runs, reach=1)
    sizes = _sizes(runs, roots)
    largest = max(sizes, key=lambda root: sizes[root])
    return _painted(mask.shape, [run for run, root in zip(runs, roots, strict=True) if root == largest])


def component_sizes(mask: Mask) -> list[int]:
    """Pixels of every 8-connected component, the largest first."""
    runs = _runs(mask)
    return sorted(_sizes(runs, _joined(runs, reach=1)).values(), reverse=True)


def enclosed(mask: Mask) -> Mask:
    """The holes of a bool H x W mask: background that no 4-connected path joins to the border."""
    height, width = mask.shape
    runs = _runs(~mask)
    roots = _joined(runs, reach=0)
    outside = {
        root
        for (row, start, stop), root in zip(runs, roots, strict=True)
        if row in (0, height - 1) or start == 0 or stop == width
    }
    return _painted(mask.shape, [run for run, root in zip(runs, roots, strict=True) if root not in outside])


def _runs(mask: Mask) -> list[tuple[int, int, int]]:
    """(row, start, stop) of every horizontal run of True, row by row, left to right."""
    steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).view(np.int8), axis=1)
    rows, starts = np.nonzero(steps == 1)
    stops = np.nonzero(steps == -1)[1]
    return list(zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True))


def _joined(runs: list[tuple[int, int, int]], *, reach: int) -> list[int]:
    """For each run the index of its component's root; runs of neighbouring rows join where they overlap by `reach`."""
    parent = list(range(len(runs)))

    def root_of(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    above = 0
    for index, (row, start, stop) in enumerate(runs):
        while runs[above][0] < row - 1 or (runs[above][0] == row - 1 and runs[above][2] + reach <= start):
            above += 1
        other = above
        while runs[other][0] == row - 1 and runs[other][1] < stop + reach:
            parent[root_of(index)] = root_of(other)
            other += 1
    return [root_of(index) for index in range(len(runs))]


def _sizes(runs: list[tuple[int, int, int]], roots: list[int]) -> dict[int, int]:
    """Pixels of each component, by its root."""
    sizes: dict[int, int] = {}
    for (_, start, stop), root in zip(runs, roots, strict=True):
        sizes[root] = sizes.get(root, 0) + stop - start
    return sizes


def _painted(shape: tuple[int, ...], runs: list[tuple[int, int, int]]) -> Mask:
    painted = np.zeros(shape, np.bool_)
    for row, start, stop in runs:
        painted[row, start:stop] = True
    return painted
