"""Rubbish from outside: each gets a 4xx with a code and a way out, nothing is stored, and the next request works."""

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from PIL import Image

from app.accounts.rules import Role
from app.audit.events import Act
from app.screening.schemas import CODES
from tests.factories import LabSystem, Service, acts, cell, rows


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def huge_png() -> bytes:
    """30,000 x 30,000 pixels in some 100 bytes of header and as little data."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 20_000_000)[:20_000]
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def animated_gif() -> bytes:
    frames = [Image.new("P", (40, 40), colour) for colour in range(3)]
    buffer = BytesIO()
    frames[0].save(buffer, format="GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def truncated_bmp() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (200, 200), "purple").save(buffer, format="BMP")
    return buffer.getvalue()[:5000]


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
IMAGES: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "a text file named .png": (lambda: b"patient Smith, born 1.1.2020", 415, "image_format_unsupported"),
    "an empty file": (lambda: b"", 422, "image_empty"),
    "a truncated BMP": (truncated_bmp, 422, "image_truncated"),
    "a PNG of 30,000 x 30,000 pixels": (huge_png, 422, "image_too_many_pixels"),
    "an animated GIF": (animated_gif, 415, "image_format_unsupported"),
    "an SVG inside .png": (lambda: SVG, 415, "image_format_unsupported"),
    "a file over 16 MiB": (lambda: cell(1) + b"\0" * (16 * 1024 * 1024), 413, "image_too_large"),
}


@pytest.fixture
def lab(service: Service) -> LabSystem:
    return service.lab()


@pytest.fixture
def nothing_stored(service: Service, lab: LabSystem) -> Iterator[None]:
    """Holds the rows and files of before and after equal, and the service willing."""
    before = rows(service.database)
    yield
    assert rows(service.database) == before
    assert list(service.settings.image_store.rglob("*.png")) == []
    assert lab.screen(cell(99)).status_code == 201


def assert_problem(reply, status: int, code: str) -> None:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    told = reply.json()
    assert told["code"] == code
    assert code in CODES[status], "OpenAPI names it"
    assert told["status"] == status
    assert told["request_id"] == reply.headers["x-request-id"]
    assert len(told["detail"]) > 20
    assert "Traceback" not in reply.text
    assert "/app/" not in reply.text


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.usefixtures("nothing_stored")
def test_what_is_no_image_leaves_no_trace(lab: LabSystem, name: str) -> None:
    make, status, code = IMAGES[name]

    assert_problem(lab.screen(make()), status, code)


@pytest.mark.parametrize("name", IMAGES)
def test_the_upload_page_says_so_and_keeps_the_case_number(service: Service, name: str) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    before = rows(service.database)

    make, status, _ = IMAGES[name]
    page = browser.upload(make(), case="S26-0001")

    assert page.status_code == status
    assert 'role="alert"' in page.text
    assert 'value="S26-0001"' in page.text
    assert rows(service.database) == before


@pytest.mark.usefixtures("nothing_stored")
def test_a_request_without_a_file_is_told_so(lab: LabSystem, service: Service) -> None:
    nothing = lab.client.post("/api/v1/screenings", headers=lab.headers)
    text = lab.client.post("/api/v1/screenings", headers=lab.headers, data={"image": "cell.png"})
    json = lab.client.post("/api/v1/screenings", headers=lab.headers, json={"image": "cell.png"})

    as_text = lab.client.post("/api/v1/screenings", headers=lab.headers, files={"image": (None, "cell.png")})
    other = lab.client.post("/api/v1/screenings", headers=lab.headers, files={"case": (None, "S26-0001")})

    for reply in (nothing, text, json):
        assert_problem(reply, 415, "content_type_unsupported")
    for reply in (as_text, other):
        assert_problem(reply, 422, "image_missing")
    assert "has a filename" in as_text.json()["detail"]


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("field", ["case", "subject"])
@pytest.mark.parametrize("blank", ["", "   "])
def test_a_blank_number_is_no_missing_one(lab: LabSystem, field: str, blank: str) -> None:
    reply = lab.client.post("/api/v1/screenings", headers=lab.headers, files={"image": cell(1), field: (None, blank)})

    assert_problem(reply, 422, "field_unreadable")
    assert f"{field!r} is empty" in reply.json()["detail"]


@pytest.mark.usefixtures("nothing_stored")
def test_a_request_with_two_files_is_told_so(lab: LabSystem) -> None:
    files = [("image", ("a.png", cell(1), "image/png")), ("image", ("b.png", cell(2), "image/png"))]

    assert_problem(lab.client.post("/api/v1/screenings", headers=lab.headers, files=files), 422, "image_several")


@pytest.mark.usefixtures("nothing_stored")
def test_a_misspelt_field_is_not_lost_in_silence(lab: LabSystem) -> None:
    assert_problem(lab.screen(cell(1), cases="S26-0001"), 422, "field_unknown")


@pytest.mark.parametrize(
    "number", ["<script>alert(1)</script>", "../../etc/passwd", "9" * 10_000, "a\0b", "a\nb", "=cmd()", "'; DROP--"]
)
@pytest.mark.usefixtures("nothing_stored")
def test_a_case_number_that_could_do_harm_is_refused(lab: LabSystem, number: str) -> None:
    reply = lab.screen(cell(1), case=number)

    assert_problem(reply, 422, "case_unusable")
    assert number not in reply.text


@pytest.mark.usefixtures("nothing_stored")
def test_a_subject_that_could_do_harm_is_refused(lab: LabSystem) -> None:
    assert_problem(lab.screen(cell(1), subject="<b>"), 422, "subject_unusable")


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
@pytest.mark.parametrize(
    "address",
    [
        "/audit?before={}",
        "/cases?page={}",
        "/cases/00000000-0000-4000-8000-000000000007/versions/{}",
        "/review/figures?days={}",
        "/screenings/00000000-0000-4000-8000-000000000007/thumbnail/{}",
    ],
)
def test_a_number_that_no_database_keeps_is_no_surprise(service: Service, address: str, number: int) -> None:
    somebody = service.signed_in("sena", Role.SENIOR, Role.AUDITOR)

    assert somebody.get(address.format(number)).status_code < 500


@pytest.mark.usefixtures("nothing_stored")
def test_a_form_that_is_no_form_is_refused(lab: LabSystem) -> None:
    headers = {**lab.headers, "content-type": "multipart/form-data; boundary=x"}

    reply = lab.client.post("/api/v1/screenings", headers=headers, content=b"--y\r\nrubbish")

    assert 400 <= reply.status_code < 500
    assert reply.json()["code"] in {"bad_request", "image_missing"}


PART = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
IMAGE_PART = PART % (b"image", b'; filename="cell.png"', cell(1))
CASE_PART = PART % (b"case", b"", b"S26-0001")


@pytest.mark.parametrize(
    "cut", [IMAGE_PART + b"--x\r\n", IMAGE_PART + CASE_PART[:-6], IMAGE_PART + CASE_PART, IMAGE_PART]
)
@pytest.mark.usefixtures("nothing_stored")
def test_a_body_that_lost_its_end_is_not_taken_for_an_image_without_a_case(lab: LabSystem, cut: bytes) -> None:
    headers = {**lab.headers, "content-type": "multipart/form-data; boundary=x"}

    reply = lab.client.post("/api/v1/screenings", headers=headers, content=cut)

    assert_problem(reply, 400, "bad_request")
    assert "closing boundary" in reply.json()["detail"]


@pytest.mark.usefixtures("nothing_stored")
def test_an_image_without_a_filename_is_told_that_it_needs_one(lab: LabSystem) -> None:
    reply = lab.client.post("/api/v1/screenings", headers=lab.headers, files={"image": (None, b"\0" * 20_000)})

    assert_problem(reply, 400, "bad_request")
    assert "filename for the image" in reply.json()["detail"]


@pytest.mark.usefixtures("nothing_stored")
def test_a_text_beside_the_image_under_its_name_is_not_lost_in_silence(lab: LabSystem) -> None:
    headers = {**lab.headers, "content-type": "multipart/form-data; boundary=x"}
    both = IMAGE_PART + PART % (b"image", b"", b"b.png") + b"--x--\r\n"

    assert_problem(lab.client.post("/api/v1/screenings", headers=headers, content=both), 422, "image_several")


def test_an_upload_that_lost_its_end_is_not_stored(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    browser.get("/")
    before = rows(service.database)
    token = PART % (b"csrf", b"", browser.token().encode())
    headers = {"accept": "text/html", "content-type": "multipart/form-data; boundary=x"}

    cut = browser.client.post("/screenings", headers=headers, content=token + IMAGE_PART + b"--x\r\n")
    whole = browser.client.post("/screenings", headers=headers, content=token + IMAGE_PART + b"--x--\r\n")

    assert cut.status_code == 422
    assert "cannot be read as a form" in cut.text
    assert whole.status_code == 200
    assert rows(service.database)["screenings"] == before["screenings"] + 1


def test_a_wrong_key_is_refused_and_remembered(service: Service, lab: LabSystem) -> None:
    for wrong in ("bs_00000000_nothing", "bs_", "rubbish", lab.key + "x", lab.key[:-1]):
        headers = {"authorization": f"Bearer {wrong}"}
        reply = lab.client.post("/api/v1/screenings", headers=headers, files={"image": cell(1)})
        assert_problem(reply, 401, "key_refused")
        assert wrong not in reply.text

    assert acts(service.database).count(Act.KEY_REFUSED) == 5
    assert rows(service.database)["screenings"] == 0


@pytest.mark.usefixtures("nothing_stored")
def test_no_key_at_all_is_told_which_header_to_send(lab: LabSystem) -> None:
    reply = lab.client.post("/api/v1/screenings", files={"image": cell(1)})

    assert_problem(reply, 401, "not_signed_in")
    assert "Authorization: Bearer" in reply.json()["detail"]


def _chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65536 + 1):
        yield b"\0" * 65536


MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/api/v1/screenings", 18 * MIB),
        ("/sign-in", MIB),
        ("/health/live", MIB),
        ("/nowhere", MIB),
        ("/static/blastscreen.css", MIB),
    ],
)
@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.usefixtures("nothing_stored")
def test_a_body_over_the_limit_is_refused_on_every_route(lab: LabSystem, path: str, size: int, chunked: bool) -> None:
    content = _chunks(size) if chunked else b"\0" * size
    headers = {**lab.headers, "content-type": "multipart/form-data; boundary=x"}

    reply = lab.client.post(path, headers=headers, content=content)

    assert_problem(reply, 413, "request_too_large")


@pytest.mark.usefixtures("nothing_stored")
def test_a_content_length_that_is_no_number_is_refused(lab: LabSystem) -> None:
    reply = lab.client.post("/sign-in", headers={"content-length": "many"}, content=b"")

    assert_problem(reply, 422, "content_length_unreadable")


@pytest.mark.parametrize("path", ["/screenings/x", "/cases/x", "/review/x"])
def test_an_address_that_is_no_id_leads_people_nowhere(service: Service, path: str) -> None:
    reply = service.signed_in("ursula", Role.UPLOADER, Role.REVIEWER).get(path)

    assert reply.status_code == 404
    assert "There is nothing at this address" in reply.text


def test_an_address_that_is_no_id_is_told_a_machine(lab: LabSystem) -> None:
    assert_problem(lab.get("/api/v1/screenings/x"), 422, "invalid_request")


def test_an_unknown_address_is_a_problem_for_machines_and_a_page_for_people(lab: LabSystem) -> None:
    assert_problem(lab.client.get("/api/v1/nothing"), 404, "not_found")
    page = lab.client.get("/nothing", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "<h1>Not here</h1>" in page.text


def test_a_null_character_in_a_form_is_refused_on_either_database(either_service: Service) -> None:
    browser = either_service.browser()
    before = rows(either_service.database)

    reply = browser.submit("/sign-in", {"username": "ursula\0", "password": "the moon over the marrow"}, at="/sign-in")

    assert reply.status_code == 422
    assert "null character" in reply.text
    assert rows(either_service.database) == before


def test_an_upload_of_nothing_readable_shows_no_result_and_records_none(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)

    page = browser.upload(b"no image", b"nor this", case="S26-0001")

    assert "0 screened, 2 could not be opened" in page.text
    assert Act.RESULTS_SHOWN not in acts(service.database)
