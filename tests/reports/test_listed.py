"""What lists say of many cases is what each case says of itself: what its cells count as, and whether it is signed."""

import itertools
import re
from collections import Counter
from uuid import UUID

import pytest

from app.accounts.rules import Role
from app.gallery.queries import cells_of
from app.reports.listing_queries import UNUSABLE, count_by_call
from app.review.rules import Verdict
from tests.factories import Browser, cell, set_policy
from tests.reports.conftest import Desk


def line(desk: Desk, number: str, *, at: str = "/cases", by: Browser | None = None) -> str:
    page = (by or desk.senior).get(at).text
    parts: list[str] = page.split("<tr>")
    return next(part for part in parts if f"…{number}" in part)


def numbers(desk: Desk, at: str) -> list[str]:
    return re.findall(r"…(\d{4})<", desk.senior.get(at).text.split("<h2>")[0])


def test_a_blast_that_people_found_counts_as_suspected_in_every_list(either_desk: Desk) -> None:
    desk = either_desk
    rea = desk.service.signed_in("rea", Role.REVIEWER)
    overturned = desk.send(0.99, number="S26-0001")
    desk.ask(overturned["id"])
    desk.read(overturned["id"], by=rea, verdict="normal", note="small and round")
    desk.read(desk.send(desk.classifier.unsure, number="S26-0002")["id"], by=rea, verdict="leukaemic_blast")
    desk.case(0.01, number="S26-0003")

    assert numbers(desk, "/cases")[0] == "0002"
    assert numbers(desk, "/sign-off") == ["0002", "0001", "0003"]
    assert [counts(desk, number) for number in ("0001", "0002", "0003")] == [(0, 0, 1), (1, 0, 0), (0, 0, 1)]
    assert '<td class="number">1</td>\n              <td class="number">1</td>' in line(desk, "0002", at="/sign-off")


def counts(desk: Desk, number: str, *, by: Browser | None = None) -> tuple[int, ...]:
    """Suspected, uncertain, not suspected."""
    found = re.findall(r'<td class="number[^"]*">(\d+)</td>', line(desk, number, by=by))
    return tuple(int(one) for one in found[-4:-1])


def test_the_chips_of_the_gallery_say_that_they_are_the_models_bands(desk: Desk) -> None:
    path = desk.case(0.99)

    assert "The model’s bands, before any human read" in desk.senior.get(path).text


@pytest.mark.parametrize("needed", [1, 2])
def test_the_count_of_a_list_is_what_each_cell_counts_as_however_it_was_read(either_desk: Desk, needed: int) -> None:
    desk = either_desk
    if needed > 1:
        set_policy(desk.service.database, reads_uncertain=needed)
    rea, lars = (desk.service.signed_in(name, Role.REVIEWER) for name in ("rea", "lars"))
    path = desk.case(0.99, 0.01, desk.classifier.unsure)
    pairs = [*itertools.product(Verdict, Verdict)] if needed == 2 else [(one, one) for one in Verdict]
    for first, second in pairs:
        one = desk.send(desk.classifier.unsure)["id"]
        desk.read(one, by=rea, verdict=first, note="seen")
        if needed == 2:
            desk.read(one, by=lars, verdict=second, note="seen")
            if first is Verdict.NORMAL and second is Verdict.LEUKAEMIC_BLAST:
                desk.read(one, by=desk.senior, verdict=first, note="seen")

    case_id = UUID(path.rsplit("/", 1)[1])
    with desk.service.database.reading() as session:
        expected = Counter(one.called.value if one.called else UNUSABLE for one in cells_of(session, case_id))
        assert count_by_call(session, [case_id]) == {case_id: expected}
    assert {"suspected", "uncertain", "not_suspected", UNUSABLE} == expected.keys()


def test_an_image_that_was_screened_several_times_counts_once_in_lists_reports_and_on_the_check_of_a_paper(
    either_desk: Desk,
) -> None:
    desk = either_desk
    rea = desk.service.signed_in("rea", Role.REVIEWER)
    desk.classifier.probability = 0.99
    sent = [
        desk.lab.screen(cell(60), key=key, case="S26-0001", subject="P-1").json() for key in ("one", "two", "three")
    ]
    path = f"/cases/{sent[0]['case_id']}"
    assert len({one["id"] for one in sent}) == 3

    assert counts(desk, "0001") == (1, 0, 0)
    assert '<td class="number">1</td>\n              <td class="number">1</td>' in line(desk, "0001", at="/sign-off")
    assert [tile in desk.senior.get(f"{path}/report").text for tile in tiles(sent)] == [False, False, True]
    desk.ask(sent[1]["id"])
    assert counts(desk, "0001", by=desk.uploader) == (1, 0, 0), "the one that waits is not the one that counts"
    assert counts(desk, "0001") == (0, 0, 0), "and who has yet to read the image blind is told of neither"
    desk.read(sent[1]["id"], by=rea, verdict="normal", note="small and round")
    assert counts(desk, "0001") == (0, 0, 1)
    desk.ask(sent[2]["id"])
    assert counts(desk, "0001", by=desk.uploader) == (0, 0, 1)
    desk.read(sent[2]["id"], by=rea, verdict="leukaemic_blast")
    assert counts(desk, "0001") == (1, 0, 0)
    desk.sign(path)
    report = desk.senior.get(f"{path}/report").text
    assert [tile in report for tile in tiles(sent)] == [False, False, True]
    [printed] = re.findall(r'<code class="once">([0-9a-f]{64})</code>', report)
    checked = desk.senior.submit("/reports/verify", {"hash": printed}, at="/reports/verify").text
    assert re.search(r"<dt>Images</dt>\s*<dd>1</dd>", checked)


