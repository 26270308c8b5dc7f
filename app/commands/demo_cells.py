"""Which drawings the playground shows: seeds and looks of which it is known what the model for demonstration says."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from app.vision.drawn import Look, draw, png

SUSPECTED = (
    *(1, 2, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 24, 25, 26, 28, 31, 32, 35, 36, 39),
    *(40, 41, 42, 43, 45),
)
NOT_SUSPECTED = (
    *(1, 3, 4, 6, 7, 8, 9, 12, 13, 14, 15, 19, 21, 25, 26, 28, 29, 35, 42, 43, 46, 47, 48, 49, 50, 54, 57),
    *(59, 61, 63, 64, 65, 66, 67, 69, 76, 78, 79, 80, 81, 84, 87, 89, 92, 95, 96, 98, 99, 102, 106, 109),
    *(110, 112, 114, 118, 121, 123, 125, 126, 128, 133),
)
UNCERTAIN = (10, 11, 17, 18, 22, 23, 30, 33, 40, 44, 45, 55, 60, 68, 70, 71, 74, 75)
REFUSED = (Look.OUT_OF_FOCUS, Look.TWO_CELLS, Look.BLANK, Look.OTHER_STAIN, Look.CUT_OFF)
"""Seeds of blasts and of healthy cells, and looks, that the model for demonstration finds so, by .03 at least."""
REFERENCES = 500
"""The first seed of the reference cells: no case has them."""


def _scaled(cell: Image.Image) -> tuple[Image.Image, str]:
    """To nine tenths, in a frame of the usual size again."""
    side = cell.width * 9 // 10
    frame = Image.new("RGB", cell.size)
    frame.paste(cell.resize((side, side)), ((cell.width - side) // 2,) * 2)
    return frame, "PNG"


def _cut(cell: Image.Image) -> tuple[Image.Image, str]:
    """The upper third of the cell is gone."""
    left, top, right, bottom = cell.getbbox() or (0, 0, *cell.size)
    cell.paste((0, 0, 0), (left, top, right, top + (bottom - top) // 3))
    return cell, "PNG"


def _compressed(cell: Image.Image) -> tuple[Image.Image, str]:
    return cell, "JPEG"


def _cropped(cell: Image.Image) -> tuple[Image.Image, str]:
    return cell.crop((20, 20, cell.width - 20, cell.height - 20)), "PNG"


SPOILT = ((127, _scaled), (131, _cut), (132, _compressed), (135, _cropped))
"""Seeds of healthy cells whose low score says nothing, by what was done to them."""


class Drawer:
    """Drawings of each kind, none handed out twice: the same image in two cases would be a mix-up."""

    def __init__(self) -> None:
        self._of_kind: dict[str, Iterator[bytes]] = {
            "S": (_drawn(seed, Look.BLAST) for seed in SUSPECTED),
            "N": (_drawn(seed, Look.HEALTHY) for seed in NOT_SUSPECTED),
            "U": (_drawn(seed, Look.HEALTHY) for seed in UNCERTAIN),
            "L": (_spoilt(seed, by=harm) for seed, harm in SPOILT),
            "X": (_drawn(1, look) for look in REFUSED),
        }

    def cells(self, kinds: str) -> Iterator[bytes]:
        """`SSNX`: two suspected, one not, one that is refused."""
        for kind in kinds:
            yield next(self._of_kind[kind])


def _drawn(seed: int, look: Look) -> bytes:
    return png(draw(seed, look), look=look)


def _spoilt(seed: int, *, by: Callable[[Image.Image], tuple[Image.Image, str]]) -> bytes:
    image, form = by(Image.fromarray(draw(seed, Look.HEALTHY)))
    target = io.BytesIO()
    image.save(target, form, quality=95)
    return target.getvalue()


def draw_references(folder: Path) -> None:
    """Reference cells of two drawn subjects for each class; the same every time they are drawn."""
    for label, look in (("ALL", Look.BLAST), ("HEM", Look.HEALTHY)):
        for seed in range(REFERENCES, REFERENCES + 8):
            subject = folder / label / f"drawn-{label.lower()}-{seed % 2 + 1}"
            subject.mkdir(parents=True, exist_ok=True)
            (subject / f"{seed}.png").write_bytes(png(draw(seed, look), look=look))
    (folder / "SOURCE.txt").write_text("Drawn by program for this playground. They show no patient.", "utf-8")
