"""What a report says of its cells: those whose low score clears nothing, and those of which a reader said otherwise."""

import re

from tests.factories import jpeg, set_policy
from tests.reports.conftest import Desk


def test_a_low_score_that_clears_nothing_is_marked_and_counted(desk: Desk) -> None:
    set_policy(desk.service.database, blind_first=False)
    path = desk.case(0.02, 0.9)
    desk.classifier.probability = 0.03
    lossy = desk.lab.screen(jpeg(9), case="S26-0001", subject="P-1").json()

    page = " ".join(desk.senior.get(f"{path}/report").text.split())

    assert "Cells whose low score clears nothing" in page
    assert "<strong>1</strong> × Compressed with loss" in page
    tiles = page.split("most telling")[-1]
    assert "3.00 % (unreliable)" in tiles
    assert "2.00 % (unreliable)" not in tiles
    assert lossy["band"] == "uncertain"
    assert desk.senior.get(f"{path}/report.pdf").content.startswith(b"%PDF-")


def test_a_report_without_such_cells_says_nothing_of_them(desk: Desk) -> None:
    page = desk.senior.get(f"{desk.case(0.02, 0.9)}/report").text

    assert "clears nothing" not in page
    assert "(unreliable)" not in page


def test_the_cells_of_which_a_reader_said_otherwise_than_the_model_are_shown_first(desk: Desk) -> None:
    path = desk.case(*(0.99 - place / 1000 for place in range(8)))
    missed = desk.send(0.001)["id"]
    desk.ask(missed)
    desk.read(missed, by=desk.senior, verdict="leukaemic_blast", note="nucleoli")
    desk.read(missed, by=desk.senior, verdict="leukaemic_blast", note="nucleoli")

    page = desk.senior.get(f"{path}/report").text

    shown = re.findall(r"/screenings/([0-9a-f-]{36})/thumbnail", page)
    assert len(shown) == 6
    assert shown[0] == missed
