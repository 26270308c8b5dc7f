"""What a file says about itself, read before anything is decoded or a pixel allocated.

Each reader walks the structure of its kind of file: it finds the size, refuses what is truncated, animated, in several
pages or not 8-bit, and hands on only the parts that make the pixels. Comments, colour profiles, thumbnails, GPS and XMP
never reach a decoder: nothing in them can fail, fill the memory or turn the image. EXIF orientation is read here only.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.vision import tiff
from app.vision.rejected import (
    UnsupportedFormat,
    animated,
    bit_depth,
    colour_mode,
    compression,
    damaged,
    several_pages,
    truncated,
)


@dataclass(frozen=True)
class Header:
    """`body` is the file without what makes no pixels; `orientation` is EXIF's, 1 to 8, not yet applied.

    `lossy`: the pixels are not those that were compressed.
    """

    kind: str
    width: int
    height: int
    body: bytes
    orientation: int = 1
    lossy: bool = False


def read_header(data: bytes) -> Header:
    """Recognise the file by its first bytes and read its header. Raises Rejected."""
    for kind, (belongs, read) in _READERS.items():
        if belongs(data):
            try:
                header = read(data)
            except struct.error as error:
                raise truncated(kind) from error
            if header.width < 1 or header.height < 1:
                raise damaged(kind, what="its width or height is zero")
            return header
    message = (
        "This is no BMP, PNG, JPEG, TIFF or WebP image, whatever its name says. Export the cell as a PNG, TIFF or BMP."
    )
    raise UnsupportedFormat(message)


# ---------------------------------------------------------------------------------------------------------- BMP

_BMP_HEADERS = (40, 52, 56, 64, 108, 124)


def _read_bmp(data: bytes) -> Header:
    """Uncompressed bitmaps of 4, 8, 24 or 32 bits a pixel, rows upwards or downwards."""
    start, size = struct.unpack_from("<10xII", data)
    packing = 0
    if size == 12:
        width, height, _, bits = struct.unpack_from("<4H", data, 18)
    elif size in _BMP_HEADERS:
        width, height, _, bits, packing = struct.unpack_from("<iiHHI", data, 18)
        (colours,) = struct.unpack_from("<I", data, 46)
        if bits <= 8 and colours > 256:
            raise damaged("BMP", what="its palette is too long")
    else:
        raise damaged("BMP", what="its header is of no known kind")
    if packing not in {0, 3}:
        raise compression("BMP")
    if bits not in {4, 8, 24, 32}:
        raise bit_depth("BMP", bits=f"{bits} bits a pixel")
    stride = (width * bits + 31) // 32 * 4
    if start < 14 + size:
        raise damaged("BMP", what="its pixels begin inside its header")
    if len(data) < start + stride * abs(height):
        raise truncated("BMP")
    return Header("BMP", width, abs(height), data)


# ---------------------------------------------------------------------------------------------------------- PNG

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(name, content, whole chunk) up to and with IEND, each with its checksum checked."""
    at, name = len(_PNG_MAGIC), b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(data[at + 4 : end - 4]) != checksum:
            raise damaged("PNG", what="a checksum does not fit")
        yield name, data[at + 8 : end - 4], data[at:end]
        at = end


def _read_png(data: bytes) -> Header:
    kept, orientation, first = [_PNG_MAGIC], 1, b""
    for name, content, whole in _png_chunks(data):
        if not first:
            if name != b"IHDR" or len(content) != 13:
                raise damaged("PNG", what="it does not begin with its header")
            first = content
        elif name == b"IHDR":
            raise damaged("PNG", what="it has two headers")
        if name == b"acTL":
            raise animated("PNG")
        if name == b"eXIf":
            orientation = tiff.exif_orientation(content)
        if name in _PNG_KEPT:
            kept.append(whole)
    width, height, bits, colour = struct.unpack_from(">IIBB", first)
    if bits == 16:
        raise bit_depth("PNG", bits="16 bits a channel")
    if bits < 8 and colour != 3:
        raise bit_depth("PNG", bits=f"only {2**bits} levels of grey")
    return Header("PNG", width, height, b"".join(kept), orientation)


