"""Findings as marks on the cell: a line for a cleft, a circle for a spot, each with the number it has in the list."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.vision.morphology import Cleft, Morphology, Spot

Place = tuple[float, float]

LABEL_PX = 9.0
"""Radius of a number's disc, where 450 pixels are shown."""
_TURNS = tuple(math.pi / 4 * step for step in (1, 3, 7, 5, 0, 4, 2, 6))
"""Where a number may stand around its spot; the upper right is liked best."""
DIRECTIONS = (
    ("at the upper left", "at the top", "at the upper right"),
    ("at the left", "near the middle", "at the right"),
    ("at the lower left", "at the bottom", "at the lower right"),
)


@dataclass(frozen=True)
class Mark:
    """From (x, y) to (to_x, to_y), or around (x, y) with `radius`; the number stands at its label. Pixels, no units."""

    number: int
    told: str
    x: float
    y: float
    to_x: float
    to_y: float
    radius: float
    label_x: float
    label_y: float


@dataclass(frozen=True)
class Marks:
    label_radius: float
    outline: str
    hull: str
    clefts: tuple[Mark, ...]
    spots: tuple[Mark, ...]


def marks(cell: "Morphology", *, scale: float) -> Marks:
    """`scale`: the side of what is shown over 450 pixels, so that numbers look alike however much is shown."""
    label = LABEL_PX * scale
    body = _Body.within(cell.outline)
    clefts = tuple(_cleft(one, number, body, label=label) for number, one in enumerate(cell.clefts, start=1))
    taken = [(mark.label_x, mark.label_y, label) for mark in clefts]
    taken += [(*spot.centre, spot.radius_px) for spot in cell.spots]
    spots = []
    for number, one in enumerate(cell.spots, start=len(clefts) + 1):
        spots.append(_spot(one, number, body, label=label, taken=taken))
        taken.append((spots[-1].label_x, spots[-1].label_y, label))
    return Marks(
        label_radius=round(label, 1),
        outline=_points(cell.outline),
        hull=_points(cell.hull),
        clefts=clefts,
        spots=tuple(spots),
    )


def direction(across: float, down: float, *, least: float) -> str:
    """In words, from -1 to 1 each way; less than `least` is the middle."""
    row, column = (0 if way < -least else 2 if way > least else 1 for way in (down, across))
    return DIRECTIONS[row][column]


@dataclass(frozen=True)
class _Body:
    """The box around the outline: its middle and half of its longer side."""

    x: float
    y: float
    half: float

    @classmethod
    def within(cls, outline: tuple[Place, ...]) -> "_Body":
        across, down = zip(*outline, strict=True)
        half = max(max(across) - min(across), max(down) - min(down)) / 2
        return cls((min(across) + max(across)) / 2, (min(down) + max(down)) / 2, half)

    def where(self, at: Place) -> str:
        return direction((at[0] - self.x) / self.half, (at[1] - self.y) / self.half, least=0.33)


def _cleft(one: "Cleft", number: int, body: _Body, *, label: float) -> Mark:
    """Its number stands outside the hull, in line with it."""
    (x, y), (to_x, to_y) = one.deepest, one.mouth
    length = math.hypot(to_x - x, to_y - y) or 1.0
    out = 1.5 * label / length
    told = f"Cleft, {one.depth_px:.0f} px deep, {body.where(one.deepest)}."
    label_at = round(to_x + out * (to_x - x), 1), round(to_y + out * (to_y - y), 1)
    return Mark(number, told, x, y, to_x, to_y, 0.0, *label_at)


def _spot(one: "Spot", number: int, body: _Body, *, label: float, taken: list[tuple[float, float, float]]) -> Mark:
    """Its number stands where, around it, there is most room between the discs that are taken: (x, y, radius)."""
    x, y = one.centre
    out = one.radius_px + 1.25 * label
    around = [(x + out * math.cos(turn), y - out * math.sin(turn)) for turn in _TURNS]
    others = [disc for disc in taken if disc[:2] != one.centre]

    def room(place: Place) -> float:
        return min((math.dist(place, disc[:2]) - disc[2] for disc in others), default=0.0)

    label_x, label_y = max(around, key=lambda place: min(room(place), 1.5 * label))
    told = f"Vacuole-like bright spot, {2 * one.radius_px:.0f} px across, {body.where(one.centre)}."
    return Mark(number, told, x, y, x, y, one.radius_px, round(label_x, 1), round(label_y, 1))


def _points(places: tuple[Place, ...]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)
