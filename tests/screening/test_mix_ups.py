"""One image under two subjects is flagged on both sides, whenever it comes to light."""

import re
from typing import Any
from uuid import UUID

from app.accounts.rules import Role
from app.audit.events import Act
from app.checks import record_faults
from app.screening import queries
from app.vision.drawn import Look
from tests.factories import Browser, Service, acts, cell, rows, verify
from tests.fakes import FakeClassifier
from tests.reports.conftest import honest

FOUND_LATER = ["same_image_found_later"]


def _reasons(service: Service, screening_id: str) -> list[str]:
    with service.database.reading() as session:
        screening = queries.find(session, UUID(screening_id))
        assert screening is not None
        return [row.reason.value for row in screening.reasons]


def _correct(browser: Browser, told: dict[str, Any], **form: str) -> None:
    path = f"/cases/{told['case_id']}"
    reply = browser.submit(f"{path}/correct", form, at=f"{path}/manage")
    assert reply.url.path == path, reply.text


def _sound(service: Service) -> bool:
    with service.database.reading() as session:
        assert record_faults(session, store=service.instrument.store) == []
    return verify(service.database).intact


def test_the_earlier_side_of_a_mix_up_is_flagged_too(either_service: Service) -> None:
    lab = either_service.lab()
    earlier = lab.screen(cell(1), case="S26-0001", subject="P-7").json()
    spared = lab.screen(cell(2), case="S26-0001", subject="P-7").json()

    later = lab.screen(cell(1), case="S26-0002", subject="P-8").json()

    assert later["review_reasons"] == ["same_image_other_subject"]
    assert _reasons(either_service, earlier["id"]) == FOUND_LATER
    assert _reasons(either_service, spared["id"]) == []
    assert lab.screening(earlier["id"]) == {**earlier, "review": {**earlier["review"], "state": "waiting"}}
    assert acts(either_service.database).count(Act.SAME_IMAGE_FOUND) == 1
    assert _sound(either_service)


def test_a_subject_that_is_corrected_brings_a_mix_up_to_light_on_both_sides(either_service: Service) -> None:
    lab, senior = either_service.lab(), either_service.signed_in("sven", Role.SENIOR)
    ursula = either_service.signed_in("ursula", Role.UPLOADER)
    one = lab.screen(cell(1), case="S26-0001", subject="P-7").json()
    other = lab.screen(cell(1), case="S26-0002", subject="P-7").json()
    alone = lab.screen(cell(2), case="S26-0002").json()
    assert acts(either_service.database).count(Act.SAME_IMAGE_FOUND) == 0

    _correct(senior, other, accession="S26-0002", subject="P-8")
    _correct(senior, other, accession="S26-0002", subject="P-9")

    assert _reasons(either_service, one["id"]) == _reasons(either_service, other["id"]) == FOUND_LATER
    assert _reasons(either_service, alone["id"]) == []
    assert rows(either_service.database)["open_flags"] == 2
    assert "the same image was found under another subject" in ursula.get(f"/screenings/{one['id']}").text
    assert acts(either_service.database).count(Act.SAME_IMAGE_FOUND) == 2
    assert _sound(either_service)


def test_a_subject_that_a_lab_system_tells_later_brings_a_mix_up_to_light(service: Service) -> None:
    lab = service.lab()
    lab.screen(cell(1), case="S26-0001", subject="P-7")
    first = lab.screen(cell(1), case="S26-0002").json()
    assert first["review_reasons"] == []

    again = lab.screen(cell(1), case="S26-0002", subject="P-8")

    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert _reasons(service, first["id"]) == FOUND_LATER
    assert acts(service.database).count(Act.SAME_IMAGE_FOUND) == 2
    assert _sound(service)


