"""Which drawings the playground shows: seeds and looks of which it is known what the model for demonstration says."""

from collections.abc import Iterator
from pathlib import Path

from app.vision.drawn import Look, draw, png

SUSPECTED = (
    *(1, 2, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 24, 25, 26, 28, 31, 32, 35, 36, 37, 38, 39, 40),
    *(41, 42),
)
NOT_SUSPECTED = (
    *(1, 3, 4, 6, 8, 9, 12, 13, 14, 15, 19, 21, 26, 28, 29, 35, 42, 43, 46, 47, 48, 49, 50, 54, 57, 59, 61, 63, 64),
    *(65, 66, 67, 69, 76, 78, 79, 80, 81, 84, 87, 89, 92, 95, 96, 98, 99, 102, 103, 106, 109, 110, 112, 114, 116, 118),
    *(121, 123, 125, 126),
)
UNCERTAIN = (2, 10, 11, 16, 17, 18, 22, 23, 30, 31, 33, 40, 44, 45, 55, 60, 68, 70)
REFUSED = (Look.OUT_OF_FOCUS, Look.TWO_CELLS, Look.BLANK, Look.OTHER_STAIN, Look.CUT_OFF)
"""Seeds of blasts and of healthy cells, and looks, that the model for demonstration finds so, by .03 at least."""
REFERENCES = 500
"""The first seed of the reference cells: no case has them."""


class Drawer:
    """Drawings of each kind, none handed out twice: the same image in two cases would be a mix-up."""

    def __init__(self) -> None:
        self._of_kind = {
            "S": iter([(Look.BLAST, seed) for seed in SUSPECTED]),
            "N": iter([(Look.HEALTHY, seed) for seed in NOT_SUSPECTED]),
            "U": iter([(Look.HEALTHY, seed) for seed in UNCERTAIN]),
            "X": iter([(look, 1) for look in REFUSED]),
        }

    def cells(self, kinds: str) -> Iterator[bytes]:
        """`SSNX`: two suspected, one not, one that is refused."""
        for kind in kinds:
            look, seed = next(self._of_kind[kind])
            yield png(draw(seed, look), look=look)


def draw_references(folder: Path) -> None:
    """Reference cells of two drawn subjects for each class; the same every time they are drawn."""
    for label, look in (("ALL", Look.BLAST), ("HEM", Look.HEALTHY)):
        for seed in range(REFERENCES, REFERENCES + 8):
            subject = folder / label / f"drawn-{label.lower()}-{seed % 2 + 1}"
            subject.mkdir(parents=True, exist_ok=True)
            (subject / f"{seed}.png").write_bytes(png(draw(seed, look), look=look))
    (folder / "SOURCE.txt").write_text("Drawn by program for this playground. They show no patient.", "utf-8")
