"""Ten thousand cells waiting: the queue and the next cell to read come at once all the same."""

import pytest

from app.accounts.rules import Role
from tests.cases.many import Made, case_with, known
from tests.cases.test_ten_thousand_cells import asked
from tests.factories import Service

MANY = 10_000


@pytest.mark.slow
def test_a_long_queue_is_quick_and_asks_no_more_than_a_short_one(service: Service) -> None:
    service.signed_in("ursula", Role.UPLOADER)
    reader = service.signed_in("rea", Role.REVIEWER)
    ursula = known(service, "ursula")
    case_with(service.database, ursula, [Made(0.5, flagged=True)] * 60)
    short, _ = asked(service, reader, "/review")

    _, ids = case_with(service.database, ursula, [Made(place % 1000 / 1000, flagged=True) for place in range(MANY)])

    statements, seconds = asked(service, reader, "/review")
    _, to_read = asked(service, reader, f"/review/{ids[0]}")
    assert statements <= short + 2
    assert seconds < 1
    assert to_read < 1
