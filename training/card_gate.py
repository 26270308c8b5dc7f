"""What a model card says of the gate's trial, and of what else has a human asked or a cell not cleared."""

from collections.abc import Sequence
from typing import Any

from training.card_tables import FigureMissing, as_table, estimated
from training.compressed import NEVER_COMPRESSED
from training.markdown import table
from training.not_cells import KINDS, SMEAR_FIELDS
from training.titles import COMPRESSION, GATE, UNUSUAL


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
        "such a cell is screened, its score never clears it, and a human is asked. "
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
    compressed, others = (
        _after([one for one in found["after"] if (one["kind"] in NEVER_COMPRESSED) is never]) for never in (False, True)
    )
    return (
        "JPEG and lossy WebP smooth away what the network reads: a blast that went through one is mostly called "
        "normal. So no score of such a file clears a cell, and none of a lossless file whose pixels bear the trace "
        f"of one, the grid of 8 x 8 pixels (above {found['limit']:g}, chosen with a look at these very cells). An "
        "image that was enlarged may have such a grid as well. Where it was scaled after the compression, or turned by "
        f"less than a quarter, no grid is left and nothing is told. {_cells(card)}, as they are, that are marked:\n\n"
        f"{as_table(found, COMPRESSION)}\n\nCells that went through one (intervals are Wilson's, over images):\n\n"
        f"{compressed}\n\nCells that went through none, but were scaled:\n\n{others}"
    )


def _after(tried: Sequence[dict[str, Any]]) -> str:
    """The share of the same cells that is marked after each of these ways."""
    rows = [(one["kind"], one["images"], estimated(one, "marked")) for one in tried]
    return "\n".join(table(("the cell as", "number", "marked"), rows))
