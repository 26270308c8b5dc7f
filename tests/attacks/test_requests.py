"""Attacks through what a request says: formulas, addresses to go on to, others' headers, bodies and methods."""

import re
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.accounts.rules import Role
from app.cases.rules import UnusableIdentifier, parse_accession
from app.web.onward import inside
from tests.accounts.test_every_route import ways
from tests.factories import PASSWORD, Service, cell, make_user
from tests.live import Live, status_of

FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(0)")


@pytest.mark.parametrize(
    "name", ["x-forwarded-host", "x-original-url", "x-rewrite-url", "x-http-method-override", "forwarded"]
)
def test_headers_that_other_software_believes_change_nothing(service: Service, name: str) -> None:
    browser = service.browser()

    reply = browser.client.get(
        "/account", headers={name: "evil.example", "accept": "text/html"}, follow_redirects=False
    )

    assert reply.status_code == 303
    assert reply.headers["location"] == "/sign-in?next=/account"


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("field", ["case", "subject"])
def test_a_spreadsheet_formula_is_no_identifier(service: Service, field: str, formula: str) -> None:
    """Nothing leaves as CSV yet; when it does, no identifier in it can start a formula."""
    reply = service.lab().screen(cell(1), **{field: formula})

    stripped = formula.strip()
    assert reply.status_code == 422, stripped
    assert reply.json()["code"] == f"{field}_unusable"


@given(st.text(max_size=64))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_identifier_that_is_taken_starts_a_formula_or_holds_a_control_character(text: str) -> None:
    try:
        taken = parse_accession(text)
    except UnusableIdentifier:
        return

    assert taken is None or (taken[0].isalnum() or taken[0] == "_")
    assert taken is None or (taken.isprintable() and not set(taken) & set("<>\"'`=+@|;\\{}%"))


ELSEWHERE = (
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    " //evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/%09/evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "evil.example",
)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_an_open_redirect_in_next_stays_at_home(service: Service, elsewhere: str) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    browser = service.browser()
    browser.client.get("/sign-in", params={"next": elsewhere})
    browser.get("/sign-in")
    fields = {"csrf": browser.token(), "username": "ursula", "password": PASSWORD, "next": elsewhere}

    reply = browser.client.post("/sign-in", data=fields, follow_redirects=False)

    assert reply.status_code == 303
    assert _at_home(reply.headers["location"])


def _at_home(location: str) -> bool:
    """As browsers read it: they drop tabs and newlines, and take a backslash for a slash."""
    read = re.sub(r"[\t\r\n]", "", location.strip()).replace("\\", "/")
    return read.startswith("/") and not read.startswith("//")


@given(st.text(st.sampled_from("/\\.:@#?%\t\n\r ev0aA\u2215\uff0f"), max_size=12))
@settings(max_examples=400, deadline=None)
def test_no_address_to_go_on_to_leads_away(path: str) -> None:
    assert _at_home(inside(path))


def test_a_chunked_body_to_every_route_is_limited(service: Service, live: Live) -> None:
    kind = "Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked"
    head = f"{{}} {{}} HTTP/1.1\r\nHost: x\r\n{kind}\r\n\r\n"
    chunk = b"ffff\r\n" + b"a" * 0xFFFF + b"\r\n"
    large = {
        "POST /api/v1/screenings",
        "POST /screenings",
        "POST /screenings/rows",
    }  # read only for somebody who may send one

    for way in ways(service.app):
        with live.connect() as line:
            line.sendall(head.format(way.method, way.address).encode())
            sent = _push(line, chunk, most=64)
            reply = line.recv(4096) if sent < 64 else b""

        assert sent < 64, way.name
        assert status_of(reply) in ({401, 303, 403} if way.name in large else {413, 0}), way.name


def _push(line: socket.socket, chunk: bytes, *, most: int) -> int:
    """How many chunks were taken before the server answered."""
    line.settimeout(0.05)
    for sent in range(most):
        try:
            line.sendall(chunk)
            if line.recv(1, socket.MSG_PEEK):
                line.settimeout(30)
                return sent
        except TimeoutError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            return sent
    return most


@pytest.mark.parametrize("path", ["/cases/", "/sign-in/", "/screenings/x/"])
def test_no_address_is_put_right_by_a_redirect_to_the_host_that_was_asked_for(service: Service, path: str) -> None:
    reply = service.signed_in("ursula", *Role).client.get(
        path, headers={"host": "evil.example"}, follow_redirects=False
    )

    assert 400 <= reply.status_code < 500
    assert "location" not in reply.headers


def test_a_method_that_a_route_does_not_take_is_refused(service: Service) -> None:
    client: Any = service.anybody()

    for method in ("PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND"):
        assert client.request(method, "/sign-in").status_code in {403, 405}
