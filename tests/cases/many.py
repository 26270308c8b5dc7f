"""A case with as many cells as a test wants, put into the database at once, past the screening that would make them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import insert

from app import clock
from app.accounts import queries as accounts
from app.accounts.actions import actor_of
from app.actor import Actor
from app.audit.digest import digest
from app.cases import actions
from app.db import Database
from app.screening.rules import certainty
from app.screening.tables import FlagReasonRow, ImageRow, ModelRow, OpenFlagRow, ScreeningRow
from tests.factories import Service
from tests.fakes import fake_card

THRESHOLDS = {"not_suspected_below": 0.2, "suspected_from": 0.8, "prior_all": 0.5}
FIGURES = {"sensitivity": [0.9, 0.8, 0.95], "specificity": [0.8, 0.7, 0.9]}


@dataclass(frozen=True)
class Made:
    """`probability` None: refused, for `refused`. `flagged`: waits for a read."""

    probability: float | None = 0.97
    refused: str = "out_of_focus"
    flagged: bool = False

    @property
    def band(self) -> str | None:
        if self.probability is None:
            return None
        return "suspected" if self.probability >= 0.8 else "not_suspected" if self.probability < 0.2 else "uncertain"


def known(service: Service, username: str) -> Actor:
    """Who is signed in under this name."""
    with service.database.reading() as session:
        user = accounts.user_named(session, username)
        assert user is not None
        return actor_of(user)


def case_with(
    database: Database, actor: Actor, cells: Sequence[Made], *, number: str | None = None
) -> tuple[UUID, list[UUID]]:
    """The case, opened and filled by this actor, and its cells in the order given."""
    with database.writing() as session:
        case_id = actions.open_or_join(session, actor, accession=number, subject=None).id
    ids = [uuid4() for _ in cells]
    now = clock.now()
    images = [digest(str(one)) for one in ids]
    with database.writing() as session:
        model_id = uuid4()
        card = {**fake_card().raw, "evaluation": {"report": {"figures": FIGURES}}}
        session.add(
            ModelRow(
                id=model_id, name="fake", version="2", sha256=digest(str(model_id)), card_sha256="c" * 64, card=card
            )
        )
        session.flush()
        session.execute(
            insert(ImageRow),
            [{"pixels_sha256": one, "width": 96, "height": 96, "stored_at": now} for one in images],
        )
        session.execute(
            insert(ScreeningRow),
            [
                {
                    "id": id_, "case_id": case_id, "submitted_by": actor.id, "received_sha256": image,
                    "pixels_sha256": image, "model_id": model_id, "thresholds": THRESHOLDS,
                    "logit": None if cell.probability is None else 0.0, "probability": cell.probability,
                    "band": cell.band, "unusable_reason": cell.refused if cell.probability is None else None,
                    "sandbox": False, "policy": None, "at": now + timedelta(milliseconds=place),
                }
                for place, id_, image, cell in zip(itertools.count(), ids, images, cells, strict=False)
            ],
        )  # fmt: skip
        if flagged := [(id_, cell) for id_, cell in zip(ids, cells, strict=True) if cell.flagged]:
            session.execute(
                insert(FlagReasonRow), [{"screening_id": id_, "reason": "low_confidence"} for id_, _ in flagged]
            )
            session.execute(
                insert(OpenFlagRow),
                [
                    {"screening_id": id_, "certainty": certainty(cell.probability, clears=True), "flagged_at": now}
                    for id_, cell in flagged
                ],
            )
    return case_id, ids
