"""Time of the pages that readers turn most, beside what SQLite by itself takes to answer what they ask."""

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

from sqlalchemy import event

from app.accounts.rules import Role
from tests.bench.timed import compare, milliseconds
from tests.factories import Service, cell
from tests.fakes import FakeClassifier

WAITING = 40
"""Cells in the queue, each of a case of its own."""

of_cpu = partial(milliseconds, rounds=30, clock=time.process_time)
"""All threads together."""


def _questions(service: Service, act: Callable[[], object]) -> list[tuple[str, Any]]:
    """The SELECTs that it asks, with their parameters."""
    asked: list[tuple[str, Any]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(service.database.engine, "before_cursor_execute", note)
    act()
    event.remove(service.database.engine, "before_cursor_execute", note)
    return asked


def bench_pages(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = classifier.unsure
    lab = service.lab()
    cases = [lab.screen(cell(number), case=f"S26-{number:04}").json()["case_id"] for number in range(WAITING)]
    rea, selma = service.signed_in("rea", Role.REVIEWER), service.signed_in("selma", Role.SENIOR)
    reading = re.findall(r"/review/[0-9a-f-]{36}", rea.get("/review").text)[0]
    file = service.database.engine.url.database

    print()
    for what, who, path in (
        ("the queue", rea, "/review"),
        ("a cell to be read", rea, reading),
        ("the list of cases", selma, "/cases"),
        ("a case", selma, f"/cases/{cases[0]}"),
    ):

        def turn(who=who, path=path) -> None:
            assert who.get(path).status_code == 200

        with closing(sqlite3.connect(str(file))) as alone:
            questions = _questions(service, turn)
            theirs = of_cpu(lambda: [alone.execute(*one).fetchall() for one in questions])  # noqa: B023
        compare(what, of_cpu(turn), "SQLite alone, of CPU as well", theirs)
