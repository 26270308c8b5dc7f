"""How pages say what was measured: each measure beside what is usual in the training cells of both classes."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.screening.words import percent

TITLES = {
    "area_px": "Area",
    "circularity": "Circularity",
    "elongation": "Length over width",
    "solidity": "Solidity",
    "clefts": "Clefts",
    "cleft_depth": "Deepest cleft",
    "spots": "Vacuole-like bright spots",
    "spot_share": "Area of these spots",
    "unevenness": "Chromatin unevenness",
    "contrast": "Chromatin contrast",
    "entropy": "Chromatin entropy",
}
MEANINGS = {
    "area_px": "pixels",
    "circularity": "1 is a disc",
    "elongation": "1 is as long as wide",
    "solidity": "share of its convex hull; 1 has no dent",
    "clefts": "dents of at least 4 % of the diameter",
    "cleft_depth": "share of the diameter",
    "spots": "round, brighter and paler than around them",
    "spot_share": "share of the cell",
    "unevenness": "deviation of optical density",
    "contrast": "between points 2 px apart",
    "entropy": "bits; more is less orderly",
}
FORMATS = {
    "area_px": "{:,.0f}",
    "clefts": "{:.0f}",
    "unevenness": "{:.3f}",
    "spots": "{:.0f}",
    "solidity": "{:.3f}",
}
SHARES = ("cleft_depth", "spot_share")


@dataclass(frozen=True)
class Usual:
    """One class on a strip 100 wide: from its 5th to its 95th percentile, the middle half, and the median."""

    start: str
    width: str
    middle: str
    middle_width: str
    median: str
    told: str
    """The share of the training cells at or below the value."""


@dataclass(frozen=True)
class MeasureLine:
    title: str
    meaning: str
    value: str
    at: str
    normal: Usual | None
    blast: Usual | None


def measure_lines(measures: Mapping[str, float], *, usual: Mapping[str, Any] | None) -> tuple[MeasureLine, ...]:
    """`usual` is the card's `morphology`; without it there are only values."""
    return tuple(_line(name, value, usual) for name, value in measures.items() if name in TITLES)


def _line(name: str, value: float, usual: Mapping[str, Any] | None) -> MeasureLine:
    shown = percent(value, decimals=1) if name in SHARES else FORMATS.get(name, "{:.2f}").format(value)
    title, meaning = TITLES[name], MEANINGS[name]
    if usual is None or name not in usual["HEM"] or name not in usual["ALL"]:
        return MeasureLine(title, meaning, shown, "", None, None)
    shares, normal, blast = usual["quantiles"], usual["HEM"][name], usual["ALL"][name]
    low, high = min(normal[0], blast[0]), max(normal[-1], blast[-1])

    def place(number: float) -> float:
        return min(max(100 * (number - low) / (high - low), 0.0), 100.0) if high > low else 50.0

    return MeasureLine(
        title,
        meaning,
        shown,
        f"{place(value):.1f}",
        *(
            _usual([place(number) for number in numbers], shares, told=at_or_below(value, numbers, shares=shares))
            for numbers in (normal, blast)
        ),
    )


def _usual(places: Sequence[float], shares: Sequence[float], *, told: str) -> Usual:
    start, first, median, last, end = (_at(share, places, shares) for share in (0.05, 0.25, 0.5, 0.75, 0.95))
    return Usual(
        start=f"{start:.1f}",
        width=f"{end - start:.1f}",
        middle=f"{first:.1f}",
        middle_width=f"{last - first:.1f}",
        median=f"{median:.1f}",
        told=told,
    )


def _at(share: float, places: Sequence[float], shares: Sequence[float]) -> float:
    """The place of a quantile, between those that the card holds."""
    after = min(max(bisect_right(shares, share), 1), len(shares) - 1)
    way = (share - shares[after - 1]) / (shares[after] - shares[after - 1])
    return places[after - 1] + min(max(way, 0.0), 1.0) * (places[after] - places[after - 1])


def at_or_below(value: float, quantiles: Sequence[float], *, shares: Sequence[float]) -> str:
    """The share of cells at or below `value`, in words, by the quantiles of a class."""
    after = bisect_right(quantiles, value)
    if after == 0:
        return f"under {percent(shares[0], decimals=0)}"
    if after == len(quantiles):
        return f"over {percent(shares[-1], decimals=0)}"
    if list(quantiles).count(value) > 1:  # many cells have just that: the share lies between two that are known
        return f"{100 * shares[after - 1]:.0f} to {percent(shares[after], decimals=0)}"
    way = (value - quantiles[after - 1]) / (quantiles[after] - quantiles[after - 1])
    return percent(shares[after - 1] + way * (shares[after] - shares[after - 1]), decimals=0)
