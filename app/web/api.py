"""What machines ask of the service itself: its health, its metrics, its OpenAPI document."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from app.accounts.guards import AnybodyKnown, scraper
from app.checks import Readiness
from app.db import OurDatabase
from app.review import queries as reviews
from app.web.metrics import Metrics

router = APIRouter(include_in_schema=False)


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Answered without a thread, so that a full house is still a live one."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """Golden cells through the live model, a write to the database, a write to the image store."""
    checks: Readiness = request.app.state.checks
    if faults := await checks.faults():
        return JSONResponse({"status": "not ready", "failing": dict(faults)}, status_code=503)
    return JSONResponse({"status": "ready"})


@router.get("/metrics", dependencies=[Depends(scraper)])
def metrics(request: Request, database: OurDatabase) -> Response:
    figures: Metrics = request.app.state.metrics
    with database.reading() as session:
        figures.waiting.set(reviews.how_many_wait(session))
    text = figures.scrape()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/openapi.json")
def openapi(request: Request, known: AnybodyKnown) -> dict[str, Any]:
    document: dict[str, Any] = request.app.openapi()
    return document
