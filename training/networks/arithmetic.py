"""Arithmetic that belongs to a network and is exported with it: pixels 0-255 in, centred numbers out."""

from typing import Any

import numpy as np
from keras import ops


def colour_centred(pixels: Any) -> Any:
    """Subtracts the cell's own mean colour and divides by one common standard deviation; background becomes 0.

    `pixels` is N x H x W x 3 in 0-255 with black background. One deviation for all three channels keeps the relation
    between them, which channel-by-channel standardising throws away: with it, and cells scaled to one area, a ResNet
    whose AUC on other subjects was .80 came to .60.
    """
    return centred_and_cell(pixels)[0]


def centred_and_cell(pixels: Any, *, colours: Any = None) -> tuple[Any, Any, Any]:
    """What `colour_centred` gives, N x H x W x 3; 1 in the cell and 0 on black, N x H x W x 1; and the cell's own mean
    colour, N x 3.

    `pixels` are whole numbers, N x H x W x 3. `colours`, three of length 1 and at right angles, 3 x 3, are told instead
    of red, green and blue: the deviation is the same.
    """
    # One colour after the other, ONNX Runtime broadcasts and sums at speed; a reshape keeps the export from undoing it.
    _, height, width, channels = pixels.shape
    each = ops.reshape(ops.transpose(pixels, (0, 3, 1, 2)), (-1, channels, height * width))
    cell = ops.minimum(ops.matmul(np.ones((1, 1, channels), np.float32), each), 1.0)
    cell = ops.reshape(cell, (-1, 1, height, width))
    if colours is not None:
        each = ops.matmul(np.asarray(colours, np.float32)[None], each)
    planes = ops.reshape(each, (-1, channels, height, width))
    count = ops.maximum(_total(cell), 1.0)
    mean = _total(planes) / count
    centred = (planes - mean) * cell
    variance = ops.sum(_total(centred * centred), axis=1, keepdims=True) / (3.0 * count)
    told, cell = (ops.transpose(one, (0, 2, 3, 1)) for one in (centred * ops.rsqrt(variance + 1.0), cell))
    return told, cell, ops.reshape(mean, (-1, channels))


def _total(planes: Any) -> Any:
    """The sum over each plane of N x C x H x W, row by row first, as N x C x 1 x 1."""
    return ops.sum(ops.sum(planes, axis=3, keepdims=True), axis=2, keepdims=True)
