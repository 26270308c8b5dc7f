"""The evaluation of a recipe as one self-contained HTML page with plots, and as JSON beside it."""

import base64
import html
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray
from PIL import Image

from app.vision.decode import Pixels
from training import aside, plots
from training.augment import middle
from training.cells import subject_order
from training.dataset import Crops
from training.scored import Scored
from training.steps import OF_THE_OUTLINE
from training.titles import BANDS, CHANGES, FIGURES, OF_ONE_SUBJECT, SUBGROUP_FIGURES

STYLE = (
    "body{font:15px system-ui;max-width:70rem;margin:2rem auto;padding:0 1rem}img{max-width:100%}"
    "table{border-collapse:collapse}td,th{padding:.2rem .6rem;text-align:left;border-bottom:1px solid #ddd}"
)

TITLES = {
    **FIGURES,
    **{name: title.replace("`", "") for name, title in BANDS.items()},
    "calibration_error_as_served": "Calibration error (ECE, 15 bins), calibrated on all other subject groups",
    "floor_subject_macro_auc": "For comparison: the same, every subject counting the same",
    "uncertain_share_hem": "Share of normal cells in the band uncertain",
    "uncertain_share_all": "Share of ALL cells in the band uncertain",
}

PROTOCOL = (
    "Every cell was scored by a network that never saw its subject. Intervals are 95 %, by bootstrap over subject "
    "groups, but where another is named; calibrations and limits stay as they were fitted. Calls are at a probability "
    "of 0.5, calibrated on the other folds; reliability and bands are those that all other subject groups give, as "
    "served. What cannot be had is shown as -."
)


def write(evaluation: dict[str, Any], scored: Scored, crops: Crops, *, path: Path) -> None:
    """Writes `path`.json, which is `evaluation`, and `path`.html.

    `evaluation` is `evaluate.report` with `curves` (`points.curves`), `shifts` (of `shifts.report`, may be empty) and
    `shifts_note`, a sentence about them.
    """
    written = json.dumps(evaluation, indent=1, allow_nan=False) + "\n"
    aside.write(path.with_name(path.name + ".json"), written)
    parts = [
        f"<h1>{html.escape(path.name)}</h1>",
        f"<p>{evaluation['cells']:,} cells of {evaluation['subject_groups']} subject groups. {PROTOCOL}</p>",
        "<h2>Figures</h2>",
        _estimates_table(evaluation["figures"]),
        "<h2>Confusion</h2>",
        _confusion(evaluation["confusion"]),
        "<h2>Bands</h2>",
        _estimates_table(evaluation["bands"]),
        *_curves(evaluation),
        "<h2>What moves it</h2>",
        *_shifts(evaluation["shifts"], note=evaluation["shifts_note"]),
        *_subgroups(evaluation["subgroups"]),
        *_subjects(evaluation["by_subject"]),
        "<h2>Worst mistakes</h2>",
        *_mistakes(crops, scored, is_all=False, said="Normal cells with the highest probability of ALL"),
        *_mistakes(crops, scored, is_all=True, said="ALL cells with the lowest probability of ALL"),
    ]
    aside.write(path.with_name(path.name + ".html"), shell(path.name, parts))


def shell(title: str, parts: Sequence[str]) -> str:
    """A whole page that needs nothing from elsewhere."""
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>"
    return "\n".join([head, *parts])


def table(head: list[str], rows: Sequence[list[Any]]) -> str:
    """A plain HTML table."""
    cells = [f"<tr>{''.join(f'<td>{html.escape(str(value))}</td>' for value in row)}</tr>" for row in rows]
    return f"<table><tr>{''.join(f'<th>{html.escape(one)}</th>' for one in head)}</tr>{''.join(cells)}</table>"


def picture(drawing: Drawing) -> str:
    """A plot, embedded, with its titles for who cannot see it."""
    target = io.BytesIO()
    drawing.savefig(target, format="png", dpi=110, bbox_inches="tight")
    return _embedded(target.getvalue(), alt=", ".join(axes.get_title() for axes in drawing.axes))


def _embedded(png: bytes, *, alt: str) -> str:
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _estimates_table(figures: dict[str, list[float | None]]) -> str:
    rows = [[TITLES.get(name, name), _shown(found[:1]), _shown(found[1:]), name] for name, found in figures.items()]
    return table(["figure", "value", "95 % interval", "in the JSON"], rows)


def _shown(numbers: Sequence[float | None], *, sign: str = "") -> str:
    """One number, or both ends of an interval; "-" for what cannot be had."""
    known = [f"{one:{sign}z.3f}" for one in numbers if one is not None]
    return " to ".join(known) or "-"


def _confusion(counts: dict[str, int]) -> str:
    rows = []
    for truth, title in (("all", "ALL"), ("hem", "normal")):
        own = [counts[f"{truth}_called_{call}"] for call in ("all", "hem")]
        rows.append([title, *(f"{count:,} ({count / sum(own):.1%})" for count in own), f"{sum(own):,}"])
    said = "<p>Cells, and their share of the row; every cell counts the same.</p>"
    return said + table(["in truth", "called ALL", "called normal", "cells"], rows)


