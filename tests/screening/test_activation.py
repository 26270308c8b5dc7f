"""Which model served when: an activation is remembered when the bundle changes, and only then."""

from dataclasses import replace

from app.actor import SERVICE
from app.audit.events import Act
from app.db import Database
from app.screening import model_actions
from app.screening.instrument import Instrument
from tests.factories import acts, rows
from tests.fakes import FakeClassifier


def _activate(database: Database, instrument: Instrument) -> None:
    with database.writing() as session:
        model_actions.activate_model(session, SERVICE, instrument=instrument, reason="start of the service")


def test_a_changed_bundle_is_an_activation_and_an_unchanged_one_is_none(
    database: Database, instrument: Instrument
) -> None:
    changed = FakeClassifier()
    changed.card = replace(changed.card, raw={**changed.card.raw, "thresholds": {"suspected_from": 0.7}})
    other = replace(instrument, classifier=changed)

    for one in (instrument, instrument, other, other, instrument):
        _activate(database, one)

    assert acts(database).count(Act.MODEL_ACTIVATED) == 3
    assert acts(database).count(Act.MODEL_REGISTERED) == 2
    assert rows(database)["models"] == 2
    assert rows(database)["activations"] == 3
