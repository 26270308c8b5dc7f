"""The page and the JSON of an evaluation, on drawn cells."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from training import evaluate, page, points, trust
from training.scored import Scored
from training.shifts import SHIFTS

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

NOTE = "A sentence on the shift test."


@pytest.fixture
def scored(crops):
    """Scores of the drawn cells that mostly know ALL from normal."""
    is_all = crops.labels == 1
    logits = 2.0 * is_all - 1 + np.random.default_rng(0).normal(0, 1, len(is_all))
    subjects = np.array([cell.subject for cell in crops.cells])
    folds = np.array([int(name.lstrip("H")) % 2 for name in subjects])
    found = Scored(is_all, subjects, subjects, folds, logits, np.array([float(c.area) for c in crops.cells]), logits)
    return replace(found, probabilities=trust.cross_calibrated(found, apart=folds))


def written(scored, crops, folder, *, shifts=()):
    """The JSON and the page that an evaluation writes."""
    report = evaluate.report(scored, crops.cells, seed=0)
    whole = {**report, "curves": points.curves(scored), "shifts": list(shifts), "shifts_note": NOTE}
    page.write(whole, scored, crops, path=folder / "drawn")
    return (folder / "drawn.json").read_text(), (folder / "drawn.html").read_text()


def no_constant(name):
    raise AssertionError(f"{name} is not JSON")


def test_the_page_shows_the_confusion_with_its_counts_and_the_shares_of_each_row(scored, crops, tmp_path):
    called = np.where(scored.is_all, np.arange(32) % 8 < 4, np.arange(32) % 8 < 2).astype(float)
    cells = replace(scored, probabilities=called)

    _, html = written(cells, crops, tmp_path)

    counts = evaluate.confusion(cells)
    for truth, title in (("all", "ALL"), ("hem", "normal")):
        own = [counts[f"{truth}_called_{call}"] for call in ("all", "hem")]
        assert sum(own) == 16
        cells_of_row = "".join(f"<td>{count} ({count / 16:.1%})</td>" for count in own)
        assert f"<td>{title}</td>{cells_of_row}<td>16</td>" in html


def test_the_shift_test_is_told_apart_from_the_outlines_and_every_change_has_its_interval(scored, crops, tmp_path):
    change = [-0.1234, -0.2, 0.05]
    tried = [
        {"shift": name, "auc": 0.8, **{f"{key}_change": change for key in ("auc", "specificity", "sensitivity")}}
        for name in SHIFTS
    ]

    text, html = written(scored, crops, tmp_path, shifts=tried)

    assert json.loads(text)["shifts"] == tried
    assert html.count("-0.123 (-0.200 to +0.050)") == 3 * len(SHIFTS)
    assert (
        html.index("<td>blue x 1.1</td>") < html.index("<h3>The outline</h3>") < html.index("<td>silhouette only</td>")
    )


def test_where_the_shift_test_was_not_run_a_sentence_says_so_and_no_table_is_empty(scored, crops, tmp_path):
    _, html = written(scored, crops, tmp_path)

    assert NOTE in html
    assert "<h3>The outline</h3>" not in html


def test_what_a_network_that_calls_everything_all_leaves_unknown_is_null_and_a_dash(scored, crops, tmp_path):
    everything = replace(scored, probabilities=np.full(32, 0.9))

    text, html = written(everything, crops, tmp_path)

    found = json.loads(text, parse_constant=no_constant)
    assert [one["npv"] for one in found["predictive_values"]] == [[None] * 3] * 6
    assert "<td>50 %</td><td>0.500 (0.500 to 0.500)</td><td>-</td>" in html
    assert not re.search(r"\bnan\b|\bNone\b", html)


def test_a_number_that_is_none_is_never_written_into_the_json(scored, crops, tmp_path):
    report = evaluate.report(scored, crops.cells, seed=0)
    whole = {**report, "curves": points.curves(scored), "shifts": [], "shifts_note": NOTE, "more": float("nan")}

    with pytest.raises(ValueError, match="JSON compliant"):
        page.write(whole, scored, crops, path=tmp_path / "drawn")

    assert not list(tmp_path.iterdir())


def test_the_json_has_the_points_of_every_curve_that_the_page_draws(scored, crops, tmp_path):
    text, html = written(scored, crops, tmp_path)

    curves = json.loads(text)["curves"]
    for name in ("roc", "precision_recall", "risk_coverage"):
        lengths = {len(column) for column in curves[name].values()}
        assert len(lengths) == 1
        assert lengths.pop() > 3
    assert curves["predictive_values"][0]["prevalence"] == 0.001
    for title in ("ROC, precision and recall", "reliability, risk and coverage", "predictive values by prevalence"):
        assert f'<img alt="{title}"' in html


def test_every_healthy_persons_specificity_is_shown_with_its_interval(scored, crops, tmp_path):
    text, html = written(scored, crops, tmp_path)

    healthy = [one for one in json.loads(text)["by_subject"] if one["class"] == "HEM"]
    assert len(healthy) == 4
    for one in healthy:
        low, high = one["right_interval"]
        assert (
            f"<td>{one['subject']}</td><td>normal</td><td>4</td><td>{one['right']:.3f} ({low:.3f} to {high:.3f})"
            in html
        )


def test_the_worst_mistakes_are_named_with_their_subjects_worst_first(scored, crops, tmp_path):
    _, html = written(scored, crops, tmp_path)

    normal = np.flatnonzero(~scored.is_all)
    worst = normal[np.argmax(scored.probabilities[normal])]
    first = f"{scored.subjects[worst]} {scored.probabilities[worst]:.3f}"
    told = "Normal cells with the highest probability of ALL, of those called otherwise; from the left, each with its"
    assert f"{told} subject: {first}" in html
    assert f'<img alt="Normal cells with the highest probability of ALL: {first}' in html


def test_a_cell_that_was_called_right_is_no_mistake(scored, crops, tmp_path):
    right = replace(scored, probabilities=np.where(scored.is_all, 0.9, 0.1))
    _, html = written(right, crops, tmp_path)

    assert "ALL cells with the lowest probability of ALL: none was called otherwise." in html
