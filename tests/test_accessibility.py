"""Every page as its reader meets it in the playground.

axe-core finds nothing in either theme; Tab reaches everything, and shows where it is; nothing moves for who wants it
still; at 320 pixels (which is 1280 at 400 %) nothing must be scrolled sideways; no title says who or what it is about.
"""

import re
from dataclasses import dataclass

import pytest

from tests.accounts.test_every_route import ways
from tests.browsers import Person
from tests.playground import Served

pytestmark = pytest.mark.browser


BANDS = ("suspected", "uncertain")


@dataclass(frozen=True)
class Visit:
    """One page, and who looks at it. `case`: the last digits of a case's number; `band`: of a cell in it."""

    route: str
    who: str
    case: str = ""
    band: str | None = None
    query: str = ""

    def address(self, playground: Served) -> str:
        path = self.route.replace("{number}", "1")
        if "{case_id}" in path:
            path = path.replace("{case_id}", str(playground.case(self.case)))
        if "{screening_id}" in path:
            path = path.replace("{screening_id}", str(playground.screening(self.case, self.band)))
        if "{user_id}" in path:
            path = path.replace("{user_id}", str(playground.user("paula")))
        if "{model_id}" in path:
            path = path.replace("{model_id}", str(playground.model()))
        cells = {band: str(playground.screening(self.case, band)) for band in BANDS if band in self.query}
        return path + self.query.format(**cells)

    @property
    def name(self) -> str:
        words = [*re.findall(r"[a-z_-]+", self.route.replace("{screening_id}", "").replace("{case_id}", ""))]
        return "-".join([*(words or ["upload"]), *filter(None, (self.case, self.band, self.who))])


VISITS = (
    Visit("/sign-in", "nobody"),
    Visit("/setup", "nobody"),
    Visit("/reset", "nobody"),
    Visit("/", "paula"),
    Visit("/cases", "paula"),
    Visit("/cases/{case_id}", "paula", "001"),
    Visit("/cases/{case_id}", "paula", "002"),
    Visit("/cases/{case_id}", "paula", "008"),
    Visit("/cases/{case_id}", "paula", "009"),
    Visit("/cases/{case_id}", "selma", "001"),
    Visit("/cases/{case_id}/compare", "paula", "001", query="?cell={suspected}&cell={uncertain}"),
    Visit("/cases/{case_id}/manage", "paula", "001"),
    Visit("/cases/{case_id}/manage", "paula", "009"),
    Visit("/cases", "selma"),
    Visit("/screenings/{screening_id}", "paula", "001", "suspected"),
    Visit("/screenings/{screening_id}", "paula", "001", "uncertain"),
    Visit("/screenings/{screening_id}", "paula", "002", None),
    Visit("/screenings/{screening_id}", "rea", "001", "uncertain"),
    Visit("/cases/{case_id}/sign-off", "selma", "001"),
    Visit("/cases/{case_id}/sign-off", "selma", "004"),
    Visit("/cases/{case_id}/sign-off", "selma", "007"),
    Visit("/cases/{case_id}/report", "selma", "006"),
    Visit("/cases/{case_id}/report", "paula", "008"),
    Visit("/cases/{case_id}/versions/{number}", "selma", "006"),
    Visit("/reports/verify", "paula"),
    Visit("/sign-off", "selma"),
    Visit("/screenings/{screening_id}/explained", "paula", "001", "suspected", query="?show=heatmap"),
    Visit("/models/{model_id}", "paula"),
    Visit("/review", "rea"),
    Visit("/review/keys", "rea"),
    Visit("/review", "paula"),
    Visit("/review/figures", "rea"),
    Visit("/review/figures", "selma"),
    Visit("/review", "selma"),
    Visit("/review/{screening_id}", "rea", "001", "uncertain"),
    Visit("/review/{screening_id}", "rea", "003", "uncertain"),
    Visit("/review/{screening_id}", "selma", "003", "uncertain"),
    Visit("/model", "paula"),
    Visit("/account", "paula"),
    Visit("/audit", "selma", query="?before=20"),
    Visit("/admin/users", "selma"),
    Visit("/admin/users/{user_id}", "selma"),
    Visit("/admin/keys", "selma"),
    Visit("/admin/policy", "selma"),
    Visit("/docs", "paula"),
)
NO_PAGES = {
    "/account/alive",
    "/api/v1/model",
    "/api/v1/screenings",
    "/api/v1/screenings/{screening_id}",
    "/health/live",
    "/health/ready",
    "/cases/{case_id}/report.pdf",
    "/cases/{case_id}/sign-off/provider",
    "/cases/{case_id}/versions/{number}.json",
    "/cases/{case_id}/versions/{number}.pdf",
    "/metrics",
    "/openapi.json",
    "/reference-cells/{pixels_sha256}",
    "/review/next",
    "/screenings/{screening_id}/crop",
    "/screenings/{screening_id}/heatmap",
    "/screenings/{screening_id}/image",
    "/screenings/{screening_id}/thumbnail/{side}",
    "/sign-in/oidc",
    "/sign-in/oidc/back",
}
"""What answers something else than a page, or sends on to another host's."""
NOT_OURS = {"/docs": ["#swagger"]}
"""Parts of a page that others wrote; this one has a <main> of its own inside ours."""
IDENTIFIERS = re.compile(r"drawn-|[0-9a-f]{8}|\b(paula|rea|selma|otto)\b", re.IGNORECASE)


