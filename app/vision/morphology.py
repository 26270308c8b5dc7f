"""The measured shape and texture of one cell, and the places of what was found, by scikit-image.

Computed when asked for, not at screening. Importing this takes half a second (SciPy), which only those who ask should
pay: import it where it is used. Places are (x, y) in pixels of the image as it was received.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull
from skimage.feature import graycomatrix, peak_local_max
from skimage.measure import approximate_polygon, find_contours, label, regionprops
from skimage.morphology import convex_hull_image

from app.errors import Invalid
from app.vision.decode import Pixels
from app.vision.preprocess import Mask, cell_mask

Floats = NDArray[np.float64]
Place = tuple[float, float]

MEASURES = (
    "area_px",
    "circularity",
    "elongation",
    "solidity",
    "clefts",
    "cleft_depth",
    "spots",
    "spot_share",
    "unevenness",
    "contrast",
    "entropy",
)

LEAST_AREA_PX = 400
_MARGIN = 4
_RIM_PX = 9
"""The rim, bright in every cell, is left out of texture and spots."""
_CLEFT_SHARE = 0.04
"""A cleft is a dent against the convex hull at least this deep, as a share of the cell's diameter."""
_SPOT_SIGMAS = (2.5, 3.5, 5.0, 7.0)
_SPOT_CONTRAST = 1.1
"""How far a spot must stand out (Laplacian of Gaussian), in standard deviations of the cell's own lightness."""
_SPOT_LEVELS = 5.0
"""And in grey levels at the least, so that a flat cell's grain is not called spots."""
_MOST_SPOTS = 40
_LEVELS = 16


class NothingToMeasure(Invalid):
    code = "nothing_to_measure"


@dataclass(frozen=True)
class Cleft:
    """A dent in the outline: its deepest place, the hull's nearest to it, and how far apart they are."""

    deepest: Place
    mouth: Place
    depth_px: float


@dataclass(frozen=True)
class Spot:
    """A bright, round, pale place inside the cell, as a vacuole is."""

    centre: Place
    radius_px: float


@dataclass(frozen=True)
class Morphology:
    """`measures` by the names of MEASURES; clefts with the deepest first, spots with the clearest first."""

    measures: dict[str, float]
    outline: tuple[Place, ...]
    hull: tuple[Place, ...]
    clefts: tuple[Cleft, ...]
    spots: tuple[Spot, ...]


def measure(pixels: Pixels) -> Morphology:
    """The morphology of the cell in uint8 H x W x 3 RGB on black; raises NothingToMeasure where there is none."""
    whole = cell_mask(pixels)
    area = int(np.count_nonzero(whole))
    if area < LEAST_AREA_PX:
        raise NothingToMeasure("There is no cell in this image that could be measured.")
    cell, mask, corner = _cut_out(pixels, whole)
    shape = regionprops(mask.astype(np.uint8))[0]
    diameter = float(shape.equivalent_diameter_area)
    outline = _outline(mask)
    clefts = _clefts(mask, least_px=_CLEFT_SHARE * diameter)
    inner = _inner(mask)
    grey = _continued(cell.mean(axis=2), inner)
    spots = _spots(grey, _saturation(cell), inner)
    texture = _texture(grey, inner)
    measures = {
        "area_px": float(area),
        "circularity": float(4 * np.pi * area / max(shape.perimeter_crofton, 1.0) ** 2),
        "elongation": float(shape.axis_major_length / max(shape.axis_minor_length, 1.0)),
        "solidity": float(shape.solidity),
        "clefts": float(len(clefts)),
        "cleft_depth": max((cleft.depth_px for cleft in clefts), default=0.0) / diameter,
        "spots": float(len(spots)),
        "spot_share": min(sum(np.pi * spot.radius_px**2 for spot in spots) / area, 1.0),
        **texture,
    }
    return Morphology(
        measures={name: round(float(measures[name]), 4) for name in MEASURES},
        outline=_moved(approximate_polygon(outline, 0.6), corner),
        hull=_moved(outline[ConvexHull(outline).vertices], corner),
        clefts=tuple(
            Cleft(_place(cleft.deepest, corner), _place(cleft.mouth, corner), cleft.depth_px) for cleft in clefts
        ),
        spots=tuple(Spot(_place(spot.centre, corner), spot.radius_px) for spot in spots),
    )


