"""How a sheet is made: of a case as it stands, or of a version as it was signed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app import clock
from app.accounts import queries as accounts
from app.cases.rules import UNNAMED, masked
from app.cases.tables import CaseRow
from app.reports import queries, rules, words
from app.reports.content import Content, cell_of, is_renamed, said_of
from app.reports.queries import Standing
from app.reports.rules import CaseState, Counts, RollUp
from app.reports.sheet import Bar, ModelFacts, ReadLine, Says, Sheet, SignatureBlock, Tile, mixed_up
from app.reports.version_queries import Version
from app.review import words as review_words
from app.review.rules import ReadKind, ReviewState
from app.screening import queries as screenings
from app.screening import rules as screening_rules
from app.screening import words as screening_words
from app.screening.model_titles import FIGURES
from app.screening.model_view import model_page
from app.screening.rules import Band, ReviewReason
from app.screening.tables import ModelRow

TELLING = {Band.SUSPECTED: 6, Band.UNCERTAIN: 3, Band.NOT_SUSPECTED: 3}
"""How many cells of each band the report shows."""
READS_MOST = 60
Reasons = Mapping[UUID, frozenset[ReviewReason]]
"""Of each screening that was flagged, why."""
KEY_FIGURES = ("floor_matched_auc", "sensitivity", "specificity", "calibration_error")


def sheet_of_case(session: Session, case: CaseRow, standing: Standing) -> Sheet:
    """The report as the case stands: of its latest version, or unverified where that is not what the rows say."""
    latest = standing.latest
    facts = standing.facts
    if latest is not None and latest.content is not None and (latest.fault or not (facts.changed or facts.fault)):
        return sheet_of_version(session, case, standing, version=latest)
    withdrawn = standing.state is CaseState.WITHDRAWN
    mark = words.STATES[CaseState.WITHDRAWN] if withdrawn else "Unverified"
    if facts.fault:
        mark = words.STATES[CaseState.MISMATCH if facts.mismatch else CaseState.ALTERED]
        told: tuple[str, ...] = (facts.fault, words.FAULT)
    elif standing.versions:
        told = (words.WITHDRAWN_SINCE if withdrawn else words.CHANGED,)
    else:
        told = ("Nobody has signed this report.", *standing.blocks)
    return _sheet(session, case, standing, content=standing.content, rolled=standing.roll_up, mark=mark, told=told)


def sheet_of_version(session: Session, case: CaseRow, standing: Standing, *, version: Version) -> Sheet:
    """A version as it was signed, numbers and all. Its content must be there."""
    assert version.content is not None  # noqa: S101  the door has asked
    mark, told = _mark_of(version, standing)
    rolled = _roll_up_of(version.content)
    content, signature = version.content, block_of(version)
    return _sheet(session, case, standing, content=content, rolled=rolled, mark=mark, told=told, signature=signature)


def _mark_of(version: Version, standing: Standing) -> tuple[str | None, tuple[str, ...]]:
    if version.fault:
        return words.STATES[CaseState.MISMATCH], (version.fault, words.FAULT)
    if standing.state is CaseState.WITHDRAWN:
        return words.STATES[CaseState.WITHDRAWN], (words.WITHDRAWN_SINCE,)
    latest = standing.latest
    if latest is not None and latest.number != version.number:
        return f"Superseded by version {latest.number}", ("A later version stands in place of this one.",)
    return None, (words.CHANGED,) if version.changed else ()


def how_it_stands(version: Version, standing: Standing) -> str:
    """What somebody with a printed report in hand must know of it."""
    mark, told = _mark_of(version, standing)
    if mark is None and not told:
        return "It stands: what was signed is what the record says."
    return f"{mark or 'It was signed'}. {' '.join(told)}"


def what_it_says(version: Version, case: CaseRow, standing: Standing) -> Says | None:
    """None where what was signed is not there to be shown."""
    if version.content is None:
        return None
    rolled, cells = _roll_up_of(version.content), [cell_of(one) for one in version.content["cells"]]
    number = masked(case.accession) if case.accession else UNNAMED
    return Says(
        number=None if is_renamed(version.content, now=standing.content) else number,
        images=len(rules.each_image_once(cells)),
        headline=words.headline(rolled),
        under_headline=words.under_headline(rolled),
        counts=tuple(_counts(rules.count(cells))),
    )


def _roll_up_of(content: Content) -> RollUp:
    told = content["roll_up"]
    parts = {name: told[name] for name in ("counted", "suspected", "minimum", "share", "low", "high")}
    called = [cell.called for cell in rules.each_image_once(cell_of(one) for one in content["cells"])]
    return RollUp(alike=told["cells_alike"], uncertain=called.count(Band.UNCERTAIN), **parts)


def block_of(version: Version) -> SignatureBlock:
    return SignatureBlock(
        number=version.number,
        status=version.status,
        printed_name=version.printed_name,
        meaning=version.meaning,
        at=version.at,
        sha256=version.sha256,
        fault=version.fault,
    )


def _sheet(
    session: Session,
    case: CaseRow,
    standing: Standing,
    *,
    content: Content,
    rolled: RollUp,
    mark: str | None,
    told: tuple[str, ...],
    signature: SignatureBlock | None = None,
) -> Sheet:
    cells = [cell_of(one) for one in content["cells"]]
    counts, told_of = rules.count(cells), {cell.id for cell in cells}
    reasons = {one: why for one, why in screenings.reasons_in(session, case.id).items() if one in told_of}
    reads, left_out = _reads(session, content)
    models = screenings.models_with_cards(session, {UUID(one["model"]) for one in content["cells"]})
    withdrawn, renamed = standing.state is CaseState.WITHDRAWN, is_renamed(content, now=standing.content)
    return Sheet(
        case_id=case.id,
        mark=mark,
        told=(*told, words.RENAMED) if renamed else told,
        number=words.NOT_SHOWN if renamed else case.accession or UNNAMED,
        subject=words.NOT_SHOWN if renamed else case.subject or "not given",
        opened=case.opened_at,
        made_at=clock.now(),
        sandbox=queries.any_sandbox(session, case.id),
        headline=words.headline(rolled),
        under_headline=words.under_headline(rolled, withdrawn=withdrawn),
        bar=_bar(rolled, cells),
        rule=(words.RULE, words.interval(rolled)) if rolled.sufficient else (words.RULE,),
        counts=tuple(_counts(counts)),
        reviews=_reviews(counts, withdrawn=withdrawn),
        refused=tuple((words.refusal(reason), n) for reason, n in sorted(counts.refused.items())),
        never_cleared=_never_cleared(reasons),
        telling=tuple(_tiles(_each_image_once(content["cells"]), reasons=reasons)),
        reads=reads,
        reads_left_out=left_out,
        models=tuple(_model(row) for row in models),
        limits=(*words.LIMITS, words.NOT_CLEARED),
        signature=signature,
        history=tuple(block_of(version) for version in standing.versions),
        mixed_up=mixed_up([one for one in screenings.mixed_up_in(session, case.id) if one in told_of]),
    )


def _counts(counts: Counts) -> list[tuple[str, str, int]]:
    bands = [
        *((band.value, told) for band, told in screening_words.BANDS.items()),
        ("unusable", screening_words.UNUSABLE),
    ]
    return [(code, told, counts.by_band.get(code, 0)) for code, told in bands]


def _reviews(counts: Counts, *, withdrawn: bool) -> tuple[tuple[str, int], ...]:
    """How many cells stand where in review. What still waited when the case was withdrawn is not read any more."""
    told: Counter[str] = Counter()
    for state, number in sorted(counts.by_review.items()):
        never_read = withdrawn and ReviewState(state).waits
        sentence = review_words.NOT_READ if never_read else review_words.STATES[ReviewState(state)]
        told[sentence.removesuffix(".")] += number
    return tuple(told.items())


def _bar(rolled: RollUp, cells: Sequence[rules.Cell]) -> Bar | None:
    if rolled.share is None or rolled.low is None or rolled.high is None:
        return None
    called = [cell.called for cell in rules.each_image_once(cells)]
    suspected = rolled.share * 100
    uncertain = called.count(Band.UNCERTAIN) / rolled.counted * 100
    low, high = rolled.low * 100, rolled.high * 100
    rest = suspected + uncertain
    numbers = (suspected, uncertain, suspected, 100 - rest, rest, low, high, high - low)
    return Bar(*(f"{number:.2f}" for number in numbers))


def _each_image_once(cells: Sequence[Content]) -> list[Content]:
    """Those that the roll-up counts."""
    chosen = {str(cell.id) for cell in rules.each_image_once(cell_of(one) for one in cells)}
    return [cell for cell in cells if cell["id"] in chosen]


def _never_cleared(reasons: Reasons) -> tuple[tuple[str, int], ...]:
    given = Counter(reason for why in reasons.values() for reason in why)
    return tuple((screening_words.FLAGS[one], given[one]) for one in screening_rules.NEVER_CLEARED if one in given)


def _tiles(cells: Sequence[Content], *, reasons: Reasons) -> list[Tile]:
    """The most telling cells of each band, as it counts: first those of which a reader said otherwise than a model that
    was sure, then the score furthest on its side, or nearest even."""
    telling = []
    for band, most in TELLING.items():
        of_band = [cell for cell in cells if cell["called"] == band.value and cell["probability"] is not None]
        sign = {Band.SUSPECTED: -1, Band.NOT_SUSPECTED: 1}.get(band)
        of_band.sort(
            key=lambda cell: (
                cell["band"] in (cell["called"], Band.UNCERTAIN),
                cell["probability"] * sign if sign else abs(cell["probability"] - 0.5),
                cell["id"],
            )
        )
        telling += [_tile(cell, reasons=reasons) for cell in of_band[:most]]
    return telling


def _tile(cell: Content, *, reasons: Reasons) -> Tile:
    settled, band, id_ = cell["review"] == ReviewState.SETTLED, Band(cell["band"]), UUID(cell["id"])
    says_nothing = screening_rules.low_score_says_nothing(reasons.get(id_, frozenset()), band=band)
    return Tile(
        id=id_,
        image=cell["image"],
        short_id=screening_words.short_id(id_),
        band=screening_words.BANDS[band],
        band_code=cell["band"],
        probability=screening_words.marked(cell["probability"], says_nothing=says_nothing),
        verdict=review_words.verdict(cell["verdict"]) if settled else None,
    )


def _reads(session: Session, content: Content) -> tuple[tuple[ReadLine, ...], int]:
    """Every read, and every request for another, in the order of time; and how many of them are more than a report has
    room for."""
    every = [(one, cell["id"]) for cell in content["cells"] for one in said_of(cell) if _tells(one, of=cell)]
    given = sorted(every, key=lambda one: str(one[0]["at"]))
    shown = given[:READS_MOST]
    notes = queries.notes(session, {UUID(one["id"]) for one, _ in shown})
    names = accounts.names(session, {UUID(_by(one)) for one, _ in shown})
    lines = (
        ReadLine(
            short_id=screening_words.short_id(UUID(cell_id)),
            verdict=words.ANOTHER_READ if _is_request(one) else review_words.verdict(one["verdict"]),
            kind="" if _is_request(one) else _kind(one),
            reader=names[UUID(_by(one))],
            at=datetime.fromisoformat(one["at"]),
            note=notes.get(UUID(one["id"]), ""),
        )
        for one, cell_id in shown
    )
    return tuple(lines), len(given) - len(shown)


def _is_request(told: Content) -> bool:
    """Whether it asks for another read, and is none."""
    return "by" in told


def _by(told: Content) -> str:
    return str(told["by"] if _is_request(told) else told["reader"])


def _tells(read: Content, *, of: Content) -> bool:
    """A blind call alone, which its reader went on from, is part of the record and no line of the report; nor is what
    was said of a cell on which somebody's word is awaited: nobody goes by another's read."""
    if _is_request(read):
        return True
    if ReviewState(of["review"]).waits:
        return False
    return read["verdict"] is not None or read["kind"] == ReadKind.WITHDRAWAL


def _kind(read: Content) -> str:
    blind = read["blind_verdict"]
    changed = (
        f", before the score was seen: {review_words.verdict(blind)}" if blind not in (None, read["verdict"]) else ""
    )
    return f"{review_words.READ_KINDS[ReadKind(read['kind'])].lower()}{changed}"


def _model(row: ModelRow) -> ModelFacts:
    page = model_page(row.card, serves=False)
    key = {FIGURES[name] for name in KEY_FIGURES}
    figures = ((one.name, f"{one.value} (95 % interval {one.interval})") for one in page.figures if one.name in key)
    bands = tuple(fact for fact in page.facts if fact[0] in ("Trained on", "Suspected", "Not suspected"))
    return ModelFacts(
        name=f"{row.name} {row.version}",
        sha256=row.sha256,
        facts=(*bands, *figures, *((("Evaluated", page.protocol),) if page.protocol else ())),
        intended_use=page.intended_use,
        statement=screening_rules.statement(row.card["prior_all"]),
    )
