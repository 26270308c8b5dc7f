"""Uploading without JavaScript: one form, everything at once, the table of what became of it."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.accounts.rules import Role
from app.audit.events import Act
from app.review import queries as reviews
from app.vision.drawn import Look
from tests.factories import Browser, Service, acts, cell, make_user, rows, verify
from tests.fakes import FakeClassifier
from tests.live import Changed
from tests.screening.zips import zipped


def case_of(browser: Browser) -> str:
    """The id of the unnamed case that the page last seen carries."""
    found = re.search(r'name="case_id" value="([0-9a-f-]{36})"', browser.page)
    assert found, browser.page
    return found.group(1)


def files(*images: bytes) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("image", (f"cell-{number}.png", image, "image/png")) for number, image in enumerate(images)]


def test_what_has_no_case_number_shares_one_unnamed_case(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)

    page = ursula.upload(cell(1), b"no image", cell(2))

    assert "2 screened, 1 could not be opened" in page.text
    assert rows(service.database)["cases"] == 1


def test_an_image_that_got_no_score_is_not_counted_as_screened(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)

    page = ursula.upload(cell(1), b"no image", cell(2, Look.BLANK), cell(3))
    again = ursula.upload(cell(4, Look.BLANK), cell(5, Look.BLANK))

    assert "<h1>2 screened, 1 not usable, 1 could not be opened</h1>" in page.text
    assert "<h1>0 screened, 2 not usable</h1>" in again.text


def test_a_form_sent_twice_makes_no_second_case_and_no_duplicates(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    ursula.get("/")
    form = {"csrf": ursula.token(), "case_id": case_of(ursula)}

    with ThreadPoolExecutor(2) as pool:
        double_click = [
            pool.submit(ursula.client.post, "/screenings", data=form, files=files(cell(1), cell(2))) for _ in range(2)
        ]
        told = [one.result().text for one in double_click]

    assert rows(service.database)["cases"] == 1
    assert rows(service.database)["screenings"] == 2
    assert all("2 screened" in text for text in told)
    assert sum(text.count("Already screened in this case") for text in told) == 2
    assert verify(service.database).intact


def test_two_tabs_that_upload_the_same_folder_make_no_duplicates(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    ursula.get("/")
    form = {"csrf": ursula.token(), "case": "S26-0001"}

    with ThreadPoolExecutor(2) as pool:
        tabs = [
            pool.submit(
                ursula.client.post,
                "/screenings",
                data={**form, "case_id": str(uuid4())},
                files=files(*[cell(seed) for seed in range(6)]),
            )
            for _ in range(2)
        ]
        assert [tab.result().status_code for tab in tabs] == [200, 200]

    assert rows(service.database)["screenings"] == 6
    assert rows(service.database)["cases"] == 1


def test_an_upload_without_a_number_can_be_gone_on_with(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    ursula.upload(cell(1), cell(2))

    again = ursula.get("/")
    href = re.search(r'href="(/\?case_id=[^"]+)"', again.text)
    assert href
    joined = ursula.get(href.group(1))
    page = ursula.submit("/screenings", {"case_id": case_of(ursula)}, files=files(cell(1), cell(2), cell(3)))

    assert "has 2 images" in again.text
    assert "joins the unnamed case" in joined.text
    assert "3 screened" in page.text
    assert "2 of them had been screened in this case before" in page.text
    assert rows(service.database)["cases"] == 1
    assert rows(service.database)["screenings"] == 3


def test_the_page_of_a_numbered_case_carries_its_number_and_the_ledger_knows_it(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    ursula.upload(cell(1), cell(2), case="S26-0001")
    case = re.search(r'href="(/cases/[^"]+)"', ursula.page)
    assert case
    more = re.search(r'href="(/\?case_id=[^"]+)"', ursula.get(case.group(1)).text)
    assert more

    page = ursula.get(more.group(1))

    assert 'value="S26-0001"' in page.text
    assert acts(service.database)[-1] == Act.CASES_SHOWN


def test_a_case_that_one_may_not_see_is_not_joined_by_its_id(service: Service) -> None:
    otto = service.signed_in("otto", Role.UPLOADER)
    otto.upload(cell(1), cell(2))
    theirs = otto.page.split('href="/cases/')[1].split('"')[0]
    ursula = service.signed_in("ursula", Role.UPLOADER)
    before = rows(service.database)

    page = ursula.submit("/screenings", {"case_id": theirs}, at="/", files=files(cell(3), cell(4)))

    assert page.status_code == 404
    assert "not yours to see" in page.text
    assert ursula.get(f"/?case_id={theirs}").status_code == 404
    assert rows(service.database) == before


def test_a_case_number_that_is_taken_is_said_once_and_what_was_typed_stays(service: Service) -> None:
    service.signed_in("otto", Role.UPLOADER).upload(cell(1), case="S26-0001")
    ursula = service.signed_in("ursula", Role.UPLOADER)

    page = ursula.upload(cell(2), cell(3), case="S26-0001")

    assert page.status_code == 409
    assert 'value="S26-0001"' in page.text
    assert page.text.count("This case number is taken") == 1


def test_one_file_that_is_no_image_is_said_so_on_the_page(service: Service) -> None:
    page = service.signed_in("ursula", Role.UPLOADER).upload(b"no image", case="S26-0001")

    assert page.status_code == 415
    assert 'role="alert"' in page.text
    assert 'value="S26-0001"' in page.text


def test_more_files_than_are_taken_are_refused_with_a_sentence_and_none_is_stored(changed: Changed) -> None:
    service = changed(upload_files=3)
    ursula = service.signed_in("ursula", Role.UPLOADER)

    page = ursula.upload(*[cell(1)] * 4)

    assert page.status_code == 422
    assert "At most 3 files at once" in page.text
    assert rows(service.database)["screenings"] == 0


def test_a_flood_of_files_is_given_up_before_it_is_over(changed: Changed) -> None:
    service = changed(upload_files=3)
    ursula = service.signed_in("ursula", Role.UPLOADER)

    assert "At most 3 files at once" in ursula.upload(*[b"x"] * 31).text


@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param(b"", 403, id="nothing, so no token either"),
        pytest.param(b"--y\r\nrubbish", 422, id="another boundary"),
        pytest.param(b'--x\r\nContent-Disposition: form-data; name="image"', 403, id="cut off before the token"),
    ],
)
def test_a_form_that_is_none_is_refused_with_a_sentence(service: Service, content: bytes, status: int) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    headers = {"content-type": "multipart/form-data; boundary=x", "accept": "text/html"}

    reply = ursula.client.post("/screenings", headers=headers, content=content)

    assert reply.status_code == status
    assert "Traceback" not in reply.text


def test_no_file_of_an_upload_has_a_name_in_the_spool(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)

    ursula.upload(cell(1) + b"\0" * 2_000_000, zipped({"cell.png": cell(2)}))

    assert list(service.settings.spool.iterdir()) == []


def test_a_hundred_files_take_one_file_descriptor(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    most = 0

    def look(*_asked: object) -> set[UUID]:
        nonlocal most
        most = max(most, len(list(Path("/proc/self/fd").iterdir())))
        return set()

    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(reviews, "hidden_from", look)
    page = ursula.upload(*[b"no image"] * 99, cell(1), cell(1))

    assert "2 screened, 99 could not be opened" in page.text
    assert 0 < most - before < 20


def test_names_are_shown_back_as_text_whatever_they_hold(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    names = ["<img src=x onerror=alert(1)>.png", "\u202egnp.exe", "🔬 cell.png", "a/b/../c.png"]
    sent = [("image", (name, cell(number), "image/png")) for number, name in enumerate(names)]

    page = ursula.submit("/screenings", at="/", files=sent)

    assert "4 screened" in page.text
    assert "<img src=x" not in page.text
    assert "<bdi><a" in page.text
    assert "🔬 cell.png" in page.text


def test_a_score_that_somebody_still_owes_a_blind_read_is_not_shown_to_them_again(
    service: Service, classifier: FakeClassifier
) -> None:
    """The same pixels, sent again by a reviewer, must not be a way to their score."""
    classifier.probability = classifier.unsure
    ursula = service.signed_in("ursula", Role.UPLOADER)
    ursula.upload(cell(1), cell(2), case="S26-0001")
    case = ursula.page.split('href="/cases/')[1].split('"')[0]
    rea = make_user(service.database, "rea", Role.UPLOADER, Role.REVIEWER)
    ursula.submit(f"/cases/{case}/share", {"colleague": str(rea.id)}, at=f"/cases/{case}")
    reader = service.browser()
    reader.submit("/sign-in", {"username": "rea", "password": "the moon over the marrow"}, at="/sign-in")

    page = reader.upload(cell(1), cell(2), case="S26-0001")

    assert page.text.count("For reading") == 2
    assert "56.25" not in page.text
    assert "Uncertain" not in page.text
    assert acts(service.database)[-1] != Act.RESULTS_SHOWN
