"""What the result page shows where a score is explained: display-ready, in words and places."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.screening.explanation import AskedAgain, Explanation, Square
from app.screening.marks import Marks, direction, marks
from app.screening.measure_words import MeasureLine, measure_lines
from app.screening.tables import ScreeningRow
from app.screening.words import percent
from app.vision.heatmap import FOR_ALL, FOR_NORMAL, Importance
from app.vision.references import Neighbour, ReferenceCells

CLASS_NAMES = {"ALL": "ALL cells", "HEM": "normal cells"}


@dataclass(frozen=True)
class SquareShown:
    """The network's square on the image; all in the image's pixels."""

    x: int
    y: int
    size: int
    told: str


@dataclass(frozen=True)
class HeatMap:
    href: str
    told: str
    for_all: str
    for_normal: str


@dataclass(frozen=True)
class ReferenceShown:
    picture: str
    title: str
    distance: str


@dataclass(frozen=True)
class ReferenceGroup:
    title: str
    cells: tuple[ReferenceShown, ...]


@dataclass(frozen=True)
class Explained:
    frame: SquareShown | None
    crop: str
    heat_map: HeatMap | None
    why_no_heat_map: str
    marks: Marks
    measures: tuple[MeasureLine, ...]
    usual: str
    distances: str
    references: tuple[ReferenceGroup, ...]
    reference_source: str


def explained(
    found: Explanation, screening: ScreeningRow, *, card: Mapping[str, Any], references: ReferenceCells | None
) -> Explained:
    """`card`: that of the model that gave the score; `references`: those of the laboratory, where it has any."""
    here = f"/screenings/{screening.id}"
    model = found.model
    return Explained(
        frame=_frame(found.square) if found.square else None,
        crop=f"{here}/crop",
        heat_map=_heat_map(f"{here}/heatmap", model.importance) if model and model.importance else None,
        why_no_heat_map=_why_no_heat_map(screening, model),
        marks=marks(found.morphology, scale=found.view.side / 450),
        measures=measure_lines(found.morphology.measures, usual=card.get("morphology")),
        usual=_usual_told(card.get("morphology")),
        distances=_distances(model),
        references=_groups(model.neighbours) if model and model.neighbours else (),
        reference_source=f"{references.source} Set {references.version}." if references else "",
    )


def _frame(square: Square) -> SquareShown:
    whole, share = square.share_of_cell > 0.9995, percent(square.share_of_cell, decimals=1)
    within = "all of the cell" if whole else f"{share} of the cell"
    told = f"{square.size} × {square.size} pixels around the middle of the cell, at the image's own scale: {within}"
    return SquareShown(square.left, square.top, square.size, told)


def _heat_map(href: str, seen: Importance) -> HeatMap:
    across, down = seen.strongest
    inside, for_all, for_normal = (
        percent(share, decimals=0) for share in (seen.inside, seen.for_all, 1 - seen.for_all)
    )
    told = (
        f"{inside} of the map's weight lies inside the cell. Of that, {for_all} speaks for ALL and "
        f"{for_normal} for a normal cell; it is strongest {direction(across, down, least=0.2)}."
    )
    return HeatMap(href, told, _hex(FOR_ALL), _hex(FOR_NORMAL))


def _why_no_heat_map(screening: ScreeningRow, model: AskedAgain | None) -> str:
    name = f"{screening.model.name} {screening.model.version}"
    if model is None:
        return f"{name} gave this score, and another model serves now: there is no heat map of a score by a past model."
    return "" if model.importance else f"{name} gives no heat map."


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _usual_told(usual: Mapping[str, Any] | None) -> str:
    if usual is None:
        return "This model's card holds no percentiles of its training cells to compare with."
    cells = usual["cells"]
    return (
        f"Compared with {cells['HEM']:,} normal and {cells['ALL']:,} ALL cells of the training data, every subject "
        "counting the same. The share says how many of them are at or below this cell."
    )


def _distances(model: AskedAgain | None) -> str:
    if model is None:
        return "Another model serves now, so this score's distances to other cells cannot be shown."
    if model.to_class is None:
        return "This model has no measure of how alike two cells are."
    told = (
        f"This cell lies {model.to_class['HEM']:.2f} from the mean normal cell and {model.to_class['ALL']:.2f} from "
        "the mean ALL cell of the training data, in deviations of the training cells."
    )
    limit = model.atypical_from
    return told + (f" A cell {limit:.2f} or more from the nearer of the two counts as unlike both." if limit else "")


def _groups(neighbours: Mapping[str, tuple[Neighbour, ...]]) -> tuple[ReferenceGroup, ...]:
    return tuple(
        ReferenceGroup(f"Nearest {CLASS_NAMES[label]}", tuple(_reference(one) for one in neighbours[label]))
        for label in ("ALL", "HEM")
    )


def _reference(one: Neighbour) -> ReferenceShown:
    kind = "ALL" if one.cell.label == "ALL" else "normal"
    return ReferenceShown(
        f"/reference-cells/{one.cell.pixels_sha256}", f"Reference {kind} {one.cell.number}", f"{one.distance:.2f}"
    )
