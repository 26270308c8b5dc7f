"""The networks of P. Anastasio, "Cancer image classification neural net"; 256 x 256 pixels, RMSprop at 1e-4."""

import keras

from training.networks.plain import Step, classifier, conv, dense, dropout, pool


def _same(*filters: int, l2: float = 0.0) -> list[Step]:
    return [step for count in filters for step in (conv(count, padding="same", l2=l2), pool())]


def baseline_dense(*, size: int = 256) -> keras.Model:
    """Dense layers on the bare pixels: 3.1 million parameters."""
    return classifier([dense(16), dense(32)], size=size, name="baseline_dense")


def cnn1(*, size: int = 256) -> keras.Model:
    """16.8 million parameters."""
    return classifier([*_same(32, 64), dense(64)], size=size, name="cnn1")


def cnn_aug(*, size: int = 256) -> keras.Model:
    """4.25 million parameters; trained on turned, flipped and brightened cells."""
    return classifier([*_same(32, 64, 64), dense(64)], size=size, name="cnn_aug")


def cnn_dropout(*, size: int = 256) -> keras.Model:
    """`cnn_aug` with half of its dense units dropped in training."""
    return classifier([*_same(32, 64, 64), dense(64), dropout(0.5)], size=size, name="cnn_dropout")


def cnn_dropout_2(*, size: int = 256) -> keras.Model:
    """A wider last block and two dropouts: 8.5 million parameters."""
    steps = [*_same(32, 64, 128), dropout(0.5), dense(64), dropout(0.5)]
    return classifier(steps, size=size, name="cnn_dropout_2")


def cnn_reg(*, size: int = 256) -> keras.Model:
    """L2 of .005, dropout of a quarter and two dense layers."""
    steps = [*_same(32, 64, 64, l2=0.005), dropout(0.25), dense(64, l2=0.005), dense(128, l2=0.005)]
    return classifier(steps, size=size, name="cnn_reg")


def cnn_aug_2(*, size: int = 256) -> keras.Model:
    """The report's final network: 8.5 million parameters."""
    return classifier([*_same(32, 64, 128), dense(64), dense(128)], size=size, name="cnn_aug_2")
