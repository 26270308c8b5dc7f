"""Arithmetic that belongs to a network and is exported with it: pixels 0-255 in, centred numbers out."""

from typing import Any

from keras import ops


def cell_of(pixels: Any) -> Any:
    """1 in the cell and 0 on black, float32 N x H x W x 1, from whole numbers N x H x W x 3."""
    return ops.transpose(_cell(_planes(pixels)), (0, 2, 3, 1))


def _planes(pixels: Any) -> Any:
    return ops.transpose(pixels, (0, 3, 1, 2))  # one colour after the other: ONNX Runtime broadcasts those at speed


def _cell(planes: Any) -> Any:
    return ops.minimum(ops.max(planes, axis=1, keepdims=True), 1.0)


def colour_centred(pixels: Any) -> Any:
    """Subtracts the cell's own mean colour and divides by one common standard deviation; background becomes 0.

    `pixels` is N x H x W x 3 in 0-255 with black background. One deviation for all three channels keeps the relation
    between them, which channel-by-channel standardising throws away (science.md 0b: AUC .60).
    """
    planes = _planes(pixels)
    cell = _cell(planes)
    count = ops.maximum(ops.sum(cell, axis=(2, 3), keepdims=True), 1.0)
    mean = ops.sum(planes, axis=(2, 3), keepdims=True) / count
    centred = (planes - mean) * cell
    variance = ops.sum(centred * centred, axis=(1, 2, 3), keepdims=True) / (3.0 * count)
    return ops.transpose(centred / ops.sqrt(variance + 1.0), (0, 2, 3, 1))
