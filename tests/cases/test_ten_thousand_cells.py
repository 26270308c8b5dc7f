"""Ten thousand cells in one case: pages, not a freeze."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from app.accounts.rules import Role
from app.db import Database
from tests.cases.many import Made, case_with, known
from tests.factories import Browser, Service, make_user

MANY = 10_000


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(conn, cursor, statement, *rest):
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.engine, "before_cursor_execute", note)


def _cells(count: int) -> list[Made]:
    """Every fifth is flagged, every twentieth refused, the rest of all bands."""
    return [
        Made(None) if place % 20 == 0 else Made((place * 37 % 1000) / 1000, flagged=place % 5 == 0)
        for place in range(count)
    ]


def asked(service: Service, browser: Browser, path: str) -> tuple[int, float]:
    """How many statements the page took, and the fastest of three askings, in seconds of this process's own time: what
    else the machine does is not the page's doing."""
    browser.get(path)
    seconds, statements = [], 0
    for _ in range(3):
        with counted(service.database) as sent:
            begun = time.process_time()
            assert browser.get(path).status_code == 200
            seconds.append(time.process_time() - begun)
        statements = len(sent)
    return statements, min(seconds)


@pytest.mark.slow
def test_a_page_of_a_case_with_ten_thousand_cells_is_quick_and_small(either_service: Service) -> None:
    service = either_service
    browser = service.signed_in("ursula", Role.UPLOADER, Role.REVIEWER)
    few, _ = case_with(service.database, known(service, "ursula"), _cells(100))
    many, ids = case_with(service.database, known(service, "ursula"), _cells(MANY))
    few_statements, _ = asked(service, browser, f"/cases/{few}")

    for path in (
        f"/cases/{many}",
        f"/cases/{many}?page=100",
        f"/cases/{many}?band=suspected&review=waiting&flagged=yes",
        f"/cases/{many}?reason=out_of_focus",
        f"/cases/{many}/compare?cell={ids[1]}&cell={ids[2]}",
        "/cases",
    ):
        statements, seconds = asked(service, browser, path)

        assert browser.page.count("/thumbnail/") <= 60, path
        assert len(browser.page) < 150_000, path
        assert statements <= few_statements + 12, path  # reviews are asked for five hundred cells at a time
        assert seconds < 1.0, f"{path} took {seconds:.2f} s"


@pytest.mark.parametrize(
    "path", ["/cases", "/cases/{case}", "/cases/{case}/compare?cell={cell}", "/review", "/sign-off", "/audit/subject"]
)
def test_however_much_there_is_nobody_waits_to_write_while_it_is_read(service: Service, path: str) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER, Role.SENIOR, Role.AUDITOR)
    others = make_user(service.database, "otto", Role.UPLOADER)
    case_id, ids = case_with(service.database, others, _cells(10), number="S26-0001")
    case_with(service.database, others, [Made()], number="S26-0002")
    address = path.format(case=case_id, cell=ids[1])

    browser.get("/account")
    with counted(service.database) as sent:
        form = {"number": "S26-0001"}
        seen = browser.submit(address, form) if "subject" in path else browser.get(address)

    assert seen.status_code == 200
    reads = [place for place, statement in enumerate(sent) if "FROM screenings" in statement]
    assert reads
    assert sent.count("BEGIN IMMEDIATE") == 1
    assert max(reads) < sent.index("BEGIN IMMEDIATE")


def test_every_cell_is_on_exactly_one_page(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    case_id, ids = case_with(service.database, known(service, "ursula"), _cells(150))

    seen: list[str] = []
    path = f"/cases/{case_id}"
    while path:
        browser.get(path)
        seen += re.findall(r"/screenings/([0-9a-f-]{36})/thumbnail", browser.page)
        following = re.search(r'href="([^"]+)" rel="next"', browser.page)
        path = following.group(1).replace("&amp;", "&") if following else ""

    assert sorted(seen) == sorted(str(one) for one in ids)
