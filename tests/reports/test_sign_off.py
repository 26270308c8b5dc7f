"""Closing a case by name: who may, what stands in the way, and that nothing is signed unseen or twice."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.accounts import queries as accounts
from app.accounts.actions import actor_of
from app.accounts.proof_actions import Proved
from app.accounts.rules import Role
from app.audit.events import Act
from app.audit.queries import released_at
from app.reports.actions import AnotherPersonProved, Signing, sign_case
from tests.factories import Browser, acts, cell, rows, verify
from tests.reports.conftest import Desk, honest


def read_is_asked_for_after_signing(desk: Desk) -> tuple[dict[str, str], str, Browser]:
    """The reply about the one cell of a signed case, the case's path, and who asked."""
    uploader = desk.service.signed_in("ursula", Role.UPLOADER)
    sent = desk.send(0.99)
    path = f"/cases/{sent['case_id']}"
    desk.sign(path)
    uploader.submit(f"/screenings/{sent['id']}/ask", at=f"/screenings/{sent['id']}")
    return sent, path, uploader


def test_an_unsure_cell_is_read_and_then_the_case_is_signed_by_name(either_desk: Desk) -> None:
    desk, service = either_desk, either_desk.service
    reviewer = service.signed_in("rea", Role.REVIEWER)
    path = desk.case(0.99, desk.classifier.unsure)
    waiting = desk.lab.get("/api/v1/screenings", needs_review="true").json()["items"][0]["id"]

    assert "Nothing is ready to sign" in desk.senior.get("/sign-off").text
    desk.read(waiting, by=reviewer, verdict="leukaemic_blast")
    assert f'href="{path}/sign-off"' in desk.senior.get("/sign-off").text
    unsigned = desk.senior.get(f"{path}/report").text
    signed = desk.sign(path)

    assert "Unverified" in unsigned
    assert signed.url.path == f"{path}/report"
    assert "Unverified" not in signed.text
    assert "Reviewed and verified" in signed.text
    assert "Sena" in signed.text
    assert "Rea" in signed.text
    assert f"{path}/versions/1" in desk.senior.get("/sign-off").text
    assert Act.CASE_SIGNED in acts(service.database)
    assert verify(service.database).intact


@pytest.mark.parametrize("role", [Role.UPLOADER, Role.REVIEWER, Role.ADMIN, Role.AUDITOR])
def test_who_may_not_sign_gets_no_form_and_a_forged_one_is_refused(desk: Desk, role: Role) -> None:
    path = desk.case(0.99)
    form = honest(desk.senior.get(f"{path}/sign-off").text)
    somebody = desk.service.signed_in("somebody", role)

    assert somebody.get(f"{path}/sign-off").status_code == 403
    assert somebody.get("/sign-off").status_code == 403
    assert somebody.submit(f"{path}/sign-off", form, at="/account").status_code == 403
    assert rows(desk.service.database)["result_versions"] == 0


def test_a_case_in_which_a_cell_waits_is_not_signed_even_by_a_forged_form(desk: Desk) -> None:
    path = desk.case(0.99)
    form = honest(desk.senior.get(f"{path}/sign-off").text)
    desk.send(desk.classifier.unsure)

    refused = desk.senior.submit(f"{path}/sign-off", form, at="/account")

    assert refused.status_code == 409
    assert rows(desk.service.database)["result_versions"] == 0
    assert rows(desk.service.database)["signatures"] == 0


def test_who_still_has_to_read_blind_is_not_shown_what_the_model_made_of_the_case(desk: Desk) -> None:
    path = desk.case(0.99)
    waiting = desk.send(desk.classifier.unsure)["id"]

    for address in (f"{path}/report", f"{path}/report.pdf", f"{path}/sign-off"):
        hidden = desk.senior.get(address)
        assert hidden.status_code == 409
        assert "1 cell of this case waits for your own read" in hidden.text
        assert "suspected" not in hidden.text.lower()
    desk.read(waiting, by=desk.service.signed_in("rea", Role.REVIEWER))

    assert desk.senior.get(f"{path}/report").status_code == 200


def test_a_blind_read_that_is_due_hides_no_version_that_was_signed_before_its_cell_came(desk: Desk) -> None:
    path = desk.case(0.99)
    desk.sign(path)
    waiting = desk.send(desk.classifier.unsure)["id"]

    assert f'href="{path}/versions/1"' in desk.senior.get(path).text
    for address in (f"{path}/versions/1", f"{path}/versions/1.pdf", f"{path}/versions/1.json"):
        assert desk.senior.get(address).status_code == 200, address
    assert waiting[:8] not in desk.senior.get(f"{path}/versions/1").text
    assert "Changed since it was signed" in desk.senior.page
    for address in (f"{path}/report", f"{path}/report.pdf", f"{path}/sign-off"):
        assert desk.senior.get(address).status_code == 409, address


