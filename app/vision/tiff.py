"""The tags of a TIFF directory: what a TIFF file begins with, and what EXIF is written in."""

import struct
from dataclasses import dataclass

_ORDERS = {b"II*\x00": "<", b"MM\x00*": ">"}
MAGIC = tuple(_ORDERS)

_CODES = {1: "B", 3: "H", 4: "I"}
"""struct's codes of the whole-number types BYTE, SHORT and LONG; a number of another type is not read."""
_WIDTHS = {1: 1, 3: 2, 4: 4, 7: 1}
"""Bytes of one value of these types and of UNDEFINED, which JPEG tables are. No tag that makes pixels has another."""

ORIENTATION = 274
_LISTS = frozenset({258, 273, 279, 320, 324, 325, 338, 339, 347, 530})
"""Tags of several values: bits, offsets, byte counts, palette, extra channels, formats, JPEG tables, YCbCr."""

_MOST_VALUES = 100_000
"""More numbers in one tag than any image within the limits has strips."""


@dataclass(frozen=True)
class Directory:
    """The first directory of `data`: by tag the 12 bytes of its entry, and whether another directory follows."""

    data: bytes
    order: str
    entries: dict[int, bytes]
    continues: bool

    def numbers(self, tag: int, *, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """The tag's whole numbers; `default` where it is missing. Raises struct.error where they lie beyond the end."""
        entry = self.entries.get(tag)
        if entry is None:
            return default
        kind, count = struct.unpack_from(f"{self.order}HI", entry, 2)
        if kind not in _CODES or count > _MOST_VALUES:
            message = f"tag {tag} has {count} values of type {kind}"
            raise struct.error(message)
        return struct.unpack_from(f"{self.order}{count}{_CODES[kind]}", *self._values(entry))

    def is_sound(self, tag: int) -> bool:
        """Whether this tag has as many values as it should, of a type that makes pixels, all within the file."""
        kind, count = struct.unpack_from(f"{self.order}HI", self.entries[tag], 2)
        within, start = self._values(self.entries[tag])
        if kind not in _WIDTHS or (tag not in _LISTS and count != 1):
            return False
        return start + int(count) * _WIDTHS[kind] <= len(within)

    def _values(self, entry: bytes) -> tuple[bytes, int]:
        """Where an entry's values are: in its own last four bytes if they fit, else where these point to."""
        kind, count = struct.unpack_from(f"{self.order}HI", entry, 2)
        if count * _WIDTHS.get(kind, 1) <= 4:
            return entry, 8
        (start,) = struct.unpack_from(f"{self.order}I", entry, 8)
        return self.data, start

    def number(self, tag: int, *, default: int) -> int:
        """The tag's only or first number."""
        return (self.numbers(tag) or (default,))[0]


def first_directory(data: bytes) -> Directory:
    """Read the directory that the header points to. Raises struct.error where it is not TIFF or ends too early."""
    order = _ORDERS.get(data[:4])
    if order is None:
        message = "not TIFF"
        raise struct.error(message)
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    entries: dict[int, bytes] = {}
    for number in range(count):
        at = start + 2 + 12 * number
        (tag,) = struct.unpack_from(f"{order}H", data, at)
        entries.setdefault(tag, data[at : at + 12])
    (following,) = struct.unpack_from(f"{order}I", data, start + 2 + 12 * count)
    return Directory(data=data, order=order, entries=entries, continues=following != 0)


def only(directory: Directory, *, tags: frozenset[int]) -> bytes:
    """The same TIFF file with a directory that has only these tags; their values stay where they are in the file.

    Raises struct.error where values lie beyond the end, or their type or number does not belong.
    """
    kept = [directory.entries[tag] for tag in sorted(tags & directory.entries.keys()) if directory.is_sound(tag)]
    if len(kept) < len(tags & directory.entries.keys()):
        message = "the values of a tag lie beyond the end, or are of a wrong type or number"
        raise struct.error(message)
    padding = b"\x00" * (len(directory.data) % 2)
    start = struct.pack(f"{directory.order}I", len(directory.data) + len(padding))
    count = struct.pack(f"{directory.order}H", len(kept))
    return b"".join([directory.data[:4], start, directory.data[8:], padding, count, *kept, b"\x00" * 4])


def exif_orientation(exif: bytes) -> int:
    """EXIF's orientation, 1 to 8; 1 (upright) where it is missing or cannot be read."""
    try:
        orientation = first_directory(exif.removeprefix(b"Exif\x00\x00")).number(ORIENTATION, default=1)
    except struct.error:
        return 1
    return orientation if 1 <= orientation <= 8 else 1
