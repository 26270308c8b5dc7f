"""Archives as people, and attackers, pack them."""

from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo


def zipped(entries: Mapping[str, bytes], *, compression: int = ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(ZipInfo(name), content, compress_type=compression)
    return buffer.getvalue()
