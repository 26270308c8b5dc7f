"""Codes that rows hold: which there are belongs to a revision, so that no version meets one that it does not know."""

from enum import StrEnum

from app.accounts.rules import Role, Scope
from app.db import Base, Coded
from app.schema import needed_revision
from app.vision.unusable import Unusable

AT_REVISION = {
    "0009": {
        "case_priorities.priority": ["routine", "urgent"],
        "flag_reasons.reason": [
            "asked_for",
            "atypical",
            "lossy_image",
            "low_confidence",
            "policy_read",
            "quality_sample",
            "same_image_found_later",
            "same_image_other_subject",
        ],
        "keys.scopes": ["metrics", "read", "read:all", "screen"],
        "read_drafts.verdict": ["cannot_tell", "leukaemic_blast", "normal", "unusable_image"],
        "reads.blind_verdict": ["cannot_tell", "leukaemic_blast", "normal", "unusable_image"],
        "reads.kind": ["adjudication", "first", "further", "second", "withdrawal"],
        "reads.verdict": ["cannot_tell", "leukaemic_blast", "normal", "unusable_image"],
        "screenings.band": ["not_suspected", "suspected", "uncertain"],
        "screenings.unusable_reason": [
            "cell_cut_off",
            "cell_too_large",
            "cell_too_small",
            "no_cell",
            "not_segmented",
            "out_of_focus",
            "several_cells",
            "shape_unlike_cell",
            "stain_unlike_training",
            "too_bright",
            "too_dark",
            "too_noisy",
        ],
        "user_roles.role": ["admin", "auditor", "reviewer", "senior", "uploader"],
    }
}
AT_REVISION["0010"] = AT_REVISION["0009"]
AT_REVISION["0011"] = AT_REVISION["0010"] | {
    "flag_reasons.reason": [
        "asked_for",
        "atypical",
        "lossy_image",
        "lossy_pixels",
        "low_confidence",
        "policy_read",
        "quality_sample",
        "same_image_found_later",
        "same_image_other_subject",
        "straight_outline",
        "unusual_detail",
        "unusual_frame",
        "unusual_stain",
    ]
}
AT_REVISION["0012"] = AT_REVISION["0011"] | {
    "flag_reasons.reason": sorted([*AT_REVISION["0011"]["flag_reasons.reason"], "resampled_pixels"])
}
"""What stands here is never changed: another code comes with a migration, which may do nothing, and an entry for it."""


def _codes(column: Coded[StrEnum]) -> list[str]:
    return sorted(one.value for one in column.codes)


def test_another_code_comes_with_a_migration_so_that_an_older_version_refuses_the_database() -> None:
    coded = {
        f"{table.name}.{column.name}": _codes(column.type)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Coded)
    }
    told = {
        "keys.scopes": sorted(Scope),
        "user_roles.role": sorted(Role),
        "screenings.unusable_reason": sorted(Unusable),
    }

    assert AT_REVISION[needed_revision()] == coded | told
