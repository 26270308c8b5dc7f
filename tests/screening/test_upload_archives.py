"""Zip archives by the upload page: every image within is screened; what is not safe to open is told, entry by entry."""

import struct
import tracemalloc
import zipfile
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.accounts.rules import Role
from app.errors import Invalid
from app.screening.archives import Allowance, Found, entries, is_archive
from app.screening.spool import Spooled
from tests.factories import Browser, Service, cell, rows
from tests.live import Changed
from tests.screening.zips import zipped

MIB = 1024 * 1024


@pytest.fixture
def ursula(service: Service) -> Browser:
    return service.signed_in("ursula", Role.UPLOADER)


def send(browser: Browser, content: bytes, *more: bytes, name: str = "cells.zip"):
    sent = [("image", (name, content, "application/zip"))]
    sent += [("image", (f"cell-{number}.png", image, "image/png")) for number, image in enumerate(more)]
    return browser.submit("/screenings", at="/", files=sent)


def opened(content: bytes, **limits: int) -> list[Found]:
    file = Spooled(BytesIO(content), name="cells.zip", start=0)
    file.size = len(content)
    allowance = Allowance(**{"files": 500, "unpacked_bytes": 512 * MIB, "image_bytes": 16 * MIB, **limits})
    return list(entries(file, allowance=allowance))


def why(found: Found) -> str:
    assert isinstance(found.received, Invalid), found.name
    return found.received.message


def test_each_image_of_an_archive_is_screened_whatever_its_folder(service: Service, ursula: Browser) -> None:
    content = zipped({"cells/": b"", "cells/a.png": cell(1), "b.png": cell(2), "notes.txt": b"Dear colleague"})

    page = send(ursula, content, cell(3))

    assert "3 screened, 1 could not be opened" in page.text
    assert "cells.zip: cells/a.png" in page.text
    assert rows(service.database)["screenings"] == 3
    assert rows(service.database)["cases"] == 1


def test_what_a_file_manager_left_in_an_archive_is_passed_over() -> None:
    content = zipped({"__MACOSX/._a.png": b"x", ".DS_Store": b"x", "cells/Thumbs.db": b"x", "a.png": cell(1)})

    assert [found.name for found in opened(content)] == ["cells.zip: a.png"]


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.png", "/etc/cell.png", "..\\cell.png", "C:\\cell.png", "a/../../b.png", "\\\\host\\x.png"],
)
def test_a_name_that_leads_out_of_the_archive_is_refused_and_the_rest_is_read(name: str) -> None:
    bad, good = opened(zipped({name: cell(1), "good.png": cell(2)}))

    assert "leads out of the archive" in why(bad)
    assert good.received == cell(2)


@pytest.mark.parametrize("name", ["more.zip", "more.png", "more.tar.gz"])
def test_an_archive_within_an_archive_is_not_opened(name: str) -> None:
    inner = zipped({"a.png": cell(1)})

    bad, good = opened(zipped({name: inner, "good.png": cell(2)}))

    assert "archive within an archive" in why(bad)
    assert good.received == cell(2)


@pytest.mark.parametrize(
    ("put", "told"), [(b"", "entry 1"), (b"\0.png", "\0.png"), (b"a\0png", "a\0png")], ids=["none", "NUL", "NUL inside"]
)
def test_a_name_that_is_none_is_told_and_the_rest_is_read(put: bytes, told: str) -> None:
    content = zipped({"a.png" if put else "": b"first", "b.png": b"second"}).replace(b"a.png", put or b"a.png")

    nameless, named = opened(content)

    assert nameless.name == f"cells.zip: {told}"
    assert "no name that can be read" in why(nameless)
    assert named.received == b"second"


def test_an_encrypted_entry_is_told_and_the_rest_is_read() -> None:
    content = bytearray(zipped({"secret.png": cell(1), "good.png": cell(2)}))
    content[6] |= 1  # the first local header
    content[content.index(b"PK\1\2") + 8] |= 1  # and the list's

    bad, good = opened(bytes(content))

    assert "encrypted" in why(bad)
    assert good.received == cell(2)


def test_an_entry_compressed_in_an_unusual_way_is_told() -> None:
    (bad,) = opened(zipped({"a.png": cell(1)}, compression=zipfile.ZIP_LZMA))

    assert "compressed in a way" in why(bad)


def test_a_link_in_an_archive_is_not_followed() -> None:
    buffer = BytesIO()
    link = zipfile.ZipInfo("cell.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")

    (bad,) = opened(buffer.getvalue())

    assert "is a link" in why(bad)


def test_a_damaged_entry_fails_nothing_else() -> None:
    content = bytearray(zipped({"bad.png": cell(1), "good.png": cell(2)}))
    content[200] ^= 0xFF

    bad, good = opened(bytes(content))

    assert "damaged" in why(bad)
    assert good.received == cell(2)


