"""Attack: a name hidden in a file, or in its name, turns up where nobody asked for it. Polyglots among them."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from app.accounts.rules import Role, Scope
from app.vision.decode import Limits, decode
from tests.attacks.hiding import FILES, NAME
from tests.factories import LabSystem, Service, acts
from tests.fakes import FakeClassifier
from tests.live import Changed


def written_by(service: Service) -> bytes:
    """Every byte that the app keeps: database, its journal, image store, spool."""
    folder = service.settings.image_store.parent
    return b"".join(path.read_bytes() + path.name.encode() for path in sorted(folder.rglob("*")) if path.is_file())


def shows(content: bytes) -> bool:
    wanted = NAME.lower()
    return wanted.encode() in content.lower() or wanted.encode("utf-16-le") in content.lower()


def test_these_files_do_hide_the_name() -> None:
    compressed = {"a colour profile in a PNG"}

    assert {hiding for hiding, make in FILES.items() if not shows(make())} <= compressed


@pytest.mark.parametrize("hiding", FILES)
def test_a_name_hidden_in_a_file_is_gone_from_store_database_log_and_replies(
    changed: Changed, capfd: pytest.CaptureFixture[str], hiding: str
) -> None:
    service, sent = changed(log_level="debug"), FILES[hiding]()
    lab = service.lab("LIS", Scope.SCREEN, Scope.READ_ALL)
    reader = service.signed_in("aude", *Role)

    reply = lab.client.post(
        "/api/v1/screenings", headers=lab.headers, files={"image": (f"{NAME}.png", sent, "image/png")}
    )

    screening = reply.json()["id"]
    page = f"/screenings/{screening}"
    shown = [reader.get(path).content for path in (page, f"{page}/image", f"{page}/thumbnail/96", "/audit")]
    shown.append(lab.get("/api/v1/screenings").content)
    assert reply.status_code == 201, reply.text
    assert not shows(written_by(service))
    assert not any(shows(content) for content in shown)
    assert not shows(capfd.readouterr().err.encode())


@pytest.mark.parametrize("hiding", FILES)
def test_what_is_stored_of_a_polyglot_is_a_png_of_its_pixels_and_nothing_else(service: Service, hiding: str) -> None:
    sent = FILES[hiding]()
    service.lab().screen(sent)

    stored = next(service.settings.image_store.rglob("*.png")).read_bytes()

    kinds = _chunks(stored)
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}
    assert stored.endswith(b"IEND\xaeB`\x82")
    with Image.open(BytesIO(stored)) as image:
        assert image.info == {}
    assert (decode(stored, limits=Limits()) == decode(sent, limits=Limits())).all()


def _chunks(png: bytes) -> list[bytes]:
    kinds, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        kinds.append(png[at + 4 : at + 8])
        at += length + 12
    return kinds


def test_a_polyglot_is_served_as_an_image_that_no_browser_takes_for_a_page(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    result = browser.upload(FILES["a JPEG that is a web page too"]()).url.path

    reply = browser.get(f"{result}/image")

    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert b"<script" not in reply.content


def test_a_file_name_is_shown_once_to_its_sender_and_kept_nowhere(
    changed: Changed, capfd: pytest.CaptureFixture[str]
) -> None:
    service = changed(log_level="debug")
    browser = service.signed_in("ursula", Role.UPLOADER)
    browser.get("/")
    files = [("image", (f"{NAME}-{number}.png", b"no image", "image/png")) for number in (1, 2)]
    files.append(("image", (f"../{NAME}-3.jpg", FILES["a comment in a JPEG"](), "image/jpeg")))

    page = browser.submit("/screenings", {"case": ""}, files=files)

    assert page.status_code == 200
    assert f"{NAME}-1.png" in page.text
    assert not shows(written_by(service))
    assert not shows(capfd.readouterr().err.encode())


def test_a_case_number_stands_in_no_address_title_log_or_ledger(
    changed: Changed, capfd: pytest.CaptureFixture[str]
) -> None:
    service = changed(log_level="debug")
    lab = service.lab("LIS", Scope.SCREEN, Scope.READ_ALL)
    made = _screened(lab, case=f"S26-{NAME}", subject=f"P-{NAME}")
    browser = service.signed_in("ursula", *Role)

    found = browser.submit("/cases/find", {"number": f"S26-{NAME}"}, at="/cases")
    pages = [found, *(browser.get(path) for path in (f"/screenings/{made['id']}", "/cases", "/review"))]

    assert f"S26-{NAME}" in found.text
    for page in pages:
        assert NAME not in str(page.url)
        assert NAME not in page.text.partition("<title>")[2].partition("</title>")[0]
    assert not shows(browser.get("/audit").content)
    assert not shows(capfd.readouterr().err.encode())


def test_a_list_shows_the_end_of_a_number_and_the_case_all_of_it(service: Service) -> None:
    made = service.lab().screen(FILES["a comment in a JPEG"](), case="S26-48151623").json()
    browser = service.signed_in("ursula", Role.UPLOADER)

    listed, case = browser.get("/cases").text, browser.get(f"/cases/{made['case_id']}").text

    assert "…1623" in listed
    assert "48151623" not in listed
    assert "S26-48151623" in case


def test_who_reads_a_screening_but_may_not_see_its_case_is_not_told_its_number(
    service: Service, classifier: FakeClassifier
) -> None:
    classifier.probability = classifier.unsure
    owner = service.signed_in("ursula", Role.UPLOADER)
    result = owner.upload(FILES["a comment in a JPEG"](), case="S26-48151623").url.path
    reader = service.signed_in("rea", Role.REVIEWER)
    both = service.signed_in("otto", Role.REVIEWER, Role.UPLOADER)

    for browser in (reader, both):
        pages = [browser.get(path) for path in (result, "/review", result.replace("screenings", "review"))]
        assert [page.status_code for page in pages] == [200] * 3
        assert not any("1623" in page.text for page in pages)
        browser.submit(f"{result.replace('screenings', 'review')}/skip")  # so that the next reader may take it up
    assert "S26-48151623" in owner.get(result).text


def _screened(lab: LabSystem, **fields: str):
    return lab.screen(FILES["a comment in a JPEG"](), **fields).json()


def test_every_reply_that_shows_a_result_an_image_or_a_number_leaves_one_event(service: Service) -> None:
    lab = service.lab("LIS", Scope.SCREEN, Scope.READ_ALL)
    made = lab.screen(FILES["text in a PNG"](), case="S26-0001").json()
    browser = service.signed_in("ursula", Role.UPLOADER, Role.REVIEWER)
    screening, case = f"/screenings/{made['id']}", f"/cases/{made['case_id']}"

    def left(path: str, ask=browser.get) -> list[str]:
        before = len(acts(service.database))
        assert ask(path).status_code in {200, 404}
        return acts(service.database)[before:]

    assert left(screening) == ["results.shown"]
    assert left(f"{screening}/image") == ["image.shown"]
    assert left("/cases") == ["cases.shown"]
    assert left(case) == ["results.shown"]
    assert left("/cases/find", lambda path: browser.submit(path, {"number": "S99"})) == ["cases.shown"]
    assert left(f"/api/v1/screenings/{made['id']}", lab.get) == ["results.shown"]
    assert left("/api/v1/screenings", lab.get) == ["results.shown"]
    assert left("/model") == left("/account") == []


def test_the_spool_is_empty_once_an_upload_is_answered(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    large = FILES["bytes behind a BMP"]() + b"\0" * 2_000_000

    browser.upload(large, FILES["a comment in a JPEG"]())

    assert [path for path in Path(service.settings.spool).rglob("*") if path.is_file()] == []
