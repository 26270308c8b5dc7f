"""Attack: asking by id for what belongs to somebody else (IDOR), with a valid account or key of one's own."""

import re
from dataclasses import dataclass

import pytest

from app.accounts import queries as accounts
from app.accounts.rules import Role, Scope
from tests.accounts.test_every_route import ways
from tests.factories import Browser, LabSystem, Service, cell, rows


@dataclass(frozen=True)
class Belongings:
    """What one uploader has: a case with a number, and in it a screening."""

    case: str
    screening: str
    number: str


def uploaded(browser: Browser, *, seed: int, number: str) -> Belongings:
    page = browser.upload(cell(seed), case=number)
    screening = page.url.path.rsplit("/", 1)[1]
    found = re.search(r'href="/cases/([0-9a-f-]{36})"', page.text)
    assert found
    return Belongings(case=found.group(1), screening=screening, number=number)


def addresses(service: Service, theirs: Belongings) -> list[tuple[str, str]]:
    """(method, address) of every page that takes a case or a screening."""
    put = {
        "{screening_id}": theirs.screening,
        "{case_id}": theirs.case,
        "{side}": "96",
        "{actor_id}": theirs.case,
        "{number}": "1",
    }
    found = []
    for way in ways(service.app):
        if "{screening_id}" in way.path or "{case_id}" in way.path:
            address = way.path
            for name, value in put.items():
                address = address.replace(name, value)
            assert "{" not in address, "a new kind of id: put one of theirs in its place"
            found.append((way.method, address))
    return found


@pytest.mark.parametrize(
    "role", [{Role.UPLOADER}, {Role.UPLOADER, Role.ADMIN}, {Role.UPLOADER, Role.REVIEWER, Role.AUDITOR}]
)  # a senior, who signs, sees every case
def test_one_uploader_gets_nothing_of_anothers_by_its_id(service: Service, role: set[Role]) -> None:
    owner, thief = service.signed_in("owner", Role.UPLOADER), service.signed_in("thief", *role)
    theirs = uploaded(owner, seed=1, number="S26-0001")
    thief.get("/account")
    with service.database.reading() as session:
        thief_id = str(accounts.user_named(session, "thief").actor_id)  # type: ignore[union-attr]
    form = {"csrf": thief.token(), "colleague": thief_id, "verdict": "normal", "note": "mine now",
            "priority": "urgent", "reason": "mine now", "accession": "S26-9999"}  # fmt: skip

    tried = addresses(service, theirs)
    before = rows(service.database)
    for method, address in tried:
        sent = form if method == "POST" else None
        reply = thief.client.request(method, address, data=sent, follow_redirects=False)

        assert reply.status_code in {401, 403, 404, 409}, f"{method} {address}"
        assert theirs.number not in reply.text
    after = rows(service.database)
    assert len(tried) > 5
    assert {name for name in after if after[name] != before[name]} <= {"ledger"}


def test_one_uploader_learns_of_anothers_number_only_that_it_is_taken(service: Service) -> None:
    owner, thief = service.signed_in("owner", Role.UPLOADER), service.signed_in("thief", Role.UPLOADER)
    theirs = uploaded(owner, seed=1, number="S26-0001")

    sought = thief.submit("/cases/find", {"number": theirs.number}, at="/cases")
    joined = thief.upload(cell(2), case=theirs.number)
    listed = thief.get("/cases")

    assert sought.status_code == 404
    assert joined.status_code == 409
    for page in (sought, joined, listed):
        assert theirs.case not in page.text
        assert theirs.screening not in page.text
    assert theirs.number[-4:] not in listed.text
    assert rows(service.database)["screenings"] == 1


def test_one_client_gets_nothing_of_anothers_by_its_id(service: Service) -> None:
    owner, thief = service.lab("Lab One"), service.lab("Lab Two")
    theirs = owner.screen(cell(1), case="S26-0001", subject="P1").json()

    tried = {
        "by its id": thief.get(f"/api/v1/screenings/{theirs['id']}"),
        "its page": thief.get(f"/screenings/{theirs['id']}"),
        "its image": thief.get(f"/screenings/{theirs['id']}/image"),
        "its case": thief.get(f"/cases/{theirs['case_id']}"),
        "a list of the case": thief.get("/api/v1/screenings", case_id=theirs["case_id"]),
        "a list of all": thief.get("/api/v1/screenings"),
        "joining the case": thief.screen(cell(2), case="S26-0001"),
        "joining by another subject": thief.screen(cell(2), case="S26-0001", subject="P2"),
    }

    for how, reply in tried.items():
        assert theirs["id"] not in reply.text, how
        assert theirs["case_id"] not in reply.text, how
        assert theirs["pixels_sha256"] not in reply.text, how
    assert tried["by its id"].status_code == 404
    assert tried["joining the case"].json()["code"] == "case_not_yours"
    assert tried["joining by another subject"].json()["code"] == "case_not_yours"
    assert tried["a list of all"].json()["items"] == []
    assert rows(service.database)["screenings"] == 1


def test_one_clients_idempotency_key_is_not_anothers(service: Service) -> None:
    first = service.lab("Lab One").screen(cell(1), key="same").json()
    second = service.lab("Lab Two").screen(cell(1), key="same")

    assert second.status_code == 201
    assert second.json()["id"] != first["id"]
    assert second.json()["case_id"] != first["case_id"]


def test_the_same_pixels_do_not_tell_that_somebody_else_has_them(service: Service) -> None:
    service.lab("Lab One").screen(cell(1))

    again = service.lab("Lab Two").screen(cell(1))

    assert again.status_code == 201
    assert again.json()["review_reasons"] == []


def test_an_id_that_is_anothers_and_one_that_is_nobodys_get_the_same_answer(service: Service) -> None:
    thief: LabSystem = service.lab("Lab Two")
    theirs = service.lab("Lab One").screen(cell(1)).json()["id"]
    nobodys = "00000000-0000-4000-8000-00000000beef"

    answers = [thief.get(f"/api/v1/screenings/{one}").json() for one in (theirs, nobodys)]

    for answer in answers:
        del answer["request_id"]
    assert answers[0] == answers[1]


def test_an_image_cannot_be_asked_for_by_its_hash(service: Service) -> None:
    browser = service.signed_in("ursula", *Role)
    made = service.lab("LIS", Scope.SCREEN).screen(cell(1)).json()

    for path in ("/images/{}", "/screenings/{}/image", "/static/{}.png", "/static/../var/images/{}.png"):
        assert browser.get(path.format(made["pixels_sha256"])).status_code in {404, 422}
