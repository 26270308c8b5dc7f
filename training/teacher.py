"""What a trained network says of a cell on the mean over the eight ways it can lie, for another one to learn."""

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from training.augment import middle, turned
from training.dataset import Crops

LIES = tuple((turns, flip) for turns in range(4) for flip in (False, True))
SHARE = 0.5
AT_ONCE = 16


def taught(teacher: keras.Model, crops: Crops, learns: NDArray[np.int64], *, size: int) -> NDArray[np.float32]:
    """N targets, one for each of the crops: its label, for those of `learns` half of it the teacher's probability."""
    targets = crops.labels.astype(np.float32)
    for start in range(0, len(learns), AT_ONCE):
        chosen = learns[start : start + AT_ONCE]
        squares = [middle(crops.pixels[cell], size=size) for cell in chosen]
        lying = np.stack([turned(square, turns=turns, flip=flip) for square in squares for turns, flip in LIES])
        logits = np.asarray(teacher.predict_on_batch(lying.astype(np.float32))["logit"]).reshape(len(chosen), -1)
        targets[chosen] += SHARE * (expit(logits.mean(axis=1)) - targets[chosen])
    return targets
