"""Keys of lab systems: rotated with an overlap, revoked at once, last used, rate-limited, and never written down."""

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from limits.storage import MemoryStorage
from sqlalchemy import select

from app import clock, logs
from app.accounts import key_actions, rules
from app.accounts.rate_limit import RateLimit, UnusableRateLimit, make_rate_limit
from app.accounts.rules import KeyLife, Role, Scope
from app.accounts.tables import KeyUseRow
from app.actor import SERVICE
from app.audit.events import Act
from app.errors import Invalid
from app.settings import Settings
from tests.factories import Browser, LabSystem, Service, acts, cell, make_key, verify


def _prefix(lab: LabSystem) -> str:
    return lab.key.split("_")[1]


def _rotate(service: Service, lab: LabSystem, overlap: timedelta) -> LabSystem:
    with service.database.writing() as session:
        key = key_actions.rotate_key(session, SERVICE, prefix=_prefix(lab), overlap=overlap)
    return LabSystem(service.anybody(), key.whole)


def _new_key(browser: Browser) -> str:
    found = re.search(r"bs_[0-9a-f]{8}_[\w-]{43}", browser.page)
    assert found
    return found.group()


def test_while_two_keys_overlap_both_work_and_then_only_the_new_one(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = service.lab()
    sent = old.screen(cell(1)).json()["id"]
    new = _rotate(service, old, timedelta(hours=24))
    start = clock.now()

    assert old.screening(sent) == new.screening(sent)
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=25))

    assert old.get("/api/v1/model").json()["code"] == "key_refused"
    assert new.screening(sent)["id"] == sent
    assert Act.KEY_ROTATED in acts(service.database)


def test_a_key_that_overlaps_can_still_be_revoked_at_once(service: Service) -> None:
    old = service.lab()
    new = _rotate(service, old, timedelta(hours=24))

    with service.database.writing() as session:
        key_actions.revoke_key(session, SERVICE, prefix=_prefix(old))

    assert old.get("/api/v1/model").status_code == 401
    assert new.get("/api/v1/model").status_code == 200


@pytest.mark.parametrize("fate", ["revoked", "rotated"])
def test_what_has_ended_or_been_rotated_is_not_rotated_again(service: Service, fate: str) -> None:
    lab = service.lab()
    with service.database.writing() as session:
        if fate == "revoked":
            key_actions.revoke_key(session, SERVICE, prefix=_prefix(lab))
        else:
            key_actions.rotate_key(session, SERVICE, prefix=_prefix(lab), overlap=timedelta())

    with service.database.writing() as session, pytest.raises(key_actions.KeyEnded):
        key_actions.rotate_key(session, SERVICE, prefix=_prefix(lab), overlap=timedelta())


def test_a_rotated_key_lives_as_long_as_the_one_before_it(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with service.database.writing() as session:
        key = key_actions.create_key(
            session, SERVICE, client_name="LIS", scopes=[Scope.READ], expires_at=clock.now() + timedelta(days=30)
        )
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(days=20))
    new = _rotate(service, LabSystem(service.anybody(), key.whole), timedelta(hours=1))

    monkeypatch.setattr(clock, "now", lambda: start + timedelta(days=49))
    assert new.get("/api/v1/model").status_code == 200
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(days=51))
    assert new.get("/api/v1/model").status_code == 401


def test_last_use_is_noted_at_most_once_a_minute(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = service.lab()
    start = clock.now()

    def used_after(seconds: int) -> float | None:
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(seconds=seconds))
        lab.get("/api/v1/model")
        with service.database.reading() as session:
            at = session.scalars(select(KeyUseRow)).one().last_used_at
        return (at - start).total_seconds() if at else None

    assert [used_after(seconds) for seconds in (0, 30, 59, 61, 62)] == [0, 0, 0, 61, 61]


