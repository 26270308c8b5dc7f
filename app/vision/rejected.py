"""What is said of a file that does not become pixels. One code for each reason; the sentence says what to do."""

from app.errors import Invalid, TooLarge, UnsupportedType


class Rejected(Invalid):
    """The file was not decoded. `code` is one of the `image_…` codes below or of a subclass; nothing was kept of it."""

    code = "image_damaged"


class UnsupportedFormat(Rejected, UnsupportedType):
    """Not a file of a kind that is read here, whatever its name says."""

    code = "image_format_unsupported"


class ImageTooLarge(Rejected, TooLarge):
    """The file has more bytes than the limit."""

    code = "image_too_large"


def truncated(kind: str) -> Rejected:
    return Rejected(
        f"This {kind} file ends before its image does: it was cut off on the way. Export or upload it again.",
        code="image_truncated",
    )


def damaged(kind: str, *, what: str) -> Rejected:
    return Rejected(f"This {kind} file is damaged ({what}). Export it again from where it comes from.")


def animated(kind: str) -> Rejected:
    return Rejected(
        f"This {kind} file holds an animation. Save the one frame that shows the cell as an image of its own.",
        code="image_animated",
    )


def several_pages(kind: str) -> Rejected:
    return Rejected(
        f"This {kind} file holds more than one image. Save the one that shows the cell as a file of its own.",
        code="image_multiple_pages",
    )


def bit_depth(kind: str, *, bits: str) -> Rejected:
    return Rejected(
        f"This {kind} file has {bits}; the model was trained on 8 bits for each of red, green and blue. "
        "Export it as 8-bit RGB.",
        code="image_bit_depth",
    )


def colour_mode(kind: str, *, found: str) -> Rejected:
    return Rejected(
        f"This {kind} file stores its colours as {found}, which cannot be turned into RGB exactly. "
        "Export it as 8-bit RGB.",
        code="image_colour_mode",
    )


def compression(kind: str) -> Rejected:
    return Rejected(
        f"This {kind} file is compressed in a way that is not read here. Save it uncompressed, or as PNG.",
        code="image_compression",
    )
