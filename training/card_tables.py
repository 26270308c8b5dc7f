"""Figures in a model card: a table of them, or one in a line; one that is missing stops the card."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.errors import Invalid
from training.markdown import table


class FigureMissing(Invalid):
    code = "figure_missing"


@contextmanager
def figures_there() -> Iterator[None]:
    """Raises FigureMissing where the block looks for what a card does not have, one of before that was looked at."""
    try:
        yield
    except KeyError as error:
        raise FigureMissing(
            f"The card has no {error}, so no model card can be written. Evaluate and export the model again."
        ) from error


def as_table(figures: dict[str, Any], names: dict[str, str]) -> str:
    rows = [(title, estimated(figures, key)) for key, title in names.items()]
    return "\n".join(table(("figure", "value (95 % interval)"), rows))


def estimated(figures: dict[str, Any], key: str) -> str:
    found = figures.get(key)
    if not isinstance(found, list) or any(number is None for number in found):
        raise FigureMissing(f"The figure {key} is missing, so no model card can be written. Evaluate again.")
    return as_told(found)


def as_told(found: list[float | None]) -> str:
    """A figure with its interval; "-" for what cannot be had."""
    value, low, high = found
    return "-" if value is None or low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"
