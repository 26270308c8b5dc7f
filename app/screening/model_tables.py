"""The tables of a model's card, as its page shows them below its figures. A card of before has fewer of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.screening import model_titles as titles
from app.screening.rules import wilson
from app.screening.words import percent


@dataclass(frozen=True)
class Figure:
    name: str
    value: str
    interval: str


@dataclass(frozen=True)
class Table:
    """A table that most readers leave closed. The first column holds words, the others numbers."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(evaluation: Mapping[str, Any]) -> tuple[Table, ...]:
    """Those of which the card has any line."""
    report = evaluation.get("report", {})
    found = (
        _calibration(report),
        _predictive_values(report),
        _flagged(evaluation),
        _compressed(evaluation),
        _resampled(evaluation),
        _altered(evaluation),
        _subgroups(report),
        _by_subject(report),
        _shifts(evaluation),
        _not_cells(evaluation),
    )
    return tuple(table for table in found if table.rows)


def figures(measured: Mapping[str, Any], names: Mapping[str, str]) -> tuple[Figure, ...]:
    """Those that the card holds whole."""
    return tuple(
        Figure(name, f"{measured[key][0]:.3f}", _interval(measured[key]))
        for key, name in names.items()
        if key in measured and None not in measured[key]
    )


def _calibration(report: Mapping[str, Any]) -> Table:
    rows = tuple(
        (
            bounds(step),
            f"{step['cells']:,}",
            f"{step['all_share'][0]:.3f}",
            _interval(share_of_all(step)),
        )
        for step in report.get("reliability", ())
    )
    note = "Of the cells that scored within these bounds, the share that were ALL."
    return Table("Calibration", note, ("Probability", "Cells", "Share of ALL", "95 % interval"), rows)


def _predictive_values(report: Mapping[str, Any]) -> Table:
    rows = tuple(
        (percent(one["prevalence"], decimals=1), *(_told(one[value], digits=3) for value in ("ppv", "npv")))
        for one in report.get("predictive_values", ())
    )
    note = "How far a call is right depends on how many of the cells are ALL."
    columns = ("Share of ALL among the cells", "Share of ALL among those called ALL", "Of normal among the others")
    return Table("Predictive values", note, columns, rows)


def _flagged(evaluation: Mapping[str, Any]) -> Table:
    own = {name: one for name, one in evaluation.get("gate", {}).items() if name in titles.FLAGGED_FIGURES}
    found = {**evaluation.get("report", {}).get("sets", {}), **evaluation.get("far", {}), **own}
    rows = tuple((figure.name, figure.value, figure.interval) for figure in figures(found, titles.FLAGGED_FIGURES))
    note = (
        "A cell that fits not exactly one class, or lies far from all training cells, or whose stain, outline or "
        "detail next to none of them has, is flagged for review; of the latter a low score clears none."
    )
    return Table("What else is flagged for review", note, ("Unseen cells", "Share", "95 % interval"), rows)


def _compressed(evaluation: Mapping[str, Any]) -> Table:
    note = "Cells taken for compressed with loss by their pixels alone: such a cell is never cleared by its score."
    return _traces("What is taken for compressed", note, evaluation.get("compression", {}))


def _resampled(evaluation: Mapping[str, Any]) -> Table:
    note = "Cells taken for scaled or turned by their outline: such a cell is never cleared by its score."
    return _traces("What is taken for scaled or turned", note, evaluation.get("gate", {}).get("resampling", {}))


def _traces(title: str, note: str, found: Mapping[str, Any]) -> Table:
    own = [(one.name, "", one.value, one.interval) for one in figures(found, titles.TRACE_FIGURES)]
    after = [
        (f"Cells: {one['kind']}", f"{one['images']:,}", f"{one['marked'][0]:.3f}", _interval(one["marked"]))
        for one in found.get("after", ())
    ]
    return Table(title, note, ("Images", "Number", "Marked", "95 % interval"), (*own, *after))


