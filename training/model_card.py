"""MODEL_CARD.md from card.json: every figure in it comes from there, and one that is missing stops the export."""

from typing import Any

from app.errors import Invalid
from training import trust
from training.bootstrap import Estimate
from training.not_cells import KINDS, SMEAR_FIELDS

FIGURES = {
    "auc": "AUC, pooled",
    "area_matched_auc": "AUC, cells of like area compared (area-matched)",
    "floor_matched_auc": "AUC, cells of like size and colour compared (floor-matched)",
    "balanced_accuracy": "Balanced accuracy",
    "sensitivity": "Sensitivity (share of ALL cells called ALL)",
    "specificity": "Specificity (share of normal cells called normal)",
    "precision": "Precision at the data's own share of ALL",
    "weighted_f1": "Weighted F1",
    "subject_macro_auc": "AUC, every subject counting the same",
    "subject_macro_balanced_accuracy": "Balanced accuracy, every subject counting the same",
    "subject_macro_sensitivity": "Sensitivity, every subject counting the same",
    "subject_macro_specificity": "Specificity, every subject counting the same",
    "calibration_error": "Calibration error (ECE, 15 bins)",
    "calibration_error_as_served": "Calibration error where each person's scores are calibrated on all other persons'",
    "calibration_error_of_an_exact_one": "For comparison: what an exact calibration shows by chance on as many persons",
    "brier": "Brier score",
    "floor_auc": "For comparison: AUC of area and mean colour alone",
}
BANDS = {
    "not_suspected_miss_rate": "Share of ALL cells in the band `not_suspected`",
    "suspected_precision": "Share of ALL among the band `suspected`, at the card's prior",
    "uncertain_share": "Share of cells in the band `uncertain`",
}
SETS = {
    "covered_hem": "Normal cells whose set holds `HEM`",
    "covered_all": "ALL cells whose set holds `ALL`",
    "both_share": "Cells whose set holds both",
    "neither_share": "Cells whose set holds neither",
}
FAR = {
    "far_hem": "Normal cells farther from the training cells than the limit",
    "far_all": "ALL cells farther from the training cells than the limit",
}
GATE = {
    "refused_hem": "Normal cells refused by the gate",
    "refused_all": "ALL cells refused by the gate",
    "refused_difference": "Refused of normal cells less refused of ALL cells",
}

KNOWN_FAILURES = """\
- Healthy people differ more between each other than this data shows: it has few healthy subjects, and specificity on a
  healthy person whom the model has not seen varies widely (table below). Expect worse than the pooled figures.
- Trained on one hospital's images, one stain and one way of segmenting. Other microscopes, stains, scales or outlines
  are outside what was evaluated. Images must show one segmented cell on black, at the data's scale.
- How finely colour varies inside a cell counts for much, and a camera's or scanner's processing changes that as well.
- In the training data healthy cells are smaller and darker than leukaemic ones; in other healthy people they are not.
  Area-matched and floor-matched figures say what is left where neither size nor colour can help.
- Cells of one person are alike. The intervals count people, not cells, and are wide.
- The probability assumes that half of the cells are ALL. Where fewer are, it reads too high.
"""

CHANGES = ("auc_change", "specificity_change", "sensitivity_change")
CHOSEN = "Choices were made on partitions of these same people: expect a little less of new ones."

NOTABLE_FALL = 0.1
"""A shift that costs so much sensitivity or specificity is named among the known failures."""


FOLDERS = (
    "`FOLDER` holds the images in the C-NMC layout, `SMEARS` the smear fields (JPEG) on which the gate is tried; "
    "without `--not-cells` they are looked for in `not_cells` beside `FOLDER`. "
)


class FigureMissing(Invalid):
    code = "figure_missing"


