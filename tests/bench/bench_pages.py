"""Time of the pages that readers turn most, beside what SQLite by itself takes to answer what they ask."""

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from statistics import median
from typing import Any

from sqlalchemy import event

from app.accounts.rules import Role
from tests.factories import Service, cell
from tests.fakes import FakeClassifier

ROUNDS = 30
WAITING = 40
"""Cells in the queue, each of a case of its own."""


def _milliseconds(act: Callable[[], object]) -> float:
    """Of CPU, all threads together: median of ROUNDS after three that warm up."""
    taken = []
    for number in range(ROUNDS + 3):
        began = time.process_time()
        act()
        if number >= 3:
            taken.append(1000 * (time.process_time() - began))
    return median(taken)


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
            theirs = _milliseconds(lambda: [alone.execute(*one).fetchall() for one in questions])  # noqa: B023
        ours = _milliseconds(turn)
        print(f"{what:<42} {ours:8.1f} ms   {ours / theirs:6.1f} x   SQLite alone ({theirs:.2f} ms of CPU)")
