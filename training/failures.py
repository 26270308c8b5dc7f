"""Known failures, as a model card tells them: those of the data, and what the evaluation found to be worst."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.card_tables import figures_there
from training.provenance import is_of_c_nmc

OF_C_NMC = """\
- Healthy people differ more between each other than this data shows: it has few healthy subjects, and specificity on a
  healthy person whom the model has not seen varies widely (see By subject). Expect worse than the pooled figures.
- Trained on one hospital's images, one stain and one way of segmenting. Other microscopes, stains, scales or outlines
  are outside what was evaluated. Images must show one segmented cell on black, at the data's scale.
- How finely colour varies inside a cell counts for much, and a camera's or scanner's processing changes that as well.
- In the training data healthy cells are smaller than leukaemic ones; in other healthy people they are not, and
  brighter. Area-matched and floor-matched figures say what is left where neither size nor colour can help.
- A hue turned by 5 to 15 degrees towards red, as by another white balance or camera, makes blasts look normal: by 5
  degrees about half of those that were called ALL, by 10 degrees most of them. Up to 10 degrees the greater part of
  such cells is neither refused nor flagged, and so may be cleared. Compare your camera's colours with the training
  data's.
"""
OF_OTHER_IMAGES = """\
- Microscopes, stains, scales or outlines other than those of the images that it learned from are outside what was
  evaluated. Images must show one segmented cell on black, at the data's scale.
"""
OF_PEOPLE = """\
- Cells of one person are alike. The intervals count people, not cells, and are wide.
"""
OF_DRAWN = """\
- Trained on drawn cells, whose subjects differ in nothing but their name: no figure here tells what becomes of a
  person's cells.
"""
OF_ANY = """\
- An image that was scaled has lost texture as one that was compressed has. Where that was done after the cell had
  been cut out, its outline tells it, but not where every pixel was taken from its nearest one; where before, its detail
  does, and only in part (see Gate, Scaled or turned). Do not scale.
- A cell of which little was cut off, or not along a straight line, passes as a whole one: look at the outline.
- The probability assumes that half of the cells are ALL. Where fewer are, it reads too high.
"""

NOTABLE_FALL = 0.1
"""A shift that costs so much sensitivity or specificity, or a part of the cells that has so much less of it than
another, is named among the known failures."""

NOTABLE_MISSES, CELLS_OF_ONE = 0.2, 10
"""A person with so many cells, of which such a share lies in the wrong band, is named among them as well."""


def text(card: Mapping[str, Any]) -> str:
    """One line of Markdown for each."""
    evaluation = card["evaluation"]
    report = evaluation["report"]
    found = [_uneven(report), _worst_subjects(report), _costly_shifts(evaluation.get("shifts") or [])]
    return "".join([of_the_data(card), OF_ANY, *found])


def of_the_data(card: Mapping[str, Any]) -> str:
    """What is known to fail of a model of such data, whatever its evaluation found."""
    if card["for_demonstration"]:
        return OF_DRAWN
    return (OF_C_NMC if is_of_c_nmc(card["training"]) else OF_OTHER_IMAGES) + OF_PEOPLE


@figures_there()
def listed(card: Mapping[str, Any]) -> list[str]:
    """The same as sentences, for the card and whoever shows it; raises FigureMissing."""
    return [" ".join(one.split()) for one in f"\n{text(card)}".split("\n- ")[1:]]


def _uneven(report: Mapping[str, Any]) -> str:
    """Where sensitivity or specificity differs most between parts of the cells, as known failures."""
    told = ""
    for by in dict.fromkeys(one["by"] for one in report["subgroups"]):
        for figure in ("sensitivity", "specificity"):
            had = [one for one in report["subgroups"] if one["by"] == by and one[figure][0] is not None]
            worst, best = (find(had, key=lambda one: float(one[figure][0])) for find in (min, max))
            if best[figure][0] - worst[figure][0] >= NOTABLE_FALL:
                told += (
                    f'- By {by}: {figure} is {worst[figure][0]:.2f} in the part "{worst["part"]}" and '
                    f'{best[figure][0]:.2f} in "{best["part"]}".\n'
                )
    return told


def _worst_subjects(report: Mapping[str, Any]) -> str:
    """The persons most of whose cells lie in the wrong band, as known failures."""
    told = ""
    for label, band, said in (("ALL", "not_suspected", "Missed cells"), ("HEM", "suspected", "False alarms")):
        those = [one for one in report["by_subject"] if one["class"] == label and one["cells"] >= CELLS_OF_ONE]
        worst = sorted((one for one in those if one[band] >= NOTABLE_MISSES), key=lambda one: -one[band])
        named = [f"{one[band] * 100:.0f} % of the {one['cells']} cells of subject {one['subject']}" for one in worst]
        if named:
            told += f"- {said} come together in single persons: {', '.join(named)} are `{band}`.\n"
    return told


def _costly_shifts(shifts: Sequence[Mapping[str, Any]]) -> str:
    """What of the shift and outline tests costs most, as one more known failure; nothing where nothing does."""
    falls: dict[tuple[str, str], float] = {}
    for one in shifts:
        for figure in ("sensitivity", "specificity"):
            if not one["shift"].startswith("silhouette"):
                about = one["shift"], figure
                falls[about] = min(one[f"{figure}_change"][0], falls.get(about, 0.0))
    costly = sorted((fall, *about) for about, fall in falls.items() if fall <= -NOTABLE_FALL)
    told = [f"{shift} costs {-fall:.2f} of {figure}" for fall, shift, figure in costly]
    return f"- Under a change (see What moves it) {'; '.join(told)}.\n" if told else ""
