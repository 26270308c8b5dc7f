"""The gallery of a case, ready to be shown: counts that are ways to filter, one page of tiles, and the way on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import urlencode
from uuid import UUID

from app.gallery import rules, words
from app.gallery.rules import Filters, Group, ShownCell
from app.reports.words import refusal
from app.screening import words as screening_words
from app.web.paging import Paging

CELLS_A_PAGE = 60
ALL = Filters()


@dataclass(frozen=True)
class Way:
    """The address of a case, with the filters and the cells chosen to compare that stand in it."""

    address: str
    filters: Filters = ALL
    chosen: tuple[UUID, ...] = ()

    @property
    def carried(self) -> tuple[tuple[str, str], ...]:
        return tuple(("cell", str(one)) for one in self.chosen)

    @property
    def page(self) -> str:
        query = urlencode([*self.filters.query, *self.carried])
        return f"{self.address}?{query}" if query else self.address

    def to(self, filters: Filters) -> str:
        return f"{replace(self, filters=filters).page}#gallery"


@dataclass(frozen=True)
class Counted:
    """How many cells of a band, or refused for a reason, and the way to them alone (or, from there, back to all)."""

    code: str
    told: str
    why: str
    count: int
    href: str
    current: bool


@dataclass(frozen=True)
class Option:
    value: str
    title: str
    chosen: bool


@dataclass(frozen=True)
class FilterForm:
    """`kept`: what else stands in the address, as hidden fields."""

    kept: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str, tuple[Option, ...]], ...]
    clear: str | None


@dataclass(frozen=True)
class Tile:
    id: str
    href: str
    thumbnail: str
    short_id: str
    alt: str
    score: str
    review: str
    chosen: bool
    ask: str | None


@dataclass(frozen=True)
class TileGroup:
    """The tiles of one band on this page; `count`: how many of it there are on all pages."""

    code: str
    told: str
    count: int
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Gallery:
    total: int
    bands: tuple[Counted, ...]
    refusals: tuple[Counted, ...]
    filters: FilterForm
    groups: tuple[TileGroup, ...]
    span: str
    carried: tuple[str, ...]
    compared_most: int
    newer: str | None
    older: str | None


def page_of(cells: Sequence[ShownCell], *, filters: Filters, number: int) -> tuple[list[ShownCell], Paging]:
    """Those that the filters let pass, in order, and which page of them: the last where there are not so many."""
    matching = rules.in_order(cell for cell in cells if filters.let_pass(cell))
    last = max(1, -(-len(matching) // CELLS_A_PAGE))
    return matching, Paging("", min(number, last), CELLS_A_PAGE)


def gallery(cells: Sequence[ShownCell], *, way: Way, number: int, withdrawn: bool) -> tuple[Gallery, list[UUID]]:
    """One page of a case's cells, from which nothing is hidden that is not hidden in `cells`; and which it shows."""
    matching, paging = page_of(cells, filters=way.filters, number=number)
    paging = replace(paging, address=way.address, query=(*way.filters.query, *way.carried))
    shown = paging.shown(matching[paging.offset :])
    ids = [cell.id for cell in shown]
    view = Gallery(
        total=len(cells),
        bands=tuple(_bands(cells, way=way)),
        refusals=tuple(_refusals(cells, way=way)),
        filters=_filter_form(cells, way=way),
        groups=tuple(_groups(shown, of=matching, way=way, withdrawn=withdrawn)),
        span=f"{paging.offset + 1} to {paging.offset + len(shown)} of {len(matching):,}" if shown else "",
        carried=tuple(str(one) for one in way.chosen if one not in ids),
        compared_most=rules.TO_COMPARE_MOST,
        newer=paging.newer,
        older=paging.older(matching[paging.offset :]),
    )
    return view, ids


def _bands(cells: Sequence[ShownCell], *, way: Way) -> Iterator[Counted]:
    for group, count in rules.by_group(cells).items():
        if group is Group.READING and not count:
            continue
        current = way.filters.band is group
        href = way.to(replace(way.filters, band=None if current else group, reason=None))
        yield Counted(group.value, words.GROUPS[group], "", count, href, current)


def _refusals(cells: Sequence[ShownCell], *, way: Way) -> Iterator[Counted]:
    for code, count in rules.refusals(cells).items():
        current = way.filters.reason == code
        href = way.to(Filters(reason=None if current else code))
        yield Counted(code, words.reason(code), refusal(code), count, href, current)


def _filter_form(cells: Sequence[ShownCell], *, way: Way) -> FilterForm:
    asked = dict(way.filters.query)
    review = [(state.value, told) for state, told in words.REVIEWS.items()]
    reasons = [(code, words.reason(code)) for code in rules.refusals(cells)]
    flags = [(flag.value, screening_words.FLAGS[flag]) for flag in rules.flags(cells)]
    choices = (
        ("review", "Review", review),
        ("flagged", "Flagged", [("yes", "Flagged for a read"), ("no", "Not flagged")]),
        ("flag", "Flagged for", flags),
        ("reason", "Refused for", reasons),
    )
    return FilterForm(
        kept=tuple(one for one in (*way.filters.query, *way.carried) if one[0] in ("band", "cell")),
        fields=tuple((name, title, _options(asked.get(name), offered)) for name, title, offered in choices if offered),
        clear=way.to(ALL) if way.filters.query else None,
    )


def _options(asked: str | None, offered: list[tuple[str, str]]) -> tuple[Option, ...]:
    return (Option("", "All", asked is None), *(Option(value, title, value == asked) for value, title in offered))


def _groups(shown: Sequence[ShownCell], *, of: Sequence[ShownCell], way: Way, withdrawn: bool) -> Iterator[TileGroup]:
    totals = rules.by_group(of)
    for group, cells in groupby(shown, key=lambda cell: cell.group):
        tiles = tuple(tile(cell, way=way, withdrawn=withdrawn) for cell in cells)
        yield TileGroup(group.value, words.GROUPS[group], totals[group], tiles)


def address(cell: ShownCell) -> str:
    """Where it is looked at, or read."""
    return f"/review/{cell.id}" if cell.to_read else f"/screenings/{cell.id}"


def tile(cell: ShownCell, *, way: Way, withdrawn: bool) -> Tile:
    short_id = screening_words.short_id(cell.id)
    return Tile(
        id=str(cell.id),
        href=address(cell),
        thumbnail=f"/screenings/{cell.id}/thumbnail/192",
        short_id=short_id,
        alt=words.alternative(cell, short_id=short_id),
        score=words.score(cell),
        review=words.review(cell),
        chosen=cell.id in way.chosen,
        ask=f"{way.address}/ask/{cell.id}" if cell.may_be_asked_for and not withdrawn else None,
    )
