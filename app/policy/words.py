"""How pages say what a policy decides."""

from app.policy.rules import Policy

TITLES = {
    "quality_sample_share": "Random share of confident results that is read too",
    "reads_suspected": "Reads of every suspected cell",
    "reads_uncertain": "Reads of every uncertain cell",
    "reads_not_suspected": "Reads of every cell that is not suspected",
    "blind_first": "First call before the score is shown",
    "turnaround_hours": "Turnaround target",
    "prevalence_all": "Share of ALL among this laboratory's cells",
    "minimum_cells": "Fewest usable cells for a share of a case",
    "lease_minutes": "How long an opened cell is held for its reader",
    "undo_seconds": "How long a verdict can be undone",
}
READS = {0: "none", 1: "one", 2: "two, independent"}
UNITS = {
    "turnaround_hours": "h",
    "lease_minutes": "min",
    "undo_seconds": "s",
    "minimum_cells": "cells",
    "quality_sample_share": "%",
    "prevalence_all": "%",
}


def percent(share: float) -> str:
    """As it is typed: 0.02 -> 2, 0.125 -> 12.5."""
    return f"{share * 100:.2f}".rstrip("0").rstrip(".")


def typed(policy: Policy) -> dict[str, str]:
    """Each decision as a form's field holds it."""
    told = {name: str(getattr(policy, name)) for name in TITLES}
    for name in ("quality_sample_share", "prevalence_all"):
        told[name] = percent(getattr(policy, name))
    told["blind_first"] = "yes" if policy.blind_first else ""
    return told


def told(policy: Policy, name: str) -> str:
    """One decision, as a page tells it."""
    if name.startswith("reads_"):
        return READS[getattr(policy, name)]
    if name == "blind_first":
        return "yes" if policy.blind_first else "no"
    return f"{typed(policy)[name]} {UNITS[name]}"