def test_a_screening_that_a_later_one_of_its_image_replaced_moves_its_case_nowhere(either_desk: Desk) -> None:
    desk = either_desk
    for key, probability in (("one", 0.99), ("two", 0.01)):
        desk.classifier.probability = probability
        desk.lab.screen(cell(60), key=key, case="S26-0001", subject="P-1")
    desk.case(0.01, number="S26-0002")

    assert [counts(desk, number) for number in ("0001", "0002")] == [(0, 0, 1), (0, 0, 1)]
    assert numbers(desk, "/cases") == ["0002", "0001"], "the newest first: none is suspected"
    assert numbers(desk, "/sign-off") == ["0001", "0002"], "the oldest first"


@pytest.mark.parametrize("blind", [True, False])
def test_a_suspected_case_comes_first_for_whom_it_is_not_hidden(either_desk: Desk, blind: bool) -> None:
    desk = either_desk
    set_policy(desk.service.database, reads_suspected=2, blind_first=blind)
    suspected = desk.send(0.99, number="S26-0001")
    desk.case(0.01, number="S26-0002")
    assert numbers(desk, "/cases") == (["0002", "0001"] if blind else ["0001", "0002"])

    desk.read(suspected["id"], by=desk.senior, verdict="leukaemic_blast")

    assert numbers(desk, "/cases") == ["0001", "0002"], "it waits for somebody else, and hides nothing from them"


def tiles(sent: list[dict[str, str]]) -> list[str]:
    return [f'src="/screenings/{one["id"]}/thumbnail/192"' for one in sent]


def test_a_signed_case_that_gained_a_cell_is_listed_so_and_first_and_as_not_signed(either_desk: Desk) -> None:
    desk = either_desk
    path = desk.case(0.99, number="S26-0001")
    desk.sign(path)
    desk.case(0.01, number="S26-0002")
    assert numbers(desk, "/cases?which=unsigned") == ["0002"]
    assert '<span class="badge good">Signed</span>' in line(desk, "0001")
    assert numbers(desk, "/cases") == ["0002", "0001"]

    desk.send(0.01, number="S26-0001")

    assert numbers(desk, "/cases?which=unsigned") == ["0001", "0002"]
    assert numbers(desk, "/cases") == ["0001", "0002"]
    for told in (line(desk, "0001"), desk.senior.get(path).text):
        assert '<span class="badge warn">Added to since it was signed</span>' in told
        assert '<span class="badge good">' not in told
    desk.sign(path)
    assert '<span class="badge good">Signed, amended</span>' in line(desk, "0001")
    assert "Added to" not in line(desk, "0001")
    assert numbers(desk, "/cases?which=unsigned") == ["0002"]


def test_a_case_in_which_a_read_is_asked_for_or_that_is_renamed_after_signing_is_not_signed_any_more(
    desk: Desk,
) -> None:
    asked = desk.send(0.99, number="S26-0001")
    renamed = desk.case(0.99, number="S26-0002")
    for path in (f"/cases/{asked['case_id']}", renamed):
        desk.sign(path)
    assert numbers(desk, "/cases?which=unsigned") == []

    desk.ask(asked["id"])
    desk.senior.submit(f"{renamed}/correct", {"accession": "S26-0009", "subject": "P-1"}, at=f"{renamed}/manage")

    assert sorted(numbers(desk, "/cases?which=unsigned")) == ["0001", "0009"]
    assert "Added to since it was signed" in line(desk, "0001")
    assert "Corrected since it was signed" in line(desk, "0009")


def test_a_case_without_a_number_is_not_signed_until_it_has_one(desk: Desk) -> None:
    desk.classifier.probability = 0.99
    told = desk.lab.screen(cell(1)).json()
    path = f"/cases/{told['case_id']}"

    page = desk.senior.get(f"{path}/sign-off").text
    assert "The case has no number. Give it one under Manage first." in page
    assert 'name="password"' not in page
    assert desk.sign(path, at="/account", meaning="reviewed", seen="0" * 64).status_code == 409
    for place in ("/cases", path):
        assert '<span class="badge warn">Needs a case number</span>' in desk.senior.get(place).text

    desk.senior.submit(f"{path}/correct", {"accession": "S26-0005", "subject": ""}, at=f"{path}/manage")

    assert "Ready to sign" in desk.senior.get(path).text
    assert desk.sign(path).status_code == 200
