"""What access asks of the database, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from app import clock
from app.accounts import actions, key_actions, password_actions, queries, secrets, sign_in_actions
from app.accounts import second_step_actions as second_step
from app.accounts.actions import SetupLinkSpent, UsernameTaken
from app.accounts.rules import Role, Scope
from app.accounts.sign_in_actions import MustWait, SignInRefused
from app.actor import SERVICE, Permission
from app.audit import queries as audit
from app.audit import refusals
from app.cases import actions as cases
from app.cases import queries as case_queries
from app.db import Database
from app.errors import BlastscreenError
from tests.factories import PASSWORD, make_user, verify

HERE = "203.0.113.7"


@contextmanager
def _remembered(database: Database) -> Iterator[Session]:
    """A session whose refusal is remembered, as the service does it."""
    try:
        with database.reading() as session:
            yield session
    except SignInRefused as refused:
        refusals.remember(database, refused)
        raise


def _fail(database: Database, username: str, *, address: str = HERE) -> None:
    with pytest.raises(SignInRefused), _remembered(database) as session:
        sign_in_actions.authenticate(session, username=username, password="wrong", address=address)


def test_failures_are_counted_by_account_and_by_address(either_database: Database) -> None:
    make_user(either_database, "ursula", Role.UPLOADER)
    for _ in range(5):
        _fail(either_database, "ursula")
    for number in range(15):
        _fail(either_database, f"guess{number}")

    for username, address in (("ursula", "198.51.100.4"), ("somebody", HERE)):
        with either_database.reading() as session, pytest.raises(MustWait):
            sign_in_actions.authenticate(session, username=username, password=PASSWORD, address=address)
    _fail(either_database, "somebody", address="198.51.100.4")


def test_a_sign_in_ends_the_count(either_database: Database) -> None:
    actor = make_user(either_database, "ursula", Role.UPLOADER)
    for _ in range(3):
        _fail(either_database, "ursula")

    with either_database.writing() as session:
        entered = sign_in_actions.enter(session, queries.user(session, actor.id), address=HERE, browser="")

    assert entered.whole
    with either_database.reading() as session:
        since = clock.now() - timedelta(hours=1)
        assert queries.failures_of_account(session, str(actor.id), since=since) == []
        assert len(audit.page(session, before=None, limit=100)) == 5


def test_of_many_right_guesses_at_once_the_late_one_waits(either_database: Database) -> None:
    make_user(either_database, "ursula", Role.UPLOADER)
    with either_database.reading() as session:
        right = sign_in_actions.authenticate(session, username="ursula", password=PASSWORD, address=HERE)
    for _ in range(5):
        _fail(either_database, "ursula")

    with pytest.raises(MustWait), either_database.writing() as session:
        sign_in_actions.enter(session, right, address=HERE, browser="")


def test_an_accounts_whole_life(either_database: Database) -> None:
    make_user(either_database, "anna", Role.ADMIN)
    actor = make_user(either_database, "ursula", Role.UPLOADER)
    with either_database.writing() as session:
        token = password_actions.make_reset_link(session, SERVICE, user_id=actor.id)
        second_step.begin(session, actor)
    with either_database.writing() as session:
        password_actions.choose_password(session, token=token, password_hash=secrets.unknown_password_hash())
        actions.change_roles(session, SERVICE, user_id=actor.id, roles=[Role.REVIEWER, Role.SENIOR])
        actions.open_session(session, actor)
    with either_database.writing() as session:
        actions.disable_user(session, SERVICE, user_id=actor.id)
        second_step.turn_off(session, SERVICE, user_id=actor.id)

    with either_database.reading() as session:
        assert [row.role for row in queries.user(session, actor.id).roles] == ["reviewer", "senior"]
        assert queries.sessions_of(session, actor.id) == []
        assert queries.people_who_may(session, Permission.READ) == []
    assert verify(either_database).intact


def _at_once(database: Database, act: Callable[[Session, int], object]) -> list[object]:
    """What comes of it where four do the same at once: what the act returns, or the kind of error that it raises."""
    together = Barrier(4)

    def one(number: int) -> object:
        together.wait()
        try:
            with database.writing() as session:
                return act(session, number)
        except BlastscreenError as error:
            return type(error)

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, range(4)))


def test_of_many_who_hold_the_set_up_link_one_makes_the_first_account(either_database: Database) -> None:
    with either_database.writing() as session:
        link = actions.renew_setup_link(session)
    assert link

    came_of_it = _at_once(
        either_database,
        lambda session, number: (
            actions.set_up(
                session, token=link, username=f"anna{number}", password_hash="-", also_uploads=False
            ).username
        ),
    )

    assert came_of_it.count(SetupLinkSpent) == 3
    with either_database.reading() as session:
        assert [user.username for user in queries.users(session)] == [one for one in came_of_it if isinstance(one, str)]


def test_two_accounts_of_one_name_made_at_once_are_one_and_a_sentence(either_database: Database) -> None:
    came_of_it = _at_once(
        either_database,
        lambda session, _: (
            actions.create_user(session, SERVICE, username="anna", password_hash="-", roles=[Role.ADMIN]).username
        ),
    )

    assert sorted(came_of_it, key=str) == [UsernameTaken, UsernameTaken, UsernameTaken, "anna"]


def test_keys_of_one_new_client_made_at_once_are_all_its_keys(either_database: Database) -> None:
    _at_once(
        either_database,
        lambda session, _: key_actions.create_key(session, SERVICE, client_name="LIS", scopes=[Scope.READ]).prefix,
    )

    with either_database.reading() as session:
        assert [key.client.name for key in queries.keys(session)] == ["LIS"] * 4
        assert len({key.client_id for key in queries.keys(session)}) == 1


def test_keys_rotate_and_cases_are_shared(either_database: Database) -> None:
    ursula = make_user(either_database, "ursula", Role.UPLOADER)
    otto = make_user(either_database, "otto", Role.UPLOADER)
    with either_database.writing() as session:
        old = key_actions.create_key(session, SERVICE, client_name="LIS", scopes=[Scope.READ])
        case = cases.open_or_join(session, ursula, accession="S26-0001", subject="P-7").id
    with either_database.writing() as session:
        key_actions.rotate_key(session, SERVICE, prefix=old.prefix, overlap=timedelta(hours=1))
        cases.share_case(session, ursula, case_id=case, with_id=otto.id)
    with either_database.writing() as session:
        key_actions.note_use(session, key_id=key_actions.recognise_key(session, whole=old.whole).id)

    with either_database.reading() as session:
        assert case_queries.may_see(session, otto, case)
        assert [key.rotation is not None for key in queries.keys(session)] == [False, True]
        about = audit.about(session, case_ids=[str(case)], screening_ids=[str(otto.id)], limit=10)
        assert [row.act for row in about] == ["case.shared", "case.opened"]
    assert verify(either_database).intact
