"""Which model serves: known by its files' hashes, activated when it changes."""

from uuid import uuid4

from sqlalchemy.orm import Session

from app import clock
from app.actor import SERVICE, Actor
from app.audit import ledger
from app.audit.events import Act, Event, Value
from app.screening import queries
from app.screening.instrument import Instrument
from app.screening.tables import ActivationRow, ModelRow


def register_model(session: Session, *, instrument: Instrument) -> ModelRow:
    """The row of the instrument's model and card; made when it is new."""
    card, card_sha256 = instrument.classifier.card, instrument.card_sha256
    row = queries.model(session, sha256=card.onnx_sha256, card_sha256=card_sha256)
    if row is None:
        row = ModelRow(
            id=uuid4(),
            name=card.name,
            version=card.version,
            sha256=card.onnx_sha256,
            card_sha256=card_sha256,
            card=card.raw,
        )
        session.add(row)
        session.flush()
        detail: dict[str, Value] = {"digest": queries.digest_of_model(row), "sha256": row.sha256}
        ledger.record(session, SERVICE, Event(Act.MODEL_REGISTERED, "model", str(row.id), detail))
    return row


def activate_model(session: Session, actor: Actor, *, instrument: Instrument, reason: str) -> None:
    """Remember that this model serves from now on; nothing to remember where it served already."""
    ledger.lock(session)
    model = register_model(session, instrument=instrument)
    last = queries.last_activation(session)
    if last is not None and last.model_id == model.id:
        return
    activation = ActivationRow(id=uuid4(), model_id=model.id, at=clock.now(), activated_by=actor.id, reason=reason)
    session.add(activation)
    detail = {"name": model.name, "version": model.version, "sha256": model.sha256, "reason": reason}
    ledger.record(session, actor, Event(Act.MODEL_ACTIVATED, "model", str(model.id), detail))
