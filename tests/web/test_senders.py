"""Clients that crowd, dribble or lie about what they send."""

import json
from datetime import timedelta

import pytest

from app import logs
from app.accounts.rules import Scope
from app.commands.service import SERVER
from app.web.connections import PatientHttp
from tests.factories import Service, make_key, rows
from tests.live import Changed, Live, listening, rest_of, status_of

KIB = 1024


def test_one_request_too_many_is_told_to_come_back_and_health_is_not(changed: Changed) -> None:
    busy = changed(requests_at_once=1)
    with listening(busy.app) as live, live.connect() as waiting:
        waiting.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")  # and keeps its place
        assert status_of(live.ask(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) == 200
        turned_away = live.ask(b"GET /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        waiting.sendall(b"cd")
        assert status_of(waiting.recv(KIB)) == 403
        served = live.ask(b"GET /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert status_of(turned_away) == 503
    assert b"retry-after: 5" in turned_away
    assert b'"code":"busy"' in turned_away
    assert status_of(served) == 200


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/screenings"])
def test_a_body_that_does_not_come_is_given_up(changed: Changed, path: str) -> None:
    service = changed(body_patience=timedelta(seconds=0.2))
    key = make_key(service.database, "LIS", Scope.SCREEN)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 900\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x"
    )

    with listening(service.app) as live:
        reply = live.ask(head.encode())

    assert status_of(reply) == 408
    assert b'"code":"request_too_slow"' in reply


def test_a_slow_line_that_keeps_sending_is_served(changed: Changed) -> None:
    service = changed(body_patience=timedelta(seconds=0.2), body_rate=1)
    with listening(service.app) as live, live.connect() as line:
        line.sendall(
            b"POST /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n\r\n" + b"12345678"
        )
        line.settimeout(0.4)
        with pytest.raises(TimeoutError):
            line.recv(1)  # twice its patience: eight bytes have bought it eight seconds
        line.settimeout(30)
        line.sendall(b"9")
        reply = rest_of(line)

    assert status_of(reply) == 403


@pytest.mark.parametrize("said", [b"", b"GET /sign-in HTTP/1.1\r\nHos"])
def test_a_head_that_does_not_come_is_given_up(live: Live, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr("app.web.connections.HEAD_SECONDS", 0.2)

    assert live.ask(said) == b""


def test_a_head_that_stalls_after_a_served_request_is_given_up(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.connections.HEAD_SECONDS", 0.2)

    reply = live.ask(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /hea")

    assert reply.count(b"HTTP/1.1 200") == 1


def test_a_request_in_progress_is_answered_before_the_service_stops(service: Service) -> None:
    with listening(service.app) as live, live.connect() as line:
        line.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        assert status_of(live.ask(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) == 200
        live.server.should_exit = True
        line.sendall(b"cd")
        reply = rest_of(line)
        live.thread.join(30)

    assert status_of(reply) == 403
    assert not live.thread.is_alive()


@pytest.mark.parametrize(("crowded", "status"), [(False, 413), (True, 503)])
def test_who_sends_everything_before_reading_still_gets_the_answer(
    changed: Changed, crowded: bool, status: int
) -> None:
    service = changed(requests_at_once=1, screening_bytes=30 * KIB * KIB if crowded else 17 * KIB * KIB)
    size = 25 * KIB * KIB  # more than lies in the buffers of a connection
    with listening(service.app) as live, live.connect() as waiting, live.connect() as line:
        if crowded:
            waiting.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
            assert status_of(live.ask(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) == 200
        line.sendall(b"POST /api/v1/screenings HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        line.sendall(b"a" * size)
        reply = line.recv(KIB)

    assert status_of(reply) == status


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/screenings"])
def test_who_hangs_up_half_way_is_no_fault_of_ours(
    live: Live, service: Service, capfd: pytest.CaptureFixture[str], path: str
) -> None:
    logs.configure("info")
    key = make_key(service.database, "LIS", Scope.SCREEN)
    before = rows(service.database)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 900\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x"
    )

    with live.connect() as line:
        line.sendall(head.encode())
    live.ask(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    live.server.should_exit = True
    live.thread.join(30)

    told = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    assert [line["status"] for line in told if line.get("route") == path] == [400]
    assert "unexpected error" not in [line["event"] for line in told]
    assert rows(service.database) == before


def test_who_goes_on_sending_after_the_answer_is_hung_up_on(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.connections.HEAD_SECONDS", 0.2)
    head = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n"

    with live.connect() as line, pytest.raises(ConnectionError):  # noqa: PT012
        line.sendall(head)
        assert status_of(line.recv(KIB)) == 413
        while True:
            line.sendall(b"a" * KIB)


HEAD = b"POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=x\r\n"
CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n8000\r\n" + b"a" * 0x8000 + b"\r\n8001\r\n" + b"a" * 0x8001
LIES = {
    "announced and over": (b"Content-Length: 70000\r\n\r\n", 413),
    "announced beyond numbers": (b"Content-Length: 99999999999999999999\r\n\r\n", 413),
    "chunked and over": (CHUNKS, 413),
    "two lengths": (b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "a negative length": (b"Content-Length: -1\r\n\r\n", 400),
    "a chunk that lies": (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
}


@pytest.mark.parametrize("path", [b"/sign-in", b"/health/live", b"/nowhere", b"/static/blastscreen.css"])
@pytest.mark.parametrize("lie", LIES)
def test_a_body_that_breaks_the_rules_is_refused_on_every_route(live: Live, path: bytes, lie: str) -> None:
    sent, expected = LIES[lie]

    assert status_of(live.ask(HEAD % path + sent)) == expected


def test_bytes_beyond_the_announced_length_are_not_read_as_the_body(service: Service, live: Live) -> None:
    """What follows is taken for another request, and is none."""
    reply = live.ask(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab" + b"x" * 70000 + b"\r\n\r\n")

    assert status_of(reply) == 403
    assert reply.count(b"HTTP/1.1 4") == 2


def test_an_old_client_that_sends_no_length_has_no_body(live: Live) -> None:
    reply = live.ask(b"POST /sign-in HTTP/1.0\r\nHost: x\r\n\r\n" + b"a" * 70000)

    assert status_of(reply) in {400, 403}


def test_connections_are_the_patient_ones() -> None:
    assert SERVER["http"] is PatientHttp
    assert SERVER["proxy_headers"] is False
    assert SERVER["access_log"] is False
