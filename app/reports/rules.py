"""A case as it stands: the roll-up from cells to case, and a state that is worked out, never stored."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from app.review.rules import NOT_NEEDED, Review, ReviewState, Verdict
from app.screening.rules import Band, wilson

CELLS_ALIKE = 0.2
"""How alike the calls on two cells of one subject are (intraclass correlation), beyond what the class explains.

From the shipped model's results with every person left out alone (`training/results/texture13_each_person.csv`, called
at even odds): 0.18 among ALL cells and 0.22 among normal ones; the mean of both. However many cells there are, those of
one subject then tell no more than five independent ones would. `tests/reports/test_roll_up.py` recomputes it.
"""


class CaseState(StrEnum):
    OPEN = "open"
    WAITING = "waiting_for_reads"
    READY = "ready_to_sign"
    SIGNED = "signed"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"
    UNNAMED = "without_a_number"
    MISMATCH = "signature_does_not_match"
    ALTERED = "record_altered"


class Status(StrEnum):
    """What a signed version is, in the word that its pages use."""

    FINAL = "final"
    AMENDED = "amended"
    CORRECTED = "corrected"


@dataclass(frozen=True)
class Meaning:
    """What a signature says, in fixed words, and the status of the version that it makes."""

    words: str
    status: Status


MEANINGS = {
    "reviewed": Meaning("Reviewed and verified", Status.FINAL),
    "new_specimen": Meaning("Reviewed and verified; a new specimen is advised", Status.FINAL),
    "amended": Meaning("Amended: cells or reads have been added", Status.AMENDED),
    "corrected": Meaning("Corrected: an earlier version was wrong", Status.CORRECTED),
}


def meanings_for(*, earlier_versions: int) -> dict[str, Meaning]:
    """A first version is final; every later one says in which way it changes what was signed."""
    return {code: told for code, told in MEANINGS.items() if (told.status is Status.FINAL) == (earlier_versions == 0)}


@dataclass(frozen=True)
class Cell:
    """What the roll-up needs to know of one screening; `refused`: the gate's reason, where there is no band."""

    id: UUID
    image: str
    band: Band | None
    refused: str | None = None
    review: Review = NOT_NEEDED

    @property
    def waits(self) -> bool:
        return self.review.state.waits

    @property
    def called(self) -> Band | None:
        """The band that it counts as; None where it does not count. A settled verdict takes the place of the band."""
        verdict = self.review.verdict
        if self.review.state is not ReviewState.SETTLED or verdict is None:
            return self.band
        if verdict is Verdict.CANNOT_TELL:
            return Band.UNCERTAIN if self.band else None
        return {Verdict.LEUKAEMIC_BLAST: Band.SUSPECTED, Verdict.NORMAL: Band.NOT_SUSPECTED}.get(verdict)

    @property
    def refusal(self) -> str | None:
        """Why it does not count: the gate's reason, or that a reader called the image unusable."""
        if self.called is not None:
            return None
        return self.refused or Verdict.UNUSABLE_IMAGE.value


@dataclass(frozen=True)
class RollUp:
    """From cells to case. `share`, `low`, `high`: None below the minimum and while cells wait for a read, where a share
    would say too much. `alike`: as CELLS_ALIKE was then. `unread`: how many wait, whether they count or not."""

    counted: int
    suspected: int
    minimum: int
    alike: float
    share: float | None = None
    low: float | None = None
    high: float | None = None
    uncertain: int = 0
    unread: int = 0

    @property
    def sufficient(self) -> bool:
        return self.share is not None

    @property
    def worth(self) -> float:
        return independent(self.counted, alike=self.alike)


def each_image_once(cells: Iterable[Cell]) -> list[Cell]:
    """Of several screenings of one image (by other models, in the order of time) the last that a human has settled,
    else the last."""
    chosen: dict[str, Cell] = {}
    for cell in cells:
        earlier = chosen.get(cell.image)
        settled = cell.review.state is ReviewState.SETTLED
        if earlier is None or settled or earlier.review.state is not ReviewState.SETTLED:
            chosen[cell.image] = cell
    return list(chosen.values())


