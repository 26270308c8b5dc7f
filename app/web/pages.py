"""The API's documentation, from our own files, for whoever is signed in."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.accounts.guards import Visitor
from app.web.templating import render

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class DocsPage:
    openapi: str


@router.get("/docs")
def docs(request: Request, visit: Visitor) -> Response:
    return render(request, "web/docs.html", DocsPage("/openapi.json"), frame=visit.frame)
