"""The figures of reading are what a direct count of the rows gives, and none is told from too few."""

import random
import re
from datetime import timedelta
from math import sqrt
from statistics import median
from uuid import UUID, uuid4

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from sqlalchemy import text

from app import clock
from app.accounts import queries as accounts
from app.accounts.rules import Role
from app.review import figures_queries as queries
from app.review.figures_rules import Agreement, Pair, agreement, changed_minds, overrides, pairs, reading_times
from app.review.rules import Verdict
from app.review.tables import ReadRow
from app.screening.rules import ReviewReason
from app.screening.tables import OpenFlagRow, ScreeningRow
from tests.factories import Browser, Service, cell, set_policy
from tests.fakes import FakeClassifier
from tests.review.conftest import read

BLAST, NORMAL, UNCLEAR, UNUSABLE = Verdict
SAID = [BLAST, BLAST, BLAST, NORMAL, NORMAL, UNCLEAR, UNUSABLE]


def test_kappa_is_that_of_a_table_worked_by_hand() -> None:
    """Of 50: both blast 20, both normal 15, first alone blast 5, second alone blast 10. Observed .7; by chance
    (25 * 30 + 25 * 20) / 2500 = .5; kappa .4."""
    said: list[Pair] = [(BLAST, BLAST)] * 20 + [(BLAST, NORMAL)] * 5 + [(NORMAL, BLAST)] * 10 + [(NORMAL, NORMAL)] * 15

    found = agreement(said)

    assert found.observed == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("said", "kappa"),
    [
        ([], None),
        ([(BLAST, BLAST)] * 40, None),
        ([(BLAST, BLAST), (NORMAL, NORMAL)] * 20, 1.0),
        ([(BLAST, NORMAL), (NORMAL, BLAST)] * 20, -1.0),
    ],
)
def test_kappa_at_its_ends(said: list[Pair], kappa: float | None) -> None:
    found = agreement(said)

    assert found.kappa == (None if kappa is None else pytest.approx(kappa))
    assert found.error == pytest.approx(0.0, abs=1e-7)


said_pairs = st.lists(st.tuples(st.sampled_from(Verdict), st.sampled_from(Verdict)), min_size=2, max_size=60)


@pytest.mark.tensorflow
@settings(deadline=None)  # the first example waits for the import
@given(said_pairs)
def test_kappa_is_that_of_scikit_learn(said: list[Pair]) -> None:
    from sklearn.metrics import cohen_kappa_score

    found = agreement(said)

    if found.kappa is not None:
        first, second = zip(*[(one.value, other.value) for one, other in said], strict=True)
        assert found.kappa == pytest.approx(cohen_kappa_score(first, second))


@given(said_pairs)
def test_the_error_of_kappa_is_that_of_the_delta_method(said: list[Pair]) -> None:
    """Worked out anew by its slopes: the variance of a function of a multinomial's shares."""
    found = agreement(said)
    if found.kappa is None or found.kappa > 0.999:
        return
    cells = [(one, other) for one in Verdict for other in Verdict]
    shares = {pair: said.count(pair) / len(said) for pair in cells}

    def kappa(at: dict[Pair, float]) -> float:
        observed = sum(at[verdict, verdict] for verdict in Verdict)
        expected = sum(
            sum(at[verdict, other] for other in Verdict) * sum(at[other, verdict] for other in Verdict)
            for verdict in Verdict
        )
        return (observed - expected) / (1 - expected)

    step = 1e-6
    slopes = {
        pair: (kappa({**shares, pair: shares[pair] + step}) - kappa({**shares, pair: shares[pair] - step})) / (2 * step)
        for pair in cells
    }
    mean = sum(shares[pair] * slopes[pair] for pair in cells)
    variance = sum(shares[pair] * slopes[pair] ** 2 for pair in cells) - mean**2

    assert found.error == pytest.approx(sqrt(max(0.0, variance) / len(said)), rel=1e-3, abs=1e-5)


