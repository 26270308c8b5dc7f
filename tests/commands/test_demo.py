"""The playground: its own database, made once, whole in its records, and marked as drawn on every page."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.cli import main
from app.commands import demo, demo_cases
from app.db import Database
from app.main import create_app
from app.review import queries as reviews
from app.screening.tables import ScreeningRow
from app.settings import ROOT, Settings
from tests.factories import Browser, rows, verify


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A playground, made once for this file."""
    folder = tmp_path_factory.mktemp("demo")
    demo.set_up(demo.settings_for(Settings(log_level="error"), folder=folder), folder=folder)
    return folder


@pytest.fixture
def ours(folder: Path) -> Settings:
    return demo.settings_for(Settings(log_level="error"), folder=folder)


def test_it_is_made_once_and_then_left_as_it_is(ours: Settings, folder: Path) -> None:
    database = Database(ours.database_url)
    before, passwords = rows(database), json.loads((folder / demo.MARK).read_text())["passwords"]

    again = demo.set_up(ours, folder=folder)

    assert rows(database) == before
    assert again.passwords == passwords
    assert set(passwords) == {one.username for one in demo_cases.PEOPLE}
    database.dispose()


def test_its_records_are_intact_and_of_drawn_cells_only(ours: Settings) -> None:
    database = Database(ours.database_url)

    with database.reading() as session:
        assert session.query(ScreeningRow).filter_by(sandbox=False).count() == 0
        assert reviews.flags_listed(session) == reviews.flags_due(session)
    assert verify(database).intact
    database.dispose()


def test_its_ledger_is_written_by_a_process_that_does_nothing_else_too(tmp_path: Path) -> None:
    settings = f"demo.settings_for(Settings(log_level='error'), folder=Path({str(tmp_path)!r}))"
    made = (
        "from pathlib import Path; from app.commands import demo; from app.settings import Settings; "
        f"demo.set_up({settings}, folder=Path({str(tmp_path)!r}))"
    )
    subprocess.run([sys.executable, "-c", made], cwd=ROOT, check=True, capture_output=True)
    database = Database(f"sqlite:///{tmp_path / 'demo.db'}")

    found = verify(database)

    assert found.intact
    assert found.rows > 100
    database.dispose()


def test_everybody_can_sign_in_and_every_page_says_that_its_cells_are_drawn(ours: Settings, folder: Path) -> None:
    passwords = json.loads((folder / demo.MARK).read_text())["passwords"]
    app = create_app(ours)

    with TestClient(app, raise_server_exceptions=False) as client:
        browser = Browser(client)
        for path in ("/sign-in", "/nowhere"):
            assert "trained on drawn cells" in browser.get(path).text
        for username, password in passwords.items():
            browser.submit("/sign-in", {"username": username, "password": password}, at="/sign-in")
            for path in ("/", "/cases", "/review", "/model", "/account", "/nowhere"):
                assert "trained on drawn cells" in browser.get(path).text
    app.state.database.dispose()


def test_a_database_that_is_no_playground_is_left_alone(tmp_path: Path) -> None:
    ours = demo.settings_for(Settings(), folder=tmp_path)
    (tmp_path / "demo.db").write_bytes(b"somebody's records")

    with pytest.raises(demo.NoPlayground, match="left alone"):
        demo.set_up(ours, folder=tmp_path)

    assert (tmp_path / "demo.db").read_bytes() == b"somebody's records"


def test_it_never_uses_the_database_or_the_provider_that_the_settings_name(tmp_path: Path) -> None:
    theirs = Settings(
        database_url="postgresql+psycopg://blastscreen@/real", image_store=Path("/srv/real"), oidc_issuer="https://idp"
    )

    ours = demo.settings_for(theirs, folder=tmp_path)

    assert "real" not in ours.database_url
    assert ours.image_store.is_relative_to(tmp_path)
    assert ours.spool.is_relative_to(tmp_path)
    assert not ours.oidc_is_wanted
    assert ours.bundle_is_chosen


def test_one_that_was_left_half_made_is_begun_anew(
    ours: Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = demo.settings_for(Settings(log_level="error"), folder=tmp_path)

    def stopped(_lab: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo_cases, "_waiting", stopped)
        with pytest.raises(KeyboardInterrupt):
            demo.set_up(half, folder=tmp_path)

    whole = demo.set_up(half, folder=tmp_path)

    assert whole.whole
    database = Database(half.database_url)
    assert verify(database).intact
    database.dispose()


def test_the_command_tells_whom_one_can_sign_in_as(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    passwords = json.loads((folder / demo.MARK).read_text())["passwords"]

    with socket.create_server(("127.0.0.1", 0)) as taken:
        status = main(["demo", "--folder", str(folder), "--port", str(taken.getsockname()[1])])

    told = capsys.readouterr()
    assert status == 1
    assert "cannot be listened on" in told.err
    for one in demo_cases.PEOPLE:
        assert f"{one.told:12} {one.username:9} {passwords[one.username]}" in told.out
