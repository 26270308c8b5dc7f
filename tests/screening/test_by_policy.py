"""Triage follows the policy in force, and each screening keeps the number of the one that it was judged by."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given
from sqlalchemy import select, text

from app.accounts.rules import Role
from app.audit.digest import digest
from app.policy.rules import Policy
from app.screening.instrument import Instrument
from app.screening.queries import digest_of
from app.screening.rules import ODD, Band, ReviewReason, Thresholds, share_flagged, triage
from app.screening.tables import ScreeningRow
from tests.factories import Service, cell, set_policy, verify
from tests.fakes import FakeClassifier
from tests.tampering import without_triggers

THRESHOLDS = Thresholds(0.2, 0.8, 0.5)
INSIDE = {Band.NOT_SUSPECTED: 0.1, Band.UNCERTAIN: 0.5, Band.SUSPECTED: 0.9}


@pytest.mark.parametrize(
    ("band", "policy", "odd", "reasons"),
    [
        (Band.SUSPECTED, Policy(), set(), []),
        (Band.SUSPECTED, Policy(reads_suspected=1), set(), [ReviewReason.POLICY_READ]),
        (
            Band.SUSPECTED,
            Policy(reads_suspected=2),
            {ReviewReason.ATYPICAL},
            [ReviewReason.ATYPICAL, ReviewReason.POLICY_READ],
        ),
        (Band.NOT_SUSPECTED, Policy(reads_suspected=2), set(), []),
        (Band.NOT_SUSPECTED, Policy(reads_not_suspected=1), set(), [ReviewReason.POLICY_READ]),
        (Band.UNCERTAIN, Policy(reads_uncertain=2), set(), [ReviewReason.LOW_CONFIDENCE]),
    ],
)
def test_a_band_that_the_policy_has_read_is_flagged_for_it(
    band: Band, policy: Policy, odd: set[ReviewReason], reasons: list[ReviewReason]
) -> None:
    found = triage(INSIDE[band], thresholds=THRESHOLDS, policy=policy, odd=odd, lot=1.0)

    assert list(found.reasons) == reasons


def test_what_is_read_by_policy_is_not_drawn_by_lot_as_well() -> None:
    everything = Policy(reads_suspected=1, quality_sample_share=1.0)

    found = triage(0.9, thresholds=THRESHOLDS, policy=everything, odd=set(), lot=0.0)

    assert found.reasons == (ReviewReason.POLICY_READ,)


@given(
    band=st.sampled_from(Band),
    odd=st.frozensets(st.sampled_from(sorted(ODD)), max_size=2),
    reads=st.integers(0, 2),
    share=st.integers(0, 20).map(lambda twentieths: twentieths / 20),
)
def test_the_share_that_is_said_to_be_flagged_is_the_share_that_triage_flags(
    band: Band, odd: frozenset[ReviewReason], reads: int, share: float
) -> None:
    policy = Policy(reads_suspected=reads, reads_not_suspected=2 - reads, quality_sample_share=share)
    lots = [number / 20 for number in range(20)]

    flagged = [
        triage(INSIDE[band], thresholds=THRESHOLDS, policy=policy, odd=odd, lot=lot).reasons != () for lot in lots
    ]

    assert sum(flagged) / len(lots) == pytest.approx(share_flagged(band, policy=policy, odd=bool(odd)))


def test_a_change_of_policy_counts_from_the_next_cell_on(service: Service, classifier: FakeClassifier) -> None:
    lab = service.lab("LIS")
    classifier.probability = 0.99

    before = lab.screen(cell(1)).json()
    set_policy(service.database, reads_suspected=1)
    after = lab.screen(cell(2)).json()

    assert (before["needs_review"], before["review_reasons"]) == (False, [])
    assert (after["needs_review"], after["review_reasons"]) == (True, ["policy_read"])
    assert after["review"]["state"] == "waiting"
    assert lab.screening(before["id"]) == before
    with service.database.reading() as session:
        numbers = session.execute(text("SELECT id, policy FROM screenings")).all()
    assert dict(tuple(row) for row in numbers) == {before["id"]: 0, after["id"]: 1}


def test_the_share_of_the_quality_sample_is_the_policys(service: Service, instrument: Instrument) -> None:
    service.app.state.instrument = replace(instrument, lot=lambda: 0.1)
    lab = service.lab("LIS")

    unlucky = lab.screen(cell(1)).json()
    set_policy(service.database, quality_sample_share=0.11)
    drawn = lab.screen(cell(2)).json()

    assert unlucky["review_reasons"] == []
    assert drawn["review_reasons"] == ["quality_sample"]


def test_the_reader_is_told_that_the_policy_has_the_cell_read(service: Service) -> None:
    set_policy(service.database, reads_suspected=1)
    uploader = service.signed_in("ursula", Role.UPLOADER)

    assert "policy has every cell of this band read" in uploader.upload(cell(1)).text


@pytest.mark.parametrize("change", ["policy = NULL", "policy = 0"])
def test_another_policy_put_under_a_screening_is_named(service: Service, change: str) -> None:
    set_policy(service.database, undo_seconds=5)
    screening = service.lab("LIS").screen(cell(1)).json()["id"]
    assert verify(service.database).intact

    with without_triggers(service.database, "screenings") as connection:
        connection.execute(text(f"UPDATE screenings SET {change}"))

    (fault,) = verify(service.database).broken
    assert screening in fault


def test_a_screening_from_before_there_were_policies_has_the_digest_that_it_was_bound_by(service: Service) -> None:
    service.lab("LIS").screen(cell(1))
    with service.database.reading() as session:
        row = session.scalars(select(ScreeningRow)).one()
        with_policy = digest_of(row)
        row.policy = None
        without = digest_of(row)

    assert without == digest(
        {
            "id": str(row.id),
            "case_id": str(row.case_id),
            "submitted_by": str(row.submitted_by),
            "received_sha256": row.received_sha256,
            "pixels_sha256": row.pixels_sha256,
            "model_id": str(row.model_id),
            "thresholds": row.thresholds,
            "logit": row.logit,
            "probability": row.probability,
            "band": row.band,
            "unusable_reason": None,
            "sandbox": False,
            "at": row.at.isoformat(timespec="microseconds"),
            "reasons": [],
        }
    )
    assert without != with_policy
