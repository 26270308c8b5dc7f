"""The playground of `blastscreen demo`, served, with a browser for each of its people."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.accounts.tables import UserRow
from app.cases.tables import CaseIdentifierRow
from app.commands import demo
from app.db import Database
from app.main import create_app
from app.screening.tables import ModelRow, ScreeningRow
from app.settings import Settings
from tests.browsers import Person
from tests.live import listening


@dataclass
class Served:
    """`people`: whoever has signed in, by user name; nobody is somebody who has not."""

    app: FastAPI
    address: str
    passwords: dict[str, str]
    browser: Any
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    def person(self, username: str) -> Person:
        if username not in self.people:
            self.people[username] = Person(self.browser, self.address)
            if username in self.passwords:
                self.people[username].sign_in(username, self.passwords[username])
                self.people[username].page.get_by_role("button", name="Sign out").wait_for()
        return self.people[username]

    def case(self, number: str) -> UUID:
        with self.database.reading() as session:
            return session.query(CaseIdentifierRow).filter_by(accession=f"DRAWN-2026-{number}").one().case_id

    def screening(self, number: str, band: str | None) -> UUID:
        """The first of that band in that case."""
        with self.database.reading() as session:
            found = session.query(ScreeningRow).filter_by(case_id=self.case(number), band=band)
            return found.order_by(ScreeningRow.at).first().id  # type: ignore[union-attr]

    def model(self) -> UUID:
        """The first that served."""
        with self.database.reading() as session:
            return session.query(ModelRow).first().id  # type: ignore[union-attr]

    def user(self, username: str) -> UUID:
        with self.database.reading() as session:
            return session.query(UserRow).filter_by(username=username).one().actor_id


@pytest.fixture(scope="module")
def playground(launched: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Made once for a file of tests, which must leave it as they find it."""
    folder = tmp_path_factory.mktemp("demo")
    settings = demo.settings_for(Settings(log_level="error"), folder=folder)
    passwords = demo.set_up(settings, folder=folder).passwords
    app = create_app(settings)
    with listening(app) as live:
        served = Served(app, live.address, passwords, launched)
        yield served
        for person in served.people.values():
            person.context.close()
    served.database.dispose()
