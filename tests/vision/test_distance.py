"""Distances between embeddings: in deviations of the training cells, over all numbers alike."""

from dataclasses import replace

import numpy as np
import pytest

from app.vision.bundle import Distance
from app.vision.distance import between, distances, to_classes
from tests.fakes import fake_card

TOLD = Distance(hem_mean=(0.0, 0.0), all_mean=(6.0, 8.0), deviation=(1.0, 2.0), atypical_from=3.0)
CELLS = np.array([[3.0, 8.0], [6.0, 8.0]], np.float32)


def test_a_cell_is_as_far_from_a_class_as_its_numbers_are_deviations_from_the_mean() -> None:
    told = to_classes(CELLS[0], told=TOLD)

    assert list(told) == ["HEM", "ALL"]
    assert told["HEM"] == pytest.approx(np.sqrt((3.0**2 + 4.0**2) / 2))
    assert told["ALL"] == pytest.approx(np.sqrt((3.0**2 + 0.0**2) / 2))


def test_of_many_cells_each_has_the_distances_that_it_has_alone() -> None:
    means = np.array([TOLD.hem_mean, TOLD.all_mean])

    found = distances(CELLS, means=means, deviation=np.array(TOLD.deviation))

    assert found.tolist() == [list(to_classes(one, told=TOLD).values()) for one in CELLS]


def test_two_cells_lie_apart_as_one_does_from_a_mean_and_plainly_where_the_card_knows_no_deviation() -> None:
    origin = np.zeros(2, np.float32)
    card = replace(fake_card(), distance=TOLD)

    assert between(CELLS[0], origin, card=card) == to_classes(CELLS[0], told=TOLD)["HEM"]
    assert between(CELLS[0], CELLS[0], card=card) == 0.0
    assert between(CELLS[0], origin, card=replace(card, distance=None)) == pytest.approx(np.sqrt((9.0 + 64.0) / 2))
