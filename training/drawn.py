"""Drawn cells in the C-NMC layout, so that the whole road can be walked without a patient's image."""

from pathlib import Path

from app.vision.drawn import Look, draw, save
from training.aside import alone_in

SUBJECTS = 50
"""Of each class; drawn subjects differ in nothing but their name."""


def write_cells(folder: Path, *, count: int) -> None:
    """`count` drawn cells of each class as PNG files in a folder of their own; nothing is drawn again where they are
    there already. One process at a time draws.
    """
    with alone_in(folder):
        done = folder / f"{count}.done"
        if done.exists():
            return
        for look, name in ((Look.HEALTHY, "hem"), (Look.BLAST, "all")):
            place = folder / name
            place.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                subject = f"{'H' if look is Look.HEALTHY else ''}{number % SUBJECTS + 1}"
                save(place / f"UID_{subject}_{number}_1_{name}.png", draw(10_000 + number, look), look=look)
        done.touch()
