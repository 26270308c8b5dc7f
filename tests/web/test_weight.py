"""Pages are light: the first one weighs less than 100 kB without its images."""

import re

import pytest

from app.accounts.rules import Role
from tests.browsers import Person
from tests.factories import Service, cell, make_user

MOST = 100_000
WEIGHTS = """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter((one) => one.initiatorType !== "img").map((one) => one.decodedBodySize)"""
LOADS = re.compile(r'<(?:link rel="stylesheet" href|script src)="([^"]+)"')


@pytest.mark.parametrize("path", ["/", "/sign-in", "/cases", "/review"])
def test_a_page_with_all_that_it_loads_is_light(service: Service, path: str) -> None:
    somebody = service.signed_in("ursula", Role.UPLOADER, Role.REVIEWER)

    page = somebody.get(path)
    loaded = {address: somebody.client.get(address) for address in LOADS.findall(page.text)}

    assert {reply.status_code for reply in loaded.values()} == {200}
    assert len(page.content) + sum(len(reply.content) for reply in loaded.values()) < MOST


@pytest.mark.browser
def test_what_the_first_page_really_loads_is_light(service: Service, address: str, browser) -> None:
    make_user(service.database, "ursula", Role.UPLOADER)
    ursula = Person(browser, address)
    ursula.sign_in("ursula")

    ursula.page.goto("/")
    ursula.page.wait_for_load_state("networkidle")

    weights = ursula.page.evaluate(WEIGHTS)
    assert len(weights) > 1
    assert sum(weights) < MOST


def test_a_thumbnail_is_no_larger_than_it_is_shown(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    ursula.upload(cell(1), case="S26-0001")

    whole = ursula.get(re.search(r'(?:src|href)="(/screenings/[^"]+/image)"', ursula.page).group(1))  # type: ignore[union-attr]
    small = ursula.get(whole.request.url.path.replace("/image", "/thumbnail/192"))

    assert small.content[16:24] == (192).to_bytes(4) * 2
    assert len(small.content) < len(whole.content) / 2
