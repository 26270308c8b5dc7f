"""What the upload page's script asks for: rows, one by one, as soon as each image is safe."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from app.accounts.rules import Role, Scope
from app.audit.events import Act
from tests.factories import Browser, Service, acts, cell, rows, verify
from tests.screening.zips import zipped


def lines(browser: Browser, *images: bytes, case: str = "", case_id: str = "", name: str = "cell.png"):
    browser.get("/")
    return sent(browser, *images, csrf=browser.token(), case=case, case_id=case_id, name=name)


def sent(browser: Browser, *images: bytes, name: str = "cell.png", **fields: str):
    files = [("image", (name, image, "image/png")) for image in images]
    reply = browser.client.post("/screenings/rows", data=fields, files=files)
    if reply.status_code != 200:
        return reply.json()
    return [json.loads(line) for line in reply.text.splitlines()]


def test_each_image_is_a_line_and_the_last_line_says_that_it_is_the_last(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)

    good, bad, end = lines(ursula, cell(1), b"no image")

    assert good["new"]
    assert good["band"] == "suspected"
    assert f'href="/screenings/{good["id"]}"' in good["row"]
    assert "97.00" in good["row"]
    assert (bad["id"], bad["band"]) == (None, "rejected")
    assert "Could not be opened" in bad["row"]
    assert end == {"end": True}


def test_where_nothing_can_be_stored_that_is_said_and_the_rest_is_not_tried(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    shutil.rmtree(service.instrument.store.folder / "staging")

    stop, end = lines(ursula, cell(1), cell(2))
    page = ursula.upload(cell(1))
    told = service.lab("LIS", Scope.SCREEN).screen(cell(1))

    assert "could not be written to disk" in stop["stop"]
    assert end == {"end": True}
    assert (page.status_code, told.status_code) == (503, 503)
    assert "could not be written to disk" in page.text
    assert told.json()["code"] == "storage_unavailable"
    assert told.headers["retry-after"]
    assert Act.CELL_SCREENED not in acts(service.database)


def test_every_result_that_a_row_shows_is_in_the_ledger_as_shown(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)

    lines(ursula, cell(1), cell(2))

    told = acts(service.database)
    assert told[-5:] == [Act.CASE_OPENED, Act.CELL_SCREENED, Act.RESULTS_SHOWN, Act.CELL_SCREENED, Act.RESULTS_SHOWN]
    assert verify(service.database).intact


def test_requests_of_one_page_at_once_share_one_case(either_service: Service) -> None:
    ursula = either_service.signed_in("ursula", Role.UPLOADER)
    ursula.get("/")
    fields = {"csrf": ursula.token(), "case_id": str(uuid4())}

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda seed: sent(ursula, cell(seed), **fields), range(12)))

    assert {line[0]["case_id"] for line in told} == {fields["case_id"]}
    assert rows(either_service.database)["cases"] == 1
    assert rows(either_service.database)["screenings"] == 12


def test_the_same_again_is_told_and_stored_once(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    case_id = str(uuid4())
    first, _ = lines(ursula, cell(1), case_id=case_id)

    again, _ = lines(ursula, cell(1), case_id=case_id)

    assert (first["new"], again["new"]) == (True, False)
    assert again["id"] == first["id"]
    assert "Already screened in this case" in again["row"]


def test_a_line_says_which_file_it_is_of_and_an_archive_how_far_it_is(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)

    *told, end = lines(ursula, cell(9), zipped({f"{seed}.png": cell(seed) for seed in range(4)}))

    assert [line["file"] for line in told] == [0, 1, 1, 1, 1]
    assert [line["done"] for line in told] == [1.0, 0.25, 0.5, 0.75, 1.0]
    assert end == {"end": True}


def test_a_case_that_is_not_theirs_stops_the_batch_with_one_sentence(service: Service) -> None:
    service.signed_in("otto", Role.UPLOADER).upload(cell(1), case="S26-0001")
    ursula = service.signed_in("ursula", Role.UPLOADER)
    before = rows(service.database)

    told = lines(ursula, cell(2), cell(3), case="S26-0001")

    assert len(told) == 2
    assert "taken" in told[0]["stop"]
    assert rows(service.database) == before


def test_a_case_number_that_is_none_is_refused_before_anything_is_read(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)

    assert lines(ursula, cell(1), case="<b>")["code"] == "case_unusable"


def test_it_takes_the_token_of_the_session_and_a_session(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)

    assert sent(ursula, cell(1), csrf="f" * 64)["code"] == "csrf_failed"
    ursula.client.cookies.clear()
    assert sent(ursula, cell(1), csrf="f" * 64)["code"] == "not_signed_in"
    assert rows(service.database)["screenings"] == 0
