"""A model's card, as pages show it. Built from the card's JSON, so that cards of past models are shown as well."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.screening import model_titles as titles
from app.screening import rules
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


@dataclass(frozen=True)
class ModelPage:
    name: str
    version: str
    serves: bool
    for_demonstration: bool
    intended_use: str
    statement: str
    facts: tuple[tuple[str, str], ...]
    protocol: str
    figures: tuple[Figure, ...]
    bands: tuple[Figure, ...]
    gate: tuple[Figure, ...]
    tilted: tuple[Figure, ...]
    tilted_note: str
    retakes: tuple[Figure, ...]
    retaken: str
    limits: tuple[str, ...]
    tables: tuple[Table, ...]
    attribution: str


def model_page(card: Mapping[str, Any], *, serves: bool) -> ModelPage:
    evaluation = card["evaluation"]
    report = evaluation.get("report", {})
    tables = (
        _calibration_table(report),
        _predictive_values(report),
        _atypical(evaluation),
        _compressed(evaluation),
        _altered(evaluation),
        _subgroups(report),
        _by_subject(report),
        _shifts(evaluation),
        _not_cells(evaluation),
    )
    return ModelPage(
        name=card["name"],
        version=card["version"],
        serves=serves,
        for_demonstration=card["for_demonstration"],
        intended_use=card["intended_use"],
        statement=rules.statement(card["prior_all"]),
        facts=tuple(_facts(card)),
        protocol=_protocol(evaluation),
        figures=_figures(report.get("figures", {}), _names_of_figures(card)),
        bands=_figures(report.get("bands", {}), titles.BAND_FIGURES),
        gate=_figures(evaluation.get("gate", {}), titles.GATE_FIGURES),
        tilted=_tilted(evaluation.get("tilted", {}), here=report.get("figures", {})),
        tilted_note=titles.TILTED,
        retakes=_figures(evaluation.get("retakes", {}), titles.RETAKE_FIGURES),
        retaken=_retaken(evaluation.get("retakes", {})),
        limits=_limits(card),
        tables=tuple(table for table in tables if table.rows),
        attribution=_attribution(card["training"].get("data", {})),
    )


def _protocol(evaluation: Mapping[str, Any]) -> str:
    """How the figures came about, and what a reader would take for an error in them; "" where the card is silent."""
    told = [evaluation.get("protocol", "")]
    if "sensitivity" in evaluation.get("report", {}).get("figures", {}):
        told.append(titles.OF_A_CALL)
    value, low, _ = evaluation.get("report", {}).get("figures", {}).get("calibration_error", (None, None, None))
    if value is not None and value < low:
        told.append(titles.TOO_HIGH)
    return " ".join(filter(None, told))


def _retaken(found: Mapping[str, Any]) -> str:
    """What figures of retakes are of; "" where the card is silent."""
    if not found:
        return ""
    return (
        f"{found['pairs']:,} pairs of images in its data show one cell of one person, photographed again; there are "
        f"{found['subject_groups']} such people. A network that had not seen the person scored both."
    )


def _limits(card: Mapping[str, Any]) -> tuple[str, ...]:
    """What the card knows of its failures, without its Markdown; a card of before has what is true of all."""
    if card["for_demonstration"]:
        return ()
    known = card["evaluation"].get("known_failures", titles.LIMITS)
    return tuple(one.replace("not_suspected", "not suspected").replace("`", "") for one in known)


def _tilted(found: Mapping[str, Any], *, here: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The AUC of the cells as they are, and what of each tilt the card has: one of before has the AUC alone."""
    if not found:
        return ()
    return _figures(here, titles.NOT_TILTED) + tuple(
        figure
        for name, cells in titles.TILTED_FIGURES.items()
        for figure in _figures(
            found.get(name, {}), {key: f"{title}, {cells}" for key, title in titles.FIGURES_OF_TILTED.items()}
        )
    )


def _names_of_figures(card: Mapping[str, Any]) -> dict[str, str]:
    """`titles.FIGURES`, where every person was left out alone without those as served: all others are so too."""
    alone = card["training"].get("each_person", False)
    return {name: title for name, title in titles.FIGURES.items() if not (alone and name.endswith("_as_served"))}


