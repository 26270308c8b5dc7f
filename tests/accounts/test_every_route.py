"""Every route says who may ask it, and keeps to it: tried as nobody, as each role, and with a key of each scope."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from app.accounts import actions
from app.accounts.guards import Asks, asked_by
from app.accounts.rules import PERMISSIONS, Role, Scope
from app.web import csrf
from tests.factories import Service, make_key, make_user

PUBLIC = {
    "GET /health/live",
    "GET /health/ready",
    "GET /sign-in",
    "POST /sign-in",
    "GET /setup",
    "POST /setup",
    "POST /sign-in/code",
    "GET /sign-in/oidc",
    "GET /sign-in/oidc/back",
    "GET /reset",
    "POST /reset",
}
"""Asked by nobody known: to be let in, or (health) by the machine that runs the service."""


@dataclass(frozen=True)
class Way:
    """One method of one route, and what its guards ask."""

    method: str
    path: str
    asks: list[Asks] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def address(self) -> str:
        """The path with nothing behind its ids."""
        return self.path.replace("{side}", "96").replace("{prefix}", "00000000").replace("{", "").replace("}", "")

    def lets_in(self, granted: Role | Scope) -> bool:
        of_its_kind = all(one.person if isinstance(granted, Role) else one.client for one in self.asks)
        held = PERMISSIONS[granted]
        return of_its_kind and all(not one.any_of or held & set(one.any_of) for one in self.asks)


def _guards(dependant: Dependant) -> Iterator[Asks]:
    asks = asked_by(dependant.call)
    if asks is not None:
        yield asks
        return  # what a guard itself depends on asks no more than the guard
    for inner in dependant.dependencies:
        yield from _guards(inner)


def ways(app: FastAPI) -> list[Way]:
    found = []
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, Mount):
            assert route.path == "/static", "only our own static files are mounted"
            continue
        found += [
            Way(method, str(route.path), list(_guards(route.dependant))) for method in sorted(route.methods or ())
        ]
    return found


def test_every_route_has_an_explicit_permission_or_is_listed_as_public(service: Service) -> None:
    unguarded = {way.name for way in ways(service.app) if not way.asks}

    assert unguarded == PUBLIC & unguarded, "a route without a guard must be listed in PUBLIC, with its reason"
    assert {way.name for way in ways(service.app)} >= PUBLIC


def _ask(service: Service, way: Way, *, headers: dict[str, str], cookie: str = "") -> tuple[int, str]:
    """(status, code of the problem) of the answer to a request that would be in order but for its sender."""
    if cookie:
        headers = {**headers, "cookie": f"{csrf.SESSION_COOKIE}={cookie}"}
    path = way.address
    for name in ("screening_id", "case_id", "user_id", "session_id", "actor_id", "model_id"):
        path = path.replace(name, str(uuid4()))
    client = service.anybody()
    form = {"csrf": csrf.token_for(cookie)} if way.method == "POST" and not path.startswith("/api/") else None
    reply = client.request(way.method, path, headers=headers, data=form, follow_redirects=False)
    problem = reply.headers.get("content-type", "").startswith("application/problem+json")
    return reply.status_code, reply.json()["code"] if problem else ""


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_through_the_doors_of_its_permissions_and_no_other(service: Service, role: Role) -> None:
    actor = make_user(service.database, "somebody", role)

    for way in ways(service.app):
        with service.database.writing() as session:
            cookie = actions.open_session(session, actor)
        status, code = _ask(service, way, headers={}, cookie=cookie)
        if way.name in PUBLIC:
            continue
        if way.lets_in(role):
            assert code not in ("forbidden", "not_signed_in", "csrf_failed"), way.name
            assert status < 500, way.name
        else:
            assert (status, code) in ((403, "forbidden"), (401, "not_signed_in")), way.name


@pytest.mark.parametrize("scope", Scope)
def test_each_scope_gets_through_the_doors_of_its_permissions_and_no_other(service: Service, scope: Scope) -> None:
    headers = {"authorization": f"Bearer {make_key(service.database, 'LIS', scope)}"}

    for way in ways(service.app):
        status, code = _ask(service, way, headers=headers)
        if way.name in PUBLIC:
            continue
        if way.lets_in(scope):
            assert code not in ("forbidden", "not_signed_in", "key_refused"), way.name
            assert status < 500, way.name
        else:
            assert (status, code) in ((403, "forbidden"), (401, "not_signed_in")), way.name


def test_nobody_gets_through_any_door_that_is_not_public(service: Service) -> None:
    for way in ways(service.app):
        if way.name not in PUBLIC:
            assert _ask(service, way, headers={}) == (401, "not_signed_in"), way.name
            assert _ask(service, way, headers={"authorization": "Bearer bs_00000000_guess"})[0] == 401, way.name


def test_a_forbidden_door_is_remembered_with_the_permission_that_was_missing(service: Service) -> None:
    service.signed_in("anna", Role.ADMIN).get("/review")

    with service.database.reading() as session:
        events = session.connection().exec_driver_sql("SELECT detail FROM ledger WHERE act = 'act.forbidden'")
        assert [row[0] for row in events] == ['{"permission": "read"}']
