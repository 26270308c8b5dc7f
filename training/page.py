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
from sklearn.metrics import precision_recall_curve, roc_curve

from app.vision.decode import Pixels
from training.augment import middle
from training.dataset import Crops
from training.metrics import Scored, subject_weights

STYLE = "body{font:15px system-ui;max-width:70rem;margin:2rem auto}td,th{padding:.2rem .6rem;text-align:left}"


def write(report: dict[str, Any], scored: Scored, crops: Crops, *, path: Path) -> None:
    """Writes `path`.json and `path`.html."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(path.name + ".json").write_text(json.dumps(report, indent=1) + "\n")
    parts = [
        f"<h1>{html.escape(path.name)}</h1><p>{report['cells']} cells out of fold, 95 % intervals.</p>",
        table(["figure", "value", "low", "high"], [[name, *values] for name, values in report["figures"].items()]),
        "<h2>Bands</h2>",
        table(["figure", "value", "low", "high"], [[name, *values] for name, values in report["bands"].items()]),
        "<h2>Curves</h2>",
        *(picture(drawing) for drawing in (_curves(scored), _reliability(scored), _coverage(scored))),
        "<h2>Predictive values</h2>",
        table(["prevalence", "PPV", "NPV"], [list(row.values()) for row in report["predictive_values"]]),
        "<h2>By subject</h2>",
        table(list(report["by_subject"][0]), [list(row.values()) for row in report["by_subject"]]),
        "<h2>Worst mistakes</h2><p>Normal cells with the highest probability, then ALL cells with the lowest.</p>",
        _gallery(crops, _worst(scored, is_all=False)),
        _gallery(crops, _worst(scored, is_all=True)),
    ]
    path.with_name(path.name + ".html").write_text(shell(path.name, parts), encoding="utf-8")


def shell(title: str, parts: Sequence[str]) -> str:
    """A whole page that needs nothing from elsewhere."""
    head = f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>"
    return "\n".join([head, *parts])


def table(head: list[str], rows: Sequence[list[Any]]) -> str:
    """A plain HTML table."""
    cells = [f"<tr>{''.join(f'<td>{html.escape(str(value))}</td>' for value in row)}</tr>" for row in rows]
    return f"<table><tr>{''.join(f'<th>{html.escape(one)}</th>' for one in head)}</tr>{''.join(cells)}</table>"


def picture(drawing: Drawing) -> str:
    """A plot, embedded."""
    target = io.BytesIO()
    drawing.savefig(target, format="png", dpi=90, bbox_inches="tight")
    return _embedded(target.getvalue())


def _embedded(png: bytes) -> str:
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _curves(scored: Scored) -> Drawing:
    drawing = Drawing(figsize=(10, 4))
    left, right = drawing.subplots(1, 2)
    false, true, _ = roc_curve(scored.is_all, scored.logits)
    left.plot(false, true)
    left.set(xlabel="1 - specificity", ylabel="sensitivity", title="ROC")
    precision, recall, _ = precision_recall_curve(scored.is_all, scored.logits)
    right.plot(recall, precision)
    right.set(xlabel="sensitivity", ylabel="precision", title="precision and recall")
    return drawing


def _reliability(scored: Scored) -> Drawing:
    weights = subject_weights(scored)
    order = np.argsort(scored.probabilities)
    place = np.minimum(np.cumsum(weights[order]) / weights.sum() * 15, 14).astype(int)
    bins = [order[place == number] for number in range(15)]
    said = [np.average(scored.probabilities[one], weights=weights[one]) for one in bins if len(one)]
    held = [np.average(scored.is_all[one], weights=weights[one]) for one in bins if len(one)]
    drawing = Drawing(figsize=(4.5, 4))
    axes = drawing.subplots()
    axes.plot([0, 1], [0, 1], ":")
    axes.plot(said, held, "o-")
    axes.set(xlabel="probability of ALL", ylabel="share of ALL", title="reliability")
    return drawing


def _coverage(scored: Scored) -> Drawing:
    """Error among the most certain cells, by how many of them are kept."""
    weights = subject_weights(scored)
    order = np.argsort(-np.abs(scored.probabilities - 0.5))
    wrong = ((scored.probabilities >= 0.5) != scored.is_all)[order] * weights[order]
    covered = np.cumsum(weights[order])
    drawing = Drawing(figsize=(4.5, 4))
    axes = drawing.subplots()
    axes.plot(covered, np.cumsum(wrong) / covered)
    axes.set(xlabel="share of cells kept", ylabel="error among them", title="risk and coverage")
    return drawing


def _worst(scored: Scored, *, is_all: bool, count: int = 12) -> NDArray[np.intp]:
    own = np.flatnonzero(scored.is_all == is_all)
    by_probability = own[np.argsort(scored.probabilities[own])]
    return by_probability[:count] if is_all else by_probability[::-1][:count]


def _gallery(crops: Crops, chosen: NDArray[np.intp]) -> str:
    return tiles([middle(crops.pixels[one], size=224)[::2, ::2] for one in chosen])


def tiles(pictures: Sequence[Pixels]) -> str:
    """Pictures of one height side by side."""
    target = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.concatenate(pictures, axis=1))).save(target, "PNG")
    return f"<p>{_embedded(target.getvalue())}</p>"
