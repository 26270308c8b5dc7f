"""Small cells in files, and the table that says what they are."""

import csv

import numpy as np
from PIL import Image


def write_cell(path, *, grey=100, size=64):
    pixels = np.zeros((size, size, 3), np.uint8)
    pixels[16:48, 16:48] = (grey, grey // 2, grey)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


def labels_csv(folder, rows, *, name="labels.csv"):
    with (folder / name).open("w", newline="") as file:
        csv.writer(file).writerows([("Patient_ID", "new_names", "labels"), *rows])
