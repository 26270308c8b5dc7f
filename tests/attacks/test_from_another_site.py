"""Attacks by a page of another origin, opened in the browser of somebody who is signed in (CSRF, framing, reading).

The trap is on another port of the same machine: another origin, but the same site, so that cookies do travel with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app.accounts.rules import Role
from tests.browsers import Person
from tests.factories import Service, cell, make_user, rows
from tests.live import listening

pytestmark = pytest.mark.browser


@dataclass
class Trap:
    """A page of somebody else; `page` is what it shows."""

    page: str = ""
    address: str = field(default="", init=False)

    def show(self, _request: Request) -> Response:
        return HTMLResponse(f"<!doctype html>{self.page}")


@pytest.fixture
def trap() -> Iterator[Trap]:
    trap = Trap()
    with listening(Starlette(routes=[Route("/", trap.show)])) as live:
        trap.address = live.address
        yield trap


@pytest.fixture
def ursula(service: Service, address: str, browser) -> Person:
    """Signed in, with every role: what stops the trap is not a missing permission."""
    make_user(service.database, "ursula", *Role)
    person = Person(browser, address)
    person.sign_in("ursula")
    return person


FORMS = ("/sign-out", "/cases/find", "/screenings", "/sign-in")


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("token", ["none", "leaked"])
def test_csrf_a_form_of_another_origin_does_nothing_even_with_the_right_token(
    service: Service, address: str, ursula: Person, trap: Trap, path: str, token: str
) -> None:
    leaked = ursula.page.locator("input[name=csrf]").first.get_attribute("value") if token == "leaked" else ""
    trap.page = (
        f'<form method="post" action="{address}{path}"><input name="csrf" value="{leaked}">'
        '<input name="number" value="S26-0001"><button>Win a prize</button></form>'
    )
    before = rows(service.database)

    ursula.page.goto(trap.address)
    with ursula.page.expect_response(f"{address}{path}") as answered:
        ursula.page.get_by_role("button").click()

    assert answered.value.status == 403
    assert "cookie" in answered.value.request.all_headers(), "or nothing was attacked"
    assert rows(service.database) == before
    ursula.page.goto(f"{address}/account")
    assert ursula.page.get_by_role("heading", name="Your account").is_visible()


def test_csrf_a_script_of_another_origin_can_neither_send_nor_read(
    service: Service, address: str, ursula: Person, trap: Trap
) -> None:
    service.lab().screen(cell(1), case="S26-0001")
    before = rows(service.database)

    ursula.page.goto(trap.address)
    told = ursula.page.evaluate(
        """async (address) => {
            const ask = (path, how) => fetch(address + path, {credentials: "include", ...how})
                .then((reply) => reply.text(), (error) => error.name);
            return [
                await ask("/cases", {}),
                await ask("/sign-out", {method: "POST", body: new URLSearchParams({csrf: "x"})}),
                await ask("/sign-out", {method: "POST", headers: {"X-CSRF-Token": "x"}}),
                await ask("/api/v1/screenings", {method: "POST", headers: {"Authorization": "Bearer x"}}),
            ];
        }""",
        address,
    )

    assert told == ["TypeError"] * 4
    after = rows(service.database)
    assert {name for name in after if after[name] != before[name]} <= {
        "ledger"
    }  # she was shown the cases; the trap was not


def test_clickjacking_another_origin_cannot_frame_our_pages(address: str, ursula: Person, trap: Trap) -> None:
    trap.page = f'<iframe src="{address}/account" width="800" height="600"></iframe>'

    ursula.page.goto(trap.address)
    ursula.page.wait_for_load_state("networkidle")

    framed = ursula.page.frames[1]
    assert "Your account" not in framed.content()


def test_another_origin_cannot_show_our_images(service: Service, address: str, ursula: Person, trap: Trap) -> None:
    screening = service.lab().screen(cell(1)).json()["id"]
    trap.page = f'<img src="{address}/screenings/{screening}/image">'

    ursula.page.goto(trap.address)
    ursula.page.wait_for_load_state("networkidle")

    assert ursula.page.locator("img").evaluate("image => image.naturalWidth") == 0
