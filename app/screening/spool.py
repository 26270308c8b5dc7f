"""A browser's upload while it comes in: its files lie one behind another in one file of the spool, which has no name.

Starlette's own parser gives each file a temporary file: with some hundred files in each of some uploads a service runs
out of file descriptors, and what is smaller than a megabyte stays in memory.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from app.errors import Invalid
from app.storage import writing_to_disk

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELD_BYTES = 16 * 1024
FIELDS_MOST = 10
WRITE_BYTES = 512 * 1024
READ_ON = 10  # times as many files as are taken: a browser reads no answer before it has sent everything


class UnreadableForm(Invalid):
    code = "form_unreadable"

    def __init__(self) -> None:
        super().__init__(
            "What was sent cannot be read as a form. Open the upload page again and choose the files anew."
        )


class TooManyFiles(Invalid):
    code = "files_too_many"

    def __init__(self, most: int) -> None:
        super().__init__(f"At most {most} files at once. Nothing of these was stored: send them in smaller parts.")


class Spooled:
    """One received file, to be read like any other; `name` is what the browser called it."""

    def __init__(self, spool: IO[bytes], *, name: str, start: int) -> None:
        self.name, self.size = name, 0
        self._spool, self._start, self._at = spool, start, 0

    def read(self, size: int = -1) -> bytes:
        left = max(self.size - self._at, 0)
        self._spool.seek(self._start + self._at)
        content = self._spool.read(left if size < 0 else min(size, left))
        self._at += len(content)
        return content

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        if at < 0:
            raise OSError("a place before the beginning")
        self._at = at
        return at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True


@dataclass
class Received:
    """A form's fields by name, and its files. Made part by part, as python-multipart tells of them."""

    spool: IO[bytes]
    files_field: str
    files_most: int
    files: list[Spooled] = field(default_factory=list)
    fields: dict[str, bytearray] = field(default_factory=dict)
    files_seen: int = 0
    ended: bool = False
    _header: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    _disposition: bytes = b""
    _file: Spooled | None = None
    _text: bytearray | None = None
    _waiting: bytearray = field(default_factory=bytearray)
    _written: int = 0

    def text(self, name: str) -> str:
        return self.fields.get(name, bytearray()).decode("utf-8", "replace")

    @property
    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self.on_part_begin,
            "on_header_begin": self.on_header_begin,
            "on_header_field": self.on_header_field,
            "on_header_value": self.on_header_value,
            "on_header_end": self.on_header_end,
            "on_headers_finished": self.on_headers_finished,
            "on_part_data": self.on_part_data,
            "on_end": self.on_end,
        }

    def on_end(self) -> None:
        """The closing boundary came: without it, what comes behind the last file may be missing."""
        self.ended = True

    def on_part_begin(self) -> None:
        self._disposition, self._file, self._text = b"", None, None
        self.on_header_begin()

    def on_header_begin(self) -> None:
        self._header = (bytearray(), bytearray())

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def on_header_end(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = bytes(self._header[1])

    def on_headers_finished(self) -> None:
        options = parse_options_header(self._disposition)[1]
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            self._begin_file(name, file_name=options[b"filename"].decode("utf-8", "replace"))
        elif name in self.fields or len(self.fields) == FIELDS_MOST:
            raise UnreadableForm
        else:
            self._text = self.fields[name] = bytearray()

    def _begin_file(self, name: str, *, file_name: str) -> None:
        """A field in which nothing was chosen sends one file without a name."""
        if name != self.files_field or not file_name:
            return
        self.files_seen += 1
        if self.files_seen > READ_ON * self.files_most:
            raise TooManyFiles(self.files_most)
        if self.files_seen <= self.files_most:
            self._file = Spooled(self.spool, name=file_name, start=self._written + len(self._waiting))
            self.files.append(self._file)

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.size += end - start
            self._waiting += data[start:end]
        elif self._text is not None:
            self._text += data[start:end]
            if len(self._text) > FIELD_BYTES:
                raise UnreadableForm

    @property
    def waits_to_be_written(self) -> bool:
        return len(self._waiting) >= WRITE_BYTES

    def write(self) -> None:
        with writing_to_disk():
            self.spool.write(self._waiting)
        self._written += len(self._waiting)
        self._waiting.clear()


@contextmanager
def open_spool(folder: Path) -> Iterator[IO[bytes]]:
    """A file that is gone when it is closed, however that comes about."""
    with ExitStack() as held:
        with writing_to_disk():
            spool = held.enter_context(TemporaryFile(dir=folder))
        yield spool


async def receive(request: Request, *, spool: IO[bytes], files_field: str, files_most: int) -> Received:
    """Read the whole request, counting as it comes. Raises UnreadableForm or TooManyFiles."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise UnreadableForm
    form = Received(spool, files_field=files_field, files_most=files_most)
    try:
        parser = MultipartParser(options[b"boundary"], form.callbacks)
        async for chunk in request.stream():
            parser.write(chunk)
            if form.waits_to_be_written:
                await run_in_threadpool(form.write)
        parser.finalize()
    except FormParserError:
        raise UnreadableForm from None
    await run_in_threadpool(form.write)
    if form.files_seen > files_most:
        raise TooManyFiles(files_most)
    return form
