"""Arithmetic that belongs to a network and is exported with it: pixels 0-255 in, centred numbers out."""

from typing import Any

from keras import ops


def cell_of(pixels: Any) -> Any:
    """1 in the cell and 0 on black, float32 N x H x W x 1."""
    return ops.sign(ops.max(pixels, axis=-1, keepdims=True))


def local_contrast(pixels: Any, *, window: int = 9) -> Any:
    """Brightness less its mean in a window of the cell, over its deviation there: fine texture, whatever the stain.

    N x H x W x 3 in 0-255 -> N x H x W x 1; background is 0 and does not enter the windows.
    """
    cell = cell_of(pixels)
    grey = ops.mean(pixels, axis=-1, keepdims=True) * cell
    share = ops.maximum(_window_mean(cell, window), 1e-3)
    away = (grey - _window_mean(grey, window) / share) * cell
    deviation = ops.sqrt(_window_mean(away * away, window) / share + 1.0)
    return away / deviation


def _window_mean(x: Any, window: int) -> Any:
    return ops.average_pool(x, window, strides=1, padding="same")


def colour_centred(pixels: Any) -> Any:
    """Subtracts the cell's own mean colour and divides by one common standard deviation; background becomes 0.

    `pixels` is N x H x W x 3 in 0-255 with black background. One deviation for all three channels keeps the relation
    between them, which channel-by-channel standardising throws away (science.md 0b: AUC .60).
    """
    planes = ops.transpose(pixels, (0, 3, 1, 2))  # one colour after the other: ONNX Runtime broadcasts those at speed
    cell = ops.sign(ops.max(planes, axis=1, keepdims=True))
    count = ops.maximum(ops.sum(cell, axis=(2, 3), keepdims=True), 1.0)
    mean = ops.sum(planes, axis=(2, 3), keepdims=True) / count
    centred = (planes - mean) * cell
    variance = ops.sum(centred * centred, axis=(1, 2, 3), keepdims=True) / (3.0 * count)
    return ops.transpose(centred / ops.sqrt(variance + 1.0), (0, 2, 3, 1))
