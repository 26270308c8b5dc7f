"""A refusal that must be remembered: the act is rolled back, the event is written in a transaction of its own."""

from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event
from app.db import Database
from app.errors import Refused


class Refusal(Refused):
    """An error of the kind Refused that carries its event."""

    def __init__(self, message: str, *, actor: Actor, event: Event, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.actor = actor
        self.event = event


class Forbidden(Refusal):
    """Somebody known asked for an act that none of their permissions covers."""

    code = "forbidden"

    def __init__(self, actor: Actor, *, permission: str) -> None:
        super().__init__(
            "You may not do this. Ask an administrator if you need it.",
            actor=actor,
            event=Event(Act.ACT_FORBIDDEN, "actor", str(actor.id), {"permission": permission}),
        )


def remember(database: Database, refused: Refused) -> None:
    if isinstance(refused, Refusal):
        with database.writing() as session:
            ledger.record(session, refused.actor, refused.event)
