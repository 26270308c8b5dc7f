"""How a case's page says what its cells are, and how far a call can be trusted. Never a diagnosis."""

from app.gallery.rules import Group, ShownCell
from app.review import words as review_words
from app.review.rules import ReviewState, Verdict
from app.screening import words
from app.screening.rules import predictive_values
from app.screening.tables import ModelRow

GROUPS = {
    Group.READING: review_words.FOR_READING,
    **{Group(band.value): told for band, told in words.BANDS.items()},
    Group.UNUSABLE: words.UNUSABLE,
}

REVIEWS = {
    ReviewState.NOT_NEEDED: "No read needed",
    ReviewState.WAITING: "Waiting",
    ReviewState.READING: "Reading begun",
    ReviewState.SETTLED: "Read",
}


def reason(code: str) -> str:
    """Shortly: `out_of_focus` -> `Out of focus`."""
    return "Unusable to a reader" if code == Verdict.UNUSABLE_IMAGE else code.replace("_", " ").capitalize()


def score(cell: ShownCell) -> str:
    """The probability, or what there is in its place."""
    if cell.hidden:
        return GROUPS[Group.READING]
    if cell.probability is None:
        return reason(cell.refused or "")
    return words.marked(cell.probability, says_nothing=cell.low_score_says_nothing)


def score_told(cell: ShownCell) -> str:
    """The same where nothing beside it says what the number is."""
    return score(cell) if cell.probability is None else f"ALL probability {score(cell)}"


def review(cell: ShownCell) -> str:
    """What became of the read that a cell needed; nothing where none was."""
    return "" if cell.review.state is ReviewState.NOT_NEEDED else review_words.review(cell.review)


def alternative(cell: ShownCell, *, short_id: str) -> str:
    """What a tile's picture shows, for who cannot see it."""
    told = f"Cell {short_id}, {GROUPS[cell.group]}"
    return told if cell.hidden else f"{told}, {score_told(cell)}"


def trust(model: ModelRow, *, prevalence: float) -> str | None:
    """What a call of this model is worth at a prevalence, or None where its card holds no figures."""
    figures = model.card.get("evaluation", {}).get("report", {}).get("figures", {})
    if not {"sensitivity", "specificity"} <= figures.keys():
        return None
    sensitivity, specificity = figures["sensitivity"][0], figures["specificity"][0]
    values = predictive_values(sensitivity=sensitivity, specificity=specificity, prevalence=prevalence)
    return (
        f"Of the cells that {model.name} {model.version} puts at 50 % or more, {_share(values.positive)} are ALL "
        f"(PPV); of those that it puts below, {_share(values.negative)} are normal (NPV). From its card: sensitivity "
        f"{words.percent(sensitivity)}, specificity {words.percent(specificity)}, of images stored without loss."
    )


def _share(value: float | None) -> str:
    return "none" if value is None else words.percent(value, decimals=1)
