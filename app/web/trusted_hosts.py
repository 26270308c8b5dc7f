"""The names by which this service may be asked for: another one is a misled browser (DNS rebinding) or proxy."""

from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Invalid
from app.web.errors import turn_away


class UnknownHost(Invalid):
    code = "host_unknown"

    def __init__(self) -> None:
        super().__init__("This service is not known by that name. Use the address that your administrator gave you.")


@dataclass(frozen=True)
class TrustedHosts:
    """Plain ASGI middleware. `names` without ports, in lower case; none: any name. Probes of health may use any."""

    app: ASGIApp
    names: frozenset[str]
    free: tuple[str, ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asks = scope["type"] == "http" and self.names and not scope["path"].startswith(self.free)
        if asks and name_of(host_of(scope)) not in self.names:
            await turn_away(UnknownHost(), scope=scope, receive=receive, send=send)
            return
        await self.app(scope, receive, send)


def host_of(scope: Scope) -> str:
    """`Host` as it came, in lower case; empty where there is none."""
    return next((value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"), "")


def name_of(host: str) -> str:
    """`name:port` or `[address]:port` without the port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
