"""Who is acting. Knows permissions, and nothing of roles, keys or sessions (those are `app.accounts`)."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class Permission(StrEnum):
    SCREEN = "screen"  # send a cell image and see what comes of it
    SEE_OWN = "see_own"  # results in the cases that this actor may see
    SEE_EVERY_CASE = "see_every_case"  # results in every case (key scope read:all; who signs them)
    READ = "read"  # work the review queue: give verdicts
    ADJUDICATE = "adjudicate"  # settle what two readers saw differently
    SIGN = "sign"  # close a case by name
    MANAGE_ACCESS = "manage_access"  # accounts, lab keys and the policy; gives no rights over images or verdicts
    AUDIT = "audit"  # the ledger and the access logs
    SCRAPE_METRICS = "scrape_metrics"


class ActorKind(StrEnum):
    CLINICIAN = "clinician"
    LAB = "lab"
    SERVICE = "service"


@dataclass(frozen=True)
class Actor:
    kind: ActorKind
    id: UUID
    name: str
    permissions: frozenset[Permission] = field(default_factory=frozenset)

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


SERVICE = Actor(ActorKind.SERVICE, UUID("00000000-0000-4000-8000-000000000001"), "blastscreen service")
"""The service itself: what happens at start-up, on the command line, and to requests from nobody known."""
