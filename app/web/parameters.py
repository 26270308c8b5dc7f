"""Query parameters: one that a route does not know, or that came twice, is told of and not passed over; a misspelt
filter filters nothing, and of two only the last one would."""

from collections import Counter
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


class RepeatedParameter(Invalid):
    code = "parameter_repeated"


@dataclass(frozen=True)
class Takes:
    """A dependency: this route takes these query parameters, each once, and no other."""

    names: tuple[str, ...] = ()

    def __call__(self, request: Request) -> None:
        if unknown := sorted(set(request.query_params) - set(self.names)):
            named = ", ".join(repr(name[:40]) for name in unknown)
            known = f"takes {', '.join(self.names)}" if self.names else "takes none"
            raise UnknownParameter(f"There is no query parameter {named}: this address {known}.")
        times = Counter(name for name, _ in request.query_params.multi_items())
        if repeated := sorted(name for name in times if times[name] > 1):
            raise RepeatedParameter(f"Send each query parameter once: {', '.join(repeated)} came several times.")
