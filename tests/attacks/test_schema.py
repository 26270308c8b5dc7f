"""Attack: all that the API's own document allows, and much that it does not, thrown at every route by schemathesis.

With a key of every scope and every check there is: no 5xx, nothing that the document does not tell of, nothing let in
without the key.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from app.accounts.rules import Scope
from tests.factories import Service, make_key

OPERATIONS = {
    "GET /api/v1/model",
    "GET /api/v1/screenings",
    "GET /api/v1/screenings/{screening_id}",
    "POST /api/v1/screenings",
}

OPAQUE = {"POST /api/v1/screenings", "GET /api/v1/screenings"}
"""No schema tells which bytes are an image of a cell, or which text is a cursor of ours."""


@pytest.fixture
def key(service: Service) -> str:
    return make_key(service.database, "LIS", *Scope)


@pytest.fixture
def document(service: Service, key: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_asgi("/openapi.json", service.app, headers={"Authorization": f"Bearer {key}"})


def _operations(document: schemathesis.BaseSchema) -> list[Any]:
    return [result.ok() for result in document.get_all_operations() if isinstance(result, Ok)]


def test_every_operation_of_the_document_is_attacked_here(document: schemathesis.BaseSchema) -> None:
    assert {operation.label for operation in _operations(document)} == OPERATIONS


@pytest.mark.parametrize("label", sorted(OPERATIONS))
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_keeps_to_its_document_whatever_is_sent(
    document: schemathesis.BaseSchema, key: str, label: str, mode: GenerationMode
) -> None:
    if label in OPAQUE:
        document.config.checks.positive_data_acceptance.expected_statuses += ["415", "422"]
    if label.startswith("POST"):  # a form holds text only: a number or null in it is no violation that can be seen
        document.config.checks.negative_data_rejection.expected_statuses += ["200", "201"]
    [operation] = [one for one in _operations(document) if one.label == label]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def attack(case: Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"})

    attack()
