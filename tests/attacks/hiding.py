"""Image files that carry a patient's name where no pixel is, and files that are two things at once."""

import struct
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageCms
from PIL.ExifTags import GPS, IFD, Base
from PIL.PngImagePlugin import PngInfo

from app.vision.drawn import Look, draw

NAME = "SMITH"
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:creator>{NAME}</dc:creator></x:xmpmeta>".encode()
JPEG = {"quality": 95, "subsampling": 0}


def _picture() -> Image.Image:
    return Image.fromarray(draw(1, Look.BLAST))


def _saved(kind: str, **extra: object) -> bytes:
    buffer = BytesIO()
    _picture().save(buffer, format=kind, **extra)
    return buffer.getvalue()


def _exif() -> bytes:
    exif = Image.Exif()
    exif[Base.Artist] = NAME
    exif[Base.ImageDescription] = f"patient {NAME}"
    exif.get_ifd(IFD.Exif)[Base.UserComment] = b"ASCII\0\0\0" + NAME.encode()
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSAreaInformation] = NAME.encode()
    return exif.tobytes()


def _profile() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = profile.rindex(b"sRGB") if b"sRGB" in profile else len(profile) - 8
    profile[at : at + 5] = NAME.encode()
    return bytes(profile)


def _text_chunks() -> PngInfo:
    info = PngInfo()
    info.add_text("Patient", NAME)
    info.add_text("Comment", NAME * 3, zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return info


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _private_chunk() -> bytes:
    whole = _saved("PNG")
    end = whole.rindex(b"IEND") - 4
    return whole[:end] + _chunk(b"smIt", NAME.encode()) + whole[end:]


def _zip() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{NAME}.txt", NAME)
    return buffer.getvalue()


HTML = f"<!doctype html><script>alert('{NAME}')</script>".encode()
FILES: dict[str, Callable[[], bytes]] = {
    "EXIF and GPS in a JPEG": lambda: _saved("JPEG", exif=_exif(), **JPEG),
    "a comment in a JPEG": lambda: _saved("JPEG", comment=NAME, **JPEG),
    "a colour profile in a JPEG": lambda: _saved("JPEG", icc_profile=_profile(), **JPEG),
    "XMP in a JPEG": lambda: _saved("JPEG", xmp=XMP, **JPEG),
    "EXIF in a PNG": lambda: _saved("PNG", exif=_exif()),
    "text in a PNG": lambda: _saved("PNG", pnginfo=_text_chunks()),
    "a colour profile in a PNG": lambda: _saved("PNG", icc_profile=_profile()),
    "a chunk of its own in a PNG": _private_chunk,
    "tags in a TIFF": lambda: _saved("TIFF", description=NAME, artist=NAME, software=NAME),
    "EXIF and XMP in a WebP": lambda: _saved("WEBP", lossless=True, exif=_exif(), xmp=XMP),
    "bytes behind a PNG": lambda: _saved("PNG") + NAME.encode(),
    "bytes behind a JPEG": lambda: _saved("JPEG", **JPEG) + NAME.encode(),
    "bytes behind a BMP": lambda: _saved("BMP") + NAME.encode(),
    "a PNG that is a ZIP archive too": lambda: _saved("PNG") + _zip(),
    "a JPEG that is a web page too": lambda: _saved("JPEG", comment=HTML, **JPEG) + HTML,
    "a BMP that is a ZIP archive too": lambda: _saved("BMP") + _zip(),
}
