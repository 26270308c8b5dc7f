"""A human's verdict: who may give it, when it needs a reason, and that it is given once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts.rules import Role
from app.audit.events import Act
from app.review.rules import Verdict, departs_from_model
from app.screening.rules import Band
from app.vision.drawn import Look
from tests.factories import Browser, Service, acts, cell, rows, verify
from tests.fakes import FakeClassifier


@pytest.fixture
def reviewer(service: Service) -> Browser:
    return service.signed_in("rea", Role.REVIEWER)


def waiting_cell(
    service: Service, classifier: FakeClassifier, *, seed: int = 1, probability: float | None = None
) -> str:
    classifier.probability = classifier.unsure if probability is None else probability
    classifier.atypical = probability is not None
    return str(service.lab("LIS").screen(cell(seed)).json()["id"])


@pytest.mark.parametrize(
    ("verdict", "band", "departs"),
    [
        (Verdict.NORMAL, Band.SUSPECTED, True),
        (Verdict.LEUKAEMIC_BLAST, Band.SUSPECTED, False),
        (Verdict.LEUKAEMIC_BLAST, Band.NOT_SUSPECTED, True),
        (Verdict.NORMAL, Band.NOT_SUSPECTED, False),
        (Verdict.LEUKAEMIC_BLAST, Band.UNCERTAIN, False),
        (Verdict.NORMAL, Band.UNCERTAIN, False),
        (Verdict.CANNOT_TELL, Band.SUSPECTED, False),
        (Verdict.UNUSABLE_IMAGE, Band.UNCERTAIN, True),
        (Verdict.UNUSABLE_IMAGE, None, False),
        (Verdict.LEUKAEMIC_BLAST, None, True),
        (Verdict.CANNOT_TELL, None, False),
    ],
)
def test_a_verdict_departs_from_the_model_where_it_contradicts_it(
    verdict: Verdict, band: Band | None, departs: bool
) -> None:
    assert departs_from_model(verdict, band=band) is departs


def test_the_least_certain_cell_comes_first(service: Service, classifier: FakeClassifier, reviewer: Browser) -> None:
    surer = waiting_cell(service, classifier, seed=1, probability=0.99)
    unsure = waiting_cell(service, classifier, seed=2)

    page = reviewer.get("/review").text

    assert page.index(unsure) < page.index(surer)


def test_a_verdict_against_the_model_needs_a_reason_and_keeps_what_was_typed(
    service: Service, classifier: FakeClassifier, reviewer: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier, probability=0.99)}"

    again = reviewer.submit(path, {"verdict": "normal", "note": " "}, at=path)

    assert again.status_code == 422
    assert "Say in the note what you saw" in again.text
    assert 'value="normal" required checked' in again.text
    assert rows(service.database)["reads"] == 0

    reviewer.submit(path, {"verdict": "normal", "note": "smooth <chromatin>, no nucleoli"})
    assert rows(service.database)["reads"] == 1
    assert verify(service.database).intact


def test_a_note_that_is_too_long_is_kept_and_refused(
    service: Service, classifier: FakeClassifier, reviewer: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"

    again = reviewer.submit(path, {"verdict": "normal", "note": "x" * 2001}, at=path)

    assert again.status_code == 422
    assert "x" * 2001 in again.text


def test_a_form_without_a_verdict_is_told_so(service: Service, classifier: FakeClassifier, reviewer: Browser) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"

    for nothing in ({}, {"verdict": "guilty"}):
        again = reviewer.submit(path, {**nothing, "note": "kept"}, at=path)
        assert again.status_code == 422
        assert "Choose a verdict" in again.text
        assert ">kept</textarea>" in again.text


def test_a_double_submit_makes_one_read(service: Service, classifier: FakeClassifier, reviewer: Browser) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    form = {"verdict": "normal", "note": "the same", "csrf": (reviewer.get(path), reviewer.token())[1]}

    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: reviewer.client.post(path, data=form), range(4)))

    assert {reply.status_code for reply in replies} == {200}
    assert rows(service.database)["reads"] == 1
    assert acts(service.database).count(Act.READ_GIVEN) == 1


def test_a_second_verdict_of_the_same_reader_is_refused(
    service: Service, classifier: FakeClassifier, reviewer: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    reviewer.submit(path, {"verdict": "normal"}, at=path)

    other = reviewer.submit(path, {"verdict": "leukaemic_blast"}, at=path)

    assert other.status_code == 409
    assert rows(service.database)["reads"] == 1


def test_two_readers_at_once_settle_a_cell_once(
    service: Service, classifier: FakeClassifier, reviewer: Browser
) -> None:
    path = f"/review/{waiting_cell(service, classifier)}"
    late = service.signed_in("lars", Role.REVIEWER)
    late.get(path)

    reviewer.submit(path, {"verdict": "normal"}, at=path)
    reply = late.submit(path, {"verdict": "normal"})

    assert reply.status_code == 409
    assert "somebody else has settled it" in reply.text
    assert rows(service.database)["reads"] == 1


def test_nobody_reads_what_they_uploaded_forged_post_included(service: Service, classifier: FakeClassifier) -> None:
    both = service.signed_in("ursula", Role.UPLOADER, Role.REVIEWER)
    classifier.probability = classifier.unsure
    path = both.upload(cell(1)).url.path.replace("screenings", "review")

    assert both.get(path).status_code == 404
    forged = both.submit(path, {"verdict": "normal"}, at="/")

    assert forged.status_code == 403
    assert rows(service.database)["reads"] == 0
    assert acts(service.database)[-1] == Act.READ_REFUSED


def test_the_database_refuses_a_read_by_the_uploader(service: Service, classifier: FakeClassifier) -> None:
    screening = waiting_cell(service, classifier)
    insert = (
        "INSERT INTO reads (id, screening_id, submitted_by, reader_id, kind, verdict, at) "
        "SELECT 'x', id, submitted_by, submitted_by, 'first', 'normal', at FROM screenings WHERE id = :id"
    )

    with service.database.engine.begin() as connection, pytest.raises(IntegrityError, match="not_by_the_uploader"):
        connection.execute(text(insert), {"id": screening})


def test_a_human_read_can_be_asked_for_on_an_unusable_image(service: Service, reviewer: Browser) -> None:
    uploader = service.signed_in("ursula", Role.UPLOADER)
    result = uploader.upload(cell(1, Look.BLANK))
    path = result.url.path

    asked = uploader.submit(f"{path}/ask", at=path)
    uploader.submit(f"{path}/ask", at=path)

    assert "A colleague asked for a human read" in asked.text
    assert path.replace("screenings", "review") in reviewer.get("/review").text
    assert rows(service.database)["open_flags"] == 1
    assert verify(service.database).intact


def test_a_reviewer_sees_no_cell_that_is_not_theirs_to_read(
    service: Service, classifier: FakeClassifier, reviewer: Browser
) -> None:
    classifier.probability = 0.99
    sure = service.lab("LIS").screen(cell(1)).json()["id"]

    for path in (f"/screenings/{sure}", f"/screenings/{sure}/image", f"/screenings/{sure}/thumbnail/96"):
        assert reviewer.get(path).status_code == 404
    assert reviewer.get(f"/review/{sure}").status_code == 404


def test_a_reader_can_still_open_what_they_have_read(
    service: Service, classifier: FakeClassifier, reviewer: Browser
) -> None:
    screening = waiting_cell(service, classifier)
    reviewer.submit(f"/review/{screening}", {"verdict": "normal"}, at=f"/review/{screening}")

    assert "Read: Normal cell" in reviewer.get(f"/screenings/{screening}").text