# ------------------------------------------------------------------------------------------- against the rows


@pytest.fixture
def senior(service: Service) -> Browser:
    return service.signed_in("sam", Role.SENIOR)


@pytest.fixture
def readers(service: Service) -> list[UUID]:
    for name in ("rea", "rob"):
        service.signed_in(name, Role.REVIEWER)
    with service.database.reading() as session:
        found = [accounts.user_named(session, name) for name in ("rea", "rob")]
        return [user.actor_id for user in found if user]


def copies(service: Service, count: int, **changes: object) -> list[ScreeningRow]:
    """So many more rows like the one screening there is: to screen each would take too long."""
    with service.database.writing() as session:
        one = session.query(ScreeningRow).order_by(ScreeningRow.at).first()
        columns = {column.name: getattr(one, column.name) for column in ScreeningRow.__table__.columns}
        made = [ScreeningRow(**{**columns, **changes, "id": uuid4()}) for _ in range(count)]
        session.add_all(made)
    return made


def keep_read(session, screening: ScreeningRow, reader: UUID, **said: object) -> ReadRow:
    row = ReadRow(
        id=uuid4(),
        screening_id=screening.id,
        submitted_by=screening.submitted_by,
        reader_id=reader,
        **{"at": clock.now(), "kind": "first", **said},
    )
    session.add(row)
    session.flush()
    return row


def read_all(service: Service, screenings: list[ScreeningRow], readers: list[UUID], *, seed: int = 7) -> None:
    """Each cell is read blind and then finally by both, some withdrawn again, some from long ago."""
    lots = random.Random(seed)
    with service.database.writing() as session:
        for number, screening in enumerate(screenings):
            at = clock.now() - timedelta(days=400 if number % 10 == 9 else 1)
            for kind, reader in zip(("first", "second"), readers, strict=True):
                blind, final = lots.choice(SAID), lots.choice(SAID)
                at += timedelta(seconds=5)
                called = keep_read(session, screening, reader, kind=kind, blind_verdict=blind, seconds=3, at=at)
                given = keep_read(
                    session, screening, reader, kind=kind, blind_verdict=blind, verdict=final,
                    seconds=lots.randrange(4, 90), supersedes_id=called.id, at=at + timedelta(seconds=1),
                )  # fmt: skip
                if number % 7 == 6:
                    keep_read(session, screening, reader, kind="withdrawal", supersedes_id=given.id)


@pytest.fixture
def much_read(service: Service, classifier: FakeClassifier, readers: list[UUID]) -> Service:
    classifier.probability = 0.99
    service.lab("LIS").screen(cell(1))
    sure = copies(service, 40) + copies(service, 40, probability=0.01, logit=-4.6, band="not_suspected")
    read_all(service, [*sure, *copies(service, 20, probability=0.5, logit=0.0, band="uncertain")], readers)
    return service


RECOUNT = """
    SELECT s.band, r.blind_verdict, r.verdict, r.seconds, r.reader_id, r.screening_id, r.kind
    FROM reads r JOIN screenings s ON s.id = r.screening_id
    WHERE r.verdict IS NOT NULL AND r.at > :since
      AND r.id NOT IN (SELECT supersedes_id FROM reads WHERE supersedes_id IS NOT NULL)
"""


def test_every_figure_is_what_a_direct_count_gives(much_read: Service) -> None:
    since = clock.now() - timedelta(days=90)
    with much_read.database.reading() as session:
        rows = session.execute(text(RECOUNT), {"since": since.replace(tzinfo=None).isoformat(" ")}).all()
        calls = queries.calls(session, since=since)

    sure = [row for row in rows if row.band != "uncertain"]
    against = {("suspected", "normal"), ("not_suspected", "leukaemic_blast")}
    overridden = [row for row in sure if (row.band, row.verdict) in against or row.verdict == "unusable_image"]
    first = {row.screening_id: row for row in rows if row.kind == "first"}
    second = {row.screening_id: row for row in rows if row.kind == "second"}
    both = [(first[one].verdict, second[one].verdict) for one in first if one in second]

    assert 60 < len(calls) == len(rows) < 200
    assert (overrides(calls).part, overrides(calls).whole) == (len(overridden), len(sure))
    assert changed_minds(calls).part == sum(row.blind_verdict != row.verdict for row in rows)
    assert changed_minds(calls).whole == len(rows)
    assert reading_times(calls).median == median(row.seconds for row in rows)
    assert sorted(pairs(calls, blind=False)) == sorted((Verdict(one), Verdict(other)) for one, other in both)


