"""What can be said of a score after the fact: computed anew from the stored pixels, when somebody asks. No database.

The model is asked again only where it is the one that gave the score; the cell can be measured whatever serves now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from app.errors import Conflict
from app.screening.instrument import Instrument
from app.screening.tables import ScreeningRow
from app.storage import as_png
from app.vision import heatmap
from app.vision.bundle import Distance
from app.vision.decode import Pixels
from app.vision.distance import to_classes
from app.vision.preprocess import REVISION, Mask, cell_mask, centroid, crop, window
from app.vision.references import Neighbour

if TYPE_CHECKING:
    from app.vision.morphology import Morphology

NEAREST = 4
"""So many reference cells of each class."""
_AROUND = 1.08
"""How much more than cell and square is shown, so that neither touches the edge."""


class NotScored(Conflict):
    code = "not_scored"


class OtherModelServes(Conflict):
    code = "other_model_serves"


class NoHeatMap(Conflict):
    code = "no_heat_map"


class CroppedOtherwise(Conflict):
    code = "cropped_otherwise"


@dataclass(frozen=True)
class Square:
    """Where the network's square lies in the image, in pixels, and the share of the cell that is within it."""

    top: int
    left: int
    size: int
    share_of_cell: float


@dataclass(frozen=True)
class View:
    """An image of so many pixels, enlarged to the square around its cell in which the network's square lies too."""

    width: int
    height: int
    x: float
    y: float
    side: float


@dataclass(frozen=True)
class AskedAgain:
    """What the model that gave the score says beyond it."""

    importance: heatmap.Importance | None
    """None: this model has no heat map."""
    to_class: Mapping[str, float] | None
    """Distance to the mean training cell of each class; None: this model has no embedding."""
    atypical_from: float | None
    neighbours: Mapping[str, tuple[Neighbour, ...]] | None
    """None: the laboratory provides no reference cells, or this model has no embedding."""


@dataclass(frozen=True)
class Explanation:
    view: View
    square: Square | None
    """None: the score came by another way of cropping."""
    morphology: "Morphology"
    model: AskedAgain | None
    """None: another model serves now."""


def explain(instrument: Instrument, screening: ScreeningRow, *, card: Mapping[str, Any]) -> Explanation:
    """Everything at once, some 100 ms. `card` is that of the model that gave the score. Raises NotScored."""
    from app.vision import morphology  # noqa: PLC0415  SciPy: half a second that only those who ask should pay

    require_score(screening)
    with instrument.store.pixels(screening.pixels_sha256) as pixels:
        mask, size = cell_mask(pixels), int(card["preprocessing"]["size"])
        asked = _asked_again(instrument, screening, pixels, card) if serves(instrument, screening) else None
        square = _square(mask, size=size) if _cropped_as_now(card) else None
        return Explanation(view_around(mask, size=size), square, morphology.measure(pixels), asked)


def view(instrument: Instrument, screening: ScreeningRow, *, card: Mapping[str, Any]) -> View:
    """Where to look in the image of a cell that has a score: some 10 ms."""
    with instrument.store.pixels(screening.pixels_sha256) as pixels:
        return view_around(cell_mask(pixels), size=int(card["preprocessing"]["size"]))


def heat_map_png(instrument: Instrument, screening: ScreeningRow, *, of_image: bool = False) -> bytes:
    """The heat map over the network's square, or over all of the image; transparent outside the cell.

    Raises NotScored, OtherModelServes or NoHeatMap.
    """
    require_score(screening)
    _require_its_model(instrument, screening)
    size = instrument.classifier.card.preprocessing.size
    drawn = heatmap.overlay_of_image if of_image else heatmap.overlay
    with instrument.store.pixels(screening.pixels_sha256) as pixels:
        score = instrument.classifier.score(pixels)
        if score.cam is None:
            raise NoHeatMap(f"The model {instrument.classifier.card.name} gives no heat map.")
        return as_png(Image.fromarray(drawn(pixels, score.cam, size=size), "RGBA"))


