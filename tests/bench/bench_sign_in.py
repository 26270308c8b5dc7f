"""Time to refuse a wrong password, for a user there is and one there is not: does the wait tell which names exist?"""

import time
from collections.abc import Callable
from statistics import median

from app.accounts import secrets
from app.accounts.rules import Role
from app.accounts.sign_in_actions import SignInRefused, authenticate
from app.db import Database
from tests.factories import PASSWORD, make_user

ROUNDS = 60


def _seconds(ask: Callable[[], object]) -> float:
    began = time.process_time()
    try:
        ask()
    except SignInRefused:
        return time.process_time() - began
    raise AssertionError("a wrong password was taken")


def bench_known_against_unknown_user(database: Database) -> None:
    make_user(database, "ursula", Role.UPLOADER, password_hash=secrets.hash_password(PASSWORD))
    took: dict[str, list[float]] = {"ursula": [], "nobody": []}

    for _ in range(ROUNDS):
        for username, seconds in took.items():
            with database.reading() as session:
                seconds.append(
                    _seconds(lambda: authenticate(session, username=username, password="wrong", address="::1"))  # noqa: B023
                )

    known, unknown = (median(seconds[5:]) * 1000 for seconds in took.values())
    print(
        f"\nto refuse a known user {known:.1f} ms, an unknown one {unknown:.1f} ms of CPU: ratio {known / unknown:.3f}"
    )
