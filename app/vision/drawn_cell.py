"""One procedural cell, painted from plain numbers: an outline, chromatin in octaves, a bright rim.

A seed gives the same bytes on every machine. What differs between machines is the last bit of a sine and the order in
which a matrix product adds: so trigonometry is rounded into tables, and all else is arithmetic element by element,
which is rounded alike everywhere (and starts no threads). Lengths are in pixels, colours in grey levels.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.vision.decode import Pixels

SIZE = 450
"""Side of a drawn image, as in the data set that the looks were measured on."""

_BOX = 304
"""Side of the square in which a cell is painted; no outline may reach beyond it."""
_REACH = _BOX / 2 - 6
_TURNS = 2048
_RIM_DEPTH = 40

_KNOTS_ROOT = 8.58
"""Square root of the standard deviation of even whole numbers from -127 to 127."""

Waves = NDArray[np.float32]


@dataclass(frozen=True)
class Octave:
    """One scale of chromatin: pixels between its knots, strength of its light and dark, and of its change of tint."""

    step: int
    tone: float
    tint: float


@dataclass(frozen=True)
class CellPlan:
    """What to paint. `tone_gain`, `tint_gain`: how red, green and blue follow the two fields; `grain`: half-width.

    The rim is `rim` grey levels brighter at the very edge, and fades by a factor e over `rim_depth` pixels.
    """

    radius: float
    elongation: float
    roughness: float
    colour: tuple[float, float, float]
    rim: tuple[float, float, float]
    rim_depth: tuple[float, float, float]
    octaves: tuple[Octave, ...]
    tone_gain: tuple[float, float, float]
    tint_gain: tuple[float, float, float]
    grain: float
    spots: float
    nucleoli: int
    clefts: int
    cuts: int


def paint(rng: np.random.Generator, plan: CellPlan) -> Pixels:
    """The planned cell in the middle of a black image, SIZE x SIZE x 3."""
    turn, distance = _polar()
    radii, slope = _outline(rng, plan)
    depth = (radii[turn] - distance) * slope[turn]
    light = _chromatin(rng, plan) + _rim(rng, plan, turn=turn, depth=depth)
    _add_nucleoli(rng, plan, light=light)
    cover = _moved_a_little(rng, _cut(rng, plan, depth=depth) > 0)
    levels = np.clip(light * cover + np.float32(0.5), 0, 255).astype(np.uint8)
    return _in_the_middle(levels.transpose(1, 2, 0))


def field(rng: np.random.Generator, *, step: int, side: int = _BOX) -> Waves:
    """Smooth noise, side x side, mean 0, standard deviation about 1: a cubic B-spline through knots `step` px apart."""
    knots = rng.integers(-127, 128, size=((side - 1) // step + 4,) * 2).astype(np.float32)
    return _spread(_spread(knots, step=step, side=side).T, step=step, side=side)


def _spread(knots: Waves, *, step: int, side: int) -> Waves:
    """Knots x n -> side x n: the spline through the knots of each column; two passes have a deviation of 1."""
    nearest = np.arange(side) // step
    first, *others = _weights(step, side)
    spread = first * knots[nearest]
    for number, weight in enumerate(others, start=1):
        spread += weight * knots[nearest + number]
    return spread


@lru_cache(maxsize=32)
def _weights(step: int, side: int) -> tuple[Waves, ...]:
    """For each of a place's four knots its weight, side x 1. The plain spline keeps 0.692 of the knots' deviation."""
    t = (np.arange(side) % step)[:, None] / step
    back, square, cube = 1 - t, t * t, t * t * t
    parts = (back * back * back, 3 * cube - 6 * square + 4, 3 * (square + t - cube) + 1, cube)
    return tuple((part / (6 * 0.692 * _KNOTS_ROOT)).astype(np.float32) for part in parts)


@lru_cache(maxsize=1)
def _polar() -> tuple[NDArray[np.intp], Waves]:
    """For each pixel of the box its direction, as one of _TURNS, and its distance from the middle."""
    offset = np.arange(_BOX) - (_BOX - 1) / 2
    y, x = np.meshgrid(offset, offset, indexing="ij")
    turn = np.floor(np.arctan2(y, x) * (_TURNS / (2 * np.pi)) + 0.5).astype(np.intp) % _TURNS
    return turn, np.sqrt(x * x + y * y).astype(np.float32)


def _rounded(table: NDArray[np.float64]) -> Waves:
    """To the next 1/256, so that no table keeps a last bit that another machine would compute otherwise."""
    return (np.round(table * 256) / 256).astype(np.float32)


def _angles() -> NDArray[np.float64]:
    return np.linspace(0, 2 * np.pi, _TURNS, endpoint=False)


def _outline(rng: np.random.Generator, plan: CellPlan) -> tuple[Waves, Waves]:
    """In each direction the radius of the cell, and by how much a step along it goes deeper into the cell (0 to 1)."""
    angle = _angles()
    tilt = rng.uniform(0, 2 * np.pi)
    along, across = np.cos(angle - tilt), np.sin(angle - tilt)
    radius = 1 / np.sqrt(along**2 / plan.elongation + across**2 * plan.elongation)
    for waves in range(2, 26):
        height = plan.roughness * rng.uniform(0.2, 1.8) * min(1.0, (3 / waves) ** 1.1)
        radius += height * np.cos(waves * angle - rng.uniform(0, 2 * np.pi))
    for _ in range(plan.clefts):
        away = np.mod(angle - rng.uniform(0, 2 * np.pi) + np.pi, 2 * np.pi) - np.pi
        radius -= rng.uniform(0.05, 0.2) * np.exp(-((away / rng.uniform(0.1, 0.25)) ** 2))
    steepness = (np.roll(radius, -4) - np.roll(radius, 4)) * (_TURNS / (16 * np.pi)) / radius
    return _rounded(np.minimum(radius * plan.radius, _REACH)), _rounded(1 / np.sqrt(1 + steepness**2))


def _chromatin(rng: np.random.Generator, plan: CellPlan) -> Waves:
    """3 x box x box light inside the cell: the mean colour, the octaves, bright spots and grain."""
    small, large = (np.maximum(field(rng, step=step) - np.float32(1.2), 0) for step in (6, 12))
    tone = (small + large) * np.float32(plan.spots)
    tint = np.zeros_like(tone)
    for octave in plan.octaves:
        tone += field(rng, step=octave.step) * np.float32(octave.tone)
        if octave.tint:
            tint += field(rng, step=octave.step) * np.float32(octave.tint)
    grain = rng.integers(-127, 128, size=(4, _BOX, _BOX), dtype=np.int8).astype(np.float32)
    light: Waves = (grain[:3] + grain[3]) * np.float32(plan.grain / 127)
    for channel in range(3):
        light[channel] += tone * np.float32(plan.tone_gain[channel])
        light[channel] += tint * np.float32(plan.tint_gain[channel])
        light[channel] += np.float32(plan.colour[channel])
    return light


def _add_nucleoli(rng: np.random.Generator, plan: CellPlan, *, light: Waves) -> None:
    """Brighten round spots in the inner half of the cell."""
    place = np.arange(_BOX)
    for _ in range(plan.nucleoli):
        away, towards, width = rng.uniform(0.1, 0.6) * plan.radius, rng.uniform(0, 2 * np.pi), rng.uniform(5, 10)
        middle = (_BOX / 2 + away * np.sin(towards), _BOX / 2 + away * np.cos(towards))
        down, right = (_rounded(np.exp(-(((place - centre) / width) ** 2))) for centre in middle)
        bump = down[:, None] * right[None, :]
        for channel, (low, high) in enumerate(((10, 30), (7, 20), (4, 14))):
            light[channel] += bump * np.float32(rng.uniform(low, high))


def _rim(rng: np.random.Generator, plan: CellPlan, *, turn: NDArray[np.intp], depth: Waves) -> Waves:
    """3 x box x box light near the edge; lenses part blue from red, so each is stronger on one side."""
    near = np.clip(depth * 4, 0, 4 * _RIM_DEPTH - 1).astype(np.intp)
    lean = np.cos(_angles() - rng.uniform(0, 2 * np.pi)) * rng.uniform(0, 0.5)
    light = np.empty((3, _BOX, _BOX), np.float32)
    for channel, sign in enumerate((-1, 0, 1)):
        side = _rounded(plan.rim[channel] * (1 + sign * lean))
        fade = _rounded(np.exp(-np.arange(0, _RIM_DEPTH, 0.25) / plan.rim_depth[channel]))
        np.multiply(fade[near], side[turn], out=light[channel])
    return light


def _cut(rng: np.random.Generator, plan: CellPlan, *, depth: Waves) -> Waves:
    """Depth after straight cuts, such as segmentation makes where cells touched."""
    offset = np.arange(_BOX) - (_BOX - 1) / 2
    for _ in range(plan.cuts):
        towards = rng.uniform(0, 2 * np.pi)
        down, right = _rounded(np.array([np.sin(towards), np.cos(towards)]))
        limit = round(plan.radius * rng.uniform(0.85, 0.97))
        depth = np.minimum(depth, (limit - offset[:, None] * down - offset[None, :] * right).astype(np.float32))
    return depth


def _moved_a_little(rng: np.random.Generator, cell: NDArray[np.bool_]) -> Waves:
    """How much of each pixel a cell of whole pixels covers when it is moved down and right by parts of one, as real
    ones are until they lie in the middle of their image."""
    cover: Waves = cell.astype(np.float32)
    for axis, part in enumerate(rng.integers(0, 256, size=2)):
        beyond = np.float32(int(part) / 256)
        cover = cover * (1 - beyond) + np.roll(cover, 1, axis=axis) * beyond
    return cover


def _in_the_middle(levels: Pixels) -> Pixels:
    """A black image with the middle of what is lit in the middle."""
    rows, columns = (np.flatnonzero(levels.any(axis=others)) for others in ((1, 2), (0, 2)))
    cell = levels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    top, left = (SIZE - cell.shape[0]) // 2, (SIZE - cell.shape[1]) // 2
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    image[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return image
