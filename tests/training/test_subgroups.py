"""What a part of the cells reaches is that of its own cells, with intervals over people, or nothing."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.people import scored
from training import metrics, subgroups
from training.cells import Cell
from training.scored import ones

pytestmark = pytest.mark.tensorflow


def cells_of(those, *, sources=("one",)):
    """Cells of those scores; as bright as their place modulo seven."""
    return [
        Cell("", subject, subject, "", sources[place % len(sources)], "", int(area), 60.0 + place % 7, 90.0, 90.0)
        for place, (subject, area) in enumerate(zip(those.subjects, those.areas, strict=True))
    ]


def test_each_third_by_size_has_the_figures_of_its_own_cells():
    those = scored(subjects=12)
    largest = those.areas >= np.quantile(those.areas.astype(int), 2 / 3)
    those = replace(those, probabilities=np.where(largest & ~those.is_all, 0.9, those.probabilities))

    small, middle, large = [one for one in subgroups.report(those, cells_of(those)) if one["by"] == "size"]

    assert sum(sum(one["cells"].values()) for one in (small, middle, large)) == len(those.logits)
    assert large["part"].startswith("largest third, from ")
    assert large["cells"]["HEM"] == int((largest & ~those.is_all).sum())
    assert large["subjects"] == {"HEM": 12, "ALL": 12}
    assert large["specificity"] == large["subject_macro_specificity"] == [0, 0, 0.242494]  # Wilson's, none of 12 groups
    own = those.of(largest)
    assert large["auc"][0] == pytest.approx(float(metrics.auc(own, ones(own))), abs=1e-4)
    assert small["specificity"][1] < small["specificity"][0] < small["specificity"][2]


def test_folders_are_told_apart_where_there_are_several():
    those = scored(subjects=6)

    several = subgroups.report(those, cells_of(those, sources=("data/a", "data/b")))
    one = subgroups.report(those, cells_of(those, sources=(".",)))

    assert [part["part"] for part in several if part["by"] == "folder"] == ["a", "b"]
    assert {part["by"] for part in one} == {"size", "brightness"}


def test_a_part_without_normal_cells_has_no_specificity():
    those = scored(subjects=6)
    sources = np.where(those.is_all, "only ALL", "only normal")
    cells = [replace(cell, source=str(source)) for cell, source in zip(cells_of(those), sources, strict=True)]

    found = {part["part"]: part for part in subgroups.report(those, cells)}

    for missing in ("auc", "specificity", "subject_macro_specificity"):
        assert found["only ALL"][missing] == [None, None, None]
    assert found["only ALL"]["sensitivity"][0] > 0.5