def test_a_version_that_tells_of_a_cell_waits_for_the_blind_read_of_it(desk: Desk) -> None:
    _, path, uploader = read_is_asked_for_after_signing(desk)

    for address in (f"{path}/versions/1", f"{path}/versions/1.pdf", f"{path}/versions/1.json"):
        assert desk.senior.get(address).status_code == 409, address
    assert uploader.get(f"{path}/versions/1").status_code == 200


def test_who_does_not_read_sees_an_unverified_report_while_cells_wait(desk: Desk) -> None:
    path = desk.case(0.99, desk.classifier.unsure)
    uploader = desk.service.signed_in("ursula", Role.UPLOADER)

    page = uploader.get(f"{path}/report").text

    assert "Unverified" in page
    assert "1 cell waits for a human read" in page
    assert f"{path}/sign-off" not in page


def test_a_wrong_password_signs_nothing_is_remembered_and_after_a_few_must_wait(desk: Desk) -> None:
    path = desk.case(0.99)

    replies = [desk.sign(path, password="guess", meaning="new_specimen") for _ in range(7)]

    assert replies[0].status_code == 401
    assert "That is not your password" in replies[0].text
    assert 'value="new_specimen" required checked' in replies[0].text
    assert "guess" not in replies[0].text
    assert replies[-1].status_code == 429
    assert replies[-1].headers["retry-after"]
    assert desk.sign(path).status_code == 429, "the right password waits too"
    assert rows(desk.service.database)["result_versions"] == 0
    assert acts(desk.service.database).count(Act.SIGN_IN_REFUSED) == 5


def test_a_wrong_password_is_remembered_even_where_the_page_is_not_shown_again(desk: Desk) -> None:
    path = desk.case(0.99, desk.classifier.unsure)
    form = {"seen": "", "meaning": "", "password": "guess"}

    replies = [desk.senior.submit(f"{path}/sign-off", form, at="/account") for _ in range(2)]

    assert {reply.status_code for reply in replies} == {409}, "a cell waits for their own read"
    assert acts(desk.service.database).count(Act.SIGN_IN_REFUSED) == 2


def test_without_a_meaning_nothing_is_signed(desk: Desk) -> None:
    path = desk.case(0.99)

    for meaning in ("", "guilty", "amended"):
        reply = desk.sign(path, meaning=meaning)
        assert reply.status_code == 422
        assert "Choose what your signature means" in reply.text
    assert rows(desk.service.database)["result_versions"] == 0


def test_what_came_while_the_signer_looked_is_not_signed_unseen(desk: Desk) -> None:
    path = desk.case(0.99)
    form = honest(desk.senior.get(f"{path}/sign-off").text)
    desk.send(0.01)

    late = desk.senior.submit(f"{path}/sign-off", form)

    assert late.status_code == 409
    assert "has changed since you opened this page" in late.text
    assert rows(desk.service.database)["result_versions"] == 0
    assert desk.senior.submit(f"{path}/sign-off", honest(late.text)).status_code == 200


def test_who_sent_in_every_cell_does_not_sign_the_case(desk: Desk) -> None:
    both = desk.service.signed_in("ursula", Role.UPLOADER, Role.SENIOR)
    both.upload(cell(50), case="S26-0009")
    [path] = {f"/cases/{one['case_id']}" for one in _every_screening(desk) if one["case"] == "S26-0009"}

    page = both.get(f"{path}/sign-off").text
    forged = desk.sign(path, by=both, at="/account", seen="0" * 64, meaning="reviewed")

    assert "You sent in every cell of this case" in page
    assert 'name="password"' not in page
    assert forged.status_code == 403
    assert acts(desk.service.database)[-1] == Act.SIGN_OFF_REFUSED
    assert desk.sign(path).status_code == 200, "another senior may"


def test_a_proof_of_another_person_signs_nothing(desk: Desk) -> None:
    path = desk.case(0.99)
    form = honest(desk.senior.get(f"{path}/sign-off").text)
    case_id, signing = UUID(path.removeprefix("/cases/")), Signing(form["meaning"], form["seen"])

    with desk.service.database.writing() as session:
        [sena] = accounts.users(session)
        with pytest.raises(AnotherPersonProved) as refused:
            sign_case(session, actor_of(sena), case_id=case_id, signing=signing, prove=lambda: Proved(uuid4(), "oidc"))

    assert refused.value.code == "signs_for_another"
    assert refused.value.event.act == Act.SIGN_OFF_REFUSED
    assert rows(desk.service.database)["signatures"] == 0


