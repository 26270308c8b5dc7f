"""Serve and migrate."""

import socket
from typing import Any

from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

from app import schema
from app.accounts import actions as accounts
from app.db import Database
from app.errors import Misconfigured
from app.main import create_app, make_instrument
from app.settings import Settings
from app.web.connections import PatientHttp

BACKLOG = 2048


class PortNotFree(Misconfigured):
    code = "port_not_free"


SERVER: dict[str, Any] = {
    "access_log": False,  # ours writes the route's template, never path or query
    "http": PatientHttp,
    "log_config": None,
    "proxy_headers": False,  # the app itself believes the proxies that its settings name
    "server_header": False,
    "timeout_graceful_shutdown": 20,
    "timeout_keep_alive": 5,
    "ws": "none",
}
"""How uvicorn behaves, however many workers it starts."""


def serve(settings: Settings, *, host: str, port: int, workers: int) -> int:
    """Migrate, print the one-time set-up link while there is no account, and serve until stopped.

    Raises Misconfigured where the port, the model, the database or a folder is not as it must be; nothing is printed.
    """
    with _listening(host, port) as listening:  # first: a second service on a busy port must not renew the link
        here = address_of(listening)
        instrument = make_instrument(settings)  # next: a damaged model must not migrate anything
        migrate_if_needed(settings)
        instrument.store.sweep()
        with Database(settings.database_url).trouble_told():
            app = create_app(settings, instrument=instrument)
            _print_setup_link(settings, here=here)
        print(f"Blastscreen serves {here} (Ctrl-C stops it).", flush=True)
        if workers == 1:
            Server(Config(app, **SERVER)).run(sockets=[listening])
        else:
            app.state.database.dispose()  # each worker makes an app of its own; this one has shown that it can be made
            del app, instrument
            config = Config("app.main:create_from_environment", factory=True, workers=workers, **SERVER)
            Multiprocess(config, sockets=[listening]).run()
    return 0


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        raise PortNotFree(f"{host}:{port} cannot be listened on ({error}). Name another --port.") from None
    listening.set_inheritable(True)
    return listening


def migrate(settings: Settings) -> int:
    migrate_if_needed(settings)
    print(f"The database is at revision {schema.needed_revision()}.")
    return 0


def migrate_if_needed(settings: Settings) -> None:
    database = Database(settings.database_url)
    try:
        database.reach()
        with database.trouble_told():
            if not schema.is_current(database):
                schema.migrate(database)
    finally:
        database.dispose()


def address_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if listening.family == socket.AF_INET6 else f"http://{host}:{port}"


def _print_setup_link(settings: Settings, *, here: str) -> None:
    """On standard output, by the one process that starts the others; never in the log."""
    database = Database(settings.database_url)
    try:
        with database.writing() as session:
            token = accounts.renew_setup_link(session)
    finally:
        database.dispose()
    if token:
        print(
            "There is no account yet. Make the first administrator here (the link works once, for a day):", flush=True
        )
        print(f"  {settings.public_url or here}/setup?token={token}", flush=True)
