"""`blastscreen …`: the commands. Each says what it did, and exits 0 only when it did it."""

import argparse
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.accounts.rules import DAYS_MOST
from app.errors import BlastscreenError
from app.settings import Settings, read_settings
from app.typed import LARGEST, whole_number

NOBODY_READS_ON = 141
"""As a shell tells of a command that SIGPIPE has ended."""
PORTS = 65_535
WORKERS_MOST = 64
DRAWN_MOST = 10_000
Command = Callable[[argparse.Namespace, Settings], int]


def main(arguments: list[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    command: Command = parsed.command
    try:
        code = command(parsed, read_settings())
        sys.stdout.flush()
    except BlastscreenError as error:
        print(f"blastscreen: {error.message}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains of it once more at its end
        return NOBODY_READS_ON
    except KeyboardInterrupt:
        return 130
    else:
        return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="blastscreen", description="Screening support for acute lymphoblastic leukaemia, never a diagnosis."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_service(commands)
    _add_access(commands)
    _add_cells(commands)
    _add_records(commands)
    return parser


Commands = Any  # argparse names its type privately


def _add_service(commands: Commands) -> None:
    serve = commands.add_parser("serve", help="migrate the database and serve")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_whole(0, PORTS), default=8000)
    serve.add_argument("--workers", type=_whole(1, WORKERS_MOST), default=1)
    serve.set_defaults(command=_serve)
    demo = commands.add_parser("demo", help="serve a playground: drawn cells in every state, in a database of its own")
    demo.add_argument("--folder", type=Path, help="where it is kept; default: var/demo")
    demo.add_argument("--host", default="127.0.0.1")
    demo.add_argument("--port", type=_whole(0, PORTS), default=8000)
    demo.set_defaults(command=_demo)
    migrate = commands.add_parser("migrate", help="bring the database to this version's schema")
    migrate.set_defaults(command=_migrate)


def _whole(least: int, most: int) -> Callable[[str], int]:
    """Reads a number between the two."""

    def read(text: str) -> int:
        number = whole_number(text, least=least, most=most)
        if number is None:
            raise argparse.ArgumentTypeError(f"a whole number from {least} to {most}")
        return number

    return read


def _add_access(commands: Commands) -> None:
    user = commands.add_parser("user", help="accounts of people").add_subparsers(required=True, metavar="ACT")
    create = user.add_parser("create", help="make an account")
    create.add_argument("--username", required=True)
    create.add_argument("--role", action="append", required=True, dest="roles", help="may be given several times")
    create.add_argument("--name", default="", help="as colleagues know them")
    create.add_argument("--password-stdin", action="store_true", required=True, help="read the password from a pipe")
    create.set_defaults(command=_create_user)
    reset = user.add_parser(
        "reset", help="make a one-time link to choose a new password; printed alone on the last line"
    )
    reset.add_argument("username")
    reset.set_defaults(command=_reset_user)
    key = commands.add_parser("key", help="keys of lab systems").add_subparsers(required=True, metavar="ACT")
    make = key.add_parser("create", help="make a key; it is printed once, alone on the last line")
    make.add_argument("--name", required=True, help="the client that it belongs to")
    make.add_argument("--scopes", required=True, help="screen,read,read:all,metrics")
    make.add_argument("--days", type=_whole(1, DAYS_MOST), help="the key expires after so many days")
    make.set_defaults(command=_create_key)
    rotate = key.add_parser("rotate", help="make a key that takes another's place; printed alone on the last line")
    rotate.add_argument("prefix", help="the eight characters behind bs_")
    rotate.add_argument(
        "--overlap-hours", type=_whole(0, DAYS_MOST * 24), default=24, help="how long the old key still works"
    )
    rotate.set_defaults(command=_rotate_key)
    revoke = key.add_parser("revoke", help="end a key at once")
    revoke.add_argument("prefix", help="the eight characters behind bs_")
    revoke.set_defaults(command=_revoke_key)


def _add_cells(commands: Commands) -> None:
    screen = commands.add_parser("screen", help="score image files: no server, no record, one JSON line a file")
    screen.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="image files or folders of them: PNG, TIFF, BMP or lossless WebP; JPEG and lossy WebP are never cleared",
    )
    screen.add_argument("--model", type=Path, help="a bundle's folder; default: the one that serves")
    screen.set_defaults(command=_screen)
    draw = commands.add_parser("draw", help="draw cells to try the service out on")
    draw.add_argument("folder", type=Path, metavar="DIR")
    draw.add_argument("--count", type=_whole(1, DRAWN_MOST), default=12)
    draw.add_argument("--seed", type=_whole(0, LARGEST), default=1)
    draw.set_defaults(command=_draw)


def _add_records(commands: Commands) -> None:
    audit = commands.add_parser("audit", help="the ledger").add_subparsers(required=True, metavar="ACT")
    verify = audit.add_parser("verify", help="recompute the chain and every fact that it binds")
    verify.set_defaults(command=_verify)
    doctor = commands.add_parser("doctor", help="compare the work list and the image store with the records")
    doctor.set_defaults(command=_doctor)


def _serve(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.commands import service

    return service.serve(settings, host=arguments.host, port=arguments.port, workers=arguments.workers)


def _demo(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.commands import demo

    folder = arguments.folder or demo.FOLDER
    return demo.serve(settings, folder=folder, host=arguments.host, port=arguments.port)


def _migrate(_arguments: argparse.Namespace, settings: Settings) -> int:
    from app.commands import service

    return service.migrate(settings)


def _create_user(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.commands import access

    password = sys.stdin.readline().rstrip("\r\n")
    return access.create_user(
        settings, username=arguments.username, roles=arguments.roles, name=arguments.name, password=password
    )


def _create_key(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.commands import access

    life = timedelta(days=arguments.days) if arguments.days is not None else None
    return access.create_key(settings, client=arguments.name, scopes=arguments.scopes, life=life)


def _reset_user(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.commands import access

    return access.reset_user(settings, username=arguments.username)


def _rotate_key(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.commands import access

    overlap = timedelta(hours=arguments.overlap_hours)
    return access.rotate_key(settings, prefix=arguments.prefix, overlap=overlap)


def _revoke_key(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.commands import access

    return access.revoke_key(settings, prefix=arguments.prefix)


def _screen(arguments: argparse.Namespace, settings: Settings) -> int:
    from app.commands import cells

    return cells.screen(settings, paths=arguments.paths, bundle=arguments.model or settings.bundle)


def _draw(arguments: argparse.Namespace, _settings: Settings) -> int:
    from app.commands import cells

    return cells.draw(arguments.folder, count=arguments.count, seed=arguments.seed)


def _verify(_arguments: argparse.Namespace, settings: Settings) -> int:
    from app.commands import records

    return records.verify(settings)


def _doctor(_arguments: argparse.Namespace, settings: Settings) -> int:
    from app.commands import records

    return records.doctor(settings)


if __name__ == "__main__":
    sys.exit(main())
