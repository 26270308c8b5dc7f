"""A playground: drawn cells in every state and three people to look around as, in a database of its own."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from app.commands import demo_cases, demo_cells, service
from app.db import Database
from app.errors import Misconfigured
from app.main import make_instrument
from app.settings import ROOT, Settings
from app.storage import made

FOLDER = ROOT / "var" / "demo"
MARK = "playground.json"


class NoPlayground(Misconfigured):
    code = "demo_not_ours"


@dataclass(frozen=True)
class Playground:
    """What is known of one beside its database: the passwords that were made up, and whether it is whole."""

    passwords: dict[str, str]
    whole: bool = False


def settings_for(settings: Settings, *, folder: Path) -> Settings:
    """The same service, but for its model and for everything that it writes."""
    own = {
        "database_url": f"sqlite:///{folder / 'demo.db'}",
        "image_store": folder / "images",
        "spool": folder / "spool",
        "bundle": ROOT / "models" / "drawn-1",
        "reference_cells": folder / "references",
        "oidc_issuer": "",
        "oidc_client_id": "",
        "oidc_client_secret": None,
        "oidc_roles": (),
    }
    return settings.model_copy(update=own)


def serve(settings: Settings, *, folder: Path, host: str, port: int) -> int:
    ours = settings_for(settings, folder=folder)
    playground = set_up(ours, folder=folder)
    print("A playground of drawn cells. Nothing in it is a patient's. Sign in as one of:", flush=True)
    for person in demo_cases.PEOPLE:
        print(f"  {person.told:12} {person.username:9} {playground.passwords[person.username]}", flush=True)
    return service.serve(ours, host=host, port=port, workers=1)


def set_up(ours: Settings, *, folder: Path) -> Playground:
    """The playground in this folder, made where it is missing or was left half made. Raises NoPlayground."""
    mark, database, references = folder / MARK, folder / "demo.db", folder / "references"
    if database.exists() and not mark.exists():
        raise NoPlayground(
            f"{database} is no playground that this command made, so it is left alone. Name another --folder."
        )
    found = _read(mark) if mark.exists() else None
    demo_cells.draw_references(made(references))
    if found is not None and found.whole and database.exists():
        return found
    for left in folder.glob("demo.db*"):
        left.unlink()
    playground = Playground({person.username: _password() for person in demo_cases.PEOPLE})
    _write(mark, playground)
    print("Drawing cells and screening them: half a minute.", flush=True)
    _fill(ours, playground)
    whole = Playground(playground.passwords, whole=True)
    _write(mark, whole)
    return whole


def _fill(ours: Settings, playground: Playground) -> None:
    service.migrate_if_needed(ours)
    database = Database(ours.database_url)
    try:
        demo_cases.fill(database, make_instrument(ours), passwords=playground.passwords)
    finally:
        database.dispose()


def _read(mark: Path) -> Playground:
    try:
        return Playground(**json.loads(mark.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise NoPlayground(f"{mark} cannot be read ({error}). Remove its folder to begin anew.") from error


def _write(mark: Path, playground: Playground) -> None:
    mark.touch(mode=0o600)
    mark.write_text(json.dumps(asdict(playground)), "utf-8")


def _password() -> str:
    """Easily said and typed: `bafo-kiru-menu-talo`."""
    syllables = [secrets.choice("bdfgklmnprstv") + secrets.choice("aeiou") for _ in range(8)]
    return "-".join("".join(syllables[at : at + 2]) for at in range(0, 8, 2))