def text(card: dict[str, Any]) -> str:
    """The model card as Markdown; raises FigureMissing."""
    evaluation, training = card["evaluation"], card["training"]
    report = evaluation["report"]
    sections = [
        _head(card),
        f"## Data\n\n{_data(training)}",
        f"## Figures\n\n{evaluation['protocol']} {CHOSEN}\n\n{_table(report['figures'], FIGURES)}",
        f"## Predictive values\n\n{_predictive_values(report['predictive_values'])}",
        f"## Bands\n\n{_bands(card)}",
        f"## What is flagged as atypical\n\n{_atypical(card)}",
        f"## Gate\n\n{_gate(card)}",
        f"## What moves it\n\n{_shifts(card)}",
        f"## Known failures\n\n{KNOWN_FAILURES}{_costly_shifts(card)}",
        f"## By subject\n\n{_subjects(report['by_subject'], evaluation['gate'])}",
        f"## To reproduce\n\n{_reproduce(card)}",
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _head(card: dict[str, Any]) -> str:
    warning = "\n\n**For demonstration only**: trained on drawn cells, it knows nothing of blood."
    return (
        f"# {card['name']} {card['version']}\n\n{card['intended_use']}{warning * card['for_demonstration']}\n\n"
        f"One network of {card['training']['parameters']:,} parameters, from scratch, one image at a time; "
        f"{card['evaluation']['milliseconds']} ms from pixels to score on one core, the median. Made by "
        "`training export`; the figures are those of `card.json`. "
        f"`model.onnx` has the SHA-256 `{card['onnx_sha256']}`."
    )


def _data(training: dict[str, Any]) -> str:
    data, cells, subjects, groups = (training[key] for key in ("data", "cells", "subjects", "subject_groups"))
    return (
        f"{data['title']}. {data['attribution']}. Licence: {data['licence']}. Changes made: {data['changes']}.\n\n"
        f"{cells['HEM']:,} normal cells of {subjects['HEM']} subjects ({groups['HEM']} subject groups) and "
        f"{cells['ALL']:,} ALL cells of {subjects['ALL']} subjects ({groups['ALL']} groups). "
        f"Fingerprint `{training['data_fingerprint'][:16]}`."
    )


def _table(figures: dict[str, Any], names: dict[str, str]) -> str:
    rows = [f"| {title} | {_estimate(figures, key)} |" for key, title in names.items()]
    return "\n".join(["| figure | value (95 % interval) |", "|---|---|", *rows])


def _estimate(figures: dict[str, Any], key: str) -> str:
    found = figures.get(key)
    if not isinstance(found, list) or any(number is None for number in found):
        raise FigureMissing(f"The figure {key} is missing, so no model card can be written. Evaluate again.")
    return _told(found)


def _told(found: list[float | None]) -> str:
    """A figure with its interval; "-" for what cannot be had."""
    value, low, high = found
    return "-" if value is None or low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _bands(card: dict[str, Any]) -> str:
    thresholds, evaluation = card["thresholds"], card["evaluation"]
    return (
        f"`not_suspected` below {thresholds['not_suspected_below']}, `suspected` from {thresholds['suspected_from']}, "
        f"`uncertain` between, on the calibrated probability at a prior of {card['prior_all']}. At most "
        f"{trust.MISS_RATE} of an unseen person's ALL cells are to be `not_suspected`, on the mean of persons, by "
        "conformal risk control on the networks of folds; the served network has seen all persons there are, and is "
        f"taken to be no worse. `suspected` aims at {trust.UPPER_PRECISION} ALL, which so few healthy subjects "
        "cannot promise: the table says what was reached. Every subject counts the same. Calibration and bands of each "
        "person are those that the cells of all other persons give, by the same rules as those that are served; the "
        "network is one that never saw the person:\n\n"
        f"{_table(evaluation['report']['bands'], BANDS)}"
    )


def _predictive_values(found: list[dict[str, Any]]) -> str:
    """Those that can be had; a call that is never made has none."""
    rows = [f"| {one['prevalence'] * 100:g} % | {_told(one['ppv'])} | {_told(one['npv'])} |" for one in found]
    head = ["| share of cells that are ALL | of cells called ALL so many are | of cells called normal so many are |"]
    told = (
        "Of a call at a probability of 0.5, every subject counting the same: where ALL is rare, most alarms are false."
    )
    return "\n".join([told, "", *head, "|---|---|---|", *rows])


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
        return f"{told}.\n\n{_table(report['sets'], SETS)}"
    away = (
        f"{told}, and so is one whose embedding lies farther than {card['distance']['atypical_from']} from both class "
        "means, in deviations: 99 % of unseen cells do not."
    )
    return f"{away}\n\n{_table({**report['sets'], **card['evaluation']['far']}, {**SETS, **FAR})}"


def _gate(card: dict[str, Any]) -> str:
    """The gate's trial, real cells first; raises FigureMissing."""
    found = card["evaluation"]["gate"]
    tried = {one["kind"]: one for one in found.get("not_cells") or []}
    wanted = [kind for kind in KINDS if not (card["for_demonstration"] and kind == SMEAR_FIELDS)]
    missing = [name for name in wanted if name not in tried] + ["milliseconds"] * (not found.get("milliseconds"))
    if missing:
        raise FigureMissing(f"In the gate's trial are missing: {', '.join(missing)}. Run `python -m training gate`.")
    rows = [f"| {name} | {tried[name]['images']} | {_estimate(tried[name], 'refused')} |" for name in wanted]
    return (
        "Whether an image is one usable cell is judged before the network sees it. Real cells, every subject counting "
        f"the same, by limits fitted on other folds:\n\n{_table(found, GATE)}\n\n"
        "What should be refused (intervals are Wilson's, over images):\n\n"
        + "\n".join(["| images | number | refused |", "|---|---|---|", *rows])
        + f"\n\nThe gate takes {found['milliseconds']} ms of one core (median over cells, best of five runs of each)."
    )


def _shifts(card: dict[str, Any]) -> str:
    shifts = card["evaluation"].get("shifts")
    if not shifts and card["for_demonstration"]:
        return "The shift test was not run for this model."
    if not shifts:
        raise FigureMissing("The shift test is missing, so no model card can be written. Run `evaluate --shifts`.")
    rows = [
        f"| {one['shift']} | {one['seed']} | {one['auc']:.3f} | "
        f"{' | '.join(Estimate(*one[key]).signed() for key in CHANGES)} |"
        for one in shifts
    ]
    head = [
        "| the same unseen cells, with | partition | AUC | change of AUC | of specificity | of sensitivity |",
        "|---" * 6 + "|",
    ]
    told = (
        f"On {shifts[0]['cells']:,} cells, by networks that had not seen the person. Threshold and calibration are "
        "those of all unchanged cells of a partition, and stay as they are."
    )
    return "\n".join([told, "", *head, *rows])


def _costly_shifts(card: dict[str, Any]) -> str:
    """What of the shift and outline tests costs most, as one more known failure; nothing where nothing does."""
    falls: dict[tuple[str, str], float] = {}
    for one in card["evaluation"].get("shifts") or []:
        for figure in ("sensitivity", "specificity"):
            if not one["shift"].startswith("silhouette"):
                about = one["shift"], figure
                falls[about] = min(one[f"{figure}_change"][0], falls.get(about, 0.0))
    costly = sorted((fall, *about) for about, fall in falls.items() if fall <= -NOTABLE_FALL)
    told = [f"{shift} costs {-fall:.2f} of {figure}" for fall, shift, figure in costly]
    return f"- {'; '.join(told)} (what moves it, above).\n" if told else ""


def _subjects(subjects: list[dict[str, Any]], gate: dict[str, Any]) -> str:
    rows = [
        f"| {one['subject']} | {one['class']} | {one['cells']} | {one['right']:.2f} "
        f"({one['right_interval'][0]:.2f} to {one['right_interval'][1]:.2f}) | {one['mean_probability']:.2f} "
        f"| {_estimate(gate['by_subject'], one['subject'])} |"
        for one in subjects
    ]
    head = [
        "| subject | class | cells | called right | mean probability of ALL | refused by the gate |",
        "|---" * 6 + "|",
    ]
    return "\n".join([*head, *rows])


def _reproduce(card: dict[str, Any]) -> str:
    name, real = card["training"]["recipe"]["name"], not card["for_demonstration"]
    folder, shifts, not_cells = (words * real for words in (" FOLDER", " --shifts", " --not-cells SMEARS"))
    return (
        f"```\npython -m training fit {name}{folder}\npython -m training evaluate {name}{folder}{shifts}\n"
        f"python -m training export {name}{folder} --version {card['version']}{not_cells}\n```\n\n"
        f"{FOLDERS * real}Recipe `training/recipes/{name}.py`, fingerprint "
        f"`{card['training']['recipe_fingerprint']}`, {card['training']['seconds'] / 60:.0f} minutes on two cores; "
        "out-of-fold logits are in `training/results/`."
    )