# --------------------------------------------------------------------------------------------------------- JPEG

_JPEG_DECODED = {0xC0, 0xC1, 0xC2}
_JPEG_OTHER_FRAMES = {*range(0xC0, 0xD0)} - _JPEG_DECODED - {0xC4, 0xC8, 0xCC}
_JPEG_DROPPED = {*range(0xE1, 0xF0), 0xFE} - {0xEE}
"""Application segments and comments, but for JFIF (APP0) and Adobe (APP14), which say how colours are stored."""
_JPEG_MOST_SCANS = 64
"""Encoders write about ten; each costs a pass over the whole image."""
_NEXT_MARKER = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """(marker, content, whole segment with what follows it up to the next) up to and with EOI. Raises Rejected."""
    at = 2
    while True:
        found = _NEXT_MARKER.search(data, at)
        if found is None:
            raise truncated("JPEG")
        marker = data[found.end() - 1]
        if marker in _JPEG_OTHER_FRAMES:
            raise compression("JPEG")
        if marker == 0xD9:
            yield marker, b"", b"\xff\xd9"
            return
        (length,) = struct.unpack_from(">H", data, found.end())
        end = found.end() + length
        if end > len(data) or length < 2:
            raise truncated("JPEG")
        at = end
        if marker == 0xDA:
            following = _NEXT_MARKER.search(data, end)
            at = following.start() if following else len(data)
        yield marker, data[found.end() + 2 : end], data[found.end() - 2 : at]


def _read_jpeg(data: bytes) -> Header:
    kept, orientation, frame, scans = [b"\xff\xd8"], 1, b"", 0
    for marker, content, whole in _jpeg_segments(data):
        if marker in _JPEG_DECODED:
            if frame:
                raise damaged("JPEG", what="it has two frames")
            frame = content
        if marker == 0xE1 and content.startswith(b"Exif\x00\x00"):
            orientation = tiff.exif_orientation(content)
        if marker == 0xE2 and content.startswith(b"MPF\x00"):
            raise several_pages("JPEG")
        scans += marker == 0xDA
        if marker not in _JPEG_DROPPED:
            kept.append(whole)
    if not frame or not scans or scans > _JPEG_MOST_SCANS:
        raise damaged("JPEG", what=f"it has {scans} scans")
    bits, height, width, channels = struct.unpack_from(">BHHB", frame)
    if bits != 8:
        raise bit_depth("JPEG", bits=f"{bits} bits a channel")
    if channels not in {1, 3}:
        raise colour_mode("JPEG", found=f"{channels} channels, as for print (CMYK)")
    return Header("JPEG", width, height, b"".join(kept), orientation, lossy=True)


# --------------------------------------------------------------------------------------------------------- TIFF

_WIDTH, _HEIGHT, _BITS, _PACKING, _COLOUR, _CHANNELS = 256, 257, 258, 259, 262, 277
_OFFSETS, _COUNTS = (273, 324), (279, 325)
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_TIFF_KEPT = frozenset(
    {_WIDTH, _HEIGHT, _BITS, _PACKING, _COLOUR, _CHANNELS, *_OFFSETS, *_COUNTS, _TILE_WIDTH, _TILE_HEIGHT}
    # fill order, rows a strip, planes, predictor, palette, meaning of extra channels, number format, JPEG tables, YCbCr
    | {266, 278, 284, 317, 320, 338, 339, 347, 530, 531}
)
_TIFF_COLOURS = {0: "L", 1: "L", 2: "RGB", 3: "P", 6: "YCbCr"}
_TIFF_PACKINGS = {1, 5, 7, 8, 32773, 32946}
"""None, LZW, JPEG, deflate, PackBits, deflate by its older number."""


