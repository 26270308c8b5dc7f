"""Why an image is not screened: codes that stay, and sentences for people."""

from enum import StrEnum


class Unusable(StrEnum):
    """Why an image is not screened, in the order in which the reasons are looked for."""

    NOT_SEGMENTED = "not_segmented"
    NO_CELL = "no_cell"
    CELL_CUT_OFF = "cell_cut_off"
    SEVERAL_CELLS = "several_cells"
    CELL_TOO_SMALL = "cell_too_small"
    CELL_TOO_LARGE = "cell_too_large"
    STAIN_UNLIKE_TRAINING = "stain_unlike_training"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TOO_NOISY = "too_noisy"
    OUT_OF_FOCUS = "out_of_focus"
    SHAPE_UNLIKE_CELL = "shape_unlike_cell"


_SENTENCES = {
    Unusable.NO_CELL: "There is nothing on the black background. Check that the right file was sent.",
    Unusable.NOT_SEGMENTED: (
        "The background is not black, so this is not a segmented cell. "
        "Cut out one white cell and set everything around it to black."
    ),
    Unusable.CELL_CUT_OFF: "The cell is cut off by the edge of the image. Cut it out again with black all round it.",
    Unusable.SEVERAL_CELLS: "There is more than one object in the image. Send each white cell as an image of its own.",
    Unusable.CELL_TOO_SMALL: (
        "The object is smaller than the white cells that the model knows. "
        "Check that it is a whole white cell, as large as the camera took it; the page Model says how many pixels "
        "across cells may be. Do not scale the image: that loses what the model reads."
    ),
    Unusable.CELL_TOO_LARGE: (
        "The object is larger than the white cells that the model knows. "
        "Check that it is one white cell, as large as the camera took it; the page Model says how many pixels across "
        "cells may be. Do not scale the image: that loses what the model reads."
    ),
    Unusable.STAIN_UNLIKE_TRAINING: (
        "The colours are unlike those of the stained cells that the model knows. "
        "Check stain and white balance, and that the image is neither inverted nor grey."
    ),
    Unusable.TOO_DARK: "The cell is darker than any that the model knows. Photograph it again with more light.",
    Unusable.TOO_BRIGHT: "The cell is brighter than any that the model knows. Photograph it again with less light.",
    Unusable.OUT_OF_FOCUS: "The cell is out of focus, or was blurred. Focus on its nucleus and photograph it again.",
    Unusable.TOO_NOISY: "The cell is covered by noise or sharpened too much. Send the image as the camera took it.",
    Unusable.SHAPE_UNLIKE_CELL: "The outline is too ragged for a single cell. Cut the cell out again along its edge.",
}


def explain(reason: Unusable) -> str:
    """What was wrong and what to do about it, for people."""
    return _SENTENCES[reason]