def _altered(evaluation: Mapping[str, Any]) -> Table:
    rows = tuple(
        (
            f"Cells with {one['kind']}",
            f"{one['images']:,}",
            *(f"{one[what][0]:.3f} ({_interval(one[what])})" for what in ("refused", "asked")),
        )
        for one in evaluation.get("gate", {}).get("altered", ())
    )
    note = (
        "Cells that something was done to: the share that is refused, and that is screened, flagged for review and "
        "never cleared."
    )
    return Table("What a tint, a cut or another scale may do", note, ("Images", "Number", "Refused", "Flagged"), rows)


def share_of_all(step: Mapping[str, Any]) -> list[float]:
    """With its interval. A card of before holds one of no width where all were of one class, since every draw of a
    bootstrap finds the same there: then it is Wilson's over the cells."""
    value, low, high = step["all_share"]
    return [value, *wilson(value, among=step["cells"])] if low == high else [value, low, high]


def _subgroups(report: Mapping[str, Any]) -> Table:
    rows = tuple(
        (
            f"{one['by']}: {one['part']}",
            f"{one['cells']['HEM']:,}",
            f"{one['cells']['ALL']:,}",
            *(_told(one[figure]) for figure in ("auc", "specificity", "sensitivity")),
        )
        for one in report.get("subgroups", ())
    )
    note = "What is reached within parts of the cells: the same model is not as good everywhere."
    columns = ("Cells", "Normal", "ALL", "AUC", "Specificity", "Sensitivity")
    return Table("By size and brightness", note, columns, rows)


def _by_subject(report: Mapping[str, Any]) -> Table:
    subjects = report.get("by_subject", ())
    bands = [band for band in titles.BANDS_OF_ONE if all(band in one for one in subjects)]
    rows = tuple(
        (
            f"{one['subject']} ({'ALL' if one['class'] == 'ALL' else 'normal'})",
            f"{one['cells']:,}",
            f"{one['right']:.2f}",
            f"{one['mean_probability']:.2f}",
            *(f"{one[band]:.2f}" for band in bands),
        )
        for one in subjects
    )
    note = "Each person of the data, by networks that had not seen them."
    shares = " The last columns are the shares of their cells that fell into each band." if bands else ""
    columns = ("Subject", "Cells", "Called right", "Mean probability", *(titles.BANDS_OF_ONE[band] for band in bands))
    return Table("By subject", note + shares, columns, rows)


def _shifts(evaluation: Mapping[str, Any]) -> Table:
    tried = evaluation.get("shifts", ())
    several = len({one.get("seed") for one in tried}) > 1
    rows = tuple(
        (
            one["shift"],
            *((str(one["seed"]),) if several else ()),
            f"{one['auc']:.3f}",
            _change(one["auc_change"]),
            _change(one["specificity_change"]),
            _change(one["sensitivity_change"]),
        )
        for one in tried
    )
    note = "The same unseen cells, changed: what a change of microscope, stain or outline might do."
    partition = ("Partition",) if several else ()
    columns = ("Change", *partition, "AUC", "Change of AUC", "Change of specificity", "Change of sensitivity")
    return Table("What moves it", note, columns, rows)


def _not_cells(evaluation: Mapping[str, Any]) -> Table:
    rows = tuple(
        (one["kind"], f"{one['images']:,}", f"{one['refused'][0]:.3f}", _interval(one["refused"]))
        for one in evaluation.get("gate", {}).get("not_cells", ())
    )
    note = "Images that are no usable cell, and the share that was refused before the model saw them."
    return Table("What is refused", note, ("Images", "Number", "Refused", "95 % interval"), rows)


def _interval(figure: list[float]) -> str:
    return f"{figure[1]:.3f} to {figure[2]:.3f}"


def _told(figure: list[float | None], *, digits: int = 2) -> str:
    """A figure with its interval; "-" for what cannot be had."""
    value, low, high = figure
    return "-" if value is None else f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _change(change: list[float]) -> str:
    return f"{change[0]:+.3f} ({change[1]:+.3f} to {change[2]:+.3f})"


def bounds(step: Mapping[str, float]) -> str:
    return f"{percent(step['from'], decimals=0)} to {percent(step['to'], decimals=0)}"
