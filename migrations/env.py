"""Alembic's way to the database: what `app.schema` or a test hands it, connection or engine, else the settings' URL."""

from alembic import context
from sqlalchemy import Connection, Engine

from app import leases
from app.accounts import tables as accounts
from app.audit import tables as audit
from app.cases import tables as cases
from app.db import Base, Database
from app.policy import tables as policy
from app.reports import tables as reports
from app.review import tables as review
from app.screening import tables as screening
from app.settings import read_settings

ROOMS = (
    accounts,
    audit,
    cases,
    leases,
    policy,
    reports,
    review,
    screening,
)  # imported so that Base.metadata knows every table


def run(connection: Connection) -> None:
    if not connection.in_transaction():
        connection.begin()  # or Alembic commits after each revision on SQLite, and lets others in between
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


def main() -> None:
    given = context.config.attributes.get("connection")
    if isinstance(given, Connection):
        run(given)
        return
    engine = given if isinstance(given, Engine) else engine_of_settings()
    with engine.connect().execution_options(writes=True) as connection:
        run(connection)


def engine_of_settings() -> Engine:
    database = Database(read_settings().database_url)
    database.make_folder()
    return database.engine


main()
