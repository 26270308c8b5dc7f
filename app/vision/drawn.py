"""Cells drawn by program from a seed, for trying out, tests and golden scores: no patient's image is in the project.

Sizes, colours and textures follow measurements of real segmented cells, closely enough that a gate fitted on real cells
lets most of the drawn ones pass. They are pictures, not evidence: a drawn blast is a blast to nobody.
"""

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from PIL.PngImagePlugin import PngInfo

from app.vision.decode import Pixels
from app.vision.drawn_cell import SIZE, CellPlan, Octave, field, paint


class Look(StrEnum):
    """What a drawing is meant as. The first two are cells; the others are what the gate should refuse."""

    HEALTHY = "healthy"
    BLAST = "blast"
    BLANK = "blank"
    NOISE = "noise"
    TWO_CELLS = "two_cells"
    OUT_OF_FOCUS = "out_of_focus"
    SMEAR_FIELD = "smear_field"
    CUT_OFF = "cut_off"
    FRAGMENT = "fragment"
    OTHER_STAIN = "other_stain"


CELLS = (Look.HEALTHY, Look.BLAST)
NOT_CELLS = tuple(look for look in Look if look not in CELLS)


def draw(seed: int, look: Look) -> Pixels:
    """The image of this look and seed: SIZE x SIZE x 3, the same bytes every time and everywhere."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(look.encode())])))
    return _PAINTERS[look](rng)


def draw_set(count: int, seed: int) -> Iterator[tuple[str, Look, Pixels]]:
    """`count` drawings, each with a name: of every four one healthy, one blast, one of either, one that is no cell."""
    for number in range(count):
        looks = (Look.HEALTHY, Look.BLAST, CELLS[number // 4 % 2], NOT_CELLS[number // 4 % len(NOT_CELLS)])
        look = looks[number % 4]
        yield f"drawn_{number + 1:04d}_{look.value}", look, draw(seed + number, look)


def png(pixels: Pixels, *, look: Look) -> bytes:
    """The drawing as a PNG file whose text says that it is one."""
    text = PngInfo()
    text.add_text("Software", "blastscreen draw")
    text.add_text("Description", "drawn by program, no patient")
    text.add_text("Comment", f"meant as: {look.value}")
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG", pnginfo=text)
    return target.getvalue()


def save(path: Path, pixels: Pixels, *, look: Look) -> None:
    """Write the drawing to `path` as a PNG marked as drawn."""
    path.write_bytes(png(pixels, look=look))


def _bell(rng: np.random.Generator) -> float:
    """A number of mean 0 and deviation 1, never beyond 3: the sum of twelve even draws, cut."""
    return min(3.0, max(-3.0, sum(float(part) for part in rng.random(12)) - 6))


def _plan(rng: np.random.Generator, look: Look) -> CellPlan:
    """A cell to paint. Blasts: larger, fine chromatin, nucleoli, clefts. Healthy: smaller, in coarse clumps."""
    blast = look is Look.BLAST
    brightness, redness, contrast = _bell(rng), _bell(rng), 1.25 ** _bell(rng)
    middle, spread, smallest, largest = (111, 8, 86, 125) if blast else (94, 9, 74, 118)
    return CellPlan(
        radius=min(largest, max(smallest, middle + spread * _bell(rng))),
        elongation=1 + abs(0.16 * _bell(rng)),
        roughness=0.013 * 1.5 ** _bell(rng),
        colour=(65 + 6 * brightness + 2 * redness, 25 + 3.5 * brightness, 74 + 6 * brightness - 2 * redness),
        rim=(41.0 + 6 * _bell(rng), 46.0 + 6 * _bell(rng), 31.0 + 5 * _bell(rng)),
        rim_depth=(4.0, 4.3, 7.5),
        octaves=tuple(Octave(step, tone * contrast, tint) for step, tone, tint in (_FINE if blast else _CLUMPED)),
        tone_gain=(1.0, 0.56, 0.36),
        tint_gain=(0.1, 0.1, 0.7),
        grain=0.95,
        spots=rng.uniform(2.0, 14.0),
        nucleoli=int(rng.integers(1, 4)) if blast else 0,
        clefts=int(rng.integers(0, 3)) if blast else 0,
        cuts=int(rng.random() < 0.2),
    )


_FINE = ((2, 0.9, 0.5), (4, 2.1, 0.0), (9, 3.0, 0.0), (18, 3.6, 0.0), (40, 3.6, 1.6))
_CLUMPED = ((2, 0.9, 0.5), (5, 1.6, 0.0), (9, 2.9, 0.0), (15, 4.4, 0.0), (40, 3.2, 1.6))
"""Step in pixels, strength of light and dark, strength of tint."""


def _healthy(rng: np.random.Generator) -> Pixels:
    return paint(rng, _plan(rng, Look.HEALTHY))


def _blast(rng: np.random.Generator) -> Pixels:
    return paint(rng, _plan(rng, Look.BLAST))


def _either(rng: np.random.Generator) -> Pixels:
    return paint(rng, _plan(rng, CELLS[int(rng.integers(0, 2))]))


def _blank(rng: np.random.Generator) -> Pixels:
    return np.full((SIZE, SIZE, 3), rng.integers(0, 3), np.uint8)


def _noise(rng: np.random.Generator) -> Pixels:
    return rng.integers(0, 256, size=(SIZE, SIZE, 3), dtype=np.uint8)


def _two_cells(rng: np.random.Generator) -> Pixels:
    """Two whole cells side by side, apart."""
    left, right = (paint(rng, replace(_plan(rng, Look.HEALTHY), radius=86, elongation=1)) for _ in range(2))
    return np.maximum(_placed(left, right=-108), _placed(right, right=108))


def _out_of_focus(rng: np.random.Generator) -> Pixels:
    image = Image.fromarray(_either(rng)).filter(ImageFilter.GaussianBlur(12))
    return np.array(image, dtype=np.uint8)


def _cut_off(rng: np.random.Generator) -> Pixels:
    return _placed(_either(rng), right=170)


def _fragment(rng: np.random.Generator) -> Pixels:
    return _placed(_either(rng)[::6, ::6], right=0)


def _other_stain(rng: np.random.Generator) -> Pixels:
    """A cell whose red, green and blue are exchanged."""
    return np.ascontiguousarray(_either(rng)[..., [1, 2, 0]])


def _smear_field(rng: np.random.Generator) -> Pixels:
    """An unsegmented field: pale background, red cells as pinkish discs, one white cell among them."""
    light = np.float32(6) * field(rng, step=60, side=SIZE)[..., None] + np.array([226, 216, 222], np.float32)
    place = np.arange(SIZE)
    for _ in range(14):
        down, right, radius = (int(number) for number in rng.integers((0, 0, 42), (SIZE, SIZE, 54)))
        light[((place - down) ** 2)[:, None] + ((place - right) ** 2)[None, :] < radius**2] = (214, 160, 168)
    cell = _placed(_either(rng)[::2, ::2], right=0)
    lit = np.any(cell, axis=(2,))
    light[lit] = np.minimum(cell[lit] * np.float32(1.8), 255)
    light += rng.integers(-3, 4, size=light.shape, dtype=np.int8)
    field_of_view: Pixels = np.clip(light, 0, 255).astype(np.uint8)
    return field_of_view


def _placed(cell: Pixels, *, right: int) -> Pixels:
    """`cell` in the middle of a black image, then moved to the right (to the left if negative); what leaves is lost."""
    at = (SIZE - len(cell)) // 2
    image = np.zeros((SIZE, SIZE + 2 * abs(right), 3), np.uint8)
    left = at + abs(right)
    image[at : at + len(cell), left : left + len(cell)] = cell
    return np.ascontiguousarray(np.roll(image, right, axis=1)[:, abs(right) : abs(right) + SIZE])


_PAINTERS: dict[Look, Callable[[np.random.Generator], Pixels]] = {
    Look.HEALTHY: _healthy,
    Look.BLAST: _blast,
    Look.BLANK: _blank,
    Look.NOISE: _noise,
    Look.TWO_CELLS: _two_cells,
    Look.OUT_OF_FOCUS: _out_of_focus,
    Look.SMEAR_FIELD: _smear_field,
    Look.CUT_OFF: _cut_off,
    Look.FRAGMENT: _fragment,
    Look.OTHER_STAIN: _other_stain,
}
