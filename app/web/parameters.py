"""Query parameters: one that a route does not know is told of, not passed over; a misspelt filter filters nothing."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request

from app.errors import Invalid

Chosen = Annotated[list[UUID], Query(max_length=20)]
"""What was ticked on a page, in the address."""


class UnknownParameter(Invalid):
    code = "parameter_unknown"


@dataclass(frozen=True)
class Takes:
    """A dependency: this route takes these query parameters and no other."""

    names: tuple[str, ...] = ()

    def __call__(self, request: Request) -> None:
        if unknown := sorted(set(request.query_params) - set(self.names)):
            named = ", ".join(repr(name[:40]) for name in unknown)
            known = f"takes {', '.join(self.names)}" if self.names else "takes none"
            raise UnknownParameter(f"There is no query parameter {named}: this address {known}.")
