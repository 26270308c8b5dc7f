"""Schneider and Guerrero's three blocks with the dropout that their grid chose, at 128 of 224 pixels.

    python -m training fit schneider DIR

`python -m training search schneider …` repeats their grid.

Published: accuracy .871 in leaking cross-validation, .674 on the preliminary set.
"""

from training.earlier import earlier
from training.networks import schneider

GRID = {"epochs": (10, 15, 20), "learning_rate": (0.001, 0.01, 0.1), "drop": (0.0, 0.25, 0.5)}

RECIPE = earlier(
    "schneider",
    schneider.three_blocks,
    options={"drop": 0.25},
    optimizer="adam",
    learning_rate=0.001,
    choices=GRID,
)
