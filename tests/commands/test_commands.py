"""The commands, as somebody at a terminal meets them."""

import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from app.cli import main
from app.db import Database
from app.screening.rules import NEVER_CLEARED, ReviewReason
from app.settings import ROOT
from app.vision.drawn import Look
from tests.factories import PASSWORD, cell, jpeg
from tests.tampering import without_triggers

DEMONSTRATION = ROOT / "models" / "drawn-1"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("BLASTSCREEN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("BLASTSCREEN_IMAGE_STORE", str(tmp_path / "images"))
    monkeypatch.setenv("BLASTSCREEN_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("BLASTSCREEN_MODEL", str(DEMONSTRATION))


def _create_user(monkeypatch: pytest.MonkeyPatch, *roles: str, password: str = PASSWORD) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    given = [word for role in roles for word in ("--role", role)]
    return main(["user", "create", "--username", "Rea", *given, "--password-stdin"])


def test_an_account_is_made_with_several_roles(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database: Database
) -> None:
    assert _create_user(monkeypatch, "reviewer", "uploader") == 0

    assert "Made the account rea (reviewer, uploader)" in capsys.readouterr().out
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM user_roles")) == 2


@pytest.mark.parametrize(
    ("roles", "password", "told"),
    [(["king"], PASSWORD, "Roles are: uploader"), (["reviewer"], "short", "12 to 256 characters")],
)
def test_an_account_that_cannot_be_made_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], roles: list[str], password: str, told: str
) -> None:
    assert _create_user(monkeypatch, *roles, password=password) == 1
    assert told in capsys.readouterr().err


def test_a_key_stands_alone_on_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "create", "--name", "LIS", "--scopes", "screen,read"]) == 0

    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("bs_")
    assert " " not in last
    assert main(["key", "revoke", last.split("_")[1]]) == 0
    assert main(["key", "revoke", "nokeyatall"]) == 1


def test_an_unknown_scope_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "create", "--name", "LIS", "--scopes", "screen,everything"]) == 1

    assert "everything" in capsys.readouterr().err


def test_the_ledger_is_verified_and_the_altered_record_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database: Database
) -> None:
    _create_user(monkeypatch, "reviewer")
    assert main(["audit", "verify"]) == 0
    assert "intact: 1 events" in capsys.readouterr().out

    with without_triggers(database, "ledger") as connection:
        connection.execute(text("UPDATE ledger SET act = 'nothing'"))

    assert main(["audit", "verify"]) == 1
    assert "broken: ledger position 1:" in capsys.readouterr().out


def test_the_doctor_finds_a_new_service_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0

    assert capsys.readouterr().out == "well\n"


def test_the_readmes_copy_of_a_database_in_use_is_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], database: Database
) -> None:
    told = re.search(r'python -c "(.*VACUUM INTO.*)"', (ROOT / "README.md").read_text("utf-8"))
    assert told
    copying = told[1].replace("var/blastscreen.db", str(tmp_path / "blastscreen.db"))
    with database.reading() as in_use:
        in_use.execute(text("SELECT 1 FROM ledger"))
        _create_user(monkeypatch, "reviewer")
        assert b"argon2" not in (tmp_path / "blastscreen.db").read_bytes(), "it still lies in the -wal"

        subprocess.run([sys.executable, "-c", copying.replace("var/copy.db", str(tmp_path / "copy.db"))], check=True)

    monkeypatch.setenv("BLASTSCREEN_DATABASE_URL", f"sqlite:///{tmp_path / 'copy.db'}")
    capsys.readouterr()
    assert main(["audit", "verify"]) == 0
    assert "intact: 1 events" in capsys.readouterr().out


def test_drawn_cells_are_screened_without_server_or_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], database: Database
) -> None:
    assert main(["draw", str(tmp_path / "drawn"), "--count", "12"]) == 0
    (tmp_path / "drawn" / "broken.png").write_bytes(cell(1)[:100])
    capsys.readouterr()

    assert main(["screen", str(tmp_path / "drawn"), "--model", str(DEMONSTRATION)]) == 1

    told = capsys.readouterr()
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert "Nothing of this is recorded" in told.err
    assert len(lines) == 13
    assert [line["error"]["code"] for line in lines if "error" in line] == ["image_truncated"]
    scored = [line for line in lines if line.get("outcome") == "screened"]
    assert len(scored) >= 6
    assert all(0 <= line["all_probability"] <= 1 and line["sandbox"] for line in scored)
    assert all(line["all_probability"] is None for line in lines if line.get("outcome") == "unusable")
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM screenings")) == 0


