"""Attacks by injection: into paths, SQL, templates, headers and logs."""

import json
import re

import pytest

from app.accounts.rules import Role, Scope
from tests.accounts.test_every_route import Way, ways
from tests.factories import Browser, Service, cell, rows, verify
from tests.live import Changed, Live, status_of

TRAVERSALS = (
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fapp%2fmain.py",
    "..%5c..%5cblastscreen.db",
    "%00",
    "....//",
    "%252e%252e%252f",
    "file:%2f%2f%2fetc%2fpasswd",
)
SQL = (
    "' OR '1'='1",
    "1; DROP TABLE screenings; --",
    "' UNION SELECT secret_sha256 FROM keys --",
    "\\'; SELECT 1 --",
    "%' --",
)


def everybody(service: Service) -> Browser:
    """Somebody with every role: what stops them is not a missing permission."""
    return service.signed_in("all", *Role)


def _ask(browser: Browser, way: Way, address: str):
    form = {"csrf": browser.token()} if way.method == "POST" else None
    return browser.client.request(way.method, address, data=form, follow_redirects=False)


@pytest.mark.parametrize("traversal", TRAVERSALS)
def test_path_traversal_in_any_identifier_leads_nowhere(service: Service, traversal: str) -> None:
    browser = everybody(service)
    browser.get("/account")
    key = service.lab("LIS", *Scope).headers

    for way in [way for way in ways(service.app) if "{" in way.path]:
        address = re.sub(r"\{\w+\}", traversal, way.path)
        reply = (
            _ask(browser, way, address) if not way.path.startswith("/api") else browser.client.get(address, headers=key)
        )

        assert 400 <= reply.status_code < 500, way.name
        assert "root:" not in reply.text
        assert "create_app" not in reply.text


@pytest.mark.parametrize(
    "traversal", ["..%2fpages.py", "%2e%2e/pages.py", "..%5cpages.py", "vendor/..%2f..%2fapi.py", "//etc/passwd"]
)
def test_path_traversal_out_of_the_static_files_leads_nowhere(live: Live, traversal: str) -> None:
    reply = live.ask(f"GET /static/{traversal} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    assert status_of(reply) == 404
    assert b"router" not in reply


@pytest.mark.parametrize("sql", SQL)
def test_sql_in_any_field_is_text_or_refused(service: Service, sql: str) -> None:
    browser = everybody(service)
    lab = service.lab("LIS", *Scope)
    stranger = service.browser()
    before = rows(service.database)["screenings"]

    refused = [
        lab.screen(cell(1), case=sql),
        lab.screen(cell(1), subject=sql),
        lab.get("/api/v1/screenings", after=sql),
        lab.get("/api/v1/screenings", case_id=sql),
        lab.client.get("/api/v1/model", headers={"authorization": f"Bearer bs_{sql}_{sql}"}),
        stranger.submit("/sign-in", {"username": sql, "password": sql}, at="/sign-in"),
        browser.submit("/cases/find", {"number": sql}, at="/cases"),
        browser.get(f"/audit?before={sql}"),
        browser.get(f"/cases?page={sql}"),
    ]

    assert [400 <= reply.status_code < 500 for reply in refused] == [True] * len(refused)
    assert not any("sqlite" in reply.text.lower() or "syntax" in reply.text.lower() for reply in refused)
    assert rows(service.database)["screenings"] == before
    assert verify(service.database).intact


def test_sql_in_an_idempotency_key_is_only_a_key(service: Service) -> None:
    lab = service.lab()

    first, again = (lab.screen(cell(1), key="' OR '1'='1") for _ in range(2))
    other = lab.screen(cell(2), key="' OR '1'='2")

    assert first.json()["id"] == again.json()["id"] != other.json()["id"]


TEMPLATES = ("{{ 7*7 }}", "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}", "${7*7}", "#{7*7}")
SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus=alert(1) autofocus='",
    "</title><svg onload=alert(1)>",
)


@pytest.mark.parametrize("text", TEMPLATES + SCRIPTS)
def test_templates_and_scripts_in_what_people_type_are_shown_as_text(service: Service, text: str) -> None:
    browser = everybody(service)
    stranger = service.browser()
    browser.get("/")
    files = [("image", (text, b"no image", "image/png")), ("image", (text + "2", b"neither", "image/png"))]

    pages = [
        browser.submit("/screenings", {"case": ""}, files=files),
        browser.submit("/screenings", {"case": text}, files=files[:1]),
        browser.submit("/cases/find", {"number": text}, at="/cases"),
        stranger.submit("/sign-in", {"username": text, "password": "x", "next": text}, at="/sign-in"),
        browser.get(f"/{text}"),
    ]

    for page in pages:
        assert text not in page.text or not set(text) & set("<\"'")
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "<svg onload" not in page.text
        assert "49" not in re.findall(r'value="([^"]*)"', page.text)


@pytest.mark.parametrize("header", ["x-injected: 1", "set-cookie: blastscreen_session=planted"])
@pytest.mark.parametrize(
    "path",
    ["/sign-in?next=/%0d%0a{}", "/setup?token=%0d%0a{}", "/%0d%0a{}", "/screenings/%0d%0a{}", "/cases?page=1%0d%0a{}"],
)
def test_header_injection_makes_no_header(live: Live, path: str, header: str) -> None:
    target = path.format(header.replace(" ", "%20"))

    reply = live.ask(f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n".encode())

    head = reply.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    assert not [line for line in head if line.startswith((b"x-injected", b"set-cookie: blastscreen_session"))]


def test_log_injection_stays_inside_its_line(changed: Changed, capfd: pytest.CaptureFixture[str]) -> None:
    service = changed(log_level="debug")
    with_newline = '\n{"event": "user.signed_in"}\n\x1b[31m'
    browser = service.browser()

    browser.client.get("/nowhere%0a%7b%22event%22%3a%22planted%22%7d")
    browser.client.get("/sign-in", headers={"user-agent": "planted\x1b[31m"})
    browser.submit("/sign-in", {"username": with_newline, "password": with_newline}, at="/sign-in")
    browser.client.request("PLANTED", "/sign-in")

    lines = [line for line in capfd.readouterr().err.splitlines() if line]
    told = [json.loads(line) for line in lines]
    assert {line["event"] for line in told} <= {"request", "unexpected error"}
    assert "planted" not in "".join(lines).lower()
    assert "\x1b" not in "".join(lines)
