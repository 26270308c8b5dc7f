"""Image files of a training set -> RGB pixels, by the service's own decoder; errors name the file."""

import io
from pathlib import Path
from typing import Any

from PIL import Image

from app.errors import Invalid
from app.vision.decode import Limits, Pixels, decode
from app.vision.headers import read_header


class PictureNotReadable(Invalid):
    code = "picture_not_readable"


class PictureLossy(Invalid):
    code = "picture_lossy"


def read_pixels(path: Path) -> Pixels:
    """uint8 H x W x 3 RGB; raises PictureNotReadable."""
    return _read(path)[1]


def read_lossless(path: Path) -> Pixels:
    """The same of a file that has lost nothing of its pixels, whatever its name says; raises PictureLossy too."""
    data, pixels = _read(path)
    if read_header(data).lossy:
        raise PictureLossy(
            f"{path} is compressed with loss, as JPEG or lossy WebP are, which smooths away what is to be learned. "
            "Take the original, or leave it out."
        )
    return pixels


def through_a_file(pixels: Pixels, kind: str, **how: Any) -> Pixels:
    """What is left of the pixels, uint8 H x W x 3 RGB, when Pillow has written them as such a file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **how)
    return decode(file.getvalue(), limits=Limits())


def _read(path: Path) -> tuple[bytes, Pixels]:
    try:
        data = path.read_bytes()
        return data, decode(data, limits=Limits())
    except OSError as error:
        raise PictureNotReadable(f"{path} cannot be read ({error.strerror}).") from error
    except Invalid as error:
        raise PictureNotReadable(f"{path}: {error.message}") from error
