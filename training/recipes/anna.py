"""ANNa: a small U-Net read by dense layers, at its own 128 pixels.

    python -m training fit anna DIR

Published AUC .49, on labels that had been shuffled against the images.
"""

from training.earlier import earlier
from training.networks import anna

RECIPE = earlier(
    "anna",
    anna.anna,
    optimizer="adam",
    learning_rate=0.001,
    epochs=20,
    patience=2,
)
