"""Attack: small files that claim or unpack to more than a machine has, sent through both doors."""

import resource
import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

from app.accounts.rules import Role
from tests.factories import Service, cell, rows

MIB = 1024 * 1024


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, data: bytes, *extra: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (_chunk(b"IHDR", header), *extra, _chunk(b"IDAT", data), _chunk(b"IEND", b""))
    )


def _zeros(size: int) -> bytes:
    """Compressed piece by piece, so that making it does not hide what reading it costs."""
    packer = zlib.compressobj(9)
    pieces = [packer.compress(bytes(min(MIB, size - start))) for start in range(0, size, MIB)]
    return b"".join(pieces) + packer.flush()


def _bloated(kind: bytes) -> bytes:
    return _png(450, 450, _zeros(450 * (450 * 3 + 1)), _chunk(kind, b"a\0\0" + _zeros(400 * MIB)))


def _boastful_jpeg() -> bytes:
    honest = _small("JPEG")
    assert b"\x00\x40\x00\x40\x03" in honest
    return honest.replace(b"\x00\x40\x00\x40\x03", b"\xff\xff\xff\xff\x03")


def _bmp(width: int, height: int) -> bytes:
    return (
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 200, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(146)
    )


def _small(kind: str) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (64, 64), "purple").save(buffer, format=kind)
    return buffer.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "a PNG that claims 2^31 pixels a side": lambda: _png(2**31 - 1, 2**31 - 1, _zeros(1000)),
    "a PNG that claims 30,000 pixels a side": lambda: _png(30_000, 30_000, _zeros(1000)),
    "a PNG of no width": lambda: _png(0, 450, _zeros(1000)),
    "a PNG whose data unpacks to more than it claims": lambda: _png(450, 450, _zeros(400 * MIB)),
    "a PNG whose text unpacks to 400 MiB": lambda: _bloated(b"zTXt"),
    "a PNG whose profile unpacks to 400 MiB": lambda: _bloated(b"iCCP"),
    "a BMP that claims 2^31 pixels": lambda: _bmp(46_000, 46_000),
    "a BMP of negative width": lambda: _bmp(-450, 450),
    "a JPEG that claims 65,535 pixels a side": _boastful_jpeg,
    "a WebP cut after its header": lambda: _small("WEBP")[:40],
    "a TIFF that points at itself": lambda: b"II*\0\x08\0\0\0\x01\0\x00\x01\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0",
}


@pytest.fixture(scope="module")
def bombs() -> dict[str, bytes]:
    return {name: make() for name, make in BOMBS.items()}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_pixel_bomb_is_refused_or_read_as_a_small_image_and_costs_little(
    service: Service, bombs: dict[str, bytes], bomb: str
) -> None:
    lab = service.lab()
    browser = service.signed_in("ursula", Role.UPLOADER)
    sent, before = bombs[bomb], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    by_machine, by_person = lab.screen(sent), browser.upload(sent)

    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert len(sent) < MIB
    assert by_machine.status_code in {201, 413, 415, 422}
    assert by_person.status_code in {200, 422}
    assert grown_mib < 200
    if by_machine.status_code != 201:
        assert rows(service.database)["screenings"] == 0
    assert lab.screen(cell(9)).status_code == 201


def test_five_hundred_bombs_in_one_upload_are_five_hundred_refusals(service: Service, bombs: dict[str, bytes]) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    bomb = bombs["a PNG that claims 30,000 pixels a side"]

    page = browser.upload(*[bomb] * 500)

    assert page.status_code == 200
    assert rows(service.database)["screenings"] == 0
    assert page.text.count("Could not be opened") >= 500