def shown(page: str, *, row: str, below: str = "By reader") -> list[str]:
    """The cells of a table's row by its name, as text."""
    names, found = page.split(f"<h2>{below}")[1].split("<h2>", maxsplit=1)[0].split('<th scope="row">')[1:], {}
    for line in names:
        name, cells = line.split("</th>", maxsplit=1)
        told = re.findall(r"<td[^>]*>(.*?)</td>", cells.split("</tr>", maxsplit=1)[0], re.DOTALL)
        found[_text(name)] = [_text(one) for one in told]
    return found[row]


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_senior_sees_each_reader_and_the_page_tells_the_counted_figures(much_read: Service, senior: Browser) -> None:
    with much_read.database.reading() as session:
        calls = queries.calls(session, since=clock.now() - timedelta(days=90))
    found: Agreement = agreement(pairs(calls, blind=False))
    changed = changed_minds(calls)

    page = senior.get("/review/figures").text

    every = shown(page, row="All readers")
    assert every[0] == str(len(calls))
    assert every[1].endswith(f"{overrides(calls).part} of {overrides(calls).whole}")
    assert every[2].startswith(f"{changed.part / changed.whole * 100:.1f} %")
    assert every[3].startswith(f"{reading_times(calls).median:.0f} s")
    assert found.kappa is not None
    low, high = (found.kappa + sign * 1.959964 * found.error for sign in (-1, 1))
    assert shown(page, row="Final calls", below="Agreement")[1] == f"{found.kappa:.2f} {low:.2f} to {high:.2f}"
    assert int(shown(page, row="Rea")[0]) + int(shown(page, row="Rob")[0]) == len(calls)
    assert int(shown(page, row="fake 1", below="By model")[0]) == len(calls)


def test_a_reviewer_sees_their_own_line_and_nobody_elses(much_read: Service) -> None:
    reviewer = much_read.signed_in("ria", Role.REVIEWER)

    page = reviewer.get("/review/figures").text

    assert shown(page, row="Ria")[0] == "0"
    assert shown(page, row="All readers")[0] != "0"
    assert "Rea</bdi>" not in page
    assert "Rea</bdi>" in much_read.signed_in("sam", Role.SENIOR).get("/review/figures").text


def test_a_longer_period_counts_what_is_older(much_read: Service, senior: Browser) -> None:
    lately = shown(senior.get("/review/figures?days=90").text, row="All readers")[0]
    ever = shown(senior.get("/review/figures?days=730").text, row="All readers")[0]

    assert int(lately) < int(ever)
    assert senior.get("/review/figures?days=12").text.count('aria-current="page"') >= 1


def test_too_few_calls_are_said_to_be_too_few(
    service: Service, classifier: FakeClassifier, readers: list[UUID], senior: Browser
) -> None:
    service.lab("LIS").screen(cell(1))
    read_all(service, copies(service, 12), readers)

    page = senior.get("/review/figures").text

    assert shown(page, row="Rea")[1:] == [f"too few ({shown(page, row='Rea')[0]} of 30)"] * 3
    assert "pairs)" in shown(page, row="Final calls", below="Agreement")[1]
    assert "%" not in "".join(shown(page, row="All readers"))


