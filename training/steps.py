"""What each step brings: variants of our networks, each held against the one that it differs from in one thing."""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training import kept_shifts, metrics, results
from training.bootstrap import estimate, paired_difference
from training.markdown import table
from training.metrics import Figure
from training.scored import Floats, Scored, ones
from training.titles import CHANGES

BASES = ("texture5", "texture3", "resnet")
"""A variant of one bears its name first: `resnet_mixup` is a step of `resnet`."""

SUCCESSORS = {
    "texture5": tuple(f"texture{number}" for number in range(6, 14)),
    "texture3": ("texture4", "texture5"),
}
"""What became of a base by further steps; each has a row among its variants as well."""

TINTED_OR_SIZED = ("area", "brightness", "red", "green", "blue")
OF_THE_OUTLINE = ("outline", "silhouette")
"""What the names of such shifts begin with."""

HEAD = """\
## Step by step

A variant differs from its base in what is said of it and in nothing else; what became of a base later (`texture6` to
`texture13` under `texture5`, `texture4` and `texture5` under `texture3`), in every step since. In
brackets is what it gains over the base, with its interval, on the same cells, whose subject groups are drawn together:
below 0 means that the base is better. *Worst shift* is the largest fall of AUC, and of specificity and sensitivity at
the fixed threshold, when cells are larger, smaller, brighter, darker or tinted, on the recipe's first partition (3 for
`texture`); "-" where that was not tried.
"""

COLUMNS = (
    "variant",
    "AUC",
    "floor-matched AUC",
    "healthy",
    "worst shift: AUC",
    "specificity",
    "sensitivity",
    "what it is",
)


def base_of(name: str) -> str | None:
    """The base of a variant; None for whatever is none."""
    return next((base for base in BASES if name.startswith(f"{base}_")), None)


def lines(scored: Mapping[str, Scored], floor: Floats, *, folder: Path, recipes: Path) -> list[str]:
    """A table for each base that has a variant, as Markdown, from the scores of one partition by name.

    `floor` is the floor's logit of each cell. `folder` has their results and may have their shift tests; `recipes` has
    the modules whose docstrings say what they are. Raises ShiftsDoNotFit where a shift test is not of the recipe or
    cells of the results beside it.
    """
    found: list[str] = []
    for base in BASES:
        variants = [name for name in scored if base_of(name) == base or name in SUCCESSORS.get(base, ())]
        if base not in scored or not variants:
            continue
        plain, wanted = scored[base], _figures(floor)
        rows = [(base, [str(estimate(figure, plain)) for figure in wanted])]
        for name in variants:
            own = scored[name]
            gains = [paired_difference(figure, own, plain).signed() for figure in wanted]
            values = [float(figure(own, ones(own))) for figure in wanted]
            rows.append((name, [f"{value:.3f} [{gain}]" for value, gain in zip(values, gains, strict=True)]))
        told = [
            [name, *figures, *_worst_shift(name, folder=folder), _about(recipes / f"{name}.py")]
            for name, figures in rows
        ]
        found += [f"### `{base}`", "", *table(COLUMNS, told), ""]
    return [HEAD, *found] if found else []


def _figures(floor: Floats) -> tuple[Figure, ...]:
    return metrics.auc, metrics.matched_auc(floor), metrics.macro(metrics.specificity)


def _worst_shift(name: str, *, folder: Path) -> list[str]:
    """The largest fall of each of CHANGES; "-" where the shift test was not run."""
    path = kept_shifts.path_of(name, folder=folder)
    if not path.is_file():
        return ["-"] * len(CHANGES)
    tried = kept_shifts.read(path, made_from=results.record(folder / f"{name}.json"))
    first = [one for one in tried if one["seed"] == tried[0]["seed"]]
    return [f"{worst(first, key)[key][0]:+.3f}" for key in CHANGES]


def worst(tried: Sequence[Mapping[str, Any]], key: str) -> Mapping[str, Any]:
    """Where one of CHANGES falls most when cells are larger, smaller, brighter, darker or tinted."""
    return min(limited(tried), key=lambda one: float(one[key][0]))


def limited(tried: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those shifts for which a limit was set: of size, brightness and tint."""
    return [one for one in tried if is_limited(one["shift"])]


def is_limited(shift: str) -> bool:
    """Whether a limit was set for the shift of this name."""
    return shift.startswith(TINTED_OR_SIZED)


def _about(module: Path) -> str:
    """The first line of the module's docstring; nothing where there is no such module."""
    about = ast.get_docstring(ast.parse(module.read_text())) if module.is_file() else None
    return about.splitlines()[0] if about else ""
