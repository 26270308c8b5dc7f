"""Templates: one frozen page object each, and one Frame around them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app import clock
from app.web import times

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Link:
    title: str
    href: str
    current: bool = False


@dataclass(frozen=True)
class Frame:
    """What the base template shows around every page. `posted`: it is the answer to a form, so that its address is no
    way back to it."""

    who: str | None
    navigation: tuple[Link, ...]
    csrf: str
    banners: tuple[str, ...]
    lock_after_s: int | None = None
    posted: bool = False


@dataclass(frozen=True)
class ErrorPage:
    """`sign_in`: where to, for who is not signed in."""

    title: str
    message: str
    request_id: str
    sign_in: str | None


class Templates:
    """`room/name.html`, from each room's own `templates` folder. `zone`: the site's, which every time is shown in."""

    def __init__(self, folders: Mapping[str, Path], *, zone: tzinfo) -> None:
        self._environment = _environment(tuple(folders.items()), zone)

    def text(self, name: str, *, page: object, frame: Frame) -> str:
        return self._environment.get_template(name).render(page=page, frame=frame)


@cache  # what is compiled once is compiled for every app of this process
def _environment(folders: tuple[tuple[str, Path], ...], zone: tzinfo) -> Environment:
    loaders = {room: FileSystemLoader(folder) for room, folder in folders}
    environment = Environment(
        loader=PrefixLoader({"web": FileSystemLoader(HERE / "templates"), **loaders}),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def moment(at: datetime) -> times.Moment:
        return times.moment(at, zone=zone, now=clock.now())

    environment.filters["moment"] = moment
    environment.globals["site_zone"] = str(zone)
    return environment


def render(request: Request, name: str, page: Any, *, frame: Frame, status: int = 200) -> HTMLResponse:
    templates: Templates = request.app.state.templates
    return HTMLResponse(templates.text(name, page=page, frame=frame), status_code=status)