def test_what_was_read_is_counted_on_both_databases(either_service: Service, classifier: FakeClassifier) -> None:
    service = either_service
    set_policy(service.database, reads_suspected=1)
    classifier.probability = 0.99
    service.lab("LIS").screen(cell(1))
    senior = service.signed_in("sam", Role.SENIOR)
    with service.database.writing() as session:
        screening, sam = session.query(ScreeningRow).one(), accounts.user_named(session, "sam")
        assert sam
        called = keep_read(session, screening, sam.actor_id, blind_verdict=NORMAL)
        keep_read(session, screening, sam.actor_id, blind_verdict=NORMAL, verdict=BLAST, supersedes_id=called.id)
        session.query(OpenFlagRow).delete()

    page = senior.get("/review/figures").text

    assert shown(page, row="Sam")[0] == "1"
    assert shown(page, row="fake 1", below="What the model misses")[1:] == ["too few (1 of 30)", "0 waiting, 0 unclear"]


def test_with_nothing_read_the_page_says_so(senior: Browser) -> None:
    page = senior.get("/review/figures")

    assert page.status_code == 200
    assert "Nobody gave a final call in this period" in page.text
    assert "No confident result was drawn" in page.text


def test_misses_are_told_from_what_lot_or_policy_had_read_and_settled(
    service: Service, classifier: FakeClassifier, readers: list[UUID], senior: Browser
) -> None:
    set_policy(service.database, reads_not_suspected=1)
    classifier.probability = 0.01
    lab = service.lab("LIS")
    lab.screen(cell(1))
    verdicts = [BLAST] * 3 + [NORMAL] * 32 + [UNCLEAR] * 2
    drawn = copies(service, len(verdicts) + 1)
    odd = copies(service, 5)
    with service.database.writing() as session:
        for screening in [*drawn, *odd]:
            reason = "quality_sample" if screening in drawn else "policy_read"
            session.execute(
                text("INSERT INTO flag_reasons VALUES (:id, :why)"), {"id": str(screening.id), "why": reason}
            )
        for screening in odd:
            session.execute(text("INSERT INTO flag_reasons VALUES (:id, 'atypical')"), {"id": str(screening.id)})
            keep_read(session, screening, readers[0], verdict=BLAST)
        for screening, verdict in zip(drawn, verdicts, strict=False):
            keep_read(session, screening, readers[0], verdict=verdict)
        session.add(OpenFlagRow(screening_id=drawn[-1].id, certainty=0.98, flagged_at=clock.now()))

    missed, alarms, rest = shown(senior.get("/review/figures").text, row="fake 1", below="What the model misses")

    assert missed == "8.6 % 3.0–22.4 %, 3 of 35"
    assert alarms == "too few (0 of 30)"
    assert rest == "2 waiting, 2 unclear"


def test_reasons_are_counted_once_their_cells_wait_no_more(
    service: Service, classifier: FakeClassifier, senior: Browser
) -> None:
    classifier.probability = classifier.unsure
    lab = service.lab("LIS")
    waits, settled = (lab.screen(cell(seed)).json()["id"] for seed in (1, 2))
    classifier.probability = 0.01
    lab.screen(cell(3))

    assert "No cell that was flagged in this period has been settled" in senior.get("/review/figures").text
    read(senior, f"/review/{settled}", BLAST)
    told = " ".join(re.sub("<[^>]*>", " ", senior.get("/review/figures").text).split())

    assert "Of 2 Model not sure 1 50.0" in told
    with service.database.reading() as session:
        since = clock.now() - timedelta(days=1)
        assert queries.flagged(session, since=since) == {ReviewReason.LOW_CONFIDENCE: 1}
        assert session.get(OpenFlagRow, UUID(waits)) is not None


def test_the_queue_leads_to_the_figures(senior: Browser) -> None:
    assert 'href="/review/figures"' in senior.get("/review").text


def test_the_figures_are_for_those_who_read(service: Service) -> None:
    assert service.signed_in("ursula", Role.UPLOADER).get("/review/figures").status_code == 403
    assert service.signed_in("ada", Role.ADMIN).get("/review/figures").status_code == 403
