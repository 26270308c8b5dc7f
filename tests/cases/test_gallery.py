"""The gallery of a case: order, filters, counts, and what a blind reader does not learn from any of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.rules import Role
from app.gallery.rules import (
    Filters,
    FilterUnknown,
    Group,
    ShownCell,
    TooManyToCompare,
    by_group,
    chosen_to_compare,
    flags,
    hide,
    in_order,
    parse_filters,
)
from app.gallery.view import Way, gallery
from app.gallery.words import score
from app.review.rules import Review, ReviewState
from app.screening.rules import Band, ReviewReason, predictive_values
from tests.cases.many import Made, case_with, known
from tests.factories import Browser, Service, cell, set_policy
from tests.fakes import FakeClassifier
from tests.review.conftest import read

START = datetime(2026, 11, 24, tzinfo=UTC)


def _cell(probability: float | None, *, flagged: bool = False, place: int = 0, id_: UUID | None = None) -> ShownCell:
    told = Made(probability).band
    band = Band(told) if told else None
    return ShownCell(
        id=id_ or uuid4(),
        image=f"{place:064d}",
        band=band,
        refused=None if band else "out_of_focus",
        review=Review(ReviewState.WAITING if flagged else ReviewState.NOT_NEEDED),
        probability=probability,
        at=START + timedelta(seconds=place),
        reasons=frozenset({ReviewReason.LOW_CONFIDENCE} if flagged else ()),
        model_id=None,
    )


def test_cells_stand_by_band_and_within_it_by_probability() -> None:
    cells = [_cell(one) for one in (0.1, None, 0.85, 0.5, 0.99, 0.6)]

    ordered = in_order(cells)

    assert [one.probability for one in ordered] == [0.99, 0.85, 0.6, 0.5, 0.1, None]


SCORES = st.one_of(st.none(), st.floats(0.0, 1.0))


@given(st.lists(st.tuples(SCORES, st.booleans(), SCORES), max_size=12), st.sampled_from([None, *Group]))
def test_whatever_a_hidden_cell_scored_the_gallery_is_the_same(
    cells: list[tuple[float | None, bool, float | None]], band: Group | None
) -> None:
    """What would be known of the scores by order, counts, filters or refusals would differ between the two."""
    ids = [uuid4() for _ in cells]
    hidden = {id_ for id_, (_, hides, _) in zip(ids, cells, strict=True) if hides}
    way = Way("/cases/x", Filters(band=band))

    def seen(scores: list[float | None]):
        made = [
            _cell(score, flagged=id_ in hidden, place=place, id_=id_)
            for place, (id_, score) in enumerate(zip(ids, scores, strict=True))
        ]
        return gallery(hide(made, hidden), way=way, number=1, withdrawn=False)

    one = seen([score for score, _, _ in cells])
    other = seen([instead if hides else score for score, hides, instead in cells])

    assert one == other


def test_a_hidden_cell_passes_no_filter_by_band_or_reason() -> None:
    waits, refused = _cell(0.9, flagged=True), _cell(None, flagged=True)
    waits = replace(waits, reasons=frozenset({ReviewReason.ATYPICAL}))
    cells = hide([waits, refused], {waits.id, refused.id})

    assert Filters(flag=ReviewReason.ATYPICAL).let_pass(waits)
    assert flags(cells) == []
    for filters in (
        Filters(band=Group.SUSPECTED),
        Filters(band=Group.UNUSABLE),
        Filters(flag=ReviewReason.ATYPICAL),
        Filters(reason="out_of_focus"),
    ):
        assert not any(filters.let_pass(one) for one in cells)
    assert all(Filters(band=Group.READING, flagged=True, review=ReviewState.WAITING).let_pass(one) for one in cells)
    assert by_group(cells)[Group.READING] == 2


@pytest.mark.parametrize(
    "asked", [{"band": "blue"}, {"review": "soon"}, {"flagged": "1"}, {"flag": "odd"}, {"reason": "ugly"}]
)
def test_a_filter_that_is_none_is_told_of_and_not_passed_over(asked: dict[str, str]) -> None:
    with pytest.raises(FilterUnknown, match=next(iter(asked))):
        parse_filters(asked, reasons=["out_of_focus"])


def test_an_empty_field_of_the_filter_form_asks_for_all() -> None:
    assert parse_filters({"band": "", "review": "", "flagged": "", "page": "2"}, reasons=[]) == Filters()


def test_filters_come_back_from_the_address_that_they_made() -> None:
    filters = Filters(Group.UNUSABLE, ReviewState.SETTLED, flagged=False, flag=ReviewReason.ATYPICAL, reason="too_dark")

    assert parse_filters(dict(filters.query), reasons=["too_dark"]) == filters


def test_a_low_score_that_says_nothing_is_marked_as_such() -> None:
    low, high = (replace(_cell(one), reasons=frozenset({ReviewReason.LOSSY_PIXELS})) for one in (0.5, 0.9))

    assert score(low).endswith("(unreliable)")
    assert "unreliable" not in score(high)
    assert "unreliable" not in score(_cell(0.5))


def test_a_cell_is_chosen_once_and_five_are_too_many() -> None:
    ids = [uuid4() for _ in range(5)]

    assert chosen_to_compare([ids[0], ids[1], ids[0]]) == (ids[0], ids[1])
    with pytest.raises(TooManyToCompare, match="At most 4"):
        chosen_to_compare(ids)


def test_predictive_values_follow_bayes_rule() -> None:
    values = predictive_values(sensitivity=0.9, specificity=0.8, prevalence=0.1)

    assert values.positive == pytest.approx(9 / 27)
    assert values.negative == pytest.approx(72 / 73)
    assert predictive_values(sensitivity=0.0, specificity=1.0, prevalence=0.5).positive is None


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.98))
def test_where_more_cells_are_all_a_call_of_all_is_worth_more(sens: float, spec: float, prevalence: float) -> None:
    now = predictive_values(sensitivity=sens, specificity=spec, prevalence=prevalence)
    more = predictive_values(sensitivity=sens, specificity=spec, prevalence=prevalence + 0.01)

    assert now.positive is not None
    assert more.positive is not None
    assert more.positive > now.positive


def _shown(browser: Browser) -> list[str]:
    return [part.split('"')[0] for part in browser.page.split('alt="Cell ')[1:]]


def _path(service: Service, *cells: Made, number: str = "S26-0001") -> tuple[str, list[UUID]]:
    case_id, ids = case_with(service.database, known(service, "ursula"), cells, number=number)
    return f"/cases/{case_id}", ids


def test_the_page_filters_by_band_review_flag_and_reason(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    cells = (Made(0.9), Made(0.5, flagged=True), Made(0.1), Made(None), Made(None, refused="too_dark"))
    path, ids = _path(service, *cells)
    short = [str(one)[:8] for one in ids]

    def shown(query: str) -> list[str]:
        assert browser.get(f"{path}?{query}").status_code == 200
        return [one[:8] for one in _shown(browser)]

    assert shown("") == [short[0], short[1], short[2], short[3], short[4]]
    assert shown("band=uncertain") == [short[1]]
    assert shown("review=waiting") == shown("flagged=yes") == [short[1]]
    assert shown("band=unusable&reason=too_dark") == [short[4]]
    assert shown("flag=low_confidence") == [short[1]]
    assert '<option value="low_confidence" selected>Model not sure' in browser.page
    assert shown("flag=atypical") == shown("band=suspected&flagged=yes") == []
    assert "No cell passes these filters" in browser.page
    assert f'href="{path}#gallery">Show all 5 cells' in browser.page


def test_a_page_beyond_the_last_is_the_last(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    path, _ = _path(service, Made(0.9))

    assert browser.get(f"{path}?page=9").status_code == 200
    assert "1 to 1 of 1" in browser.page


def test_an_unknown_filter_in_an_address_gets_a_sentence(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    path, _ = _path(service, Made(0.9))

    reply = browser.get(f"{path}?band=<b>blue</b>")

    assert reply.status_code == 422
    assert "There is no band" in reply.text
    assert "<b>" not in reply.text


def test_a_blind_reader_sees_the_cell_for_reading_and_neither_score_nor_roll_up(
    service: Service, classifier: FakeClassifier
) -> None:
    lab = service.lab()
    classifier.probability = classifier.unsure
    unsure = lab.screen(cell(1), case="S26-0001").json()
    classifier.probability = 0.97
    lab.screen(cell(2), case="S26-0001")
    both = service.signed_in("otto", Role.UPLOADER, Role.REVIEWER)
    path = f"/cases/{unsure['case_id']}"

    page = both.get(path).text

    assert "56.25" not in page
    assert "97.00\N{NO-BREAK SPACE}%" in page
    assert f'href="/review/{unsure["id"]}"' in page
    assert "wait for your own blind read" in " ".join(page.split()).replace("waits", "wait")
    assert "suspected among" not in page
    assert _shown(both)[0] == f"{unsure['id'][:8]}, For reading"
    assert unsure["id"][:8] not in both.get(f"{path}?band=uncertain").text
    compared = both.get(f"{path}/compare?cell={unsure['id']}").text
    assert "56.25" not in compared
    assert "Uncertain" not in compared
    only_uploads = service.signed_in("ursula", Role.UPLOADER)
    assert "56.25\N{NO-BREAK SPACE}%" in only_uploads.get(path).text


def test_a_cell_whose_readers_differ_waits_for_a_senior_in_the_gallery_as_on_its_own_page(
    service: Service, classifier: FakeClassifier
) -> None:
    set_policy(service.database, reads_uncertain=2)
    classifier.probability = classifier.unsure
    one = service.lab().screen(cell(1), case="S26-0001").json()
    for name, verdict in (("rea", "normal"), ("lars", "leukaemic_blast")):
        read(service.signed_in(name, Role.REVIEWER), f"/review/{one['id']}", verdict)
    browser = service.signed_in("ursula", Role.UPLOADER)
    case = f"/cases/{one['case_id']}"

    for page in (f"/screenings/{one['id']}", case, f"{case}/compare?cell={one['id']}"):
        assert "Its readers differ: waiting for a senior." in browser.get(page).text, page


def test_the_roll_up_and_the_worth_of_a_call_stand_on_the_page(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    path, _ = _path(service, *(Made(0.9) for _ in range(10)), *(Made(0.1) for _ in range(30)))

    page = " ".join(browser.get(path).text.split())

    assert "25.0 % suspected" in page
    assert "10 of 40 usable cells; 95 % interval" in page
    assert "Where 50 % of the cells are ALL" in page
    assert "81.8 % are ALL (PPV)" in page
    assert "88.9 % are normal (NPV)" in page
    assert "of images stored without loss." in page


def test_too_few_cells_give_no_share(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    path, _ = _path(service, *(Made(0.9) for _ in range(3)))

    page = browser.get(path).text

    assert "Insufficient cells" in page
    assert "% suspected" not in page


def test_a_refused_image_is_counted_by_its_reason_and_a_read_can_be_asked_for_from_the_gallery(
    service: Service,
) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    path, ids = _path(service, Made(None), Made(None), Made(None, refused="several_cells"), Made(0.9))

    page = " ".join(browser.get(path).text.split())
    assert "Out of focus <strong>2</strong>" in page
    assert "Several cells <strong>1</strong>" in page
    assert page.count("Ask for a human read") == 3

    after = browser.submit(f"{path}/ask/{ids[0]}")

    assert after.url.path == path
    assert after.text.count("Ask for a human read") == 2
    assert "Waiting for a human read" in after.text


def test_cells_are_compared_at_one_scale_without_any_script(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    path, ids = _path(service, Made(0.9), Made(0.1), Made(0.5))

    page = browser.get(f"{path}/compare?cell={ids[0]}&cell={ids[1]}")

    assert page.status_code == 200
    assert page.text.count('viewBox="0 0 96 96" role="img"') == 2
    assert f'href="/screenings/{ids[0]}/image"' in page.text
    assert f"cell={ids[0]}&amp;cell={ids[1]}#gallery" in page.text
    assert str(ids[2]) not in page.text


def test_what_cannot_be_compared_is_said_in_a_sentence(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    path, ids = _path(service, *(Made(0.9) for _ in range(5)))
    _, elsewhere = _path(service, Made(0.9), number="S26-0002")

    five = browser.get(f"{path}/compare?" + "&".join(f"cell={one}" for one in ids))
    none = browser.get(f"{path}/compare")
    foreign = browser.get(f"{path}/compare?cell={ids[0]}&cell={elsewhere[0]}")

    assert five.status_code == 422
    assert "At most 4 cells" in five.text
    assert none.status_code == 200
    assert "No cell is chosen" in none.text
    assert foreign.status_code == 404
    assert str(elsewhere[0]) not in foreign.text


def test_cells_chosen_on_another_page_stay_chosen(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    path, ids = _path(service, *(Made(0.9) for _ in range(70)))
    browser.get(path)
    first = next(one for one in ids if f"cell {str(one)[:8]}" in browser.page)

    page = browser.get(f"{path}?cell={first}&page=2").text

    assert f'<input type="hidden" name="cell" value="{first}">' in page
    assert f"cell={first}&amp;page=1" in page


def test_a_percentage_is_told_for_what_it_is(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    case_id, ids = case_with(service.database, known(service, "ursula"), [Made(0.97), Made(None)])

    browser.get(f"/cases/{case_id}")
    assert "is the ALL probability that the model gave it" in browser.page
    assert f"Cell {str(ids[0])[:8]}, ALL suspected, ALL probability 97.00" in browser.page
    browser.get(f"/cases/{case_id}/compare?cell={ids[0]}&cell={ids[1]}")

    assert browser.page.count('"number">ALL probability 97.00') == 1
    assert '"number">Out of focus' in browser.page


def test_the_page_bears_no_identifier_in_title_or_address(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    path, ids = _path(service, Made(0.9), number="S26-0001")

    for address in (path, f"{path}/manage", f"{path}/compare?cell={ids[0]}", "/cases"):
        page = browser.get(address).text
        assert "S26-0001" not in page.partition("<title>")[2].partition("</title>")[0]
        assert all("S26-0001" not in part.split('"')[0] for part in page.split('href="')[1:])
