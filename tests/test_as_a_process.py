"""`blastscreen serve` as its own process: first start, readiness, and being killed in the middle."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from app.commands.service import _listening, address_of
from app.settings import ROOT
from tests.factories import cell

COMMAND = (sys.executable, "-m", "app.cli")


@dataclass(frozen=True)
class Place:
    """A folder for one service's database and images, and the environment that says so."""

    folder: Path

    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "BLASTSCREEN_DATABASE_URL": f"sqlite:///{self.folder / 'var' / 'blastscreen.db'}",
            "BLASTSCREEN_IMAGE_STORE": str(self.folder / "images"),
            "BLASTSCREEN_SPOOL": str(self.folder / "spool"),
            "BLASTSCREEN_MODEL": str(ROOT / "models" / "drawn-1"),
        }

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*COMMAND, *arguments], env=self.environment(), cwd=ROOT, check=True, capture_output=True, text=True
        )
        return done.stdout


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    address: str
    output: Path
    log: Path

    def ready(self) -> httpx2.Response:
        transport = httpx2.HTTPTransport(retries=40)  # until it listens
        with httpx2.Client(transport=transport, timeout=60) as client:
            return client.get(f"{self.address}/health/ready")


@contextmanager
def serving(place: Place, *, workers: int = 1) -> Iterator[Running]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    output, log = place.folder / f"output-{port}", place.folder / f"log-{port}"
    with output.open("wb") as out, log.open("wb") as err:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(port), "--workers", str(workers)],
            env=place.environment(),
            cwd=ROOT,
            stdout=out,
            stderr=err,
        )
        try:
            yield Running(process, f"http://127.0.0.1:{port}", output, log)
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_start_migrates_and_prints_the_setup_link_once_and_never_into_the_log(
    place: Place, workers: int
) -> None:
    with serving(place, workers=workers) as running:
        assert running.ready().json() == {"status": "ready"}
        printed = running.output.read_text()
        links = re.findall(r"http://127\.0\.0\.1:\d+/setup\?token=(\S+)", printed)
        page = httpx2.get(f"{running.address}/setup", params={"token": links[0]}, headers={"accept": "text/html"})

    assert len(links) == 1
    assert page.status_code == 200
    assert links[0] not in running.log.read_text()
    assert links[0].encode() not in b"".join(path.read_bytes() for path in (place.folder / "var").iterdir())


def test_what_was_acknowledged_survives_a_kill_and_the_records_are_whole(place: Place) -> None:
    place.run("migrate")
    key = place.run("key", "create", "--name", "LIS", "--scopes", "screen,read:all").strip().splitlines()[-1]
    headers = {"authorization": f"Bearer {key}"}
    acknowledged: list[str] = []

    with serving(place) as running:
        assert running.ready().status_code == 200

        def post(seed: int) -> None:
            try:
                files = {"image": cell(seed)}
                reply = httpx2.post(f"{running.address}/api/v1/screenings", headers=headers, files=files, timeout=30)
            except httpx2.TransportError:
                return
            acknowledged.append(reply.json()["id"])
            if len(acknowledged) == 10:
                running.process.send_signal(signal.SIGKILL)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(post, range(40)))

    with serving(place) as running:
        assert running.ready().status_code == 200
        kept = httpx2.get(f"{running.address}/api/v1/screenings?limit=200", headers=headers, timeout=30).json()
        assert set(acknowledged) <= {item["id"] for item in kept["items"]}
    assert len(acknowledged) >= 10
    assert place.run("audit", "verify").startswith("intact")
    assert place.run("doctor") == "well\n"


@pytest.mark.parametrize(("host", "here"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")])
def test_the_address_that_is_told_is_one_that_a_browser_takes(host: str, here: str) -> None:
    with _listening(host, 0) as listening:
        port = listening.getsockname()[1]

        assert address_of(listening) == f"{here}{port}"
