"""What every reply tells a browser, whom the service listens to, and what it writes to its log."""

import json
from uuid import UUID

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.accounts.rules import Role, Scope
from app.screening.instrument import Instrument
from app.settings import Settings
from tests.factories import PASSWORD, Service, cell, make_user
from tests.live import Changed, Live, listening


def test_every_kind_of_reply_carries_the_headers_that_bind_a_browser(service: Service) -> None:
    service.app.get("/broken")(lambda: 1 / 0)
    browser = service.signed_in("ursula", Role.UPLOADER)
    paths = ("/", "/docs", "/sign-in", "/nowhere", "/static/blastscreen.css", "/api/v1/screenings", "/broken")

    replies = [browser.get(path) for path in paths]

    assert [reply.status_code for reply in replies] == [200, 200, 200, 404, 200, 401, 500]
    for reply in replies:
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "same-origin"
        assert reply.headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in reply.headers["permissions-policy"]
        assert reply.headers["x-request-id"]
        assert "strict-transport-security" not in reply.headers


def test_nothing_about_a_patient_is_kept_by_a_cache_but_thumbnails_for_their_reader(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    result = browser.upload(cell(1), case="S26-0001").url.path
    lab = service.lab("LIS", Scope.READ_ALL)

    paths = ("/", "/cases", result, f"{result}/image", f"{result}/thumbnail/96", "/model", "/account", "/nowhere")
    kept = {path: browser.get(path).headers["cache-control"] for path in paths}
    kept["api"] = lab.get("/api/v1/screenings").headers["cache-control"]

    assert kept.pop(f"{result}/thumbnail/96") == "private, max-age=600"
    assert set(kept.values()) == {"no-store"}


def test_behind_tls_cookies_are_secure_and_browsers_are_told_to_stay_there(service: Service) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    plain, tls = TestClient(service.app), TestClient(service.app, base_url="https://testserver")

    replies = [client.get("/sign-in") for client in (plain, tls)]

    assert "secure" not in replies[0].headers["set-cookie"].lower()
    assert "secure" in replies[1].headers["set-cookie"].lower()
    assert "strict-transport-security" not in replies[0].headers
    assert replies[1].headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    for reply in replies:
        assert "httponly" in reply.headers["set-cookie"].lower()
        assert "samesite=lax" in reply.headers["set-cookie"].lower()


def test_no_page_has_an_inline_script_or_style_or_an_address_elsewhere(service: Service) -> None:
    browser = service.signed_in("ursula", *Role)
    result = browser.upload(cell(1), case="S26-0001").url.path

    paths = ("/", result, "/cases", "/review", "/audit", "/model", "/account", "/docs", "/nowhere")
    pages = [browser.get(path).text for path in paths]

    for page in pages:
        assert page.count("<script") == page.count('<script src="/static/')
        for inline in (" style=", "<style", " onclick=", " onload=", "javascript:", 'src="http', 'href="http'):
            assert inline not in page.replace('href="https://doi.org', "")


def test_a_name_that_is_not_ours_is_turned_away_and_health_is_not(changed: Changed) -> None:
    client = changed(hosts=("Blast.example", "127.0.0.1", "[::1]")).anybody()

    def status(host: str, path: str = "/sign-in") -> int:
        return int(client.get(path, headers={"host": host}).status_code)

    assert [status(name) for name in ("blast.example", "BLAST.example:8000", "127.0.0.1:8000", "[::1]:8000")] == [
        200
    ] * 4
    assert [status(name) for name in ("evil.example", "blast.example.evil", "127.0.0.1.evil:8000", "")] == [422] * 4
    assert status("10.1.2.3:8000", "/health/live") == 200


FORWARDED = {"x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.9"}


def test_nobodys_forwarded_headers_are_believed_by_default(service: Service) -> None:
    reply = service.anybody().get("/sign-in", headers=FORWARDED)

    assert "strict-transport-security" not in reply.headers


@pytest.mark.parametrize(("proxies", "believed"), [(("203.0.113.0/24",), True), (("192.0.2.1",), False)])
def test_forwarded_headers_are_believed_from_the_proxies_that_are_named(
    changed: Changed, proxies: tuple[str, ...], believed: bool
) -> None:
    reply = changed(trusted_proxies=proxies).anybody().get("/sign-in", headers=FORWARDED)

    assert ("strict-transport-security" in reply.headers) is believed


def test_the_servers_software_is_not_told(live: Live) -> None:
    reply = live.ask(b"GET /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert b"uvicorn" not in reply.lower()


def test_a_token_counts_in_the_form_alone(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    browser.get("/")
    token = browser.token()

    as_header = browser.client.post("/cases/find", data={"number": "x"}, headers={"x-csrf-token": token})
    as_field = browser.client.post("/cases/find", data={"number": "x", "csrf": token})

    assert [as_header.status_code, as_field.status_code] == [403, 404]


def test_the_log_has_the_routes_template_and_neither_path_nor_query(
    changed: Changed, capfd: pytest.CaptureFixture[str]
) -> None:
    service = changed(log_level="info")
    browser = service.signed_in("ursula", Role.UPLOADER)
    result = browser.upload(cell(1), case="S26-0001").url.path
    browser.get(f"{result}?token=sesame")
    browser.get("/setup?token=sesame")
    browser.get("/no/sesame/here")
    browser.submit("/sign-in", {"username": "sesame", "password": PASSWORD}, at="/sign-in")

    written = capfd.readouterr().err
    logged = [json.loads(line) for line in written.splitlines() if line.startswith("{")]

    assert {"/screenings/{screening_id}", "/setup", "-"} <= {line.get("route") for line in logged}
    assert "sesame" not in written
    assert result.rsplit("/", 1)[1] not in written
    assert "S26-0001" not in written
    assert "testserver" not in written


def test_an_unexpected_error_logs_no_variables_and_tells_the_client_nothing(
    changed: Changed, capfd: pytest.CaptureFixture[str]
) -> None:
    service = changed()

    @service.app.get("/broken")
    def broken() -> None:
        password = "sesame"  # noqa: F841  a local variable that must not be logged
        raise RuntimeError("broken on purpose")

    reply = service.anybody().get("/broken")

    written = capfd.readouterr().err
    assert reply.status_code == 500
    assert "RuntimeError" not in reply.text
    assert "broken on purpose" in written
    assert "sesame" not in written.replace('password = "sesame"', "")
    assert reply.headers["x-request-id"] in written


def test_every_line_of_the_log_is_an_object_also_those_of_the_server(
    changed: Changed, capfd: pytest.CaptureFixture[str]
) -> None:
    service = changed(log_level="warning")
    service.app.get("/broken")(lambda: 1 / 0)

    with listening(service.app) as live:
        live.ask(b"GET /broken HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        live.ask(b"no request\r\n\r\n")

    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert {"unexpected error", "Exception in ASGI application", "Invalid HTTP request received."} <= {
        line["event"] for line in logged
    }


@pytest.mark.postgres
def test_a_value_that_the_database_did_not_take_is_not_logged(
    postgres_url: str, settings: Settings, instrument: Instrument, capfd: pytest.CaptureFixture[str]
) -> None:
    with Service.start(settings.model_copy(update={"database_url": postgres_url}), instrument) as service:
        service.lab().screen(cell(1), case="S26-0001")

        @service.app.get("/broken")
        def broken() -> None:
            with service.database.writing() as session:
                same = text("INSERT INTO case_identifiers (case_id, accession) SELECT id, :number FROM models")
                session.execute(same, {"number": "S26-0001"})

        assert service.anybody().get("/broken").status_code == 500

    written = capfd.readouterr().err
    assert "IntegrityError" in written
    assert "S26-0001" not in written


@pytest.mark.parametrize(
    ("method", "path", "takes"),
    [
        ("PUT", "/api/v1/screenings", "GET, POST"),
        ("DELETE", f"/api/v1/screenings/{UUID(int=0)}", "GET"),
        ("GET", "/sign-out", "POST"),
        ("PUT", "/sign-in", "GET, POST"),
    ],
)
def test_an_address_that_does_not_take_a_method_says_which_it_takes(
    service: Service, method: str, path: str, takes: str
) -> None:
    reply = service.anybody().request(method, path)

    assert reply.status_code == 405
    assert reply.headers["allow"] == takes
