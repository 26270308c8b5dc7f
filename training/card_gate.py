"""What a model card says of the gate's trial, and of what else has a human asked or a cell not cleared."""

from collections.abc import Container, Sequence
from typing import Any

from training.card_tables import FigureMissing, as_table, estimated
from training.compressed import NEVER_COMPRESSED
from training.markdown import table
from training.not_cells import KINDS, SMEAR_FIELDS
from training.resampled import NOT_RESAMPLED
from training.titles import COMPRESSION, GATE, RESAMPLING, UNUSUAL


def gate(card: dict[str, Any]) -> str:
    """The gate's trial, the cells themselves first; raises FigureMissing."""
    found = card["evaluation"]["gate"]
    tried = {one["kind"]: one for one in found.get("not_cells") or []}
    wanted = [kind for kind in KINDS if not (card["for_demonstration"] and kind == SMEAR_FIELDS)]
    missing = [name for name in wanted if name not in tried]
    missing += [name for name in ("passed_cells", "milliseconds") if not found.get(name)]
    missing += ["by_reason"] if found.get("by_reason") is None else []
    missing += ["altered"] if not (found.get("altered") or card["for_demonstration"]) else []
    if missing:
        raise FigureMissing(f"In the gate's trial are missing: {', '.join(missing)}. Run `python -m training gate`.")
    rows = [(name, tried[name]["images"], estimated(tried[name], "refused")) for name in wanted]
    reasons = ", ".join(f"{count} as `{reason}`" for reason, count in found["by_reason"].items())
    return (
        f"Whether an image is one usable cell is judged before the network sees it. {_cells(card)}, every subject "
        f"counting the same, by limits fitted on the other folds:\n\n{as_table(found, GATE)}\n\n"
        f"Of all {_cells(card).lower()}, each counting the same, it passes {100 * found['passed_cells']:.1f} %. "
        f"Refused were {reasons or 'none'}.\n\n"
        "What should be refused (intervals are Wilson's, over images):\n\n"
        + "\n".join(table(("images", "number", "refused"), rows))
        + _altered(card)
        + f"\n\nThe gate takes {found['milliseconds']} ms of one core (median over cells, best of five runs of each)."
    )


def _cells(card: dict[str, Any]) -> str:
    return "Drawn cells" if card["for_demonstration"] else "Real cells"


def _altered(card: dict[str, Any]) -> str:
    """What becomes of an unusual stain, outline or detail; nothing of a demonstration of before that was looked at."""
    found = card["evaluation"]["gate"]
    if card["for_demonstration"] and not found.get("altered"):
        return ""
    rows = [
        (one["kind"], one["images"], estimated(one, "refused"), estimated(one, "asked")) for one in found["altered"]
    ]
    return (
        "\n\nA stain, an outline or a detail for its size that next to no training cell has is not refused at once: "
        "such a cell is screened, its score never clears it, and a human is asked, as of one that bears traces of "
        "scaling (below). "
        f"{_cells(card)} as they are, of unseen people, of whom that is so:\n\n"
        f"{as_table(found, UNUSUAL)}\n\nCells that something was done to (intervals are Wilson's, over images); the "
        "rest is screened like any other, and turned towards red blasts look normal to the network:\n\n"
        + "\n".join(table(("cells with", "number", "refused", "a human is asked"), rows))
    )


def compression(card: dict[str, Any]) -> str:
    """How well it is told that a cell was compressed with loss; raises FigureMissing."""
    found = card["evaluation"].get("compression")
    if not found and card["for_demonstration"]:
        return "This was not looked at for this model."
    if not found:
        raise FigureMissing("How well a lossy compression is told is missing. Export the model again.")
    compressed, others = _apart(found["after"], NEVER_COMPRESSED)
    return (
        "JPEG and lossy WebP smooth away what the network reads: a blast that went through one is mostly called "
        "normal. So no score of such a file clears a cell, and none of a lossless file whose pixels bear the trace "
        f"of one, the grid of 8 x 8 pixels (above {found['limit']:g}, chosen with a look at these very cells). An "
        "image that was enlarged may have such a grid as well. Where it was scaled after the compression, or turned by "
        f"less than a quarter, no grid is left and nothing is told. {_cells(card)}, as they are, that are marked:\n\n"
        f"{as_table(found, COMPRESSION)}\n\nCells that went through one (intervals are Wilson's, over images):\n\n"
        f"{compressed}\n\nCells that went through none, but were scaled:\n\n{others}"
    )


def resampling(card: dict[str, Any]) -> str:
    """How well it is told that a cell was scaled or turned after it had been cut out; raises FigureMissing."""
    found = card["evaluation"]["gate"].get("resampling")
    if not found and card["for_demonstration"]:
        return "This was not looked at for this model."
    if not found:
        raise FigureMissing(
            "How well scaling is told is missing. Run `python -m training gate`, and `python -m training card`."
        )
    resampled, others = _apart(found["after"], NOT_RESAMPLED)
    return (
        "Scaling changes how fine the texture is that the network reads. The outline of a cell that was cut out along "
        "whole pixels tells of it: the parts of a pixel that the ends of rows and columns cover are the same along "
        f"each side, and scaling or turning makes them differ (mean resultant length below {found['limit']:g}, chosen "
        "with a look at these very cells). No score clears such a cell, and a human is asked. Of a cell that was "
        f"scaled before it was cut out nothing is left to be told by but its detail (above). {_cells(card)}, as they "
        f"are, that are marked:\n\n{as_table(found, RESAMPLING)}\n\nCells that were scaled or turned (intervals are "
        "Wilson's, over images; by Lanczos' filter where no other is named):\n\n"
        f"{resampled}\n\nCells that something else was done to:\n\n{others}"
    )


def _apart(tried: Sequence[dict[str, Any]], others: Container[str]) -> tuple[str, str]:
    """A table of what was tried to be told, and one of the `others`."""
    return (
        _after([one for one in tried if one["kind"] not in others]),
        _after([one for one in tried if one["kind"] in others]),
    )


def _after(tried: Sequence[dict[str, Any]]) -> str:
    """The share of the same cells that is marked after each of these ways."""
    rows = [(one["kind"], one["images"], estimated(one, "marked")) for one in tried]
    return "\n".join(table(("the cell as", "number", "marked"), rows))