def _curves(evaluation: dict[str, Any]) -> list[str]:
    curves, counts = evaluation["curves"], evaluation["confusion"]
    share_of_all = (counts["all_called_all"] + counts["all_called_hem"]) / evaluation["cells"]
    values = [
        [f"{100 * one['prevalence']:g} %", *(_with_interval(one[key]) for key in ("ppv", "npv"))]
        for one in evaluation["predictive_values"]
    ]
    return [
        "<h2>Curves</h2><p>Every cell counts the same; dotted is what a guess reaches.</p>",
        picture(plots.roc_and_precision(curves, share_of_all=share_of_all)),
        "<p>Every subject counts the same within its class, and each class half.</p>",
        picture(plots.reliability_and_risk(evaluation["reliability"], curves)),
        "<h2>Predictive values</h2><p>Of a call at 0.5, every subject counting the same.</p>",
        picture(plots.predictive_values(curves["predictive_values"])),
        table(["share of cells that are ALL", "PPV", "NPV"], values),
    ]


def _with_interval(found: Sequence[float | None]) -> str:
    return "-" if found[0] is None else f"{_shown(found[:1])} ({_shown(found[1:])})"


def _shifts(shifts: Sequence[dict[str, Any]], *, note: str) -> list[str]:
    """The shift test and the mask-edge test, if they were run."""
    parts = [f"<p>{html.escape(note)}</p>"]
    edges = [one for one in shifts if one["shift"].startswith(OF_THE_OUTLINE)]
    others = [one for one in shifts if one not in edges]
    for title, tried in (("Size, brightness, tint and compression", others), ("The outline", edges)):
        rows = [[one["shift"], _shown([one["auc"]]), *(_change(one[key]) for key in CHANGES)] for one in tried]
        parts += [f"<h3>{title}</h3>", table(["the same cells, with", "AUC", *CHANGES.values()], rows)] if rows else []
    return parts


def _change(found: Sequence[float | None]) -> str:
    return f"{_shown(found[:1], sign='+')} ({_shown(found[1:], sign='+')})"


def _subjects(by_subject: Sequence[dict[str, Any]]) -> list[str]:
    rows = [
        [
            one["subject"],
            {"ALL": "ALL", "HEM": "normal"}[one["class"]],
            f"{one['cells']:,}",
            _with_interval([one["right"], *one["right_interval"]]),
            _shown([one["mean_probability"]]),
            *(f"{one[band]:.0%}" for band in ("not_suspected", "suspected")),
        ]
        for one in sorted(by_subject, key=lambda one: subject_order(one["subject"]))
    ]
    return [
        "<h2>By subject</h2>",
        f"<p>{OF_ONE_SUBJECT}</p>",
        picture(plots.healthy_subjects(by_subject)),
        table(
            ["subject", "class", "cells", "called right", "mean probability of ALL", "not suspected", "suspected"], rows
        ),
    ]


def _subgroups(subgroups: Sequence[dict[str, Any]]) -> list[str]:
    rows = [
        [
            f"{one['by']}: {one['part']}",
            *(f"{one['cells'][name]:,} ({one['subjects'][name]})" for name in ("HEM", "ALL")),
            *(_with_interval(one[key]) for key in SUBGROUP_FIGURES),
        ]
        for one in subgroups
    ]
    head = ["cells", "normal (subjects)", "ALL (subjects)", *SUBGROUP_FIGURES.values()]
    return ["<h2>By size, brightness and folder</h2>", table(head, rows)]


def _worst(scored: Scored, *, is_all: bool, count: int = 12) -> NDArray[np.intp]:
    """Those of a class that were called the other, the surest first."""
    wrong = np.flatnonzero((scored.is_all == is_all) & (scored.called_all != is_all))
    return wrong[np.argsort(scored.probabilities[wrong] * (1 if is_all else -1), kind="stable")][:count]


def _mistakes(crops: Crops, scored: Scored, *, is_all: bool, said: str) -> list[str]:
    """The worst ones of a class, with subject and probability of each."""
    chosen = _worst(scored, is_all=is_all)
    if not len(chosen):
        return [f"<p>{said}: none was called otherwise.</p>"]
    named = ", ".join(f"{scored.subjects[one]} {scored.probabilities[one]:.3f}" for one in chosen)
    pictures = [middle(crops.pixels[one], size=224)[::2, ::2] for one in chosen]
    told = f"<p>{said}, of those called otherwise; from the left, each with its subject: {html.escape(named)}.</p>"
    return [told, tiles(pictures, alt=f"{said}: {named}")]


def tiles(pictures: Sequence[Pixels], *, alt: str) -> str:
    """Pictures of one height side by side, and what they are for who cannot see them."""
    target = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.concatenate(pictures, axis=1))).save(target, "PNG")
    return f"<p>{_embedded(target.getvalue(), alt=alt)}</p>"
