"""MODEL_CARD.md from card.json: every figure of the model comes from there, and one that is missing stops the export.

What is known of C-NMC 2019 whatever the model, its images' size and its preliminary set, stands here, in `card_shifts`
and in `failures`.
"""

from typing import Any

from app.vision.bundle import CLASSES
from training import card_gate, card_people, card_shifts, failures, provenance
from training.card_tables import FigureMissing, as_table, as_told, estimated, figures_there
from training.markdown import table
from training.titles import BANDS, CUT, FAR, FIGURES, SETS

CHOSEN = (
    "Choices were made with a look at figures of these same people: expect less of new ones. By how much is not known."
)
OF_A_CALL = (
    "Balanced accuracy, sensitivity, specificity, precision and F1 are those of a call at a probability of 0.5. "
    "Intervals are over people; calibration and limits stay as they were fitted in every draw. What drawing people "
    "again adds to a calibration error by chance is taken off its interval."
)


@figures_there()
def text(card: dict[str, Any]) -> str:
    """The model card as Markdown; raises FigureMissing."""
    evaluation, training = card["evaluation"], card["training"]
    report, alone = evaluation["report"], training.get("each_person", False)
    sections = [
        _head(card),
        f"## Data\n\n{provenance.data(training)}",
        f"## Model\n\n{_model(card)}",
        f"## Figures\n\n{evaluation['protocol']} {CHOSEN} {OF_A_CALL}\n\n{_figures(report, alone=alone)}",
        f"## Calibration\n\n{_reliability(report['reliability'])}",
        f"## Predictive values\n\n{_predictive_values(report['predictive_values'])}",
        f"## Bands\n\n{_bands(card)}",
        f"## What is flagged as atypical\n\n{_atypical(card)}",
        f"## Gate\n\n{card_gate.gate(card)}",
        f"## Compressed with loss\n\n{card_gate.compression(card)}",
        f"## Scaled or turned\n\n{card_gate.resampling(card)}",
        f"## What moves it\n\n{card_shifts.shifts(card)}",
        f"## The same cell photographed again\n\n{card_shifts.retakes(card)}",
        f"## By size, brightness and folder\n\n{card_people.subgroups(report)}",
        f"## Where size and colour say otherwise\n\n{card_shifts.tilted(card)}",
        f"## Known failures\n\n{failures.text(card)}",
        f"## By subject\n\n{card_people.subjects(evaluation, alone=alone)}",
        f"## To reproduce\n\n{provenance.reproduce(card)}",
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _figures(report: dict[str, Any], *, alone: bool) -> str:
    """The table of FIGURES, where every person was left out alone without those as served: all others are so too; and
    how many cells were called what.
    """
    names = {name: title for name, title in FIGURES.items() if not (alone and name.endswith("_as_served"))}
    return f"{as_table(report['figures'], names)}\n\n{_confusion(report)}"


def _head(card: dict[str, Any]) -> str:
    warning = "\n\n**For demonstration only**: trained on drawn cells, it knows nothing of blood."
    return (
        f"# {card['name']} {card['version']}\n\n{card['intended_use']}{warning * card['for_demonstration']}\n\n"
        f"One network of {card['training']['parameters']:,} parameters, one image at a time; "
        f"{card['evaluation']['milliseconds']} ms from pixels to score on one core (median over drawn cells, best of "
        "twenty runs of each). Made by `training export`; the figures are those of `card.json`. "
        f"`model.onnx` has the SHA-256 `{card['onnx_sha256']}`.\n\n{_parity(card['evaluation']['parity'])}"
    )


def _parity(found: dict[str, Any]) -> str:
    """How well ONNX Runtime says what Keras said, and the heat map what the logit is."""
    maps = "" if found["cam"] is None else f", and the mean of the heat map from the logit by at most {found['cam']}"
    return f"On {found['cells']} cells its logits differ from those of Keras by at most {found['logit']}{maps}."


def _model(card: dict[str, Any]) -> str:
    """What kind of network it is, what of it was learned and how, and what it sees; raises FigureMissing."""
    training, cut = card["training"], card["evaluation"].get("cut", {})
    if "architecture" not in training:
        raise FigureMissing("The card does not say what kind of network it is of. Export the model again.")
    recipe = training["recipe"]
    side, shrunk = recipe["size"], recipe["shrink_to"]
    table = as_table(cut, CUT)
    return (
        f"`{recipe['network']}`: {training['architecture']} {provenance.learned(recipe)}\n\n"
        f"It sees a square of {side} pixels around the middle of the cell, at the image's own scale"
        f"{f', then shrunk to {shrunk} pixels' if shrunk else ''}. {_scale(card)} A cell counts as cut off where more "
        "than "
        f"{cut['beyond'] * 100:g} % of its pixels lie beyond; every subject counts the same:\n\n{table}"
    )


def _scale(card: dict[str, Any]) -> str:
    """How large cells are to it: the data names no length of a pixel."""
    if card["for_demonstration"]:
        return ""
    areas = [area for name in CLASSES for area in card["cell_statistics"][name]["area_px"]]
    images = (
        "The data's images are 450 x 450 pixels, and what a pixel measures is not told there; "
        if provenance.is_of_c_nmc(card["training"])
        else "What a pixel of the data's images measures is not told here; "
    )
    return (
        f"{images}98 % of its cells have {min(areas):,.0f} to {max(areas):,.0f} pixels, and smaller than "
        f"{card['gate']['area_px_min']:,.0f} or larger than {card['gate']['area_px_max']:,.0f} is refused."
    )


def _confusion(report: dict[str, Any]) -> str:
    """How many cells were called what, and what calling all of them alike would reach."""
    counts, alike = report["confusion"], report["majority_class_accuracy"]
    rows = [
        (title, f"{counts[f'{truth}_called_all']:,}", f"{counts[f'{truth}_called_hem']:,}")
        for truth, title in (("all", "ALL"), ("hem", "normal"))
    ]
    told = f"Calling all cells alike is right for {100 * alike:.1f} % of them."
    return "\n".join([*table(("cells in truth", "called ALL", "called normal"), rows), "", told])


def _reliability(bins: list[dict[str, Any]]) -> str:
    """What became of cells by their probability; raises FigureMissing."""
    if not bins:
        raise FigureMissing("What became of cells by their probability is missing. Evaluate again.")
    rows = [
        (
            f"{one['from']:.3f} to {one['to']:.3f}",
            f"{one['cells']:,}",
            f"{one['mean_probability']:.3f}",
            estimated(one, "all_share"),
        )
        for one in bins
    ]
    told = (
        "Cells by their probability as served, in bins of equal weight, every subject counting the same, at the "
        "prior that the card states:"
    )
    return "\n".join([told, "", *table(("probability", "cells", "mean", "share that is ALL"), rows)])


def _bands(card: dict[str, Any]) -> str:
    thresholds, evaluation = card["thresholds"], card["evaluation"]
    aims = evaluation["aims"]
    return (
        f"`not_suspected` below {thresholds['not_suspected_below']}, `suspected` from {thresholds['suspected_from']}, "
        f"`uncertain` between, on the calibrated probability at a prior of {card['prior_all']}. At most "
        f"{aims['miss_rate']} of an unseen person's ALL cells are to be `not_suspected`, on the mean of persons, by "
        "conformal risk control on networks that had not seen the person; of a single person it may be many more (By "
        "subject). The served network has seen all persons there are, and is taken to be no worse. `suspected` aims at "
        f"{aims['precision']} ALL, which so few healthy subjects cannot promise: the table says what was reached. "
        "Every subject counts the same. Calibration and bands of each person are those that the cells of all other "
        "persons give, by the same rules as those that are served; the network is one that never saw the person:\n\n"
        f"{as_table(evaluation['report']['bands'], BANDS)}"
    )


def _predictive_values(found: list[dict[str, Any]]) -> str:
    """Those that can be had; a call that is never made has none."""
    if not found:
        raise FigureMissing("The predictive values are missing, so no model card can be written. Evaluate again.")
    rows = [(f"{one['prevalence'] * 100:g} %", as_told(one["ppv"]), as_told(one["npv"])) for one in found]
    called = ("of cells called ALL so many are", "of cells called normal so many are")
    told = (
        "Of a call at a probability of 0.5, every subject counting the same: where ALL is rare, most alarms are false."
    )
    return "\n".join([told, "", *table(("share of cells that are ALL", *called), rows)])


def _atypical(card: dict[str, Any]) -> str:
    """Conformal sets and distance, out of fold; raises FigureMissing."""
    limits, report = card["conformal"], card["evaluation"]["report"]
    told = (
        f"A class is in a cell's conformal set where 1 less its probability is at most {limits['hem']} (`HEM`) or "
        f"{limits['all']} (`ALL`): limits that are to cover {1 - limits['miscoverage']:.0%} of the cells of an unseen "
        "person of that class, by pooling persons; the table has for each person the limits that all others give. A "
        "cell whose set is not exactly one class is flagged for review"
    ).replace("%", " %")
    if not card["distance"]:
        return f"{told}.\n\n{as_table(report['sets'], SETS)}"
    nearer = f"{card['evaluation']['aims']['nearer'] * 100:g} %"
    away = (
        f"{told}, and so is one whose embedding lies farther than {card['distance']['atypical_from']} from both class "
        f"means, in deviations: {nearer} of the unseen cells that it was fitted on do not."
    )
    return f"{away}\n\n{as_table({**report['sets'], **card['evaluation']['far']}, {**SETS, **FAR})}"