def _read_tiff(data: bytes) -> Header:
    directory = tiff.first_directory(data)
    if directory.continues:
        raise several_pages("TIFF")
    width, height = directory.number(_WIDTH, default=0), directory.number(_HEIGHT, default=0)
    bits, channels = directory.numbers(_BITS, default=(1,)), directory.number(_CHANNELS, default=1)
    if set(bits) != {8}:
        raise bit_depth("TIFF", bits=f"{'/'.join(map(str, bits[:4]))} bits a channel")
    colour = directory.number(_COLOUR, default=1)
    if colour not in _TIFF_COLOURS:
        raise colour_mode("TIFF", found="CMYK or Lab" if colour in {5, 8, 9, 10} else f"kind {colour}")
    packing = directory.number(_PACKING, default=1)
    if packing not in _TIFF_PACKINGS or (colour == 6 and packing != 7):
        raise compression("TIFF")
    _check_tiff_data(directory, needed=width * height * channels if packing == 1 else 1)
    orientation = directory.number(tiff.ORIENTATION, default=1)
    body = tiff.only(directory, tags=_TIFF_KEPT)
    return Header("TIFF", width, height, body, orientation if 1 <= orientation <= 8 else 1, lossy=packing == 7)


def _check_tiff_data(directory: tiff.Directory, *, needed: int) -> None:
    """Raises where strips or tiles lie beyond the end, hold less than `needed` bytes, or are absurdly large."""
    offsets = [place for tag in _OFFSETS for place in directory.numbers(tag)]
    counts = [count for tag in _COUNTS for count in directory.numbers(tag)]
    beyond = any(place + count > len(directory.data) for place, count in zip(offsets, counts, strict=False))
    if beyond or len(offsets) != len(counts) or sum(counts) < needed:
        raise truncated("TIFF")
    if max(directory.number(_TILE_WIDTH, default=0), directory.number(_TILE_HEIGHT, default=0)) > 16384:
        raise damaged("TIFF", what="its tiles are larger than any image")


# --------------------------------------------------------------------------------------------------------- WebP


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise truncated("WebP")
    at = 12
    while at + 8 <= length + 8:
        name, size = struct.unpack_from("<4sI", data, at)
        if at + 8 + size > length + 8:
            raise truncated("WebP")
        yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _read_webp(data: bytes) -> Header:
    chunks = dict(reversed(list(_webp_chunks(data))))  # of two with one name, the first
    if b"ANIM" in chunks or b"ANMF" in chunks:
        raise animated("WebP")
    if b"VP8X" in chunks:
        low_width, high_width, low_height, high_height = struct.unpack_from("<4xHBHB", chunks[b"VP8X"])
        width, height = (high_width << 16) + low_width + 1, (high_height << 16) + low_height + 1
    elif b"VP8L" in chunks:
        (sizes,) = struct.unpack_from("<xI", chunks[b"VP8L"])
        width, height = (sizes & 0x3FFF) + 1, (sizes >> 14 & 0x3FFF) + 1
    elif b"VP8 " in chunks:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<6xHH", chunks[b"VP8 "]))
    else:
        raise damaged("WebP", what="it holds no image")
    orientation = tiff.exif_orientation(chunks.get(b"EXIF", b""))
    return Header("WEBP", width, height, data, orientation, lossy=b"VP8 " in chunks)


_READERS: dict[str, tuple[Callable[[bytes], bool], Callable[[bytes], Header]]] = {
    "BMP": (lambda data: data.startswith(b"BM"), _read_bmp),
    "PNG": (lambda data: data.startswith(_PNG_MAGIC), _read_png),
    "JPEG": (lambda data: data.startswith(b"\xff\xd8\xff"), _read_jpeg),
    "TIFF": (lambda data: data.startswith(tiff.MAGIC), _read_tiff),
    "WebP": (lambda data: data.startswith(b"RIFF") and data[8:12] == b"WEBP", _read_webp),
}
