"""ImageStore: pixels under the hash of their content, re-encoded, so that nothing but pixels is ever kept."""

import errno
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray
from PIL import Image

from app import clock
from app.errors import Misconfigured, NotFound, Unavailable
from app.vision.decode import Limits, Pixels, Rejected, opened, pixels_sha256, turn

OUR_OWN = Limits(bytes=sys.maxsize, pixels=sys.maxsize)
"""No limits: what came in within the service's own may be larger as a PNG, and must be read all the same."""
LEFT_BEHIND_SECONDS = 3600
BYTES_A_PIXEL = 3
ROOM_BYTES = 450 * 450 * BYTES_A_PIXEL
"""What one cell image takes at most, as the training images are."""
log = structlog.get_logger("blastscreen.storage")


class NotWritten(Unavailable):
    code = "storage_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The image could not be written to disk, so it was not recorded. Send it again later; if this comes again, "
            "tell your administrator, for the disk may be full."
        )


@contextmanager
def writing_to_disk() -> Iterator[None]:
    """Raises NotWritten, with a line in the log, where the disk does not take what the block writes."""
    try:
        yield
    except OSError as error:
        log.error("cannot write to disk", why=why(error))  # noqa: TRY400  a trace would add nothing
        raise NotWritten from error


def why(error: OSError) -> str:
    """`ENOSPC: No space left on device`, without the path."""
    return f"{errno.errorcode.get(error.errno or 0, type(error).__name__)}: {error.strerror}"


class ImageNotFound(NotFound):
    code = "image_not_found"


class ImageDamaged(ImageNotFound):
    """Its file is in the store and cannot be read any more."""

    code = "stored_image_damaged"


class FolderUnusable(Misconfigured):
    code = "folder_unusable"


def made(folder: Path) -> Path:
    """The folder, made where it is missing, once a file in it could be written. Raises FolderUnusable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnusable(f"The folder {folder} cannot be made ({error.strerror}). Name another one.") from None
    try:
        _try_to_write(folder)
    except OSError as error:
        raise FolderUnusable(
            f"Nothing can be written in the folder {folder} ({error.strerror}). Let the service write there, or name "
            "another one."
        ) from None
    return folder


@contextmanager
def _must_be_there() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ImageNotFound("The pixels of this image are no longer in the store.") from None


def _is_old(path: Path) -> bool:
    """No, too, of what is gone by now."""
    try:
        return path.stat().st_mtime < clock.now().timestamp() - LEFT_BEHIND_SECONDS
    except FileNotFoundError:
        return False


def _try_to_write(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(ROOM_BYTES))


@dataclass
class StagedImage:
    """An image that is safely on disk but not yet part of the store: `keep` makes it so, in one rename."""

    pixels_sha256: str
    width: int
    height: int
    _written: Path
    _place: Path

    def keep(self) -> None:
        folder = self._place.parent
        with writing_to_disk():
            folder.mkdir(parents=True, exist_ok=True)
            self._written.replace(self._place)
            _sync_folder(folder)
            _sync_folder(folder.parent)  # which may have got it just now


class ImageStore:
    """A local folder of PNG files, `ab/ab12….png`."""

    def __init__(self, folder: Path) -> None:
        self.folder = made(folder)
        self._staging = made(folder / "staging")

    @contextmanager
    def staged(self, pixels: NDArray[np.uint8]) -> Iterator[StagedImage]:
        """Write and fsync `pixels` (H x W x 3 RGB) aside; whatever is not kept by the end of the block is removed.

        Raises NotWritten."""
        content = pixels_sha256(pixels)
        height, width = pixels.shape[:2]
        with writing_to_disk():
            descriptor, name = tempfile.mkstemp(dir=self._staging, suffix=".png")
        written = Path(name)
        try:
            with writing_to_disk(), os.fdopen(descriptor, "wb") as file:
                Image.fromarray(pixels).save(file, format="PNG", compress_level=3)
                file.flush()
                os.fsync(file.fileno())
            del pixels  # the block may wait long for the database
            yield StagedImage(content, width, height, written, self._place(content))
        finally:
            written.unlink(missing_ok=True)

    def png(self, content_sha256: str) -> bytes:
        with _must_be_there():
            return self._place(content_sha256).read_bytes()

    @contextmanager
    def pixels(self, content_sha256: str) -> Iterator[Pixels]:
        """To be used within the block, as `opened` says. A large file is not read before its turn either.

        Raises ImageNotFound or ImageDamaged."""
        with _must_be_there():
            at_least = self._place(content_sha256).stat().st_size // BYTES_A_PIXEL
        with turn(at_least), ExitStack() as stack:
            try:
                picture = stack.enter_context(opened(self.png(content_sha256), limits=OUR_OWN))
            except Rejected:
                raise ImageDamaged(
                    "The stored pixels of this image are damaged. Tell whoever runs this service."
                ) from None
            yield picture.pixels

    def thumbnail(self, content_sha256: str, *, side: int) -> bytes:
        """The image as a PNG that fits a square of `side` pixels."""
        with self.pixels(content_sha256) as pixels:
            return small_png(pixels, side=side)

    def left_behind(self) -> list[Path]:
        """What uploads staged and, being interrupted, neither kept nor removed: an hour old at least."""
        return [path for path in self._staging.glob("*.png") if _is_old(path)]

    def kept(self) -> list[str]:
        """The hashes of all images here, but for those so new that their record may be on its way."""
        return sorted(path.stem for path in self.folder.glob("[0-9a-f][0-9a-f]/*.png") if _is_old(path))

    def sweep(self) -> None:
        for path in self.left_behind():
            path.unlink(missing_ok=True)

    def check(self) -> None:
        """Raises OSError where the folder cannot be written, or has no room for an image of the common size."""
        _try_to_write(self._staging)

    def _place(self, content_sha256: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", content_sha256):
            raise ImageNotFound("That is no content hash.")
        return self.folder / content_sha256[:2] / f"{content_sha256}.png"


def small_png(pixels: Pixels, *, side: int) -> bytes:
    """The pixels as a PNG that fits a square of `side` pixels."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return as_png(image)


def as_png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
