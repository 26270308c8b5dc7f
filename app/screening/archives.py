"""Zip archives, read entry by entry. Nothing is ever written under a name that an archive gives.

What an archive says of itself is not believed: bytes are counted as they are unpacked, against the limit of one image,
of all that one upload may unpack to, and of how many files it may bring.
"""

import re
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from app.errors import Invalid, TooLarge
from app.screening.spool import Spooled
from app.vision.decode import ImageTooLarge

FIRST_BYTES = (b"PK\3\4", b"PK\5\6")  # of an archive, and of one without entries
ARCHIVE_SUFFIXES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")
SEPARATORS = re.compile(r"[/\\]")
READ_BYTES = 64 * 1024
CONTENTS_BYTES = 1024 * 1024  # of the list of entries, which zipfile reads in one go and holds in memory
ENCRYPTED = 0x1 | 0x40 | 0x2000
UNREADABLE = (BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, OverflowError)
"""What zipfile raises over bad content; a RuntimeError too where it knows no way to unpack."""


class BadArchive(Invalid):
    code = "archive_unreadable"


class EntryRefused(Invalid):
    """One entry is not opened; the others are."""

    code = "entry_refused"


class UnpacksTooLarge(TooLarge):
    code = "archive_too_large"


class TooManyEntries(TooLarge):
    code = "archive_too_many"


@dataclass
class Allowance:
    """What one upload may still bring, counted down as its files and the entries of its archives come."""

    files: int
    unpacked_bytes: int
    image_bytes: int


@dataclass(frozen=True)
class Found:
    """One image as received, or why there is none. `number` of `of`: its place among the entries of an archive;
    `file`: which of an upload's files it came in."""

    name: str
    received: bytes | Invalid
    number: int = 1
    of: int = 1
    file: int = 0

    def image(self) -> bytes:
        if isinstance(self.received, Invalid):
            raise self.received
        return self.received


def is_archive(file: Spooled) -> bool:
    """By its first bytes or, so that a broken one is told what is wrong with it, by its name."""
    file.seek(0)
    return file.read(4) in FIRST_BYTES or file.name.lower().endswith(".zip")


def entries(file: Spooled, *, allowance: Allowance) -> Iterator[Found]:
    """Each image of a zip archive. One bad entry fails nothing else; an archive that is none is one bad file."""
    try:
        archive = ZipFile(_Careful(file))
    except (*UNREADABLE, NotImplementedError):
        yield Found(
            file.name, BadArchive("This is no zip archive, or it is damaged. Pack it again, or send the images.")
        )
        return
    except TooManyEntries as error:
        yield Found(file.name, error)
        return
    with archive:
        yield from _each(archive, file=file, allowance=allowance)


def _each(archive: ZipFile, *, file: Spooled, allowance: Allowance) -> Iterator[Found]:
    # by its end and not by `is_dir`, which fails for an entry without a name
    wanted = [one for one in archive.infolist() if not (one.filename.endswith("/") or is_the_systems(one.filename))]
    if not wanted:
        yield Found(file.name, BadArchive("There is no image in this archive."))
    for number, info in enumerate(wanted, start=1):
        if allowance.files == 0:
            left = len(wanted) - number + 1
            yield Found(
                file.name,
                TooManyEntries(
                    f"An upload may not hold so many files: {left} of the {len(wanted)} in this archive were left out. "
                    "Send them in another archive."
                ),
            )
            return
        allowance.files -= 1
        name = f"{file.name}: {info.orig_filename or f'entry {number}'}"
        try:
            yield Found(name, _read(archive, info, allowance=allowance), number, len(wanted))
        except UnpacksTooLarge as error:
            yield Found(name, error)
            return
        except Invalid as error:
            yield Found(name, error, number, len(wanted))


def is_the_systems(name: str) -> bool:
    """What file managers leave in folders and archives, unseen by whoever filled them."""
    parts = SEPARATORS.split(name)
    return "__MACOSX" in parts or parts[-1].startswith(".") or parts[-1].lower() in {"thumbs.db", "desktop.ini"}


def _read(archive: ZipFile, info: ZipInfo, *, allowance: Allowance) -> bytes:
    _refuse_by_looks(info, allowance=allowance)
    received = bytearray()
    try:
        with archive.open(info) as entry:
            while part := entry.read(READ_BYTES):
                received += part
                allowance.unpacked_bytes -= len(part)
                _count(received, allowance=allowance)
    except (*UNREADABLE, NotImplementedError):
        raise EntryRefused("This entry is damaged. Pack the archive again, or send the image itself.") from None
    if received.startswith(FIRST_BYTES):
        raise _nested()
    return bytes(received)


def _count(received: bytearray, *, allowance: Allowance) -> None:
    if allowance.unpacked_bytes < 0:
        raise UnpacksTooLarge(
            "The archive is too large when unpacked. It was not opened from this entry on: "
            "send the rest in another archive."
        )
    if len(received) > allowance.image_bytes:
        raise _too_large(allowance)


def _refuse_by_looks(info: ZipInfo, *, allowance: Allowance) -> None:
    """Before a byte of it is unpacked."""
    if not info.filename or "\0" in info.orig_filename:
        raise EntryRefused("This entry has no name that can be read. Pack the images again by their plain names.")
    if _leads_elsewhere(info.orig_filename):
        raise EntryRefused(
            "The name of this entry leads out of the archive. Pack the images again by their plain names."
        )
    if stat.S_ISLNK(info.external_attr >> 16):
        raise EntryRefused("This entry is a link and no image. Pack the image itself.")
    if info.flag_bits & ENCRYPTED:
        raise EntryRefused("This entry is encrypted. Pack the archive again without a password.")
    if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise EntryRefused(
            "This entry is compressed in a way that cannot be opened here. Pack it as an ordinary zip archive."
        )
    if info.filename.lower().endswith(ARCHIVE_SUFFIXES):
        raise _nested()
    if info.file_size > allowance.image_bytes:
        raise _too_large(allowance)


def _leads_elsewhere(name: str) -> bool:
    parts = SEPARATORS.split(name)
    return not parts[0] or ".." in parts or bool(re.match(r"[A-Za-z]:", name))


def _nested() -> EntryRefused:
    return EntryRefused("This is an archive within an archive, which is not opened. Send it by itself.")


def _too_large(allowance: Allowance) -> ImageTooLarge:
    return ImageTooLarge(
        f"This entry unpacks to more than {allowance.image_bytes:,} bytes. Send one cell, not a whole field."
    )


class _Careful:
    """The archive's file as zipfile sees it: no single read is large, but that of a bloated list of entries."""

    def __init__(self, file: Spooled) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._file = file

    def read(self, size: int = -1) -> bytes:
        most = CONTENTS_BYTES + 1
        content = self._file.read(most if size < 0 else min(size, most))
        if len(content) == most:
            raise TooManyEntries("The list of this archive's entries is too long. Send the images in smaller archives.")
        return content