def test_a_folder_uploaded_under_the_wrong_subject_is_flagged(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    ursula.upload(cell(1), cell(2), case="S26-0001", subject="P-7")

    page = ursula.upload(cell(1), cell(2), cell(3), case="S26-0002", subject="P-8")

    assert page.text.count("The same image was sent under another subject: check for a mix-up.") == 2
    assert rows(service.database)["open_flags"] == 4
    assert _sound(service)


def test_a_cell_that_waits_already_keeps_its_place_and_learns_the_reason(
    service: Service, classifier: FakeClassifier
) -> None:
    lab, classifier.probability = service.lab(), classifier.unsure
    refused = lab.screen(cell(2, Look.BLANK), case="S26-0001", subject="P-7").json()
    unsure = lab.screen(cell(1), case="S26-0001", subject="P-7").json()
    before = rows(service.database)["open_flags"]

    lab.screen(cell(1), case="S26-0002", subject="P-8")
    lab.screen(cell(2, Look.BLANK), case="S26-0002", subject="P-8")

    assert before == 1
    assert _reasons(service, unsure["id"]) == ["low_confidence", *FOUND_LATER]
    assert _reasons(service, refused["id"]) == FOUND_LATER
    assert rows(service.database)["open_flags"] == 4
    assert _sound(service)


def test_a_mix_up_that_comes_to_light_after_its_cell_was_settled_is_told_to_whoever_looks_at_the_case_or_signs_it(
    service: Service, classifier: FakeClassifier
) -> None:
    lab, senior = service.lab(), service.signed_in("sven", Role.SENIOR)
    rea = service.signed_in("rea", Role.REVIEWER)
    classifier.probability = classifier.unsure
    read = lab.screen(cell(1), case="S26-0001", subject="P-7").json()
    path, warning = f"/cases/{read['case_id']}", "The image of 1 cell of this case was sent under another subject too"
    pages = [path, f"{path}/sign-off", f"{path}/report"]
    rea.submit(f"/review/{read['id']}", {"verdict": "normal"}, at=f"/review/{read['id']}")
    assert not any(warning in senior.get(page).text for page in pages)

    other = lab.screen(cell(1), case="S26-0002", subject="P-8").json()

    assert rows(service.database)["open_flags"] == 1, "what readers have settled stays settled"
    for page in pages:
        told = senior.get(page).text
        assert warning in told, page
        assert f'<a href="/screenings/{read["id"]}">{read["id"][:8]}</a>' in told.split(warning)[1]
    assert warning not in senior.get(f"/cases/{other['case_id']}").text, "its reasons wait for their own blind read"
    form = honest(senior.get(f"{path}/sign-off").text)
    assert senior.submit(f"{path}/sign-off", form).status_code == 200
    assert warning in senior.get(f"{path}/versions/1").text
    assert verify(service.database).intact


def test_nobody_is_warned_of_a_mix_up_any_more_once_the_subject_is_corrected_and_the_record_keeps_it(
    either_service: Service,
) -> None:
    lab, senior = either_service.lab(), either_service.signed_in("sven", Role.SENIOR)
    rea = either_service.signed_in("rea", Role.REVIEWER)
    cells = [lab.screen(cell(1), case=f"S26-000{number}", subject=f"P-{number}").json() for number in (7, 8)]
    for one in cells:
        path = f"/review/{one['id']}"
        for step in ("blind", "final"):
            rea.submit(path, {"verdict": "normal", "note": "seen", "step": step}, at=path)
    pages = [f"/cases/{one['case_id']}{page}" for one in cells for page in ("", "/report")]
    warning = "was sent under another subject too"
    assert all(warning in senior.get(page).text for page in pages)

    _correct(senior, cells[1], accession="S26-0008", subject="P-7")

    assert not any(warning in senior.get(page).text for page in pages)
    assert _reasons(either_service, cells[0]["id"]) == FOUND_LATER


def test_cells_of_a_withdrawn_case_are_left_alone_but_count_against_others(service: Service) -> None:
    lab, senior = service.lab(), service.signed_in("sven", Role.SENIOR)
    wrong = lab.screen(cell(1), case="S26-0001", subject="P-7").json()
    path = f"/cases/{wrong['case_id']}"
    senior.submit(f"{path}/withdraw", {"reason": "mixed up", "certain": "yes"}, at=f"{path}/manage")

    right = lab.screen(cell(1), case="S26-0002", subject="P-8").json()

    assert right["review_reasons"] == ["same_image_other_subject"]
    assert _reasons(service, wrong["id"]) == []
    assert _sound(service)


def test_another_subject_than_the_cases_stops_an_upload(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    ursula.upload(cell(1), case="S26-0001", subject="P-7")
    before = rows(service.database)["screenings"]

    page = ursula.upload(cell(2), cell(3), case="S26-0001", subject="P-8")

    assert page.status_code == 409
    assert "This case belongs to another subject." in page.text
    assert 'value="P-8"' in page.text
    assert rows(service.database)["screenings"] == before


def test_pseudonyms_that_differ_in_case_alone_are_of_one_subject(either_service: Service) -> None:
    lab, senior = either_service.lab(), either_service.signed_in("sven", Role.SENIOR)
    lab.screen(cell(1), case="S26-0001", subject="P-7")
    told = lab.screen(cell(1), case="S26-0002", subject="p-7").json()
    joined = lab.screen(cell(2), case="S26-0002", subject="P-7")
    page = senior.get(f"/cases/{told['case_id']}").text

    _correct(senior, told, accession="S26-0002", subject="P-7")

    assert (told["review_reasons"], joined.status_code) == ([], 201)
    assert ("<bdi>p-7</bdi>" in page, "<bdi>P-7</bdi>" in page) == (True, False)
    assert "<bdi>P-7</bdi>" in senior.get(f"/cases/{told['case_id']}").text
    assert acts(either_service.database).count(Act.SAME_IMAGE_FOUND) == 0
    assert _sound(either_service)


def test_a_mix_up_ends_where_the_pseudonym_is_corrected_to_the_other_ones_but_for_its_case(service: Service) -> None:
    lab, senior = service.lab(), service.signed_in("sven", Role.SENIOR)
    lab.screen(cell(1), case="S26-0001", subject="P-7")
    told = lab.screen(cell(1), case="S26-0002", subject="P-8").json()
    with service.database.reading() as session:
        before = queries.mixed_up_in(session, UUID(told["case_id"]))

    _correct(senior, told, accession="S26-0002", subject="p-7")

    with service.database.reading() as session:
        assert (before, queries.mixed_up_in(session, UUID(told["case_id"]))) == ([UUID(told["id"])], [])


def test_the_upload_page_of_a_case_tells_its_subject(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    ursula.upload(cell(1), subject="P-7")
    case_id = re.findall(r'href="/cases/([0-9a-f-]{36})"', ursula.page)[0]

    page = ursula.get(f"/?case_id={case_id}")

    assert 'name="subject" value="P-7"' in page.text


def test_an_image_that_is_in_another_case_too_is_told_where_no_subject_is_known(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    elsewhere = "The same image is in another case too: check that it belongs in this one."
    first = ursula.upload(cell(1), cell(2), case="S26-0001")
    assert elsewhere not in first.text

    page = ursula.upload(cell(1), cell(3), case="S26-0002")
    results = re.findall(r'href="(/screenings/[0-9a-f-]{36})"', page.text)

    assert page.text.count(elsewhere) == 1
    assert [elsewhere in ursula.get(path).text for path in results] == [True, False]
    assert rows(service.database)["open_flags"] == 0
