"""The report of a case, ready to be set as a page or as a PDF: one sheet for both, so that they cannot differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.reports import words
from app.screening.words import short_id

NAMED_MOST = 20


@dataclass(frozen=True)
class Bar:
    """The usable cells by what they count as, and the interval of the share, in hundredths of the bar's width."""

    suspected: str
    uncertain: str
    uncertain_from: str
    not_suspected: str
    not_suspected_from: str
    low: str
    high: str
    reach: str


@dataclass(frozen=True)
class Tile:
    id: UUID
    image: str
    short_id: str
    band: str
    band_code: str
    probability: str
    verdict: str | None


@dataclass(frozen=True)
class ReadLine:
    short_id: str
    verdict: str
    kind: str
    reader: str
    at: datetime
    note: str


@dataclass(frozen=True)
class ModelFacts:
    name: str
    sha256: str
    facts: tuple[tuple[str, str], ...]
    intended_use: str
    statement: str


@dataclass(frozen=True)
class SignatureBlock:
    number: int
    status: str
    printed_name: str
    meaning: str
    at: datetime
    sha256: str
    fault: str | None


@dataclass(frozen=True)
class MixedUp:
    """The warning of images that lie under another subject too. `cells`: id and short name of as many as it names;
    `more`: how many others there are."""

    told: str
    cells: tuple[tuple[UUID, str], ...]
    more: int

    @property
    def line(self) -> str:
        more = f" and {self.more} more" if self.more else ""
        return f"{self.told} Cells: {', '.join(name for _, name in self.cells)}{more}."


def mixed_up(screening_ids: Sequence[UUID]) -> MixedUp | None:
    if not screening_ids:
        return None
    named = tuple((one, short_id(one)) for one in screening_ids[:NAMED_MOST])
    return MixedUp(words.mixed_up(len(screening_ids)), named, len(screening_ids) - len(named))


@dataclass(frozen=True)
class Says:
    """What a signed version says, as far as who has its paper must see to tell a changed one. `number`: None where it,
    or the subject, was corrected since."""

    number: str | None
    images: int
    headline: str
    under_headline: str
    counts: tuple[tuple[str, str, int], ...]
    counts_told: str = words.BANDS
    renamed: str = words.RENAMED


@dataclass(frozen=True)
class Sheet:
    """`mark`: what stands across every page, where the report must not be taken for a valid one; `told`: why.
    `mixed_up`: by what is known now, of a signed version too; it is no part of what was signed.

    Last come the sentences that every sheet has.
    """

    case_id: UUID
    mark: str | None
    told: tuple[str, ...]
    number: str
    subject: str
    opened: datetime
    made_at: datetime
    sandbox: bool
    headline: str
    under_headline: str
    bar: Bar | None
    rule: tuple[str, ...]
    counts: tuple[tuple[str, str, int], ...]
    reviews: tuple[tuple[str, int], ...]
    refused: tuple[tuple[str, int], ...]
    never_cleared: tuple[tuple[str, int], ...]
    """Of the cells whose low score clears nothing: why, and how many."""
    telling: tuple[Tile, ...]
    reads: tuple[ReadLine, ...]
    reads_left_out: int
    models: tuple[ModelFacts, ...]
    limits: tuple[str, ...]
    signature: SignatureBlock | None
    history: tuple[SignatureBlock, ...]
    mixed_up: MixedUp | None = None
    demonstration: str = words.DEMONSTRATION
    bar_told: str = words.BAR
    counts_told: str = words.BANDS
    never_cleared_title: str = words.NEVER_CLEARED
    telling_told: str = words.TELLING
    no_reads: str = words.NO_READS
    not_signed: str = words.NOT_SIGNED
    hash_told: str = words.HASH
    checked_at: str = words.CHECKED_AT

    @property
    def more_reads(self) -> str | None:
        return f"and {self.reads_left_out} more, all of them in the signed record." if self.reads_left_out else None

    @property
    def other_versions(self) -> tuple[SignatureBlock, ...]:
        shown = self.signature.number if self.signature else 0
        return tuple(version for version in self.history if version.number != shown)
