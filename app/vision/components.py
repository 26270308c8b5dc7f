"""Connected components of a small mask without scipy: runs of each row, joined by union-find."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

Runs = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]


def largest_component(mask: Mask) -> Mask:
    """The largest 8-connected component of a bool H x W mask, as a mask; all False where there is none."""
    found = _runs(mask)
    if _is_one_stack(found):
        return mask.copy()
    runs = _listed(found)
    if not runs:
        return np.zeros_like(mask)
    roots = _joined(runs, reach=1)
    sizes = _sizes(runs, roots)
    largest = max(sizes, key=lambda root: sizes[root])
    return _painted(mask.shape, [run for run, root in zip(runs, roots, strict=True) if root == largest])


def component_sizes(mask: Mask) -> list[int]:
    """Pixels of every 8-connected component, the largest first."""
    found = _runs(mask)
    if _is_one_stack(found):
        return [int(np.count_nonzero(mask))]
    runs = _listed(found)
    return sorted(_sizes(runs, _joined(runs, reach=1)).values(), reverse=True)


def enclosed(mask: Mask) -> Mask:
    """The holes of a bool H x W mask: background that no 4-connected path joins to the border."""
    height, width = mask.shape
    found = rows, starts, stops = _runs(~mask)
    at_border = (rows == 0) | (rows == height - 1) | (starts == 0) | (stops == width)
    if at_border.all():
        return np.zeros_like(mask)
    runs = _listed(found)
    roots = _joined(runs, reach=0)
    outside = {root for root, touches in zip(roots, at_border.tolist(), strict=True) if touches}
    return _painted(mask.shape, [run for run, root in zip(runs, roots, strict=True) if root not in outside])


def framed(mask: Mask) -> Mask:
    """The mask with one pixel of False all around it: (H + 2) x (W + 2). np.pad takes ten times as long."""
    wider = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), np.bool_)
    wider[1:-1, 1:-1] = mask
    return wider


def _runs(mask: Mask) -> Runs:
    """Row, start and stop of every horizontal run of True, row by row, left to right."""
    framed = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    framed[:, 1:-1] = mask
    steps = np.diff(framed, axis=1)
    rows, starts = np.nonzero(steps == 1)
    return rows, starts, np.nonzero(steps == -1)[1]


def _is_one_stack(runs: Runs) -> bool:
    """Whether there is one run to a row and each touches the next, as in most cells: then it is one component."""
    rows, starts, stops = runs
    touching = (np.diff(rows) == 1) & (starts[1:] <= stops[:-1]) & (stops[1:] >= starts[:-1])
    return len(rows) > 0 and bool(touching.all())


def _listed(runs: Runs) -> list[tuple[int, int, int]]:
    return list(zip(*(numbers.tolist() for numbers in runs), strict=True))


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
