"""What people type, made plain before a rule judges it."""

LARGEST = 999_999_999
"""A bound where the rules know none: databases keep it as an integer."""


def plain(text: str) -> str:
    """Without space around it; browsers send a line's end as two characters, it counts, and is kept, as one."""
    return text.replace("\r\n", "\n").strip()


def whole_number(text: str, *, least: int, most: int) -> int | None:
    """The number that digits 0 to 9 say, space around them or not; None where it is another text or out of bounds."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        return None
    number = int(digits)
    return number if least <= number <= most else None