def test_a_lossy_file_is_scored_and_never_cleared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(4):
        (tmp_path / f"{seed}.png").write_bytes(cell(seed, Look.HEALTHY))
        (tmp_path / f"{seed}.jpg").write_bytes(jpeg(seed, Look.HEALTHY))

    assert main(["screen", str(tmp_path), "--model", str(DEMONSTRATION)]) == 0

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    lossy, lossless = ([line for line in lines if line["file"].endswith(end)] for end in (".jpg", ".png"))
    assert len(lossy) == len(lossless) == 4
    assert all("lossy_image" in line["review_reasons"] and line["needs_review"] for line in lossy)
    assert all(
        line["band"] != "not_suspected" and line["statement"].endswith(NEVER_CLEARED[ReviewReason.LOSSY_IMAGE])
        for line in lossy
    )
    assert any(line["all_probability"] < line["thresholds"]["not_suspected_below"] for line in lossy)
    assert all("lossy_image" not in line["review_reasons"] for line in lossless)
    assert any(line["band"] == "not_suspected" for line in lossless)


def test_who_screens_is_told_which_files_are_never_cleared(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["screen", "--help"])

    assert "JPEG and lossy WebP are never cleared" in " ".join(capsys.readouterr().out.split())


def test_links_to_folders_are_followed_once_and_pipes_are_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, elsewhere = tmp_path / "slide", tmp_path / "elsewhere"
    for one in (folder, elsewhere):
        one.mkdir()
    (elsewhere / "cell.png").write_bytes(cell(1))
    (elsewhere / "._cell.png").write_bytes(b"a resource fork")
    (folder / "linked").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    os.mkfifo(folder / "pipe.bmp")

    assert main(["screen", str(folder)]) == 0

    told = capsys.readouterr()
    assert [json.loads(line)["file"] for line in told.out.splitlines()] == [str(folder / "linked" / "cell.png")]
    assert "Passed over 1 file" in told.err
    assert "pipe.bmp" in told.err


def test_what_a_folder_holds_besides_images_is_named_and_fails_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "slide"
    (folder / "deep.png").mkdir(parents=True)
    (folder / "cell.PNG").write_bytes(cell(1))
    for name in ("a.gif", "b.zip", "deep.png/c", "d", "e.txt", "f.dcm", ".DS_Store", "Thumbs.db"):
        (folder / name).write_bytes(cell(1))

    assert main(["screen", str(folder)]) == 0

    told = capsys.readouterr()
    [line] = told.out.splitlines()
    assert json.loads(line)["outcome"] == "screened"
    [passed] = [line for line in told.err.splitlines() if "Passed over" in line]
    assert "6 files" in passed
    assert "and 1 more" in passed
    assert all(str(folder / name) in passed for name in ("a.gif", "b.zip", "d", "deep.png/c", "e.txt"))
    assert "DS_Store" not in told.err


@pytest.mark.parametrize("held", [(), ("a.gif",)])
def test_a_folder_without_an_image_is_told_so_and_fails_and_others_are_screened_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], held: tuple[str, ...]
) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    for folder in (empty, full):
        folder.mkdir()
    for name in held:
        (empty / name).write_bytes(b"GIF89a")
    (full / "cell.png").write_bytes(cell(1))

    assert main(["screen", str(empty)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert f"no image found in {empty}" in told.err
    assert all(str(empty / name) in told.err for name in held)

    assert main(["screen", str(empty), str(full)]) == 1
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 1
    assert f"no image found in {empty}" in told.err
    assert str(full) not in told.err


def test_a_folder_that_is_no_model_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["screen", str(tmp_path), "--model", str(tmp_path)]) == 1

    assert "no readable model.onnx" in capsys.readouterr().err


def test_a_database_that_was_never_migrated_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLASTSCREEN_DATABASE_URL", f"sqlite:///{tmp_path / 'deep' / 'new.db'}")

    assert main(["audit", "verify"]) == 1
    assert "there is no file" in (told := capsys.readouterr().err)
    assert "blastscreen migrate" in told
    assert not (tmp_path / "deep").exists()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "new.db").touch()
    assert main(["audit", "verify"]) == 1
    assert "blastscreen migrate" in capsys.readouterr().err
    assert main(["migrate"]) == 0
    assert main(["audit", "verify"]) == 0