def roll_up(cells: Collection[Cell], *, minimum: int) -> RollUp:
    """The share of suspected cells among the usable, each image once."""
    called = [cell.called for cell in each_image_once(cells) if cell.called is not None]
    counted, suspected, uncertain = len(called), called.count(Band.SUSPECTED), called.count(Band.UNCERTAIN)
    unread = sum(cell.waits for cell in cells)
    bare = RollUp(counted, suspected, minimum, CELLS_ALIKE, uncertain=uncertain, unread=unread)
    if counted < minimum or not counted or unread:
        return bare
    low, high = wilson(suspected / counted, among=bare.worth)
    return replace(bare, share=suspected / counted, low=low, high=high)


def independent(cells: int, *, alike: float = CELLS_ALIKE) -> float:
    """How many independent cells so many of one subject are worth: divided by the design effect 1 + (m - 1) rho."""
    return cells / (1 + (cells - 1) * alike) if cells else 0.0


@dataclass(frozen=True)
class Counts:
    """Every screening of the case, by what the model made of it, by its review, and the refused ones by reason."""

    by_band: dict[str, int]
    by_review: dict[str, int]
    refused: dict[str, int]


def count(cells: Collection[Cell]) -> Counts:
    return Counts(
        by_band=dict(Counter(cell.band.value if cell.band else "unusable" for cell in cells)),
        by_review=dict(Counter(cell.review.state.value for cell in cells)),
        refused=dict(Counter(cell.refusal for cell in cells if cell.refusal is not None)),
    )


@dataclass(frozen=True)
class Facts:
    """All that the state of a case hangs on. `changed`: the latest version does not say what the rows say now.

    `named`: it has a number; `mismatch`: why a signature does not match, in words; `altered`: which rows are not what
    the ledger recorded.
    """

    cells: tuple[Cell, ...]
    versions: int = 0
    changed: bool = False
    withdrawn: bool = False
    named: bool = True
    mismatch: str | None = None
    altered: str | None = None

    @property
    def fault(self) -> str | None:
        """Why nothing that the case says can be relied on."""
        return self.mismatch or self.altered

    @property
    def usable(self) -> bool:
        """Whether any cell counts."""
        return any(cell.called for cell in each_image_once(self.cells))


def state_of(facts: Facts) -> CaseState:
    if facts.fault and not facts.withdrawn:
        return CaseState.MISMATCH if facts.mismatch else CaseState.ALTERED
    waits, usable = any(cell.waits for cell in facts.cells), facts.usable
    return state_by(withdrawn=facts.withdrawn, versions=facts.versions, waits=waits, usable=usable, named=facts.named)


def state_by(
    *, withdrawn: bool, versions: int, waits: bool, usable: bool, named: bool, mismatch: bool = False
) -> CaseState:
    """`waits`: a cell waits for a read; `usable`: a cell counts; `named`: the case has a number; `mismatch`: a
    signature does not match."""
    if withdrawn:
        return CaseState.WITHDRAWN
    if mismatch:
        return CaseState.MISMATCH
    if versions:
        return CaseState.SIGNED if versions == 1 else CaseState.AMENDED
    if waits:
        return CaseState.WAITING
    if not usable:
        return CaseState.OPEN
    return CaseState.READY if named else CaseState.UNNAMED


def what_blocks_signing(facts: Facts) -> tuple[str, ...]:
    """Every reason why nobody can sign the case now, in words; none where somebody can."""
    if facts.withdrawn:
        return ("The case has been withdrawn.",)
    if facts.fault:
        return (
            facts.fault,
            "Nobody can sign this case now. Tell whoever runs this service.",
        )
    blocks = []
    waiting = sum(cell.waits for cell in facts.cells)
    if waiting:
        told = "1 cell waits" if waiting == 1 else f"{waiting} cells wait"
        blocks.append(f"{told} for a human read. A case is signed when every needed read is settled.")
    if not waiting and not facts.usable:
        blocks.append("There is no usable cell to report on. Send further images, or ask for a read of a refused one.")
    if not facts.named:
        blocks.append("The case has no number. Give it one under Manage first.")
    if facts.versions and not facts.changed:
        blocks.append("Nothing has changed since the latest version was signed.")
    return tuple(blocks)


def signs_own_upload(signer_id: UUID, *, submitters: Collection[UUID]) -> bool:
    """Whether the signer sent in every cell: then nobody else has had a hand in the case, and somebody else signs."""
    return bool(submitters) and set(submitters) == {signer_id}
