"""What comes in by multipart form, from a lab system and from a browser: read after the guard, typed for the action."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, Header, Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from app.accounts.guards import ClientWith, Uploader
from app.actor import Actor, Permission
from app.cases.rules import LENGTH_MOST, SHAPE, parse_accession, parse_subject
from app.errors import Invalid, Unreadable, UnsupportedType
from app.screening.actions import Submission
from app.screening.archives import Allowance, Found, entries, is_archive
from app.screening.instrument import Instrument
from app.screening.rules import FRAME_SIDE
from app.screening.spool import FIELD_BYTES, Spooled, UnreadableForm, open_spool, receive
from app.settings import Settings
from app.storage import writing_to_disk
from app.web import csrf

SENT_FIELDS = {"image", "case", "subject"}

ScreeningClient = Annotated[Actor, Depends(ClientWith(Permission.SCREEN))]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description=(
            "the same key and request: one screening, and its reply again. The same key with another image, case or "
            "subject is refused (`idempotency_key_reused`). Without one, what is sent again without a case is screened "
            "again"
        ),
    ),
]


def our_instrument(request: Request) -> Instrument:
    instrument: Instrument = request.app.state.instrument
    return instrument


OurInstrument = Annotated[Instrument, Depends(our_instrument)]


class NotAForm(UnsupportedType):
    code = "content_type_unsupported"


class NoImage(Invalid):
    code = "image_missing"


class SeveralImages(Invalid):
    code = "image_several"


class UnknownField(Invalid):
    code = "field_unknown"


class UnreadableField(Invalid):
    code = "field_unreadable"


class UnreadableBody(Unreadable):
    def __init__(self, why: str) -> None:
        super().__init__(
            f"The body cannot be read: {why} Nothing was stored. Let your HTTP library write the multipart body, with "
            "a filename for the image and none for the other fields, and send it again."
        )


class WholeForm(MultiPartParser):
    """Starlette's parser, which also refuses a body that lacks its end: the image may be whole and the case number
    behind it lost."""

    ended = False

    def __init__(self, request: Request) -> None:
        stream = self._to_its_end(request.stream())
        super().__init__(request.headers, stream, max_files=10, max_fields=10, max_part_size=FIELD_BYTES)

    def on_end(self) -> None:
        self.ended = True

    async def _to_its_end(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            yield chunk
        if not self.ended:
            raise MultiPartException("It ends before its closing boundary, so that fields may be missing.")


def _files(form: FormData, name: str) -> list[UploadFile]:
    return [value for value in form.getlist(name) if isinstance(value, UploadFile)]


def _text(form: FormData, name: str) -> str | None:
    """The one text under this name; raises UnreadableField rather than lose one of two, or a file in its place."""
    values = form.getlist(name)
    if len(values) > 1 or any(not isinstance(value, str) for value in values):
        raise UnreadableField(f"Send the field {name!r} once, as text. Correct the form and send it again.")
    return str(values[0]) if values else None


def _filled(form: FormData, name: str) -> str | None:
    """The same, which may be left out and may not be blank: whoever sends an empty number has lost one."""
    value = _text(form, name)
    if value is not None and not value.strip():
        raise UnreadableField(f"The field {name!r} is empty. Fill it, or leave it out, and send the form again.")
    return value


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    """The multipart form of a request. Raises NotAForm or UnreadableBody."""
    if parse_options_header(request.headers.get("content-type"))[0] != b"multipart/form-data":
        raise NotAForm("Send multipart/form-data, with one image file in the field `image`.")
    try:
        with writing_to_disk():  # a large image waits in the spool
            form = await WholeForm(request).parse()
    except MultiPartException as error:
        raise UnreadableBody(error.message) from None
    try:
        yield form
    finally:
        await form.close()


async def sent(request: Request, client: ScreeningClient, idempotency_key: IdempotencyKey = None) -> Submission:
    """One image and what belongs to it, from a lab system. Depends on the guard, so nobody unknown gets a body read."""
    settings: Settings = request.app.state.settings
    async with _form(request) as form:
        if unknown := set(form) - SENT_FIELDS:
            named = ", ".join(sorted(repr(name[:40]) for name in unknown))
            raise UnknownField(f"There is no field {named}. The fields are image (one file), case and subject.")
        images = _files(form, "image")
        if not images and form.getlist("image"):
            raise NoImage("The field `image` came as text. Send it as a file, which has a filename.")
        if not images:
            raise NoImage("Send one image file in the multipart field `image`.")
        if len(form.getlist("image")) > 1:
            raise SeveralImages("Send one image a request; nothing of these was stored.")
        accession, subject = parse_accession(_filled(form, "case")), parse_subject(_filled(form, "subject"))
        received = await images[0].read(settings.image_bytes + 1)  # enough to see that it is too large
    return Submission(received, accession=accession, subject=subject, idempotency_key=idempotency_key)


@dataclass(frozen=True)
class Upload:
    """What a browser sent. File names are shown back once and kept nowhere. `case` and `subject` are as typed, not yet
    parsed.

    `case_id`: the unnamed case that this page's files share, whether or not it is open yet.
    """

    files: tuple[Spooled, ...]
    allowance: Allowance
    case: str
    subject: str
    case_id: UUID

    def images(self) -> Iterator[Found]:
        """Each image, those within archives too, or why it cannot be opened; one at a time. Archives may bring as many
        as the images beside them leave room for."""
        archives = {number for number, file in enumerate(self.files) if is_archive(file)}
        self.allowance.files -= len(self.files) - len(archives)
        for number, file in enumerate(self.files):
            if number in archives:
                for found in entries(file, allowance=self.allowance):
                    yield replace(found, file=number)
            else:
                file.seek(0)
                received = file.read(self.allowance.image_bytes + 1)  # enough to see that it is too large
                yield Found(file.name, received, file=number)


async def uploaded(request: Request, visit: Uploader) -> AsyncIterator[Upload]:
    """What a browser sent, open until the reply is made."""
    settings: Settings = request.app.state.settings
    allowance = Allowance(settings.upload_files, settings.upload_bytes, settings.image_bytes)
    with open_spool(settings.spool) as spool:
        form = await receive(request, spool=spool, files_field="image", files_most=settings.upload_files)
        csrf.check(request, form.text(csrf.FIELD))
        if not form.ended:
            raise UnreadableForm
        case, subject = form.text("case"), form.text("subject")
        yield Upload(tuple(form.files), allowance, case, subject, case_id=_case_id(form.text("case_id")))


def _case_id(text: str) -> UUID:
    """A page without one, or with one that is none, gets a case of its own."""
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


Sent = Annotated[Submission, Depends(sent)]
Uploaded = Annotated[Upload, Depends(uploaded)]
NUMBER = {"type": "string", "maxLength": LENGTH_MOST, "pattern": f"^{SHAPE.pattern}$"}
SCREENING_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "additionalProperties": False,
                    "properties": {
                        "image": {
                            "type": "string",
                            "format": "binary",
                            "description": (
                                f"one segmented white blood cell on black, {FRAME_SIDE} x {FRAME_SIDE} pixels and as "
                                "large as the camera took it: PNG, TIFF, BMP or lossless WebP. JPEG and lossy WebP are "
                                "taken, but never cleared: they smooth away what the model looks at. Nor is an image "
                                "of another size, which may have been scaled"
                            ),
                        },
                        "case": {
                            **NUMBER,
                            "description": (
                                "accession number; upper and lower case are one, as are one space and several. Left "
                                "out: a case of its own"
                            ),
                            "example": "S26-0001",
                        },
                        "subject": {
                            **NUMBER,
                            "description": (
                                "pseudonym of the subject, by which one image of two subjects is found out; upper and "
                                "lower case are one"
                            ),
                            "example": "P-0001",
                        },
                    },
                }
            }
        },
    }
}
