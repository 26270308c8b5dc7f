"""Times are told in the site's zone, with the hour that it had then, and how long ago."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import app
from app.accounts.rules import Role
from app.web import times
from tests.factories import Service
from tests.live import Changed

BERLIN = ZoneInfo("Europe/Berlin")


def test_summer_and_winter_have_their_own_hour() -> None:
    assert times.absolute(datetime(2026, 7, 1, 12, 0, tzinfo=UTC), zone=BERLIN) == "2026-07-01 14:00 CEST"
    assert times.absolute(datetime(2026, 12, 1, 12, 0, tzinfo=UTC), zone=BERLIN) == "2026-12-01 13:00 CET"


def test_the_hour_that_clocks_show_twice_is_told_apart() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert times.absolute(first, zone=BERLIN) == "2026-10-25 02:30 CEST"
    assert times.absolute(first + timedelta(hours=1), zone=BERLIN) == "2026-10-25 02:30 CET"


def test_the_hour_that_clocks_skip_is_never_shown() -> None:
    before = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)

    assert times.absolute(before, zone=BERLIN) == "2026-03-29 01:59 CET"
    assert times.absolute(before + timedelta(minutes=1), zone=BERLIN) == "2026-03-29 03:00 CEST"


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Asia/Kolkata", "2026-01-01 05:00:07 IST"),
        ("America/Sao_Paulo", "2025-12-31 20:30:07 UTC-03"),
        ("Asia/Kathmandu", "2026-01-01 05:15:07 UTC+0545"),
        ("UTC", "2025-12-31 23:30:07 UTC"),
    ],
)
def test_a_zone_without_letters_is_told_by_its_distance_from_utc(zone: str, told: str) -> None:
    assert times.exact(datetime(2025, 12, 31, 23, 30, 7, tzinfo=UTC), zone=ZoneInfo(zone)) == told


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=13), "1 week ago"),
        (timedelta(days=364), "12 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(seconds=-5), "in a moment"),
        (timedelta(hours=-5), "in 5 hours"),
    ],
)
def test_how_long_ago_is_told_in_whole_steps(passed: timedelta, told: str) -> None:
    now = datetime(2026, 10, 25, 12, 0, tzinfo=UTC)

    assert times.ago(now - passed, now=now) == told


def test_pages_show_the_sites_zone_and_give_machines_utc(changed: Changed) -> None:
    service: Service = changed(time_zone="Asia/Kolkata")

    page = service.signed_in("ursula", Role.UPLOADER).get("/account").text

    assert "Times are in Asia/Kolkata." in page
    assert ' IST <span class="ago">just now</span></time>' in page
    assert '<time datetime="20' in page


def test_no_page_tells_a_time_in_another_way() -> None:
    sources = list(Path(app.__file__).parent.rglob("*.py"))

    assert [path.name for path in sources if "strftime" in path.read_text("utf-8")] == ["times.py"]
