"""A model's card, as pages show it. Built from the card's JSON, so that cards of past models are shown as well."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

from app.screening import model_titles as titles
from app.screening import rules
from app.screening.model_tables import Figure, Table, bounds, figures, share_of_all, tables
from app.screening.words import percent


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
    return ModelPage(
        name=card["name"],
        version=card["version"],
        serves=serves,
        for_demonstration=card["for_demonstration"],
        intended_use=card["intended_use"],
        statement=rules.statement(card["prior_all"]),
        facts=tuple(_facts(card)),
        protocol=_protocol(evaluation),
        figures=figures(report.get("figures", {}), _names_of_figures(card)),
        bands=figures(report.get("bands", {}), titles.BAND_FIGURES),
        gate=figures(evaluation.get("gate", {}), titles.GATE_FIGURES),
        tilted=_tilted(evaluation.get("tilted", {}), here=report.get("figures", {})),
        tilted_note=titles.TILTED,
        retakes=figures(evaluation.get("retakes", {}), titles.RETAKE_FIGURES),
        retaken=_retaken(evaluation.get("retakes", {})),
        limits=_limits(card),
        tables=tables(evaluation),
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
    return figures(here, titles.NOT_TILTED) + tuple(
        figure
        for name, cells in titles.TILTED_FIGURES.items()
        for figure in figures(
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
            value, low, high = (round(share * 100) for share in share_of_all(step))
            return (
                f"Of 100 cells scored like this ({bounds(step)}), about {value} "
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
    smallest, largest = (2 * sqrt(card["gate"][name] / pi) for name in ("area_px_min", "area_px_max"))
    facts.insert(2, ("Cells that it takes", f"{smallest:.0f} to {largest:.0f} pixels across, in 450 x 450 pixels"))
    if "subjects" in learned:
        told = (f"{learned['cells'][name]:,} cells of {learned['subjects'][name]} subjects" for name in ("HEM", "ALL"))
        facts.insert(0, ("Trained on", "normal: {}; ALL: {}".format(*told)))
    if "parameters" in learned:
        facts.append(("Parameters", f"{learned['parameters']:,}"))
    if "milliseconds" in card["evaluation"]:
        facts.append(("Time", f"{card['evaluation']['milliseconds']} ms from pixels to score on one core"))
    return facts


def _attribution(data: Mapping[str, str]) -> str:
    if not data:
        return "This card names no data."
    return f"{data['title']}. {data['attribution']}. {data['licence']}. Changes made: {data['changes']}."
