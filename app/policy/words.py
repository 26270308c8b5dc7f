"""How pages say what a policy decides."""

from app.policy.rules import WHOLE, Policy

TITLES = {
    "quality_sample_share": "Random share of confident results that is read too",
    "reads_suspected": "Reads of every suspected cell",
    "reads_uncertain": "Reads of every uncertain cell",
    "reads_not_suspected": "Reads of every cell that is not suspected",
    "blind_first": "First call before the score is shown",
    "turnaround_hours": "Turnaround target",
    "prevalence_all": "Share of ALL among this laboratory’s cells",
    "minimum_cells": "Fewest usable cells for a share of a case",
    "lease_minutes": "How long an opened cell is held for its reader",
    "undo_seconds": "How long a verdict can be undone",
}
HINTS = {
    "quality_sample_share": "drawn by lot from cells that nothing else flags, so that missed cells can be counted",
    "reads_suspected": "none: only those that something else flags are read, once",
    "reads_uncertain": "an uncertain cell is always read",
    "reads_not_suspected": "none: only those that something else flags are read, once",
    "blind_first": "until then score, band, reasons and heat map are hidden from the reader",
    "turnaround_hours": "a flagged cell that waits longer is overdue; 1 to 720",
    "prevalence_all": "case pages tell predictive values at this share",
    "minimum_cells": "a case with fewer is reported as having too few; 1 to 1000",
    "lease_minutes": "after that another reader may open it; 1 to 240",
    "undo_seconds": "0 to 600",
}
READS = {0: "none", 1: "one", 2: "two, independent"}
UNITS = {
    "quality_sample_share": "%",
    "turnaround_hours": "hours",
    "prevalence_all": "%",
    "minimum_cells": "cells",
    "lease_minutes": "minutes",
    "undo_seconds": "seconds",
}
YES_OR_NO = (("yes", "yes"), ("no", "no"))


def choices(name: str) -> tuple[tuple[str, str], ...]:
    """What a decision is chosen from, as pairs of value and words; nothing where a number is typed."""
    if name == "blind_first":
        return YES_OR_NO
    least, most = WHOLE.get(name, (0, 0))
    return tuple((str(n), READS[n]) for n in range(least, most + 1)) if name.startswith("reads_") else ()


def typed_percent(share: float) -> str:
    """As it is typed: 0.02 -> 2, 0.125 -> 12.5."""
    return f"{share * 100:.2f}".rstrip("0").rstrip(".")


def typed(policy: Policy) -> dict[str, str]:
    """Each decision as a form's field holds it."""
    told = {name: str(getattr(policy, name)) for name in TITLES}
    for name in ("quality_sample_share", "prevalence_all"):
        told[name] = typed_percent(getattr(policy, name))
    told["blind_first"] = "yes" if policy.blind_first else "no"
    return told


def told(policy: Policy, name: str) -> str:
    """One decision, as a page tells it."""
    if name.startswith("reads_"):
        return READS[getattr(policy, name)]
    if name == "blind_first":
        return "yes" if policy.blind_first else "no"
    return f"{typed(policy)[name]} {UNITS[name]}"