def _every_screening(desk: Desk) -> list[dict[str, str]]:
    from app.accounts.rules import Scope

    everything = desk.service.lab("Everything", Scope.READ_ALL)
    items: list[dict[str, str]] = everything.get("/api/v1/screenings").json()["items"]
    return items


def test_a_double_click_signs_once(desk: Desk) -> None:
    path = desk.case(0.99)
    page = desk.senior.get(f"{path}/sign-off")
    form = {**honest(page.text), "csrf": desk.senior.token()}

    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: desk.senior.client.post(f"{path}/sign-off", data=form), range(4)))

    assert {reply.status_code for reply in replies} == {200}
    assert rows(desk.service.database)["result_versions"] == rows(desk.service.database)["signatures"] == 1
    assert acts(desk.service.database).count(Act.CASE_SIGNED) == 1


def test_two_seniors_at_once_sign_once(desk: Desk) -> None:
    path = desk.case(0.99)
    other = desk.service.signed_in("oskar", Role.SENIOR)
    seen = honest(other.get(f"{path}/sign-off").text)

    desk.sign(path)
    late = other.submit(f"{path}/sign-off", seen)

    assert late.status_code == 409
    assert "Nothing has changed since the latest version was signed" in late.text
    assert rows(desk.service.database)["result_versions"] == 1


def test_a_new_cell_after_signing_says_so_and_an_amendment_leaves_the_old_version(either_desk: Desk) -> None:
    desk, service = either_desk, either_desk.service
    path = desk.case(0.99)
    desk.sign(path)
    added = f"/screenings/{desk.send(0.01)['id']}"

    changed = desk.senior.get(f"{path}/report").text
    assert "Changed since it was signed" in changed
    assert "Unverified" in changed
    assert "signed before this cell was added" in desk.senior.get(added).text
    assert "Signature does not match" not in changed
    assert "Changed since it was signed" in desk.senior.get(f"{path}/versions/1").text
    assert f'href="{path}/sign-off"' in desk.senior.get("/sign-off").text

    amended = desk.sign(path)

    assert "Amended: cells or reads have been added" in amended.text
    assert "signed before this cell was added" not in desk.senior.get(added).text
    assert f"{path}/versions/1" in amended.text
    first = desk.senior.get(f"{path}/versions/1").text
    assert "Superseded by version 2" in first
    assert "of which 1 suspected" in first
    with service.database.reading() as session:
        told = session.execute(text("SELECT number, status, supersedes_id FROM result_versions ORDER BY number")).all()
    assert [row[:2] for row in told] == [(1, "final"), (2, "amended")]
    assert [row[2] is None for row in told] == [True, False]
    assert acts(service.database).count(Act.CASE_AMENDED) == 1
    assert verify(service.database).intact


def test_a_case_corrected_after_signing_says_so_and_is_there_to_sign_until_it_is_signed_or_corrected_back(
    either_desk: Desk,
) -> None:
    desk = either_desk
    path = desk.case(0.99)
    desk.sign(path)

    def correct(number: str) -> None:
        desk.senior.submit(f"{path}/correct", {"accession": number, "subject": "P-1"}, at=f"{path}/manage")

    def told() -> tuple[bool, bool, bool]:
        """By the case's page, by its report, by the list of what can be signed."""
        page, listed = desk.senior.get(path).text, desk.senior.get("/sign-off").text
        report = desk.senior.get(f"{path}/report").text
        return "Corrected since it was signed" in page, "Unverified" in report, f'href="{path}/sign-off"' in listed

    assert told() == (False, False, False)
    correct("S26-0010")
    assert told() == (True, True, True)
    assert "Added to since it was signed" not in desk.senior.get(path).text
    correct("S26-0001")
    assert told() == (False, False, False)
    correct("S26-0010")
    assert desk.sign(path, meaning="corrected").status_code == 200
    assert told() == (False, False, False)


def test_a_read_that_is_asked_for_after_signing_opens_the_case_again(desk: Desk) -> None:
    sent, path, uploader = read_is_asked_for_after_signing(desk)

    page = uploader.get(f"{path}/report").text
    assert "Changed since it was signed" in page
    assert "Unverified" in page
    desk.read(sent["id"], by=desk.service.signed_in("rea", Role.REVIEWER), verdict="leukaemic_blast")
    assert desk.sign(path, meaning="corrected").status_code == 200


