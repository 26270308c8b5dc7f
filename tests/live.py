"""A service that really listens, and clients that speak to it byte by byte."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

from app.commands.service import SERVER
from app.screening.instrument import Instrument
from app.settings import Settings
from tests.factories import Service

Changed = Callable[..., Service]


@dataclass(frozen=True)
class Live:
    """A server of this process on a free port of this machine, with the manners of `blastscreen serve`."""

    server: uvicorn.Server
    port: int
    thread: threading.Thread

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def ask(self, *parts: bytes) -> bytes:
        """All that comes back until the server hangs up."""
        with self.connect() as line:
            for part in parts:
                line.sendall(part)
            return rest_of(line)


@contextmanager
def listening(app: Any) -> Iterator[Live]:
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, **SERVER))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [free]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Live(server, free.getsockname()[1], thread)
    finally:
        server.should_exit = True
        thread.join()


def rest_of(line: socket.socket) -> bytes:
    received = b""
    try:
        while part := line.recv(65536):
            received += part
    except ConnectionResetError:
        pass  # it hung up on bytes that it had not read
    return received


def status_of(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1]) if reply.startswith(b"HTTP/") else 0


@pytest.fixture
def live(service: Service) -> Iterator[Live]:
    """The service, listening on a port of this machine."""
    with listening(service.app) as live:
        yield live


@pytest.fixture
def changed(settings: Settings, instrument: Instrument) -> Iterator[Changed]:
    """A way to start the service with other settings."""
    with ExitStack() as stack:
        own = {name: getattr(settings, name) for name in settings.model_fields_set}
        yield lambda **other: stack.enter_context(Service.start(Settings(**{**own, **other}), instrument))
