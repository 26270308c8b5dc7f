"""Untrusted bytes -> RGB pixels, or a Rejected with a reason code. The only caller of Image.open.

What is done with what is not plain 8-bit RGB:

- greyscale and palette images are turned into RGB exactly (the gate then judges their colours);
- an alpha channel that is opaque is dropped; where it is wholly transparent the pixel becomes black, as is everything
  around the cells that the model was trained on; half transparency is refused, since it leaves the cell's colour open;
- 16-bit, 1-bit, CMYK and Lab are refused: reducing them would change the score unseen;
- EXIF orientation is applied, once; colour profiles are ignored, as they were in training.

Safe from several threads at once: it depends on no warning filter and changes no setting of Pillow. Large images are
opened one at a time: a black file of 100 KB may be 40 megapixels, which take 300 MiB while they are looked at.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from threading import RLock
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from app.vision.headers import Header, read_header
from app.vision.rejected import ImageTooLarge, Rejected, UnsupportedFormat, colour_mode, damaged, truncated

__all__ = [
    "SUFFIXES",
    "ImageTooLarge",
    "Limits",
    "Picture",
    "Pixels",
    "Rejected",
    "UnsupportedFormat",
    "decode",
    "opened",
    "pixels_sha256",
    "read_picture",
    "turn",
]

Pixels: TypeAlias = NDArray[np.uint8]
"""uint8 H x W x 3, RGB, C-contiguous."""

SUFFIXES = frozenset({".bmp", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"})
"""By which a folder's image files are known; what a file is, its content says."""

_LOADED = (BmpImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
"""Imported here so that Image.open finds its formats ready and never loads Pillow's other plugins, from any thread."""

_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError, RuntimeWarning, UserWarning)
"""What Pillow raises over bad content in a sound structure; the warnings only where a filter makes them errors."""


LARGE_PIXELS = 1_000_000
"""An image with more is opened alone among its like in a process. A cell of the common size has 0.2 million and never
waits; forty threads with images just below this take no more together than one of 40 million."""

_LARGE = RLock()


@dataclass(frozen=True)
class Limits:
    """The most bytes a file may have, and the most pixels an image (width x height)."""

    bytes: int = 16 * 1024 * 1024
    pixels: int = 40_000_000


@dataclass(frozen=True)
class Picture:
    """`lossy`: this file was compressed with loss (JPEG, lossy WebP, JPEG in a TIFF), so that fine texture is gone.

    False proves nothing: a JPEG that somebody saved as a PNG has lost as much, which no file tells, but its pixels
    mostly do (`app.vision.compression`).
    """

    pixels: Pixels
    lossy: bool


def decode(data: bytes, *, limits: Limits) -> Pixels:
    """The pixels of `read_picture` alone, for callers that do not score. Raises Rejected."""
    return read_picture(data, limits=limits).pixels


def read_picture(data: bytes, *, limits: Limits) -> Picture:
    """What `opened` gives, to be kept: for few images, or for those that somebody chose. Raises Rejected."""
    with opened(data, limits=limits) as picture:
        return picture


def turn(pixels: int) -> AbstractContextManager[object]:
    """What an image of so many pixels is opened within: for `opened` itself, and for who reads a large file for it."""
    return _LARGE if pixels > LARGE_PIXELS else nullcontext()


@contextmanager
def opened(data: bytes, *, limits: Limits) -> Iterator[Picture]:
    """One still 8-bit image, upright, to be used within the block. Raises Rejected.

    Where it is large, the next large one waits for the end of the block: nothing in there may wait for a database."""
    header = _header(data, limits=limits)
    with turn(header.width * header.height):
        yield Picture(_upright(_loaded(header), orientation=header.orientation), lossy=header.lossy)


def _header(data: bytes, *, limits: Limits) -> Header:
    if not data:
        message = "The file is empty. Choose the image file again."
        raise Rejected(message, code="image_empty")
    if len(data) > limits.bytes:
        message = (
            f"The file has more than {limits.bytes:,} bytes, the most that are read. Send one cell, not a whole field."
        )
        raise ImageTooLarge(message)
    header = read_header(data)
    if header.width * header.height > limits.pixels:
        message = (
            f"The image has {header.width} x {header.height} pixels, more than the limit of {limits.pixels:,}. "
            "Send one cell, not a whole field."
        )
        raise Rejected(message, code="image_too_many_pixels")
    return header


def pixels_sha256(pixels: Pixels) -> str:
    """Hex digest of shape and RGB bytes: the same for the same pixels, whatever file they came in."""
    height, width, channels = pixels.shape
    digest = hashlib.sha256(f"RGB {height} x {width} x {channels}\n".encode())
    digest.update(pixels.tobytes())
    return digest.hexdigest()


def _loaded(header: Header) -> Pixels:
    """The pixels as they lie in the file."""
    try:
        with Image.open(io.BytesIO(header.body), formats=[header.kind]) as image:
            if image.size != (header.width, header.height):
                raise damaged(header.kind, what="it states two sizes")
            image.load()
            return _rgb(image, kind=header.kind)
    except _UNREADABLE as error:
        if "truncated" in str(error):
            raise truncated(header.kind) from error
        raise damaged(header.kind, what="its image data cannot be read") from error


def _rgb(image: Image.Image, *, kind: str) -> Pixels:
    if image.mode == "RGB" and "transparency" not in image.info:
        return np.array(image)
    if image.mode == "L" and "transparency" not in image.info:
        return np.repeat(np.array(image)[..., None], 3, axis=2)
    if image.mode in {"RGBA", "LA", "RGBX", "RGB", "L", "P"}:
        if image.mode == "RGBX" or (image.mode == "P" and "transparency" not in image.info):
            return np.array(image.convert("RGB"))
        return _on_black(np.array(image.convert("RGBA")))
    raise colour_mode(kind, found=image.mode)


def _on_black(rgba: NDArray[np.uint8]) -> Pixels:
    """Opaque pixels as they are and transparent ones black; raises Rejected where any is in between, or none opaque."""
    alpha = rgba[..., 3]
    clear = alpha == 0
    if clear.all() or not np.all(clear | (alpha == 255)):
        message = (
            "The image is partly or wholly transparent, so that the cell's colours are not certain. "
            "Save it without transparency, on black."
        )
        raise Rejected(message, code="image_transparent")
    return np.where(clear[..., None], np.uint8(0), rgba[..., :3])


def _upright(pixels: Pixels, *, orientation: int) -> Pixels:
    """Undo EXIF orientation 1 to 8: even quarters of a turn, and mirror images."""
    if orientation in {2, 4, 5, 7}:
        pixels = pixels[:, ::-1]
    turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.ascontiguousarray(np.rot90(pixels, turns))
