"""The REST contract: what a reply holds, what repeats do, what clashes, and what a list gives."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from inline_snapshot import snapshot

from app.accounts.rules import Role, Scope
from app.vision.drawn import Look
from tests.factories import Service, cell, rows, verify
from tests.fakes import FakeClassifier


def test_a_screening_holds_every_field_of_the_contract(service: Service, classifier: FakeClassifier) -> None:
    lab = service.lab()
    classifier.probability = 0.97

    reply = lab.screen(cell(1), case="S26-0001", subject="P-7")
    told = reply.json()

    assert reply.status_code == 201
    assert sorted(told) == snapshot(
        [
            "all_probability",
            "band",
            "case",
            "case_id",
            "created_at",
            "id",
            "image_sha256",
            "model",
            "needs_review",
            "outcome",
            "pixels_sha256",
            "review",
            "review_reasons",
            "sandbox",
            "statement",
            "thresholds",
            "unusable_reason",
        ]
    )
    assert told["case"] == "S26-0001"
    assert told["outcome"] == "screened"
    assert told["all_probability"] == 0.97
    assert told["band"] == "suspected"
    assert told["needs_review"] is False
    assert told["review"] == {"state": "not_needed", "verdict": None, "settled_at": None}
    assert "not a diagnosis" in told["statement"]
    assert lab.screening(told["id"]) == told


def test_an_unusable_image_has_no_probability_anywhere(service: Service) -> None:
    lab = service.lab()

    told = lab.screen(cell(1, Look.BLANK)).json()

    assert told["outcome"] == "unusable"
    assert told["all_probability"] is None
    assert told["band"] is None
    assert told["unusable_reason"]
    assert told["needs_review"] is False


def test_the_same_key_and_request_give_the_first_reply_again(service: Service) -> None:
    lab = service.lab()

    first = lab.screen(cell(1), key="order-1", case="S26-0001")
    second = lab.screen(cell(1), key="order-1", case="S26-0001")

    assert first.status_code == second.status_code == 201
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == first.json()
    assert rows(service.database)["screenings"] == 1


@pytest.mark.parametrize(
    ("seed", "fields"),
    [
        (2, {"case": "S26-0001", "subject": "P-1"}),
        (1, {"case": "S26-0002", "subject": "P-1"}),
        (1, {"case": "S26-0001", "subject": "P-2"}),
        (1, {"case": "S26-0001"}),
        (1, {"subject": "P-1"}),
    ],
)
def test_the_same_key_with_another_request_is_refused(service: Service, seed: int, fields: dict[str, str]) -> None:
    lab = service.lab()
    lab.screen(cell(1), key="order-1", case="S26-0001", subject="P-1")

    other = lab.screen(cell(seed), key="order-1", **fields)

    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert rows(service.database)["screenings"] == 1


def test_one_key_in_the_hands_of_two_clients_is_two_keys(service: Service) -> None:
    one, other = service.lab("One"), service.lab("Other")

    assert one.screen(cell(1), key="same").json()["id"] != other.screen(cell(1), key="same").json()["id"]


def test_without_a_key_the_same_pixels_in_the_same_case_return_the_earlier_screening(service: Service) -> None:
    lab = service.lab()
    first = lab.screen(cell(1), case="S26-0001")

    again = lab.screen(cell(1), case="S26-0001")
    elsewhere = lab.screen(cell(1), case="S26-0002")

    assert again.status_code == 200
    assert again.json()["id"] == first.json()["id"]
    assert elsewhere.status_code == 201


def test_fifty_repeats_at_once_are_one_screening(either_service: Service) -> None:
    service = either_service
    lab = service.lab()

    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: lab.screen(cell(1), key="order-1"), range(50)))

    assert {reply.status_code for reply in replies} == {201}
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert rows(service.database)["screenings"] == 1
    assert verify(service.database).intact


def test_forty_posts_at_once_all_succeed(either_service: Service) -> None:
    service = either_service
    lab = service.lab()
    images = [cell(seed) for seed in range(40)]

    with ThreadPoolExecutor(40) as pool:
        replies = list(pool.map(lab.screen, images))

    assert [reply.status_code for reply in replies] == [201] * 40
    assert rows(service.database)["screenings"] == 40
    assert verify(service.database).intact


def test_another_clients_case_number_is_refused_and_nothing_is_stored(service: Service) -> None:
    one, other = service.lab("One"), service.lab("Other")
    one.screen(cell(1), case="S26-0001")
    before = rows(service.database)
    stored = set(service.settings.image_store.rglob("*.png"))

    reply = other.screen(cell(2), case="S26-0001")

    assert reply.status_code == 409
    assert reply.json()["code"] == "case_not_yours"
    assert "One" not in reply.text
    assert rows(service.database) == before
    assert set(service.settings.image_store.rglob("*.png")) == stored


def test_who_may_not_add_to_a_case_is_never_advised_to_send_under_another_number(service: Service) -> None:
    one, other = service.lab("One"), service.lab("Other")
    told = one.screen(cell(1), case="S26-0001").json()

    refused = other.screen(cell(2), case="S26-0001").json()["detail"]
    advised = service.lab("Archive", Scope.SCREEN, Scope.READ_ALL).screen(cell(2), case="S26-0001")

    assert refused.endswith(
        "send with a key of the lab system that opened the case, or of the scopes screen and read:all."
    )
    assert advised.json()["case_id"] == told["case_id"]


def test_another_subject_in_the_same_case_is_refused(service: Service) -> None:
    lab = service.lab()
    lab.screen(cell(1), case="S26-0001", subject="P-7")
    before = rows(service.database)

    reply = lab.screen(cell(2), case="S26-0001", subject="P-8")

    assert reply.status_code == 409
    assert reply.json()["code"] == "subject_conflict"
    assert rows(service.database) == before


def test_the_same_pixels_under_another_subject_are_flagged(service: Service) -> None:
    lab = service.lab()
    lab.screen(cell(1), case="S26-0001", subject="P-7")

    told = lab.screen(cell(1), case="S26-0002", subject="P-8").json()

    assert told["review_reasons"] == ["same_image_other_subject"]
    assert told["needs_review"] is True
    assert told["review"]["state"] == "waiting"


def test_a_list_read_by_cursor_gives_each_screening_once(service: Service) -> None:
    lab = service.lab()
    sent = [lab.screen(cell(seed), case="S26-0001").json()["id"] for seed in range(5)]

    first = lab.get("/api/v1/screenings", limit="2").json()
    second = lab.get("/api/v1/screenings", limit="2", after=first["next"]).json()
    third = lab.get("/api/v1/screenings", limit="2", after=second["next"]).json()
    nothing = lab.get("/api/v1/screenings", limit="2", after=third["next"]).json()

    listed = [item["id"] for page in (first, second, third) for item in page["items"]]
    assert listed == sent
    assert [page["more"] for page in (first, second, third)] == [True, True, False]
    assert nothing == {"items": [], "next": third["next"], "more": False}


def test_a_list_can_be_narrowed_to_what_needs_review_and_to_a_case(
    service: Service, classifier: FakeClassifier
) -> None:
    lab = service.lab()
    sure = lab.screen(cell(1), case="S26-0001").json()
    classifier.probability = classifier.unsure
    unsure = lab.screen(cell(2), case="S26-0002").json()

    def ids(**query: str) -> list[str]:
        return [item["id"] for item in lab.get("/api/v1/screenings", **query).json()["items"]]

    assert ids(needs_review="true") == [unsure["id"]]
    assert ids(needs_review="false") == [sure["id"]]
    assert ids(case_id=sure["case_id"]) == [sure["id"]]


def test_a_list_of_what_needs_review_holds_what_says_so_and_no_other(service: Service) -> None:
    lab = service.lab()
    earlier = lab.screen(cell(1), case="S26-0001", subject="P-7").json()
    lab.screen(cell(1), case="S26-0002", subject="P-8")

    assert lab.screening(earlier["id"])["review"]["state"] == "waiting", "flagged since, on the other's account"
    for needs_review in (True, False):
        items = lab.get("/api/v1/screenings", needs_review=str(needs_review).lower()).json()["items"]
        assert [item["needs_review"] for item in items] == [needs_review]


@pytest.mark.parametrize("cursor", ["x", "cDE", "cC0x", "ä", "cDk5OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_a_cursor_of_nobodys_making_is_refused(service: Service, cursor: str) -> None:
    reply = service.lab().get("/api/v1/screenings", after=cursor)

    assert reply.status_code == 422
    assert reply.json()["code"] == "cursor_unreadable"


def test_a_client_sees_what_it_sent_and_with_read_all_everything(service: Service) -> None:
    one, other = service.lab("One"), service.lab("Other")
    everything = service.lab("Archive", Scope.READ_ALL)
    sent = one.screen(cell(1)).json()

    assert other.get(f"/api/v1/screenings/{sent['id']}").status_code == 404
    assert other.get("/api/v1/screenings").json()["items"] == []
    assert everything.screening(sent["id"]) == sent


def test_a_new_key_of_the_same_client_sees_what_the_old_one_sent(service: Service) -> None:
    old, new = service.lab("One"), service.lab("One")

    assert new.screening(old.screen(cell(1)).json()["id"])["outcome"] == "screened"


def test_the_card_of_the_model_is_there_for_any_key(service: Service) -> None:
    card = service.lab("Scraper", Scope.METRICS).get("/api/v1/model").json()

    assert card == service.instrument.classifier.card.raw


def test_the_openapi_document_is_for_those_who_are_known(service: Service) -> None:
    assert service.anybody().get("/openapi.json").status_code == 401
    assert service.lab().get("/openapi.json").json()["info"]["title"] == "Blastscreen"
    assert service.signed_in("rea", Role.REVIEWER).get("/openapi.json").status_code == 200


def test_a_repeat_gives_the_reasons_in_the_same_order(service: Service, classifier: FakeClassifier) -> None:
    lab = service.lab()
    classifier.probability, classifier.atypical = classifier.unsure, True

    first = lab.screen(cell(1), case="S26-0001").json()
    again = lab.screen(cell(1), case="S26-0001").json()

    assert first["review_reasons"] == ["low_confidence", "atypical"]
    assert again == first


@pytest.mark.parametrize("name", ["case", "subject"])
def test_a_field_sent_twice_or_as_a_file_is_not_lost_in_silence(service: Service, name: str) -> None:
    lab = service.lab()
    image = ("image", ("cell.png", cell(1), "image/png"))
    before = rows(service.database)

    twice = lab.client.post(
        "/api/v1/screenings", headers=lab.headers, files=[image, (name, (None, b"A1")), (name, (None, b"B2"))]
    )
    as_file = lab.client.post(
        "/api/v1/screenings", headers=lab.headers, files=[image, (name, ("a.txt", b"A1", "text/plain"))]
    )

    assert [reply.json()["code"] for reply in (twice, as_file)] == ["field_unreadable"] * 2
    assert rows(service.database) == before


@pytest.mark.parametrize(
    "number", ["\N{FULLWIDTH LATIN CAPITAL LETTER A}1", "\N{CYRILLIC CAPITAL LETTER A}1", "ÿþA", "١٢"]
)
def test_a_case_number_in_letters_that_look_alike_is_refused(service: Service, number: str) -> None:
    assert service.lab().screen(cell(1), case=number).json()["code"] == "case_unusable"


def test_case_numbers_and_subjects_that_differ_in_how_many_spaces_are_one(service: Service) -> None:
    lab = service.lab()

    told = [
        lab.screen(cell(seed), case=number, subject=subject).json()
        for seed, (number, subject) in enumerate([("conc 1", "P  7"), (" conc  1", "P 7 "), ("conc   1", "P   7")])
    ]

    assert [one["case"] for one in told] == ["conc 1"] * 3
    assert len({one["case_id"] for one in told}) == 1
    assert lab.screen(cell(4), case="CONC1").json()["case_id"] != told[0]["case_id"], "without a space it is another"
    browser = service.signed_in("ursula", Role.UPLOADER)
    assert (
        browser.submit("/cases/find", {"number": "conc    1"}, at="/cases").url.path == f"/cases/{told[0]['case_id']}"
    )


@pytest.mark.parametrize("number", ["conc\t1", "conc\n1", "conc\u00a01"])
def test_no_other_space_than_the_plain_one_is_taken_within_a_case_number(service: Service, number: str) -> None:
    assert service.lab().screen(cell(1), case=number).json()["code"] == "case_unusable"


@pytest.mark.parametrize("path", ["/api/v1/screenings", "/api/v1/model"])
def test_a_misspelt_filter_is_not_passed_over_in_silence(service: Service, path: str) -> None:
    reply = service.lab().get(path, needs_reveiw="true")

    assert reply.status_code == 422
    assert reply.json()["code"] == "parameter_unknown"
    assert "needs_reveiw" in reply.json()["detail"]


def test_of_two_filters_of_one_name_none_is_passed_over_in_silence(service: Service) -> None:
    lab = service.lab()
    one, other = (lab.screen(cell(seed)).json()["case_id"] for seed in (1, 2))

    reply = lab.client.get(f"/api/v1/screenings?case_id={one}&case_id={other}", headers=lab.headers)

    assert reply.status_code == 422
    assert reply.json()["code"] == "parameter_repeated"
    assert "case_id" in reply.json()["detail"]


def test_the_openapi_document_tells_of_errors_in_the_form_in_which_they_come(service: Service) -> None:
    document = service.lab().get("/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    refused = service.lab().get("/api/v1/screenings", after="x")

    for operation in operations:
        errors = [reply for status, reply in operation["responses"].items() if status >= "400"]
        assert errors
        assert {kind for reply in errors for kind in reply["content"]} == {refused.headers["content-type"]}
        assert all("Retry-After" in operation["responses"][status]["headers"] for status in ("429", "503"))
    assert sorted(document["components"]["schemas"]["Problem"]["properties"]) == sorted(refused.json())


def test_a_case_number_that_was_corrected_is_what_a_lab_system_is_told(service: Service) -> None:
    lab, senior = service.lab(), service.signed_in("sven", Role.SENIOR)
    told = lab.screen(cell(1), case="S26-001", key="order-1").json()
    page = f"/cases/{told['case_id']}"

    senior.submit(f"{page}/correct", {"accession": "S26-0001"}, at=f"{page}/manage")

    corrected = {**told, "case": "S26-0001"}
    assert lab.screening(told["id"]) == lab.screen(cell(1), case="S26-001", key="order-1").json() == corrected
    schema = lab.get("/openapi.json").json()["components"]["schemas"]["ScreeningOut"]
    assert "a wrong `case` may be corrected" in schema["description"]


def test_the_openapi_document_warns_that_a_settled_review_may_be_opened_again(service: Service) -> None:
    told = service.lab().get("/openapi.json").json()["components"]["schemas"]["ReviewOut"]["description"]

    assert "`settled` is no last word" in told
    assert "Ask again before you report" in told


def test_the_openapi_document_says_what_a_case_number_may_be(service: Service) -> None:
    document = service.lab().get("/openapi.json").json()
    form = document["paths"]["/api/v1/screenings"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]

    for name in ("case", "subject"):
        told = re.compile(form["properties"][name]["pattern"])
        assert told.search("S26/0001 #2")
        assert not any(told.search(number) for number in ("", "Müller", "a|b", "-1", "a\nb"))