def calibration(card: Mapping[str, Any], *, probability: float) -> str | None:
    """What became of cells scored like this in the evaluation, in a sentence; None where the card does not hold it."""
    for step in card["evaluation"].get("report", {}).get("reliability", ()):
        if step["from"] <= probability < step["to"] or probability == step["to"] == 1.0:
            value, low, high = (round(share * 100) for share in _share_of_all(step))
            return (
                f"Of 100 cells scored like this ({_bounds(step)}), about {value} "
                f"were ALL in the evaluation (95\N{NO-BREAK SPACE}% interval {low} to {high}; {step['cells']:,} cells)."
            )
    return None


def _facts(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    bands, learned = card["thresholds"], card["training"]
    facts = [
        ("Suspected", f"from a probability of {percent(bands['suspected_from'])} on"),
        ("Not suspected", f"below {percent(bands['not_suspected_below'])}"),
        ("Hash of model.onnx", card["onnx_sha256"]),
    ]
    if "subjects" in learned:
        told = (f"{learned['cells'][name]:,} cells of {learned['subjects'][name]} subjects" for name in ("HEM", "ALL"))
        facts.insert(0, ("Trained on", "normal: {}; ALL: {}".format(*told)))
    if "parameters" in learned:
        facts.append(("Parameters", f"{learned['parameters']:,}"))
    if "milliseconds" in card["evaluation"]:
        facts.append(("Time", f"{card['evaluation']['milliseconds']} ms from pixels to score on one core"))
    return facts


def _figures(measured: Mapping[str, Any], names: Mapping[str, str]) -> tuple[Figure, ...]:
    """Those that the card holds whole."""
    return tuple(
        Figure(name, f"{measured[key][0]:.3f}", _interval(measured[key]))
        for key, name in names.items()
        if key in measured and None not in measured[key]
    )


def _calibration_table(report: Mapping[str, Any]) -> Table:
    rows = tuple(
        (
            _bounds(step),
            f"{step['cells']:,}",
            f"{step['all_share'][0]:.3f}",
            _interval(_share_of_all(step)),
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


def _atypical(evaluation: Mapping[str, Any]) -> Table:
    own = {name: one for name, one in evaluation.get("gate", {}).items() if name in titles.ATYPICAL_FIGURES}
    found = {**evaluation.get("report", {}).get("sets", {}), **evaluation.get("far", {}), **own}
    rows = tuple((figure.name, figure.value, figure.interval) for figure in _figures(found, titles.ATYPICAL_FIGURES))
    note = (
        "A cell that fits not exactly one class, or lies far from all training cells, or whose stain or outline next "
        "to none of them has, is flagged for review."
    )
    return Table("What is flagged as atypical", note, ("Unseen cells", "Share", "95 % interval"), rows)


def _compressed(evaluation: Mapping[str, Any]) -> Table:
    found = evaluation.get("compression", {})
    own = [(one.name, "", one.value, one.interval) for one in _figures(found, titles.COMPRESSED_FIGURES)]
    after = [
        (f"Cells: {one['kind']}", f"{one['images']:,}", f"{one['marked'][0]:.3f}", _interval(one["marked"]))
        for one in found.get("after", ())
    ]
    note = "Cells taken for compressed with loss by their pixels alone: such a cell is never cleared by its score."
    return Table("What is taken for compressed", note, ("Images", "Number", "Marked", "95 % interval"), (*own, *after))


def _altered(evaluation: Mapping[str, Any]) -> Table:
    rows = tuple(
        (
            f"Cells with {one['kind']}",
            f"{one['images']:,}",
            *(f"{one[what][0]:.3f} ({_interval(one[what])})" for what in ("refused", "asked")),
        )
        for one in evaluation.get("gate", {}).get("altered", ())
    )
    note = "Cells that something was done to: the share that is refused, and that is screened and flagged for review."
    return Table("What a tint or a cut may do", note, ("Images", "Number", "Refused", "Flagged"), rows)


def _share_of_all(step: Mapping[str, Any]) -> list[float]:
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


def _bounds(step: Mapping[str, float]) -> str:
    return f"{percent(step['from'], decimals=0)} to {percent(step['to'], decimals=0)}"


def _attribution(data: Mapping[str, str]) -> str:
    if not data:
        return "This card names no data."
    return f"{data['title']}. {data['attribution']}. {data['licence']}. Changes made: {data['changes']}."
