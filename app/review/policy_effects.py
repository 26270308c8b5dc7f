"""What a change of policy would do, in sentences, told from what came in lately and from what waits now."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.policy.rules import Policy, changed
from app.review import figures_queries as figures
from app.review import queries
from app.screening.rules import share_flagged

LATELY = timedelta(days=30)


def effects(session: Session, *, before: Policy, after: Policy, now: datetime) -> tuple[str, ...]:
    """One sentence or two for each thing that changes."""
    differing = set(changed(before, after))
    told = []
    if differing & {"quality_sample_share", "reads_suspected", "reads_uncertain", "reads_not_suspected"}:
        told += _reads(session, before=before, after=after, since=now - LATELY)
    if "minimum_cells" in differing:
        told.append(_cases(session, before=before, after=after, since=now - LATELY))
    if differing & {"turnaround_hours", "blind_first"}:
        told += _open_items(session, before=before, after=after, now=now)
    if "prevalence_all" in differing:
        told.append("Case pages tell predictive values at the new share at once; what is signed stays as it is.")
    if "lease_minutes" in differing:
        told.append("Applies to cells opened from then on. Cells already open keep their time.")
    if "undo_seconds" in differing:
        told.append("Applies at once, also to verdicts just given.")
    return tuple(told)


def _reads(session: Session, *, before: Policy, after: Policy, since: datetime) -> list[str]:
    tallies = figures.tallies(session, since=since)
    screened = sum(one.count for one in tallies)
    if not screened:
        return ["Nothing was screened in the last 30 days that this could be tried on."]
    flagged = _flagged(tallies, before), _flagged(tallies, after)
    reads = _reads_needed(tallies, before), _reads_needed(tallies, after)
    waiting = queries.how_many_wait(session)
    lately = (
        f"Of the last 30 days’ {screened} {_counted(screened, 'screening')}, "
        f"{_compared(flagged, 'would have been flagged: about')}. That is about {reads[1]} "
        f"{_counted(reads[1], 'read')}{f' instead of {reads[0]}' if reads[0] != reads[1] else ''}."
    )
    kept = (
        f"What is screened already, {waiting} open {_counted(waiting, 'item')} included, keeps the policy that it was "
        "judged by."
    )
    return [lately, kept]


def _flagged(tallies: list[figures.Tally], policy: Policy) -> int:
    return round(sum(one.count * share_flagged(one.band, policy=policy, odd=one.odd) for one in tallies))


def _reads_needed(tallies: list[figures.Tally], policy: Policy) -> int:
    return round(
        sum(
            one.count * share_flagged(one.band, policy=policy, odd=one.odd) * policy.reads_needed(one.band)
            for one in tallies
        )
    )


def _cases(session: Session, *, before: Policy, after: Policy, since: datetime) -> str:
    cells = figures.usable_cells(session, since=since)
    short = _short(cells, before), _short(cells, after)
    told = _compared(short, "would be reported as having too few cells:")
    return f"Of the last 30 days’ {len(cells)} {_counted(len(cells), 'case')}, {told}. What is signed stays as it is."


def _open_items(session: Session, *, before: Policy, after: Policy, now: datetime) -> list[str]:
    waiting = queries.how_many_wait(session)
    told = []
    if before.turnaround_hours != after.turnaround_hours:
        late = _late(session, before, now=now), _late(session, after, now=now)
        told.append(f"Of {waiting} open {_counted(waiting, 'item')}, {_compared(late, 'would be overdue:')}.")
    if before.blind_first != after.blind_first:
        order = "before they see" if after.blind_first else "with"
        told.append(f"Readers of the {waiting} open {_counted(waiting, 'item')} would call {order} the score.")
    return told


def _short(cells: list[int], policy: Policy) -> int:
    return sum(count < policy.minimum_cells for count in cells)


def _late(session: Session, policy: Policy, *, now: datetime) -> int:
    return figures.waiting_since_before(session, now - policy.turnaround)


def _compared(counts: tuple[int, int], would: str) -> str:
    before, after = counts
    if before == after:
        return f"as many as now {would} {after}"
    return f"{abs(after - before)} {'more' if after > before else 'fewer'} {would} {after} instead of {before}"


def _counted(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
