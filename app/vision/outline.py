"""How straight a cell's outline is at its straightest: a cut along a line shows, one along a curve does not."""

import numpy as np
from numpy.typing import NDArray

from app.vision.preprocess import Mask

_WITHIN_PX = 1.5
"""So far from a line the outline may lie and follow it."""
_LARGEST_PX = 2000
"""Of larger objects, which are no cells, nothing is measured: it would take hundreds of megabytes."""
_FOLLOWED = 0.6
"""Points of the outline to a pixel of the line, at least: a straight edge has .7 and more, two bumps that touch the
line next to none."""


def straightest(mask: Mask) -> float:
    """Length of the longest straight part of the outline of the one object in `mask`, of what of it lies on its convex
    hull, over the diameter of a disc of its area; about .3 for a round cell, 1 and more for one that was cut in two. 0
    where there is nothing, or more than any cell has.
    """
    if max(mask.shape) > _LARGEST_PX:
        return 0.0
    outline, hull = _outline(mask)
    if len(hull) < 3:
        return 0.0
    sides = np.roll(hull, -1, axis=0) - hull
    along = sides / np.hypot(sides[:, 0], sides[:, 1])[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    places = outline @ along.T
    near = np.abs(outline @ across.T - (hull * across).sum(axis=1)) <= _WITHIN_PX
    spans = np.where(near, places, -np.inf).max(axis=0) - np.where(near, places, np.inf).min(axis=0)
    longest = 0.0
    for side in np.argsort(-spans):
        if spans[side] <= longest:
            break
        followed = len(np.unique(np.rint(places[near[:, side], side])))
        if followed >= _FOLLOWED * spans[side]:
            longest = float(spans[side])
    return longest / (2 * float(np.sqrt(np.count_nonzero(mask) / np.pi)))


def row_ends(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The rows of a bool H x W mask that hold any of it, and of each the first and the last column that does."""
    rows = np.flatnonzero(mask.any(axis=1))
    return rows, mask.argmax(axis=1)[rows], mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)[rows]


def _outline(mask: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both ends of every row and column (N x 2), and the corners of their convex hull in order (K x 2)."""
    rows, left, right = row_ends(mask)
    columns, top, bottom = row_ends(mask.T)
    ends = [*((rows, one) for one in (left, right)), *((one, columns) for one in (top, bottom))]
    outline = np.concatenate([np.stack(both, axis=1) for both in ends]).astype(np.float64)
    return outline, _hull(rows, left, right)


def _hull(rows: NDArray[np.intp], left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.float64]:
    """The convex hull of both ends of rows that come in order: Andrew's monotone chain."""
    one, other = _half(_corners(rows, left)), _half(_corners(rows[::-1], right[::-1]))
    return np.array([*dict.fromkeys([*one, *other])], np.float64).reshape(-1, 2)


def _corners(rows: NDArray[np.intp], ends: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Those ends that lie before the line between their neighbours: the others are no corners of a hull."""
    down, across = np.diff(rows), np.diff(ends)  # a row between two may be empty
    bent = across[1:] * down[:-1] > across[:-1] * down[1:]
    kept = np.r_[True, bent, True][: len(ends)]
    return [*zip(rows[kept].tolist(), ends[kept].tolist(), strict=True)]


def _half(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of the points, which come in order of their rows, that the others lie to one side of."""
    found: list[tuple[int, int]] = []
    for row, column in points:
        while len(found) > 1:
            (row_before, before), (row_last, last) = found[-2:]
            if (row_last - row_before) * (column - before) > (last - before) * (row - row_before):
                break
            found.pop()
        found.append((row, column))
    return found
