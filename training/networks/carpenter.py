"""The networks of A. Carpenter, "Detecting ALL with CNN" (2020): plain convolutions into one very wide dense layer.

Steps stand as the project wrote them, so that parameter counts equal the published ones (those of the scripts are for
two softmax units; one logit here is the same function with 257 parameters fewer). Pixels are divided by 255, as there.
"""

from collections.abc import Sequence

import keras

from training.networks.plain import Step, classifier, conv, dense, dropout, norm, pool

Local = Sequence[Step]


def _pairs(*filters: int, padding: str = "valid") -> list[Step]:
    """(convolution, pool) for each number of filters."""
    return [step for count in filters for step in (conv(count, padding=padding), pool())]


def _dropped(*filters: int) -> list[Step]:
    """(padded convolution, pool, dropout of a quarter) for each number of filters."""
    return [step for count in filters for step in (conv(count, padding="same"), pool(), dropout(0.25))]


LOCAL: dict[str, Local] = {
    "1C1D": [*_pairs(64), dense(512)],
    "2C1D": [*_pairs(64, 64), dense(256)],
    "3C1D": [*_pairs(64, 64, 64), dense(256)],
    "2x2x1C1D": [conv(64), conv(64), pool(), conv(64), conv(64), pool(), *_pairs(64), dense(256)],
    "2x2x1C2D": [conv(64), conv(64), pool(), conv(64), conv(64), pool(), *_pairs(64), dense(256), dense(256)],
    "2x2x1x1C1D": [conv(64), conv(64), pool(), conv(64), conv(64), pool(), *_pairs(64, 64), dense(256)],
    "2x2x1x1C1D-BN": [
        *(conv(96), conv(96), norm(), pool(), conv(64), conv(64), norm(), pool()),
        *(conv(64), norm(), pool(), conv(32), norm(), pool(), dense(256)),
    ],
    "1x1C1D-BN": [conv(96), norm(), pool(), conv(64), norm(), pool(), dense(256)],
    "4x1C1D": [*_pairs(96, 64, 64, 64), dense(256)],
    "3x1C3D": [*_pairs(96, 64, 64), dense(128), dense(64), dense(32)],
    "2C3D": [*_pairs(96, 64), dense(128), dense(64), dense(32)],
    "2x2C1D-D25": [
        *(conv(64), conv(64), pool(), dropout(0.25), conv(64), conv(64), pool(), dropout(0.25)),
        *(dense(128), dropout(0.25)),
    ],
    "2x1x1C1D-D25": [
        *(conv(64), conv(64), pool(), dropout(0.25), conv(64), pool(), dropout(0.25), conv(64), pool(), dropout(0.25)),
        *(dense(128), dropout(0.25)),
    ],
    "3C1D-few": [conv(32), conv(32), conv(32), pool(), dense(128)],
}
"""Notebook 004, 256 x 256 pixels, one sigmoid unit, 5 epochs of RMSprop at 1e-4 unless the recipe says otherwise."""

SAGEMAKER: dict[str, Local] = {
    "baseline": [*_pairs(32), dense(256)],
    "2C2D": [conv(128, padding="same"), conv(64, padding="same"), pool(), dense(256), dense(256)],
    "3x1C1D": [*_pairs(64, 64, padding="same"), conv(96, padding="same"), dense(256)],
    "3x1C1D-D25": [*_dropped(64, 64), conv(96, padding="same"), dropout(0.25), dense(256), dropout(0.25)],
    "4x1C1D": [*_pairs(64, 64, 96, 96, padding="same"), dense(256)],
    "5x1C1D-D25": [*_dropped(96, 96, 96, 64, 64), dense(256), dropout(0.25)],
    "5x1C1D": [*_pairs(96, 96, 96, 64, 64, padding="same"), dense(256)],
    "2x2x1x1C1D": [
        *(conv(64, padding="same"), conv(64, padding="same"), pool()),
        *(conv(64, padding="same"), conv(64, padding="same"), pool()),
        *(*_pairs(96, 96, padding="same"), dense(256)),
    ],
    "2x2x1x1C1D-D25": [
        *(conv(64, padding="same"), conv(64, padding="same"), pool(), dropout(0.25)),
        *(conv(64, padding="same"), conv(64, padding="same"), pool(), dropout(0.25)),
        *(*_dropped(96, 96), dense(256), dropout(0.25)),
    ],
    "2x1x1C1D-D25": [
        *(conv(64, padding="same"), conv(64), pool(), dropout(0.25), *_dropped(64)),
        *(conv(96, padding="same"), dropout(0.25), dense(256), dropout(0.25)),
    ],
    "2x2x1C1D": [
        *(conv(64, padding="same"), conv(64, padding="same"), pool()),
        *(*_pairs(64, padding="same"), conv(96, padding="same"), dense(256)),
    ],
    "2x2x1C1D-D25-nopad": [
        *(conv(64), conv(64), pool(), dropout(0.25), conv(64), conv(64), pool(), dropout(0.25)),
        *(conv(96), dropout(0.25), dense(256), dropout(0.25)),
    ],
    "2x2C2D-f5": [
        *(conv(128, padding="same", kernel=5), conv(64, padding="same", kernel=5), pool()),
        *(conv(64, padding="same", kernel=5), conv(64, padding="same", kernel=5), pool(), dense(256), dense(256)),
    ],
    "3x2C2D-D25": [
        *(conv(96, padding="same"), conv(96, padding="same"), pool(), dropout(0.25)),
        *(conv(64, padding="same"), conv(64, padding="same"), pool(), dropout(0.25)),
        *(conv(64, padding="same"), conv(64, padding="same"), dropout(0.25)),
        *(dense(256), dense(128), dropout(0.25)),
    ],
    "3x3C1D-D25": [
        *(conv(96, padding="same"), conv(96, padding="same"), conv(96, padding="same"), pool(), dropout(0.25)),
        *(conv(64, padding="same"), conv(64, padding="same"), conv(64, padding="same"), pool(), dropout(0.25)),
        *(conv(32, padding="same"), conv(32, padding="same"), conv(32, padding="same"), dropout(0.25)),
        *(dense(256), dropout(0.25)),
    ],
}
"""The deployed scripts, 256 x 256 pixels, two softmax units, RMSprop at 1e-3; the last has nine convolutions.

Of 3x1C1D, 5x1C1D and 2x2x1x1C1D the scripts have variants with dropout whose places are not on record: a quarter after
every pool and the dense layer here, as in their siblings.
"""


def local(*, size: int, name: str) -> keras.Model:
    """A network of notebook 004 by its name in LOCAL."""
    return classifier(LOCAL[name], size=size, name=name)


def sagemaker(*, size: int, name: str) -> keras.Model:
    """A network of the deployed scripts by its name in SAGEMAKER."""
    return classifier(SAGEMAKER[name], size=size, name=name)
