"""The policy is changed at a real browser, by keyboard, in both steps; each state of the page is for everybody."""

import pytest

from app.accounts.rules import Role
from app.policy import queries
from tests.browsers import Person
from tests.factories import Service, make_user

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False])
def test_an_administrator_sees_what_a_change_would_do_and_then_makes_it(
    service: Service, browser, address: str, scripts: bool
) -> None:
    make_user(service.database, "ada", Role.ADMIN)
    ada = Person(browser, address, scripts=scripts)
    ada.sign_in("ada")
    ada.page.get_by_role("link", name="Policy").click()
    hours = ada.page.get_by_label("Turnaround target")

    hours.fill("soon")
    hours.press("Enter")
    assert "Type a whole number" in ada.page.locator("#turnaround_hours-hint").inner_text()
    ada.shot(f"policy-fault-{scripts}")
    wrong = [fault for scheme in ("light", "dark") for fault in _violations(ada, scheme)] if scripts else []

    hours.fill("8")
    hours.press("Enter")
    assert "Turnaround target: 24 hours → 8 hours" in ada.page.get_by_role("status").inner_text()
    ada.shot(f"policy-preview-{scripts}")
    wrong += [fault for scheme in ("light", "dark") for fault in _violations(ada, scheme)] if scripts else []

    ada.page.get_by_role("button", name="Put into force as policy 1").press("Enter")
    ada.page.get_by_text("Policy 1 is in force").wait_for()
    with service.database.reading() as session:
        assert queries.current(session).turnaround_hours == 8
    assert wrong == []
    assert [told for told in ada.complaints if "422" not in told] == []


def _violations(person: Person, scheme: str) -> list[str]:
    person.in_scheme(scheme)
    return person.violations()
