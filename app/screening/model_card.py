"""The model's card, as the page /model shows it."""

from dataclasses import dataclass
from typing import Any

from app.screening import rules
from app.vision.bundle import Card

FIGURES = {
    "auc": "AUC, all cells pooled",
    "floor_matched_auc": "AUC among cells of like size and colour",
    "area_matched_auc": "AUC among cells of like area",
    "sensitivity": "Sensitivity: share of ALL cells called ALL",
    "specificity": "Specificity: share of normal cells called normal",
    "balanced_accuracy": "Balanced accuracy",
    "subject_macro_sensitivity": "Sensitivity, every subject counting the same",
    "subject_macro_specificity": "Specificity, every subject counting the same",
    "calibration_error": "Calibration error",
    "floor_auc": "For comparison: AUC of area and mean colour alone",
}


@dataclass(frozen=True)
class Figure:
    name: str
    value: str
    interval: str


@dataclass(frozen=True)
class ModelPage:
    name: str
    version: str
    intended_use: str
    statement: str
    facts: tuple[tuple[str, str], ...]
    protocol: str
    figures: tuple[Figure, ...]
    attribution: str


def model_page(card: Card) -> ModelPage:
    return ModelPage(
        name=card.name,
        version=card.version,
        intended_use=card.intended_use,
        statement=rules.statement(card.prior_all),
        facts=tuple(_facts(card)),
        protocol=str(card.evaluation.get("protocol", "")),
        figures=tuple(_figures(card.evaluation.get("report", {}).get("figures", {}))),
        attribution=_attribution(card.training.get("data", {})),
    )


def _facts(card: Card) -> list[tuple[str, str]]:
    bands, learned = card.thresholds, card.training
    facts = [
        ("Suspected", f"from a probability of {bands.suspected_from * 100:.2f} % on"),
        ("Not suspected", f"below {bands.not_suspected_below * 100:.2f} %"),
        ("Hash of model.onnx", card.onnx_sha256),
    ]
    if "subjects" in learned:
        told = (f"{learned['cells'][name]:,} cells of {learned['subjects'][name]} subjects" for name in card.classes)
        facts.insert(0, ("Trained on", "normal: {}; ALL: {}".format(*told)))
    if "parameters" in learned:
        facts.append(("Parameters", f"{learned['parameters']:,}"))
    return facts


def _figures(measured: dict[str, Any]) -> list[Figure]:
    return [
        Figure(name, f"{measured[key][0]:.3f}", f"{measured[key][1]:.3f} to {measured[key][2]:.3f}")
        for key, name in FIGURES.items()
        if key in measured
    ]


def _attribution(data: dict[str, str]) -> str:
    if not data:
        return "This card names no data."
    return f"{data['title']}. {data['attribution']}. {data['licence']}. Changes made: {data['changes']}."
