"""The whole service, put together. The only module that knows every room."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app import logs, schema
from app.accounts import account_pages, key_pages, oidc_pages, setup_pages, user_pages
from app.accounts import pages as sign_in_pages
from app.accounts.oidc_actions import Provider
from app.accounts.oidc_rules import OidcMisconfigured
from app.accounts.rate_limit import make_rate_limit
from app.actor import SERVICE
from app.audit import pages as audit_pages
from app.audit import refusals
from app.cases import case_pages, compare_pages, manage_pages
from app.cases import pages as cases_pages
from app.checks import Readiness, readiness_checks
from app.db import Database
from app.errors import Misconfigured
from app.policy import pages as policy_pages
from app.reports import report_pages, sign_off_pages
from app.review import comment_pages, figures_pages, reading_pages, request_pages
from app.review import pages as review_pages
from app.screening import api as screening_api
from app.screening import image_pages, model_actions, result_pages, upload_pages
from app.screening import pages as screening_pages
from app.screening.instrument import Instrument
from app.screening.schemas import Problem
from app.settings import Settings, read_settings
from app.storage import ImageStore, made
from app.vision.classifier import Classifier, OnnxClassifier
from app.vision.decode import Limits
from app.vision.references import ReferenceCells, read_references
from app.web import api as web_api
from app.web import errors
from app.web import pages as web_pages
from app.web.body_limits import BodyLimits
from app.web.crowd import Crowd
from app.web.headers import STATIC, RequestEnvelope
from app.web.metrics import Metrics
from app.web.same_origin import SameOrigin
from app.web.slow_clients import SlowClients
from app.web.templating import Templates
from app.web.trusted_hosts import TrustedHosts

HERE = Path(__file__).parent
ROOMS_WITH_TEMPLATES = ("accounts", "audit", "cases", "policy", "reports", "review", "screening")
DOORS = (
    account_pages,
    key_pages,
    setup_pages,
    sign_in_pages,
    user_pages,
    audit_pages,
    case_pages,
    cases_pages,
    compare_pages,
    manage_pages,
    oidc_pages,
    policy_pages,
    comment_pages,
    report_pages,
    sign_off_pages,
    figures_pages,  # before the reading of one cell, whose address has an id in the same place
    review_pages,
    reading_pages,
    request_pages,
    image_pages,
    result_pages,
    screening_api,
    screening_pages,
    upload_pages,
    web_api,
    web_pages,
)
DEMONSTRATION = "Demonstration: this model was trained on drawn cells. Its results say nothing about a patient."


HEALTH = ("/health/",)


class DemonstrationByDefault(Misconfigured):
    code = "demonstration_model"


class Blastscreen(FastAPI):
    """FastAPI with the envelope around its own answers too: an unexpected error's reply is sealed and logged alike."""

    def build_middleware_stack(self) -> ASGIApp:
        settings: Settings = self.state.settings
        app: ASGIApp = RequestEnvelope(super().build_middleware_stack(), observe=self.state.metrics.observe)
        if settings.trusted_proxies:
            app = ProxyHeadersMiddleware(app, list(settings.trusted_proxies))  # type: ignore[arg-type, assignment]
        return app

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document["components"]["schemas"].setdefault("Problem", Problem.model_json_schema())
        return document


def create_app(settings: Settings, *, instrument: Instrument | None = None) -> FastAPI:
    """Raises Misconfigured where the model, the database or a folder is not as it must be.

    `instrument`: one that is made already, in place of the one that the settings describe.
    """
    logs.configure(settings.log_level)
    made(settings.spool)
    database = Database(settings.database_url)
    schema.require_current(database)
    instrument = instrument or make_instrument(settings)
    with database.writing() as session:
        model_actions.activate_model(session, SERVICE, instrument=instrument, reason="start of the service")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(database.dispose)

    app = Blastscreen(
        title="Blastscreen",
        version="1",
        summary="Screening support for acute lymphoblastic leukaemia in images of single white blood cells.",
        description="Screening support for professionals, never a diagnosis.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # it would redirect to whatever host the request names
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.instrument = instrument
    app.state.provider = make_provider(settings)
    app.state.rate_limit = make_rate_limit(settings)
    app.state.metrics = Metrics()
    app.state.banners = (DEMONSTRATION,) if instrument.classifier.card.for_demonstration else ()
    folders = {room: HERE / room / "templates" for room in ROOMS_WITH_TEMPLATES}
    app.state.templates = Templates(folders, zone=settings.zone)
    app.state.checks = Readiness(readiness_checks(database=database, instrument=instrument))
    for door in DOORS:
        app.router.routes.extend(door.router.routes)  # whole as they are: `include_router` builds each of them anew
    app.mount(STATIC, StaticFiles(directory=HERE / "web" / "static"))
    errors.install(app, remember=partial(refusals.remember, database))
    _put_middleware_around(app, settings)
    return app


def make_instrument(settings: Settings) -> Instrument:
    tempfile.tempdir = str(made(settings.spool))  # where Starlette lets the files of a form wait
    classifier = OnnxClassifier(settings.bundle, threads=settings.inference_threads)
    if classifier.card.for_demonstration and not settings.bundle_is_chosen:
        raise DemonstrationByDefault(
            "The default model is one for demonstration. Name a real one in BLASTSCREEN_MODEL, or name this one there "
            "if a demonstration is what you want."
        )
    return Instrument(
        classifier=classifier,
        store=ImageStore(settings.image_store),
        limits=Limits(bytes=settings.image_bytes, pixels=settings.image_pixels),
        references=_references(settings, classifier=classifier),
    )


def _references(settings: Settings, *, classifier: Classifier) -> ReferenceCells | None:
    if settings.reference_cells is None:
        return None
    cache = settings.spool / "reference-cells.npz"
    return read_references(settings.reference_cells, classifier=classifier, cache=cache)


def make_provider(settings: Settings) -> Provider | None:
    """None where none is asked for; else the one that discovery finds, or OidcMisconfigured."""
    if not settings.oidc_is_wanted:
        return None
    try:
        from app.accounts import oidc  # noqa: PLC0415  start-up time is counted, and the extra may be missing
    except ImportError as missing:
        raise OidcMisconfigured(
            f"Signing in through a provider needs the package {missing.name}: install requirements-oidc.lock."
        ) from None
    return oidc.find_provider(settings)


def _put_middleware_around(app: FastAPI, settings: Settings) -> None:
    """The last added is the outermost."""
    limits = {
        ("POST", "/api/v1/screenings"): settings.screening_bytes,
        ("POST", "/screenings"): settings.upload_bytes,
        ("POST", "/screenings/rows"): settings.upload_bytes,
    }

    def limit_of(method: str, path: str) -> int:
        return limits.get((method, path), settings.request_bytes)

    app.add_middleware(BodyLimits, limit_of=limit_of, small=settings.request_bytes)
    patience = settings.body_patience.total_seconds()
    app.add_middleware(SlowClients, patience_seconds=patience, bytes_a_second=settings.body_rate)
    app.add_middleware(Crowd, most=settings.requests_at_once, free=HEALTH)
    app.add_middleware(SameOrigin)
    app.add_middleware(TrustedHosts, names=frozenset(name.lower() for name in settings.hosts), free=HEALTH)


def create_from_environment() -> FastAPI:
    """What each worker of uvicorn calls."""
    return create_app(read_settings())