def test_every_page_is_visited(playground: Served) -> None:
    asked = {way.path for way in ways(playground.app) if way.method == "GET"}

    assert asked - NO_PAGES == {visit.route for visit in VISITS}, "give a new page a visit, in VISITS"


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.name)
def test_a_page_is_for_everybody(playground: Served, visit: Visit) -> None:
    person = playground.person(visit.who)
    person.page.goto(visit.address(playground))
    person.page.wait_for_load_state("networkidle")

    found = {}
    for scheme in ("light", "dark"):
        person.in_scheme(scheme)
        person.shot(f"{visit.name}-{scheme}")
        found[scheme] = person.violations(besides=NOT_OURS.get(visit.route, []))

    assert found == {"light": [], "dark": []}
    assert [told for told in person.complaints if "status of 40" not in told] == []
    if visit.route in NOT_OURS:
        return
    assert person.moving() == []
    assert person.unreachable() == []
    assert person.sideways() == 0
    title = person.page.title()
    assert title.endswith(" – Blastscreen")
    assert not IDENTIFIERS.search(title)


@pytest.mark.parametrize("route", ["/cases/{case_id}", "/screenings/{screening_id}", "/cases/{case_id}/report"])
def test_on_paper_there_is_nothing_to_press_and_no_time_that_was_true_only_then(playground: Served, route: str) -> None:
    page = playground.person("selma").page
    page.goto(Visit(route, "selma", "003", "uncertain").address(playground))
    page.emulate_media(media="print")

    pressed = "[...document.querySelectorAll('form, button, .button, input, select, textarea, .ago')]"
    left = page.evaluate(f"{pressed}.filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 90))")
    page.emulate_media(media="screen")

    assert left == []


def test_the_checks_find_what_they_look_for(browser) -> None:
    person = Person(browser, "http://127.0.0.1")

    person.page.set_content(
        """<!doctype html><html lang="en"><title>A page</title>
        <style>a:focus { outline: none } p { animation: spin 1s infinite; width: 500px }</style>
        <main><h1>A page</h1><p style="color: #bbb">Pale.</p><a href="/one">One</a>
        <button onfocus="this.blur()">Two</button></main></html>"""
    )

    assert [told.split(":")[0] for told in person.violations()] == ["color-contrast"]
    unreached, unseen = person.unreachable()
    assert "Two" in unreached
    assert unseen.startswith("unseen: ")
    assert "One" in unseen
    assert [told[:2] for told in person.moving()] == ["<p"]
    assert person.sideways() > 100