SECRET = "the-moon-over-the-marrow"
COMMANDS = (
    ["serve", "--port", "0"],
    ["migrate"],
    ["audit", "verify"],
    ["doctor"],
    ["key", "create", "--name", "LIS", "--scopes", "screen"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"postgresql+psycopg://blast:{SECRET}@127.0.0.1:{{closed}}/x", "{closed}"),
        (f"postgresql+psycopg:///x?host=127.0.0.1&port={{closed}}&user=blast&password={SECRET}", "{closed}"),
        ("sqlite:///{folder}", "{folder}"),
        ("sqlite:///{file}/below.db", "{file}"),
        ("sqlite:///{file}", "{file}"),
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
        (f"nonsense://blast:{SECRET}@somewhere/x", "no kind of database"),
        (f"{SECRET}", "no kind of database"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_in_a_sentence_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    url: str,
    told: str,
) -> None:
    (tmp_path / "file").write_text("no database at all, and long enough to be one" * 100)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and never listens
        places = {"closed": closed.getsockname()[1], "folder": tmp_path, "file": tmp_path / "file"}
        monkeypatch.setenv("BLASTSCREEN_DATABASE_URL", url.format(**places))

        assert main(command) == 1

    said = capsys.readouterr()
    assert said.out == ""
    [sentence] = said.err.splitlines()
    assert sentence.startswith("blastscreen: The database cannot be reached: ")
    assert told.format(**places) in sentence
    assert SECRET not in sentence


FULL = "BEFORE INSERT ON clients BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
NEWER = "is at revision 0099"


@pytest.mark.parametrize(
    ("command", "sql", "told"),
    [
        *((command, "UPDATE alembic_version SET version_num = '0099'", NEWER) for command in COMMANDS),
        *((command, "DELETE FROM alembic_version", "table actors already exists") for command in COMMANDS[:2]),
        (COMMANDS[-1], f"CREATE TRIGGER full {FULL}", "database or disk is full"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str], database: Database, command: list[str], sql: str, told: str
) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(sql))

    assert main(command) == 1

    said = capsys.readouterr()
    assert said.out == ""
    [sentence] = said.err.splitlines()
    assert told in sentence


@pytest.mark.parametrize("command", [["screen"], ["draw"]], ids=" ".join)
def test_a_reader_who_has_gone_ends_a_command_quietly(tmp_path: Path, command: list[str]) -> None:
    assert main(["draw", str(tmp_path / "drawn"), "--count", "2"]) == 0
    read, write = os.pipe()
    os.close(read)

    ended = subprocess.run(
        [sys.executable, "-m", "app.cli", *command, str(tmp_path / "drawn")],
        cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write)

    assert ended.returncode == 141
    assert "Traceback" not in ended.stderr
    assert "BrokenPipe" not in ended.stderr


def test_a_rotated_key_gives_its_place_to_one_on_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    main(["key", "create", "--name", "LIS", "--scopes", "screen"])
    old = capsys.readouterr().out.split()[-1].split("_")[1]

    assert main(["key", "rotate", old, "--overlap-hours", "2"]) == 0

    told = capsys.readouterr().out.strip().splitlines()
    assert told[-1].startswith("bs_")
    assert old not in told[-1]
    assert "2:00:00" in told[0]
    assert main(["key", "rotate", old]) == 1


def test_a_forgotten_password_is_chosen_anew_by_a_link(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _create_user(monkeypatch, "admin")

    assert main(["user", "reset", "rea"]) == 0
    assert "/reset?token=" in capsys.readouterr().out.splitlines()[-1]
    assert main(["user", "reset", "nobody"]) == 1


@pytest.mark.parametrize("days", ["0", "-1", "soon", "99999999"])
def test_a_key_for_no_days_is_not_one_for_ever(days: str) -> None:
    with pytest.raises(SystemExit):
        main(["key", "create", "--name", "LIS", "--scopes", "screen", "--days", days])


def test_a_busy_port_is_told_before_anything_changes(capsys: pytest.CaptureFixture[str], database: Database) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 1

    told = capsys.readouterr()
    assert "Name another --port" in told.err
    assert told.out == ""
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM setup_links")) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_damaged_model_is_told_before_anything_changes(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    database: Database,
    workers: str,
) -> None:
    bundle = Path(shutil.copytree(DEMONSTRATION, tmp_path / "bundle"))
    (bundle / "model.onnx").write_bytes((bundle / "model.onnx").read_bytes()[:5000])
    monkeypatch.setenv("BLASTSCREEN_MODEL", str(bundle))

    assert main(["serve", "--port", "0", "--workers", workers]) == 1

    told = capsys.readouterr()
    assert "belongs to another model" in told.err
    assert told.out == ""
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM setup_links")) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["draw", "x", "--count", "0"], "a whole number from 1 to 10000"),
        (["draw", "x", "--count", "-3"], "a whole number from 1 to 10000"),
        (["key", "rotate", "12345678", "--overlap-hours", "-1"], "a whole number from 0"),
        (["serve", "--port", "70000"], "a whole number from 0 to 65535"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused_before_anything_is_done(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("variable", ["BLASTSCREEN_SPOOL", "BLASTSCREEN_IMAGE_STORE"])
def test_a_folder_that_cannot_be_made_stops_the_start_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, variable: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(variable, str(tmp_path / "file" / "folder"))

    assert main(["serve", "--port", "0"]) == 1
    assert f"{tmp_path / 'file' / 'folder'}" in (told := capsys.readouterr().err)
    assert "cannot be made (Not a directory). Name another one." in told