def crop_png(instrument: Instrument, screening: ScreeningRow, *, card: Mapping[str, Any]) -> bytes:
    """Exactly what the network was given. Raises NotScored or CroppedOtherwise."""
    require_score(screening)
    if not _cropped_as_now(card):
        raise CroppedOtherwise("The model that gave this score cut the cell out in another way than this version does.")
    with instrument.store.pixels(screening.pixels_sha256) as pixels:
        return as_png(Image.fromarray(crop(pixels, size=int(card["preprocessing"]["size"]))))


def require_score(screening: ScreeningRow) -> None:
    if screening.probability is None:
        raise NotScored(
            "This image was refused before the model saw it, so there is no score to explain: no heat map, no "
            "crop and no measurements. Its page says why it was refused."
        )


def serves(instrument: Instrument, screening: ScreeningRow) -> bool:
    """Whether the model that serves now is the one that gave this score."""
    return instrument.classifier.card.onnx_sha256 == screening.model.sha256


def has_heat_map(instrument: Instrument, screening: ScreeningRow) -> bool:
    """Whether `heat_map_png` gives one."""
    scored = screening.probability is not None
    return scored and serves(instrument, screening) and "cam" in instrument.classifier.card.outputs


def _require_its_model(instrument: Instrument, screening: ScreeningRow) -> None:
    """Raises OtherModelServes."""
    if not serves(instrument, screening):
        raise OtherModelServes(
            f"{screening.model.name} {screening.model.version} gave this score, and another model serves now. A heat "
            "map is only ever made by the model that gave the score."
        )


def _asked_again(
    instrument: Instrument, screening: ScreeningRow, pixels: Pixels, told: Mapping[str, Any]
) -> AskedAgain:
    """`told`: the card that the cell was judged by; one that serves now may hold other limits for the same network."""
    card, score = instrument.classifier.card, instrument.classifier.score(pixels)
    distance = Distance(**told["distance"]) if told.get("distance") else None
    size = card.preprocessing.size
    neighbours = None
    if score.embedding is not None and instrument.references is not None:
        neighbours = instrument.references.nearest(
            score.embedding,
            card=card,
            count=NEAREST,
            pixels=screening.pixels_sha256,
            subject=screening.case.subject,
        )
    return AskedAgain(
        importance=None if score.cam is None else heatmap.importance(pixels, score.cam, size=size),
        to_class=None if score.embedding is None or distance is None else to_classes(score.embedding, told=distance),
        atypical_from=distance.atypical_from if distance else None,
        neighbours=neighbours,
    )


def _cropped_as_now(card: Mapping[str, Any]) -> bool:
    return bool(card["preprocessing"]["revision"] == REVISION)


def _square(mask: Mask, *, size: int) -> Square | None:
    corner = window(mask, size=size)
    if corner is None:
        return None
    top, left = corner
    within = mask[max(top, 0) : top + size, max(left, 0) : left + size]
    return Square(top, left, size, float(within.sum() / mask.sum()))


def view_around(mask: Mask, *, size: int) -> View:
    """The whole image where it is no larger than what would be shown of it, or holds no cell."""
    height, width = mask.shape
    centre = centroid(mask)
    if centre is None:
        return View(width, height, 0.0, 0.0, float(max(width, height)))
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    ends = ((rows[0], rows[-1] + 1, centre[0]), (columns[0], columns[-1] + 1, centre[1]))
    reach = max(size / 2, *(max(middle - first, last - middle) for first, last, middle in ends)) * _AROUND
    side = min(2 * float(reach), float(max(width, height)))
    x, y = _start(centre[1], side=side, length=width), _start(centre[0], side=side, length=height)
    return View(width, height, round(x, 1), round(y, 1), round(side, 1))


def _start(middle: float, *, side: float, length: int) -> float:
    """Where what is shown begins, so that its middle is there, or as near to it as the image reaches."""
    return float(min(max(middle - side / 2, 0.0), max(length - side, 0.0)))
