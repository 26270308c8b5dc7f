"""The administrator's page of the policy: what is in force, what a change would do, and who decided what."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app import clock
from app.accounts import queries as accounts
from app.accounts.guards import Administrator, Visit
from app.db import DbSession, OurDatabase
from app.errors import Invalid
from app.policy import actions, queries, rules, words
from app.policy.actions import PolicyMoved
from app.policy.rules import Policy, UnusablePolicy
from app.policy.tables import PolicyRow
from app.review.policy_effects import effects
from app.typed import LARGEST, whole_number
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.paging import PageNumber, Paging
from app.web.templating import render

router = APIRouter(include_in_schema=False)
A_PAGE = 20


@dataclass(frozen=True)
class Field:
    """One decision in the form: as it is typed, and what is wrong with it."""

    name: str
    title: str
    hint: str
    unit: str
    typed: str
    choices: tuple[tuple[str, str], ...]
    fault: str | None


@dataclass(frozen=True)
class Difference:
    title: str
    before: str
    after: str


@dataclass(frozen=True)
class Preview:
    """What would change, and the fields that a confirmation sends again as they are."""

    differences: tuple[Difference, ...]
    effects: tuple[str, ...]
    sent: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Version:
    number: int
    by: str
    at: datetime
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class PolicyPage:
    number: int
    by: str | None
    at: datetime | None
    fields: tuple[Field, ...]
    preview: Preview | None
    versions: tuple[Version, ...]
    newer: str | None
    older: str | None
    error: str | None


@router.get("/admin/policy")
def show(request: Request, visit: Administrator, db: DbSession, page: PageNumber = 1) -> Response:
    typed = words.typed(queries.current(db))
    return render(request, "policy/policy.html", _page(db, typed, number=page), frame=visit.frame)


@router.post("/admin/policy/preview")
def preview(request: Request, visit: Administrator, database: OurDatabase, form: CheckedForm) -> Response:
    """The first of two steps: what the change would do. Nothing is changed by it."""
    try:
        policy = rules.parse(_typed(form))
        with database.reading() as session:
            now = queries.current(session)
            if now.number != _based_on(form):
                raise PolicyMoved(now.number)
            if not rules.changed(now, policy):
                raise actions.NothingChanges
            page = _page(session, words.typed(policy), preview=_preview(session, before=now, after=policy))
        return render(request, "policy/policy.html", page, frame=visit.frame)
    except (Invalid, PolicyMoved) as error:
        return _again(request, visit, database, form=form, error=error)


@router.post("/admin/policy")
def decide(request: Request, visit: Administrator, database: OurDatabase, form: CheckedForm) -> Response:
    """The second: what was shown comes into force."""
    try:
        with database.writing() as session:
            actions.decide(session, visit.actor, policy=rules.parse(_typed(form)), based_on=_based_on(form))
    except (Invalid, PolicyMoved) as error:
        return _again(request, visit, database, form=form, error=error)
    return RedirectResponse("/admin/policy", status_code=303)


def _typed(form: FormData) -> dict[str, str]:
    return {name: text(form, name) for name in words.TITLES}


def _based_on(form: FormData) -> int:
    number = whole_number(text(form, "based_on"), least=0, most=LARGEST)
    return -1 if number is None else number


def _again(
    request: Request, visit: Visit, database: OurDatabase, *, form: FormData, error: Invalid | PolicyMoved
) -> Response:
    """The form as it was typed; after somebody else's decision, upon that one."""
    typed, faults = _typed(form), error.faults if isinstance(error, UnusablePolicy) else {}
    with database.reading() as session:
        if isinstance(error, PolicyMoved):
            before = queries.judged_by(session, {_based_on(form)})[_based_on(form)]
            mine = rules.carried_over(rules.parse(typed), based_on=before, now=queries.current(session))
            typed = words.typed(mine)
        page = _page(session, typed, faults=faults, error=error.message)
    return show_again(request, "policy/policy.html", page, frame=visit.frame, error=error)


def _page(
    session: Session,
    typed: dict[str, str],
    *,
    faults: dict[str, str] | None = None,
    preview: Preview | None = None,
    error: str | None = None,
    number: int = 1,
) -> PolicyPage:
    paging = Paging("/admin/policy", number, A_PAGE)
    rows = queries.history(session, offset=paging.offset, limit=paging.limit)
    versions = _versions(session, rows)
    latest = _versions(session, queries.history(session, offset=0, limit=1))
    return PolicyPage(
        number=latest[0].number if latest else 0,
        by=latest[0].by if latest else None,
        at=latest[0].at if latest else None,
        fields=tuple(_field(name, typed[name], fault=(faults or {}).get(name)) for name in words.TITLES),
        preview=preview,
        versions=tuple(paging.shown(versions)),
        newer=paging.newer,
        older=paging.older(rows),
        error=error,
    )


def _field(name: str, typed: str, *, fault: str | None) -> Field:
    return Field(
        name=name,
        title=words.TITLES[name],
        hint=words.HINTS[name],
        unit=words.UNITS.get(name, ""),
        typed=typed,
        choices=words.choices(name),
        fault=fault,
    )


def _versions(session: Session, rows: list[PolicyRow]) -> list[Version]:
    """Each compared with the one before it, which for the last of `rows` is known only where it is the first of all."""
    names = accounts.names(session, {row.decided_by for row in rows})
    policies = [rules.remembered(row.number, row.rules) for row in rows]
    before = [*policies[1:], Policy()]
    return [
        Version(row.number, names.get(row.decided_by, str(row.decided_by)), row.at, _differences(earlier, policy))
        for row, policy, earlier in zip(rows, policies, before, strict=False)
    ]


def _differences(before: Policy, after: Policy) -> tuple[Difference, ...]:
    return tuple(
        Difference(words.TITLES[name], words.told(before, name), words.told(after, name))
        for name in rules.changed(before, after)
    )


def _preview(session: Session, *, before: Policy, after: Policy) -> Preview:
    sent = {**words.typed(after), "based_on": str(before.number)}
    told = effects(session, before=before, after=after, now=clock.now())
    return Preview(_differences(before, after), told, tuple(sent.items()))