def test_an_entry_larger_than_one_image_may_be_is_refused_before_it_is_unpacked() -> None:
    bad, good = opened(zipped({"large.png": b"\0" * 5000, "good.png": b"\1" * 100}), image_bytes=4000)

    assert "more than 4,000 bytes" in why(bad)
    assert good.received == b"\1" * 100


def test_an_entry_that_lies_about_its_size_is_counted_as_it_comes() -> None:
    content = bytearray(zipped({"liar.png": b"\0" * 5 * MIB}))
    claimed = struct.pack("<I", 100)
    listed = content.index(b"PK\1\2")
    content[22:26] = content[listed + 24 : listed + 28] = claimed

    (bad,) = opened(bytes(content), image_bytes=MIB)

    assert why(bad)


def test_a_zip_bomb_is_given_up_at_the_limit_of_one_upload() -> None:
    bomb = zipped({f"{number}.png": b"\0" * MIB for number in range(50)})
    assert len(bomb) < 100_000

    found = opened(bomb, unpacked_bytes=10 * MIB)

    assert len(found) == 11
    assert "The archive is too large when unpacked" in why(found[-1])


def test_more_entries_than_files_are_taken_are_told_in_one_row(changed: Changed) -> None:
    service = changed(upload_files=3)
    ursula = service.signed_in("ursula", Role.UPLOADER)

    page = send(ursula, zipped({f"{seed}.png": cell(seed) for seed in range(5)}))

    assert "3 screened, 1 could not be opened" in page.text
    assert "2 of the 5 in this archive were left out" in page.text
    assert rows(service.database)["screenings"] == 3


def test_images_between_archives_do_not_let_a_later_archive_bring_more_than_an_upload_may(changed: Changed) -> None:
    service = changed(upload_files=3)
    ursula = service.signed_in("ursula", Role.UPLOADER)
    first, last = (zipped({f"{seed}.png": cell(seed) for seed in seeds}) for seeds in (range(3), range(3, 9)))
    files = [("first.zip", first), ("alone.png", cell(9)), ("last.zip", last)]

    page = ursula.submit("/screenings", at="/", files=[("image", file) for file in files])

    assert rows(service.database)["screenings"] == 3
    assert "1 of the 3 in this archive were left out" in page.text
    assert "6 of the 6 in this archive were left out" in page.text


def test_a_list_of_a_million_entries_is_never_read_into_memory() -> None:
    one = zipped({"": b""})
    start = one.index(b"PK\1\2")
    end = one.index(b"PK\5\6")
    listed = one[start:end] * 100_000
    content = one[:start] + listed + one[end : end + 12] + struct.pack("<IIH", len(listed), start, 0)

    (bad,) = opened(content)

    assert "entries is too long" in why(bad)


@pytest.mark.parametrize("content", [b"no zip at all", b"", zipped({}), b"PK\3\4" + b"\0" * 100])
def test_a_zip_that_is_none_is_one_bad_file_and_the_others_are_read(
    service: Service, ursula: Browser, content: bytes
) -> None:
    page = send(ursula, content, cell(1), cell(2))

    assert "2 screened, 1 could not be opened" in page.text
    assert rows(service.database)["screenings"] == 2


def _with_a_comment(png: bytes, length: int) -> bytes:
    """The same picture in a longer file."""
    end, comment = png.index(b"IDAT") - 4, b"tEXt" + b"a\0" + b" " * length
    return png[:end] + struct.pack(">I", length + 2) + comment + struct.pack(">I", zlib.crc32(comment)) + png[end:]


def _damaged(archive: bytes, content: bytes) -> bytes:
    """Whole but for the checksums of all entries with this content."""
    return archive.replace(struct.pack("<I", zlib.crc32(content)), b"none")


NO_IMAGE = bytes(MIB)
LONG_FILES = {
    "no images": zipped({f"{number}.png": NO_IMAGE for number in range(24)}),
    "damaged entries": _damaged(zipped({f"{number}.png": NO_IMAGE for number in range(24)}), NO_IMAGE),
    "cells": zipped({f"{seed}.png": _with_a_comment(cell(seed), MIB) for seed in range(24)}),
}


@pytest.mark.parametrize("kind", LONG_FILES)
def test_an_upload_holds_one_unpacked_image_at_a_time(service: Service, ursula: Browser, kind: str) -> None:
    tracemalloc.start()
    try:
        page = send(ursula, LONG_FILES[kind])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert page.text.count("cells.zip: ") == 24
    assert most < 12 * MIB


def test_an_archive_is_known_by_its_content_too() -> None:
    content = zipped({"a.png": cell(1)})
    file = Spooled(BytesIO(content), name="cells", start=0)
    file.size = len(content)

    assert is_archive(file)


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_no_archive_however_broken_raises_anything(data: st.DataObject) -> None:
    content = bytearray(zipped({"a.png": b"first " * 20, "größe/b.png": b"second " * 20}))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))

    for found in opened(bytes(content[: cut if data.draw(st.booleans()) else None]), image_bytes=10_000):
        assert isinstance(found.received, bytes | Invalid)
