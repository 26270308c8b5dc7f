"""People at real browsers: what they do, what goes wrong for them, and how their pages look and read."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.schema import ROOT
from tests.factories import PASSWORD
from tests.live import Live

SHOTS = ROOT / "var" / "screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
AXE: dict[str, Any] = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""All of axe-core's rules, and the one of WCAG 2.2 that it leaves out unless asked."""
NARROW = {"width": 320, "height": 800}
WIDE = {"width": 1280, "height": 800}

NAMED = """const named = (one) => {
  const every = [...document.querySelectorAll("*")];
  const group = one.type === "radio" ? one.form.elements.namedItem(one.name) : null;
  one = group instanceof RadioNodeList ? group[0] : one;
  return every.indexOf(one) + " " + one.outerHTML.slice(0, 160);
};"""
FROM_THE_TOP = """() => {
  const top = document.createElement("span");
  top.tabIndex = -1;
  document.body.prepend(top);
  top.focus();
  top.remove();
}"""
STOPS = f"""() => {{ {NAMED}
  const stops = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const met = (one) => one.checkVisibility() && !one.disabled && one.tabIndex >= 0;
  return [...document.querySelectorAll(stops)].filter(met).map(named);
}}"""
STOP = f"""() => {{ {NAMED}
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  return [named(one), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
}}"""
"""Every stop of the Tab key (a group of radio buttons is one), and the one it is at: its name, and whether it shows."""


@pytest.fixture(scope="session")
def launched(chromium: str) -> Iterator[Any]:
    """One Chromium for the whole session."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def browser(launched: Any) -> Iterator[Any]:
    """The browser, with nothing left open of this test; what a file of tests keeps open stays so."""
    before = list(launched.contexts)
    yield launched
    for context in launched.contexts:
        if context not in before:
            context.close()


@pytest.fixture
def address(live: Live) -> str:
    """The service on a free port of this machine."""
    return live.address


class Person:
    """Somebody at a browser of their own; notes what went wrong in it and what it asked of other hosts."""

    def __init__(self, browser, address: str, *, scripts: bool = True, dark: bool = False) -> None:
        self.scripts, self.scheme = scripts, "dark" if dark else "light"
        self.context = browser.new_context(
            base_url=address,
            java_script_enabled=scripts,
            color_scheme=self.scheme,
            viewport=WIDE,
            reduced_motion="reduce",
        )
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda told: self.complaints.append(told.text) if told.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "request",
            lambda asked: None if asked.url.startswith((address, "data:")) else self.complaints.append(asked.url),
        )

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        self.page.goto("/sign-in")
        self.fill_in(username, password)

    def fill_in(self, username: str, password: str = PASSWORD) -> None:
        """The form to sign in by, where that is the page."""
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def drop(self, file: Path, *, on: str) -> None:
        """What the browser does when a file is let go over a field."""
        box = self.page.get_by_label(on).bounding_box()
        assert box
        session = self.context.new_cdp_session(self.page)
        point = {"x": box["x"] + box["width"] - 20, "y": box["y"] + box["height"] - 20}
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": kind, **point, "data": data})

    def shot(self, name: str) -> None:
        """Keep how the page looks now, to be looked at."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    def look(self, name: str) -> None:
        """Keep how the page looks, and where scripts run let axe-core look at it too."""
        self.page.wait_for_load_state("networkidle")
        self.shot(name if self.scripts else f"{name}-without-scripts")
        if self.scripts:
            assert self.violations() == []

    def in_scheme(self, scheme: str) -> None:
        self.page.emulate_media(color_scheme=scheme)

    def violations(self, *, besides: Sequence[str] = ()) -> list[str]:
        """What axe-core finds wrong with the page as it is: rule, place and reason of each. `besides`: selectors."""
        from axe_playwright_python.sync_playwright import Axe

        context = {"exclude": [[one] for one in besides]} if besides else None
        rules = {**AXE["rules"], "landmark-no-duplicate-main": {"enabled": not besides}}
        found = Axe().run(self.page, context, {**AXE, "rules": rules}).response["violations"]
        return [
            f"{rule['id']}: {node['html'][:160]}: {node['failureSummary']}" for rule in found for node in rule["nodes"]
        ]

    def unreachable(self) -> list[str]:
        """What the keyboard should reach and does not, going through the page by Tab once, or reaches unseen."""
        self.page.evaluate(FROM_THE_TOP)
        expected = set(self.page.evaluate(STOPS))
        reached: dict[str, bool] = {}
        self.page.keyboard.press("Tab")
        while (stop := self.page.evaluate(STOP)) and stop[0] not in reached:
            reached[stop[0]] = stop[1]
            self.page.keyboard.press("Tab")
        return [*sorted(expected - reached.keys()), *(f"unseen: {name}" for name, seen in reached.items() if not seen)]

    def moving(self) -> list[str]:
        """What still moves for somebody who has asked for less motion."""
        moves = "one => [one, getComputedStyle(one)]"
        still = "([_, style]) => parseFloat(style.transitionDuration) || style.animationName !== 'none'"
        told = f"[...document.querySelectorAll('body *')].map({moves}).filter({still}).map(([one]) => one.outerHTML)"
        return list(self.page.evaluate(told))

    def sideways(self) -> int:
        """By how many CSS pixels the page must be scrolled sideways where it is as narrow as WCAG's reflow asks."""
        self.page.set_viewport_size(NARROW)
        over = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        self.page.set_viewport_size(WIDE)
        return int(over)
