"""Proving the records: the ledger against the facts, the work list and the image store against both."""

from app.audit.verify import verify as verify_records
from app.cases import queries as cases
from app.checks import record_faults
from app.commands.opened import opened
from app.policy import queries as policies
from app.reports import version_queries as versions
from app.review import comment_queries as comments
from app.review import read_queries as reads
from app.review import request_queries as requests
from app.screening import queries as screenings
from app.settings import Settings
from app.storage import ImageStore

FACTS = {
    ("case", "digest"): cases.facts,
    ("case", "identifiers_digest"): cases.identifier_facts,
    ("policy", "digest"): policies.facts,
    ("case", "priority_digest"): cases.priority_facts,
    ("case", "withdrawal_digest"): cases.withdrawal_facts,
    ("case", "reason_digest"): cases.withdrawal_note_facts,
    ("model", "digest"): screenings.model_facts,
    ("screening", "digest"): screenings.facts,
    ("screening", "asked_for"): screenings.asked_for_facts,
    ("screening", "same_image"): screenings.same_image_facts,
    ("read", "digest"): reads.facts,
    ("read", "note_digest"): reads.note_facts,
    ("read_request", "digest"): requests.facts,
    ("read_request", "note_digest"): requests.note_facts,
    ("comment", "digest"): comments.facts,
    ("comment", "note_digest"): comments.note_facts,
    ("case", "result_digest"): versions.facts,
}
"""What events bind, and how it is recomputed."""
SHOWN = 20


def verify(settings: Settings) -> int:
    with opened(settings) as database, database.snapshot() as session:
        found = verify_records(session, facts=FACTS)
    if found.intact:
        purged = f", {found.purged} purged" if found.purged else ""
        print(f"intact: {found.rows} events{purged}, head {found.head}")
        return 0
    for fault in found.broken[:SHOWN]:
        print(f"broken: {fault}")
    if len(found.broken) > SHOWN:
        print(f"and {len(found.broken) - SHOWN} more")
    return 1


def doctor(settings: Settings) -> int:
    with opened(settings) as database, database.snapshot() as session:
        faults = record_faults(session, store=ImageStore(settings.image_store))
    for fault in faults:
        print(fault)
    print("well" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0
