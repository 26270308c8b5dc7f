"""Image files of a training set -> RGB pixels, by the service's own decoder; errors name the file."""

from pathlib import Path

from app.errors import Invalid
from app.vision.decode import Limits, Pixels, decode


class PictureNotReadable(Invalid):
    code = "picture_not_readable"


def read_pixels(path: Path) -> Pixels:
    """uint8 H x W x 3 RGB; raises PictureNotReadable."""
    try:
        return decode(path.read_bytes(), limits=Limits())
    except OSError as error:
        raise PictureNotReadable(f"{path} cannot be read ({error.strerror}).") from error
    except Invalid as error:
        raise PictureNotReadable(f"{path}: {error.message}") from error