def _cut_out(pixels: Pixels, whole: Mask) -> tuple[Floats, Mask, Place]:
    """The cell alone, black around it with a margin, its mask, and (x, y) of that cut-out in the image."""
    rows, columns = (np.flatnonzero(whole.any(axis=axis)) for axis in (1, 0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    mask = np.pad(whole[box], _MARGIN)
    cell = np.pad(pixels[box].astype(np.float64) * whole[box][..., None], ((_MARGIN,) * 2, (_MARGIN,) * 2, (0, 0)))
    return cell, mask, (float(columns[0]) - _MARGIN, float(rows[0]) - _MARGIN)


def _outline(mask: Mask) -> Floats:
    """N x 2 (row, column) of the longest closed line around the mask."""
    lines: list[Floats] = find_contours(mask.astype(np.float64), 0.5)
    return max(lines, key=len)


def _clefts(mask: Mask, *, least_px: float) -> list[Cleft]:
    """Dents at least so deep against the convex hull, the deepest first, in the cut-out's own places."""
    hull = convex_hull_image(mask)
    depth, edge = ndimage.distance_transform_edt(hull, return_indices=True)
    parts = label(hull & ~mask, connectivity=1)
    found = []
    for part in regionprops(parts, intensity_image=depth):
        if part.intensity_max < least_px:
            continue
        at = part.coords[np.argmax(depth[tuple(part.coords.T)])]
        mouth = edge[:, at[0], at[1]]
        deepest = (float(at[1]), float(at[0]))
        found.append(Cleft(deepest, (float(mouth[1]), float(mouth[0])), round(float(part.intensity_max), 1)))
    return sorted(found, key=lambda cleft: -cleft.depth_px)


def _inner(mask: Mask) -> Mask:
    """The mask without its rim; all of it where nothing else would be left."""
    inner: Mask = ndimage.distance_transform_edt(mask) > _RIM_PX
    return inner if inner.sum() >= LEAST_AREA_PX else mask


def _continued(grey: Floats, inner: Mask) -> Floats:
    """Lightness inside, continued outward by its nearest pixels: the rim counts as neither texture nor spots."""
    nearest = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    continued: Floats = grey[tuple(nearest)]
    return continued


def _saturation(cell: Floats) -> Floats:
    most, least = cell.max(axis=2), cell.min(axis=2)
    saturation: Floats = (most - least) / np.maximum(most, 1.0)
    return saturation


def _spots(grey: Floats, saturation: Floats, inner: Mask) -> list[Spot]:
    """Bright round places paler than the cell is: local maxima of the Laplacian of Gaussian over scales."""
    least = max(_SPOT_CONTRAST * float(grey[inner].std()), _SPOT_LEVELS)
    stack = np.stack([-(sigma**2) * ndimage.gaussian_laplace(grey, sigma) for sigma in _SPOT_SIGMAS], axis=-1)
    stack[~inner] = 0.0
    peaks = peak_local_max(stack, min_distance=2, threshold_abs=least, exclude_border=False)
    pale = float(np.median(saturation[inner]))
    kept: list[Spot] = []
    for row, column, scale in sorted(peaks.tolist(), key=lambda peak: -stack[tuple(peak)]):
        spot = _spot(grey, saturation, at=(row, column), radius=_SPOT_SIGMAS[scale] * np.sqrt(2), pale=pale)
        if spot and not any(_overlap(spot, other) for other in kept):
            kept.append(spot)
    return kept[:_MOST_SPOTS]


def _spot(grey: Floats, saturation: Floats, *, at: tuple[int, int], radius: float, pale: float) -> Spot | None:
    """The spot at (row, column), or None where it is no brighter and paler than what lies around it."""
    row, column = at
    reach = int(np.ceil(2 * radius))
    top, left = max(row - reach, 0), max(column - reach, 0)
    box = np.s_[top : row + reach + 1, left : column + reach + 1]
    down, right = np.ogrid[
        top - row : top - row + grey[box].shape[0], left - column : left - column + grey[box].shape[1]
    ]
    away = np.hypot(down, right)
    within, around = away <= radius, (away > radius) & (away <= 2 * radius)
    brighter = float(grey[box][within].mean() - grey[box][around].mean())
    if brighter < _SPOT_LEVELS or float(saturation[box][within].mean()) > pale:
        return None
    return Spot((float(column), float(row)), round(float(radius), 1))


def _overlap(one: Spot, other: Spot) -> bool:
    away = np.hypot(one.centre[0] - other.centre[0], one.centre[1] - other.centre[1])
    return bool(away < one.radius_px + other.radius_px)


def _texture(grey: Floats, inner: Mask) -> dict[str, float]:
    """Unevenness of optical density, and contrast and entropy (bits) of grey levels 2 px apart, free of brightness."""
    density = -np.log((grey[inner] + 1.0) / 256.0)
    standard = (grey - grey[inner].mean()) / (grey[inner].std() + 1.0)
    levels = np.clip((standard + 2.5) / 5 * (_LEVELS - 1), 0, _LEVELS - 1).astype(np.uint8) + 1
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    counts = graycomatrix(np.where(inner, levels, 0), [2], angles, levels=_LEVELS + 1, symmetric=True)
    share = counts[1:, 1:, 0].sum(axis=2).astype(np.float64)
    share /= max(share.sum(), 1.0)
    apart = np.subtract.outer(np.arange(_LEVELS), np.arange(_LEVELS)) ** 2
    entropy = -float((share[share > 0] * np.log2(share[share > 0])).sum())
    return {"unevenness": float(density.std()), "contrast": float((share * apart).sum()), "entropy": entropy}


def _moved(places: Floats, corner: Place) -> tuple[Place, ...]:
    """(row, column) pairs of the cut-out as (x, y) of the image, to a tenth of a pixel."""
    return tuple(_place((float(column), float(row)), corner) for row, column in places)


def _place(at: Place, corner: Place) -> Place:
    return round(at[0] + corner[0], 1), round(at[1] + corner[1], 1)
