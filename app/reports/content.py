"""What is signed: a case as its rows tell it, in one spelling; and whether the rows still say what was signed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.audit.digest import told_of
from app.audit.verify import PURGED
from app.cases import queries as cases
from app.cases.tables import CaseRow
from app.reports.rules import Cell, RollUp
from app.review.read_queries import digest_of as read_digest
from app.review.request_queries import digest_of as request_digest
from app.review.rules import Review, ReviewState, Verdict
from app.review.tables import ReadRequestRow, ReadRow
from app.screening.queries import digest_of as screening_digest
from app.screening.rules import Band
from app.screening.tables import ScreeningRow

FORMAT = 1
Content = Mapping[str, Any]


def canonical(content: Content) -> str:
    """Sorted keys, no spaces, nothing escaped that need not be: as RFC 8785 has it, but for numbers, which are written
    as Python does (the shortest that is exact)."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def told_of_case(case: CaseRow) -> Content:
    """Neither number nor subject, which retention may purge, but their salted digest."""
    return {"id": str(case.id), "digest": cases.digest_of(case), "identifiers_digest": cases.names_digest(case)}


def told_of_cell(
    screening: ScreeningRow, *, review: Review, reads: Sequence[ReadRow], requests: Sequence[ReadRequestRow] = ()
) -> Content:
    """`requests`: for another read; a cell of which none was asked for is told as before there were any."""
    cell = Cell(
        id=screening.id,
        image=screening.pixels_sha256,
        band=screening.band,
        refused=screening.unusable_reason,
        review=review,
    )
    return {
        "id": str(screening.id),
        "digest": screening_digest(screening),
        "image": screening.pixels_sha256,
        "model": str(screening.model_id),
        "band": screening.band,
        "probability": screening.probability,
        "refused": screening.unusable_reason,
        "review": review.state.value,
        "verdict": review.verdict,
        "called": cell.called,
        "reads": [_told_of_read(read) for read in reads],
        **({"requests": [_told_of_request(request) for request in requests]} if requests else {}),
    }


def _told_of_read(read: ReadRow) -> Content:
    return {
        **told_of(read, "id", "kind", "blind_verdict", "verdict", "at"),
        "digest": read_digest(read),
        "reader": str(read.reader_id),
    }


def _told_of_request(request: ReadRequestRow) -> Content:
    return {**told_of(request, "id", "at"), "digest": request_digest(request), "by": str(request.by_id)}


def said_of(cell: Content) -> tuple[Content, ...]:
    """The reads of a cell that a text tells of, and the requests for another, each in its order."""
    return (*cell["reads"], *cell.get("requests", ()))


def told_of_roll_up(rolled: RollUp) -> Content:
    return {
        "counted": rolled.counted,
        "suspected": rolled.suspected,
        "minimum": rolled.minimum,
        "share": rolled.share,
        "low": rolled.low,
        "high": rolled.high,
        "cells_alike": rolled.alike,
    }


def cell_of(told: Content) -> Cell:
    verdict = Verdict(told["verdict"]) if told["verdict"] else None
    return Cell(
        id=UUID(told["id"]),
        image=told["image"],
        band=Band(told["band"]) if told["band"] else None,
        refused=told["refused"],
        review=Review(ReviewState(told["review"]), verdict),
    )


@dataclass(frozen=True)
class Compared:
    """`altered`: what was signed and may never change, but reads otherwise now. `changed`: something came to it."""

    altered: tuple[str, ...]
    changed: bool


def compare(signed: Content, now: Content) -> Compared:
    altered = []
    if signed["case"]["digest"] != now["case"]["digest"]:
        altered.append("the case")
    after = {cell["id"]: cell for cell in now["cells"]}
    for cell in signed["cells"]:
        altered += _altered(cell, after.get(cell["id"]))
    return Compared(tuple(altered), changed=is_renamed(signed, now=now) or signed["cells"] != now["cells"])


def is_renamed(signed: Content, *, now: Content) -> bool:
    """Whether number or subject is another than was signed. What was purged has none that could be."""
    numbered = signed["case"]["identifiers_digest"], now["case"]["identifiers_digest"]
    return numbered[0] != numbered[1] and PURGED not in numbered


def _altered(signed: Content, now: Content | None) -> list[str]:
    name = signed["id"][:8]
    if now is None:
        return [f"cell {name}, which is missing"]
    if now["digest"] != signed["digest"]:
        return [f"cell {name}"]
    return [
        f"{what} of cell {name}"
        for what, kind in (("a read", "reads"), ("a request for another read", "requests"))
        for one in signed.get(kind, ())
        if one["digest"] != next((later["digest"] for later in now.get(kind, ()) if later["id"] == one["id"]), None)
    ]