def test_a_signed_case_waits_for_a_read_once_its_image_comes_under_another_subject(desk: Desk) -> None:
    sent = desk.send(0.99)
    path = f"/cases/{sent['case_id']}"
    desk.sign(path)

    desk.lab.screen(cell(desk.seed), case="S26-0002", subject="P-2")

    assert desk.lab.screening(sent["id"])["review"]["state"] == "waiting"
    assert "Changed since it was signed" in desk.service.signed_in("ursula", Role.UPLOADER).get(f"{path}/report").text
    desk.read(sent["id"], by=desk.service.signed_in("rea", Role.REVIEWER), verdict="leukaemic_blast")
    assert desk.sign(path, meaning="amended").status_code == 200
    assert verify(desk.service.database).intact


def test_a_case_of_refused_images_alone_is_not_signed(desk: Desk) -> None:
    from app.vision.drawn import Look

    told = desk.lab.screen(cell(1, Look.BLANK), case="S26-0001").json()

    page = desk.senior.get(f"/cases/{told['case_id']}/sign-off").text

    assert "There is no usable cell to report on" in page
    assert desk.senior.get("/sign-off").text.count("<tr>") == 0


def test_rooms_below_can_ask_whether_a_case_is_out(desk: Desk) -> None:
    path = desk.case(0.99)
    case_id = UUID(path.rsplit("/", 1)[1])
    with desk.service.database.reading() as session:
        assert released_at(session, case_id) is None

    desk.sign(path)

    with desk.service.database.reading() as session:
        assert released_at(session, case_id) is not None


def test_who_opened_a_case_corrects_and_withdraws_it_no_more_once_it_is_signed(desk: Desk) -> None:
    ursula = desk.service.signed_in("ursula", Role.UPLOADER)
    desk.classifier.probability = 0.99
    ursula.upload(cell(60), case="S26-0008")
    [path] = {f"/cases/{one['case_id']}" for one in _every_screening(desk) if one["case"] == "S26-0008"}
    desk.sign(path)

    corrected = ursula.submit(f"{path}/correct", {"accession": "S26-0009", "subject": ""}, at="/account")
    withdrawn = ursula.submit(f"{path}/withdraw", {"reason": "mixed up", "certain": "yes"}, at="/account")

    assert (corrected.status_code, withdrawn.status_code) == (403, 403)
    assert rows(desk.service.database)["case_withdrawals"] == 0
    assert "S26-0008" in ursula.get(path).text


def test_a_verdict_given_after_signing_can_be_taken_back_until_the_case_is_signed_again(desk: Desk) -> None:
    rea = desk.service.signed_in("rea", Role.REVIEWER)
    path = desk.case(0.99)
    desk.sign(path)
    waiting = desk.send(desk.classifier.unsure)["id"]
    here = f"/review/{waiting}"

    desk.read(waiting, by=rea)
    taken_back = rea.submit(f"{here}/withdraw", at=here)
    desk.read(waiting, by=rea)
    desk.sign(path)
    held = rea.submit(f"{here}/withdraw", at=here)

    assert taken_back.status_code == 200
    assert held.status_code == 409
    assert "A signed result holds your verdict" in held.text


def test_a_senior_finds_the_way_from_the_list_to_the_signature(desk: Desk) -> None:
    sure, suspected = desk.case(0.01, number="S26-0001"), desk.case(0.99, number="S26-0002")

    page = desk.senior.get("/sign-off").text

    assert page.index(suspected) < page.index(sure), "a case with a suspected cell comes first"
    assert "…0001" in page
    assert "S26-0001" not in page, "lists show the last signs only"


def _forbidden(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_nobody_opens_the_report_of_a_case_that_is_not_theirs(desk: Desk) -> None:
    ursula, otto = desk.service.signed_in("ursula", Role.UPLOADER), desk.service.signed_in("otto", Role.UPLOADER)
    desk.classifier.probability = 0.99
    ursula.upload(cell(60), case="S26-0007")
    [path] = {f"/cases/{one['case_id']}" for one in _every_screening(desk) if one["case"] == "S26-0007"}
    desk.sign(path)

    for address in ("report", "report.pdf", "versions/1", "versions/1.pdf", "versions/1.json"):
        _forbidden(otto, f"{path}/{address}")
    assert ursula.get(f"{path}/versions/1").status_code == 200
