"""Tables of Markdown."""

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """Its lines, the head first; raises ValueError where a row has more or fewer fields than there are columns."""
    filled = [[field for _, field in zip(columns, row, strict=True)] for row in rows]
    return [_line(columns), "|---" * len(columns) + "|", *map(_line, filled)]


def _line(fields: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, fields))} |"