@pytest.fixture
def mid_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clocks stand still, so that no minute of a rate ends between two requests."""
    moment = clock.now().replace(second=30, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: moment)
    monkeypatch.setattr(time, "time", moment.timestamp)


@pytest.mark.usefixtures("mid_minute")
def test_a_client_over_its_rate_is_told_when_to_come_back_and_others_are_not_slowed(service: Service) -> None:
    service.app.state.rate_limit = RateLimit(rate="3/minute", store="memory://")
    one, other = service.lab("One"), service.lab("Other")
    another_key = LabSystem(service.anybody(), make_key(service.database, "One", Scope.READ))

    answers = [one.get("/api/v1/model") for _ in range(3)]
    over = another_key.get("/api/v1/model")

    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].headers["ratelimit-policy"] == '"client";q=3;w=60'
    assert re.fullmatch(r'"client";r=2;t=\d+', answers[0].headers["ratelimit"])
    assert over.status_code == 429
    assert over.json()["code"] == "rate_limited"
    assert 0 < int(over.headers["retry-after"]) <= 60
    assert over.headers["ratelimit"].startswith('"client";r=0;')
    assert other.get("/api/v1/model").status_code == 200


@pytest.mark.usefixtures("mid_minute")
def test_what_is_over_the_rate_is_not_done(service: Service) -> None:
    service.app.state.rate_limit = RateLimit(rate="1/minute", store="memory://")
    lab = service.lab()
    lab.get("/api/v1/model")

    assert lab.screen(cell(1)).status_code == 429
    assert Act.CELL_SCREENED not in acts(service.database)


@pytest.mark.usefixtures("mid_minute")
def test_an_address_that_sends_keys_that_are_none_fills_the_ledger_no_further(service: Service) -> None:
    service.app.state.rate_limit = RateLimit(rate="3/minute", store="memory://")
    guess = LabSystem(service.anybody(), "bs_00000000_guess")

    answers = [guess.get("/api/v1/model").status_code for _ in range(5)]

    assert answers == [401] * 3 + [429] * 2
    assert acts(service.database).count(Act.KEY_REFUSED) == 3


class _Unplugged(MemoryStorage):
    """A store that does not answer."""

    STORAGE_SCHEME: list[str] = ["unplugged"]  # noqa: RUF012  the library has it so

    @property
    def base_exceptions(self) -> type[Exception]:
        return ConnectionError

    def acquire_sliding_window_entry(self, *args: object, **kwargs: object) -> bool:
        raise ConnectionError("no route to 10.0.0.7")


def test_a_rate_limit_store_that_fails_stops_no_laboratory_and_says_so_in_the_log(
    service: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure("warning")
    service.app.state.rate_limit = RateLimit(rate="1/minute", store="unplugged://")
    lab = service.lab()

    answers = [lab.get("/api/v1/model") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert "ratelimit" not in answers[0].headers
    told = capfd.readouterr().err
    assert "rate limit store does not answer" in told
    assert "10.0.0.7" not in told


@pytest.mark.parametrize(
    ("name", "value"), [("rate_limit", "often"), ("rate_limit_store", "nowhere://"), ("rate_limit_store", "redis://x")]
)
def test_a_rate_or_store_that_cannot_be_used_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(UnusableRateLimit, match="BLASTSCREEN_RATE_LIMIT"):
        make_rate_limit(Settings(**{name: value}))  # type: ignore[arg-type]


def test_an_administrator_makes_rotates_and_revokes_a_key_in_the_browser(service: Service) -> None:
    anna = service.signed_in("anna", Role.ADMIN)
    anna.submit("/admin/keys", {"client": "LIS", "scope": "screen", "days": "90"}, at="/admin/keys")
    first = LabSystem(service.anybody(), _new_key(anna))
    assert first.screen(cell(1)).status_code == 201

    page = anna.submit(f"/admin/keys/{_prefix(first)}/rotate", {"overlap_h": "24"})
    second = LabSystem(service.anybody(), _new_key(anna))
    assert "replaced, works until" in page.text
    assert [one.get("/api/v1/model").status_code for one in (first, second)] == [200, 200]

    anna.submit(f"/admin/keys/{_prefix(first)}/revoke")
    assert [one.get("/api/v1/model").status_code for one in (first, second)] == [401, 200]
    assert verify(service.database).intact


def test_the_list_of_keys_shows_prefixes_and_no_secret(service: Service) -> None:
    lab = service.lab("LIS", Scope.READ)
    lab.get("/api/v1/model")

    page = service.signed_in("anna", Role.ADMIN).get("/admin/keys").text

    assert f"bs_{_prefix(lab)}_…" in page
    assert lab.key.split("_", 2)[2] not in page
    assert clock.now().strftime("%Y-%m-%d") in page


@pytest.mark.parametrize(
    "form",
    [
        {"client": "", "scope": "screen", "days": ""},
        {"client": "LIS", "days": ""},
        {"client": "LIS", "scope": "everything", "days": ""},
        {"client": "LIS", "scope": "screen", "days": "-1"},
        {"client": "LIS", "scope": "screen", "days": "99999"},
    ],
)
def test_a_key_that_cannot_be_made_is_not_and_what_was_typed_stays(service: Service, form: dict[str, str]) -> None:
    anna = service.signed_in("anna", Role.ADMIN)

    reply = anna.submit("/admin/keys", form, at="/admin/keys")

    assert reply.status_code == 422
    assert f'name="client" value="{form["client"]}"' in reply.text
    assert Act.KEY_CREATED not in acts(service.database)


ENDS = datetime(2026, 11, 26, 12, tzinfo=UTC)
JUST_BEFORE = ENDS - timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("life", "fault"),
    [
        (KeyLife(revoked=False, expires_at=ENDS, replaced_from=None), "expired"),
        (KeyLife(revoked=False, expires_at=None, replaced_from=ENDS), "replaced"),
    ],
)
def test_a_key_ends_at_the_moment_that_was_said(life: KeyLife, fault: str) -> None:
    assert rules.key_fault(life, now=JUST_BEFORE) is None
    assert rules.key_fault(life, now=ENDS) == fault
    assert rules.key_fault(replace(life, revoked=True), now=JUST_BEFORE) == "revoked"


@pytest.mark.parametrize("hours", ["", "5", "-1", "²", "1e3"])
def test_an_overlap_is_one_of_those_offered(hours: str) -> None:
    with pytest.raises(Invalid):
        rules.parse_overlap(hours)


def test_no_key_is_written_anywhere(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug")
    lab = service.lab()
    secret = lab.key.split("_", 2)[2]
    wrong = LabSystem(service.anybody(), lab.key[:-1] + ("a" if lab.key[-1] != "a" else "b"))
    lab.screen(cell(1), case="S26-0001")
    wrong.screen(cell(1))
    lab.client.get(f"/api/v1/screenings?after={lab.key}", headers=lab.headers)
    lab.client.get(f"/api/v1/{lab.key}", headers=lab.headers)
    lab.client.post("/api/v1/screenings", headers=lab.headers, content=lab.key.encode())
    service.app.state.checks = None  # so that something breaks unexpectedly
    assert lab.client.get("/health/ready", headers=lab.headers).status_code == 500
    service.database.dispose()

    written = "".join(capfd.readouterr())
    files = [path for path in service.settings.spool.parent.rglob("*") if path.is_file()]

    assert "unexpected error" in written
    assert secret[:-1] not in written
    assert files
    assert not [path for path in files if secret[:-1].encode() in path.read_bytes()]


def test_a_key_without_the_scope_is_told_which_one_it_lacks(service: Service) -> None:
    reader, sender, neither = (service.lab(scope, scope) for scope in (Scope.READ, Scope.SCREEN, Scope.METRICS))

    told = [
        reader.screen(cell(1)).json(),
        sender.get("/api/v1/screenings").json(),
        neither.get(f"/api/v1/screenings/{uuid4()}").json(),
        reader.get("/metrics").json(),
    ]

    assert {one["code"] for one in told} == {"forbidden"}
    needed = ["screen", "read or read:all", "read or read:all", "metrics"]
    assert [one["detail"].partition("with the scope ")[2] for one in told] == [f"{scopes}." for scopes in needed]


@pytest.mark.parametrize("path", ["/api/v1/model", "/openapi.json", "/api/v1/screenings"])
def test_who_sends_no_key_is_told_in_which_header_it_goes(service: Service, path: str) -> None:
    reply = service.anybody().get(path)

    assert reply.status_code == 401
    assert "Send your key in the header: Authorization: Bearer" in reply.json()["detail"]
