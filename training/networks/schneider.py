"""The three-block network of A. Schneider and A. Guerrero, with the dropout of its grid search."""

import keras

from training.networks.plain import classifier, conv, dense, dropout, pool


def three_blocks(*, size: int = 224, drop: float = 0.25) -> keras.Model:
    """2,825,345 parameters at 224 pixels. Adam; grid over epochs, learning rate and dropout chose .25, 20 and .001."""
    steps = [conv(32), pool(), conv(64), pool(), conv(64), pool(), dense(64), dropout(drop)]
    return classifier(steps, size=size, name="three_blocks")
