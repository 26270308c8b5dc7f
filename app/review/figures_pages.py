"""How reading goes, in figures: for seniors each reader, for a reviewer themselves and all together."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app import clock
from app.accounts import queries as accounts
from app.accounts.guards import Reviewer
from app.actor import Actor, Permission
from app.db import OurDatabase
from app.review import figures_queries as queries
from app.review import figures_rules as rules
from app.review.figures_rules import ENOUGH, Agreement, GivenRead, Sampled, Share, Times
from app.screening.rules import CONFIDENCE_Z, Band, ReviewReason, wilson
from app.screening.words import FLAGS, percent
from app.web.templating import render

router = APIRouter(include_in_schema=False)
Key = TypeVar("Key")
PERIODS = {30: "30 days", 90: "90 days", 365: "a year", 730: "two years"}


@dataclass(frozen=True)
class Figure:
    """`value`: None where there is too little to tell; `more`: of how many, and within which interval."""

    value: str | None
    more: str


@dataclass(frozen=True)
class Line:
    name: str
    calls: int
    overrides: Figure
    changed: Figure
    time: Figure


@dataclass(frozen=True)
class CheckedLine:
    model: str
    missed: Figure
    alarms: Figure
    rest: str


@dataclass(frozen=True)
class AgreementLine:
    when: str
    observed: Figure
    kappa: Figure


@dataclass(frozen=True)
class FlagLine:
    reason: str
    count: int
    share: str


@dataclass(frozen=True)
class Period:
    href: str
    title: str
    current: bool


@dataclass(frozen=True)
class FiguresPage:
    periods: tuple[Period, ...]
    calls: int
    agreement: tuple[AgreementLine, ...]
    models: tuple[Line, ...]
    readers: tuple[Line, ...]
    drawn: tuple[CheckedLine, ...]
    settled: int
    flags: tuple[FlagLine, ...]
    enough: int
    each_reader: bool


@router.get("/review/figures")
def figures(request: Request, visit: Reviewer, database: OurDatabase, days: Annotated[int, Query()] = 90) -> Response:
    days = days if days in PERIODS else 90
    with database.snapshot() as session:
        page = _page(session, visit.actor, days=days)
    return render(request, "review/figures.html", page, frame=visit.frame)


def _page(session: Session, actor: Actor, *, days: int) -> FiguresPage:
    since = clock.now() - timedelta(days=days)
    calls = queries.calls(session, since=since)
    each_reader = actor.may(Permission.ADJUDICATE)
    by_model, by_reader = _by(calls, lambda call: call.model), _by(calls, lambda call: call.reader)
    shown = by_reader if each_reader else {actor.id: by_reader.get(actor.id, [])}
    names = accounts.names(session, set(shown))
    readers = sorted((_line(names[one], theirs) for one, theirs in shown.items()), key=lambda line: line.name)
    return FiguresPage(
        periods=tuple(Period(f"/review/figures?days={n}", told, n == days) for n, told in PERIODS.items()),
        calls=len(calls),
        agreement=(
            _agreement("Before they saw the score", rules.agreement(rules.pairs(calls, blind=True))),
            _agreement("Final calls", rules.agreement(rules.pairs(calls, blind=False))),
        ),
        models=tuple(_line(model, theirs) for model, theirs in sorted(by_model.items())),
        readers=(*readers, _line("All readers", calls)),
        drawn=_checked(queries.sampled(session, since=since)),
        settled=(settled := queries.settled(session, since=since)),
        flags=_flags(queries.flagged(session, since=since), of=settled),
        enough=ENOUGH,
        each_reader=each_reader,
    )


def _by(calls: Sequence[GivenRead], key: Callable[[GivenRead], Key]) -> dict[Key, list[GivenRead]]:
    found: dict[Key, list[GivenRead]] = defaultdict(list)
    for call in calls:
        found[key(call)].append(call)
    return found


def _line(name: str, calls: Sequence[GivenRead]) -> Line:
    return Line(
        name=name,
        calls=len(calls),
        overrides=_share(rules.overrides(calls)),
        changed=_share(rules.changed_minds(calls)),
        time=_time(rules.reading_times(calls)),
    )


def _share(share: Share) -> Figure:
    if not share.enough:
        return Figure(None, f"{share.whole} of {ENOUGH}")
    low, high = wilson(share.part / share.whole, among=share.whole)
    return Figure(percent(share.part / share.whole, decimals=1), f"{_span(low, high)}, {share.part} of {share.whole}")


def _time(times: Times) -> Figure:
    if not times.enough:
        return Figure(None, f"{times.count} of {ENOUGH}")
    return Figure(f"{times.median:.0f} s", f"half between {times.lower:.0f} and {times.upper:.0f} s")


def _agreement(when: str, found: Agreement) -> AgreementLine:
    if not found.enough:
        too_few = Figure(None, f"{found.pairs} of {ENOUGH} pairs")
        return AgreementLine(when, too_few, too_few)
    observed = Figure(percent(found.observed, decimals=1), f"of {found.pairs} pairs")
    return AgreementLine(when, observed, _kappa(found))


def _kappa(found: Agreement) -> Figure:
    if found.kappa is None:
        return Figure("–", "not defined: both always said the same one thing")
    if not found.error:
        return Figure(f"{found.kappa:.2f}", "no interval: they never differed")
    reach = CONFIDENCE_Z * found.error
    low, high = max(-1.0, found.kappa - reach), min(1.0, found.kappa + reach)
    return Figure(f"{found.kappa:.2f}", f"{low:.2f} to {high:.2f}")


def _checked(sampled: Sequence[Sampled]) -> tuple[CheckedLine, ...]:
    models = sorted({one.model for one in sampled})
    lines = [_checked_line(model, [one for one in sampled if one.model == model]) for model in models]
    return (*lines, _checked_line("All models", sampled)) if len(models) > 1 else tuple(lines)


def _checked_line(model: str, sampled: Sequence[Sampled]) -> CheckedLine:
    missed, alarms = (rules.checked(sampled, band=band) for band in (Band.NOT_SUSPECTED, Band.SUSPECTED))
    unclear, waiting = missed.unclear + alarms.unclear, missed.waiting + alarms.waiting
    return CheckedLine(model, _share(missed.wrong), _share(alarms.wrong), f"{waiting} waiting, {unclear} unclear")


def _flags(counts: dict[ReviewReason, int], *, of: int) -> tuple[FlagLine, ...]:
    return tuple(
        FlagLine(told, counts[reason], percent(counts[reason] / of, decimals=1))
        for reason, told in FLAGS.items()
        if reason in counts
    )


def _span(low: float, high: float) -> str:
    return f"{low * 100:.1f}–{percent(high, decimals=1)}"
