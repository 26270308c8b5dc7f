"""Leases: of many who want an item one has it, for a time, and who comes late is known for late."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app import clock, leases
from app.db import Database
from app.leases import Held, Item, LeaseRow

QUARTER = timedelta(minutes=15)
WORKERS, ITEMS = 20, 500


def claim(database: Database, item: Item, holder: UUID, *, at=None) -> LeaseRow:
    with database.writing() as session:
        return leases.claim(session, item, holder_id=holder, at=at or clock.now(), length=QUARTER)


def renew(database: Database, item: Item, lease: LeaseRow, *, holder: UUID | None = None) -> bool:
    with database.writing() as session:
        return leases.renew(
            session,
            item,
            holder_id=holder or lease.holder_id,
            token=lease.token,
            at=clock.now(),
            length=QUARTER,
        )


def release(database: Database, item: Item, lease: LeaseRow) -> bool:
    with database.writing() as session:
        return leases.release(session, item, holder_id=lease.holder_id, token=lease.token)


def some_item() -> Item:
    return Item("read", uuid4())


def test_an_item_that_is_held_is_not_given_to_another_who_is_told_by_whom_and_until_when(
    either_database: Database,
) -> None:
    item, first = some_item(), uuid4()
    lease = claim(either_database, item, first)

    with pytest.raises(Held) as told:
        claim(either_database, item, uuid4())

    assert told.value.lease.holder_id == first
    assert told.value.lease.until == lease.until


def test_a_lease_that_ran_out_goes_to_the_next_under_a_greater_token(either_database: Database) -> None:
    item, first, second = some_item(), uuid4(), uuid4()
    start = clock.now()
    old = claim(either_database, item, first, at=start)
    with pytest.raises(Held):
        claim(either_database, item, second, at=start + QUARTER - timedelta(seconds=1))

    new = claim(either_database, item, second, at=start + QUARTER)

    assert new.token > old.token
    assert not renew(either_database, item, old)
    assert not release(either_database, item, old)
    assert renew(either_database, item, new)


def test_a_lease_that_was_released_is_free_at_once(either_database: Database) -> None:
    item, first, second = some_item(), uuid4(), uuid4()
    old = claim(either_database, item, first)
    assert release(either_database, item, old)

    assert claim(either_database, item, second).token == old.token + 1


def test_who_claims_what_they_hold_goes_on_under_the_same_token(either_database: Database) -> None:
    item, holder = some_item(), uuid4()
    start = clock.now()
    first = claim(either_database, item, holder, at=start)
    again = claim(either_database, item, holder, at=start + timedelta(minutes=5))

    assert (again.token, again.claimed_at) == (first.token, start)
    assert again.until == start + timedelta(minutes=5) + QUARTER


def test_a_lease_that_ran_out_is_still_renewed_while_nobody_else_took_the_item(either_database: Database) -> None:
    item, holder = some_item(), uuid4()
    lease = claim(either_database, item, holder, at=clock.now() - timedelta(hours=3))

    assert renew(either_database, item, lease)
    with pytest.raises(Held):
        claim(either_database, item, uuid4())


def test_what_was_released_is_not_renewed_by_whoever_comes_late(either_database: Database) -> None:
    item, holder = some_item(), uuid4()
    lease = claim(either_database, item, holder)
    with either_database.writing() as session:
        assert leases.release(session, item, holder_id=holder, token=lease.token)

    assert not renew(either_database, item, lease)
    assert claim(either_database, item, uuid4()).token == lease.token + 1


def test_nobody_renews_with_anothers_token(either_database: Database) -> None:
    item = some_item()
    lease = claim(either_database, item, uuid4())

    assert not renew(either_database, item, lease, holder=uuid4())


def test_of_twenty_workers_on_five_hundred_items_no_two_ever_hold_one(either_database: Database) -> None:
    """Each worker takes what it can get, puts some of it back, and takes again, until all is taken for good."""
    items = [some_item() for _ in range(ITEMS)]
    on_screen: dict[Item, UUID] = {}
    kept: list[Item] = []
    tokens: set[tuple[Item, int]] = set()
    faults: list[str] = []
    watch = threading.Lock()

    def work(number: int) -> None:
        worker = uuid4()
        start = number * ITEMS // WORKERS
        for turn, item in enumerate(items[start:] + items[:start]):
            with watch:
                if item in kept:
                    continue
            try:
                lease = claim(either_database, item, worker)
            except Held:
                continue
            with watch:
                faults.extend([f"{item} is held by two"] if item in on_screen else [])
                faults.extend([f"{item} has one token twice"] if (item, lease.token) in tokens else [])
                tokens.add((item, lease.token))
                on_screen[item] = worker
            with watch:
                if turn % 7:
                    kept.append(item)
                    continue
                del on_screen[item]
            assert release(either_database, item, lease)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))

    assert faults == []
    assert len(kept) == len(set(kept))
    with either_database.reading() as session:
        held = [session.get(LeaseRow, (item.kind, item.id)) for item in kept]
    assert all(lease is not None and lease.holder_id == on_screen[item] for item, lease in zip(kept, held, strict=True))
    assert len(kept) > ITEMS * 0.9
