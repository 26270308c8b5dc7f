"""What is said about a screening belongs to the record: by whoever may see it, in any script, never changed."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.accounts import queries as accounts
from app.accounts.actions import actor_of
from app.accounts.rules import Role
from app.audit.events import Act
from app.review.comment_queries import Comments, comments_for
from tests.factories import Browser, Service, acts, cell, rows, set_policy, verify
from tests.fakes import FakeClassifier
from tests.tampering import without_triggers

HEBREW = "שלום – הגרעין לא סדיר 🔬👩🏽‍🔬"


@pytest.fixture
def uploader(service: Service) -> Browser:
    return service.signed_in("ursula", Role.UPLOADER)


@pytest.fixture
def screening(uploader: Browser) -> str:
    return str(uploader.upload(cell(1)).url.path)


def say(browser: Browser, screening: str, words: str):
    return browser.submit(f"{screening}/comments", {"comment": words}, at="/account")


def read_by(service: Service, username: str, screening: str) -> Comments:
    with service.database.reading() as session:
        somebody = accounts.user_named(session, username)
        assert somebody
        return comments_for(session, actor_of(somebody), UUID(screening.removeprefix("/screenings/")))


@pytest.mark.parametrize(
    "words", ["A cleft\nat 4 o'clock", HEBREW, "<script>alert(1)</script>", "x" * 2000, "🔬" * 2000]
)
def test_a_comment_is_kept_as_it_was_said(service: Service, uploader: Browser, screening: str, words: str) -> None:
    reply = say(uploader, screening, f"  {words.replace(chr(10), chr(13) + chr(10))}\r\n ")

    assert reply.url.path == screening
    (said,) = read_by(service, "ursula", screening).shown
    assert (said.by, said.text) == ("Ursula", words)
    assert acts(service.database).count(Act.COMMENTED) == 1
    assert verify(service.database).intact


@pytest.mark.parametrize(
    ("words", "told"), [("", "Write something"), (" \n ", "Write something"), ("ш" * 2001, "this one has 2001")]
)
def test_a_comment_that_cannot_be_taken_is_given_back(
    service: Service, uploader: Browser, screening: str, words: str, told: str
) -> None:
    reply = say(uploader, screening, words)

    assert reply.status_code == 422
    assert told in reply.text
    assert f">\n{words}</textarea>" in reply.text
    assert rows(service.database)["comments"] == rows(service.database)["notes"] == 0
    assert say(uploader, screening, "shorter").url.path == screening


def test_a_null_character_is_told_and_the_rest_given_back(service: Service, uploader: Browser, screening: str) -> None:
    reply = say(uploader, screening, "half\0way")

    assert reply.status_code == 422
    assert ">\nhalfway</textarea>" in reply.text


def test_what_was_said_is_shown_as_text_in_its_own_direction(uploader: Browser, screening: str) -> None:
    say(uploader, screening, "<b>bold</b>")
    say(uploader, screening, HEBREW)

    page = say(uploader, screening, "").text

    assert '<p class="said" dir="auto">&lt;b&gt;bold&lt;/b&gt;</p>' in page
    assert f'<p class="said" dir="auto">{HEBREW}</p>' in page
    assert page.index("bold") < page.index(HEBREW)
    assert page.count("<bdi>Ursula</bdi>") == 2


def test_a_double_click_says_it_once(service: Service, uploader: Browser, screening: str) -> None:
    form = {"comment": "the same", "csrf": (uploader.get("/account"), uploader.token())[1]}

    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: uploader.client.post(f"{screening}/comments", data=form), range(4)))

    assert {reply.status_code for reply in replies} == {200}
    assert rows(service.database)["comments"] == 1
    assert acts(service.database).count(Act.COMMENTED) == 1


def test_who_may_not_see_a_screening_says_nothing_about_it(service: Service, screening: str) -> None:
    stranger = service.signed_in("otto", Role.UPLOADER)
    admin = service.signed_in("ada", Role.ADMIN)

    assert say(stranger, screening, "mine?").status_code == 404
    assert say(stranger, screening, "").status_code == 404
    assert say(stranger, f"/screenings/{uuid4()}", "mine?").status_code == 404
    assert say(admin, screening, "mine?").status_code == 403
    assert rows(service.database)["comments"] == 0


def test_a_comment_without_its_token_is_refused(service: Service, uploader: Browser, screening: str) -> None:
    assert uploader.client.post(f"{screening}/comments", data={"comment": "x"}).status_code == 403
    assert rows(service.database)["comments"] == 0


def test_a_reader_whose_own_call_is_due_does_not_see_what_others_said(
    service: Service, classifier: FakeClassifier, uploader: Browser
) -> None:
    classifier.probability = classifier.unsure
    waiting = uploader.upload(cell(2)).url.path
    reader = service.signed_in("rea", Role.REVIEWER)
    say(uploader, waiting, "the model says 56 %")

    before = say(reader, waiting, "a question of mine")
    again = say(reader, waiting, "")

    assert before.status_code == 200
    assert "56 %" not in again.text
    assert "a question of mine" in again.text
    assert "1 comment of others will be shown once you have given your own call" in again.text
    assert read_by(service, "rea", waiting).hidden == 1
    assert len(read_by(service, "ursula", waiting).shown) == 2

    set_policy(service.database, blind_first=False)
    assert [one.by for one in read_by(service, "rea", waiting).shown] == ["Ursula", "Rea"]


@pytest.mark.parametrize(
    ("tables", "change"),
    [
        ((), "UPDATE notes SET text = 'something else'"),
        (("comments",), "UPDATE comments SET by_id = '00000000-0000-4000-8000-000000000001'"),
        (("comments",), "UPDATE comments SET at = 'yesterday'"),
        (("comments",), "DELETE FROM comments"),
    ],
)
def test_a_comment_that_was_altered_is_named(
    service: Service, uploader: Browser, screening: str, tables: tuple[str, ...], change: str
) -> None:
    say(uploader, screening, "as it was")
    assert verify(service.database).intact

    with without_triggers(service.database, *tables) as connection:
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(text(change))

    broken = verify(service.database).broken
    assert broken
    assert all(fault.startswith("comment ") for fault in broken)


def test_what_retention_emptied_is_told_as_such(service: Service, uploader: Browser, screening: str) -> None:
    say(uploader, screening, "gone soon")
    with service.database.engine.begin() as connection:
        connection.execute(text("UPDATE notes SET text = NULL, salt = NULL"))

    page = say(uploader, screening, "").text

    assert "Removed by retention" in page
    assert verify(service.database).intact


def test_the_log_of_a_subject_tells_who_commented(service: Service, uploader: Browser) -> None:
    say(uploader, uploader.upload(cell(3), case="S26-0001").url.path, "noted")
    auditor = service.signed_in("aude", Role.AUDITOR)

    log = auditor.submit("/audit/subject", {"number": "S26-0001"}, at="/audit")

    assert Act.COMMENTED in log.text
    assert "noted" not in log.text
