"""Where our network stands against what was asked of it, said by the figures themselves.

The limits are those that the network was to meet out of fold: matched ranking above every earlier network, pooled
ranking not below any, size and colour that move little, a calibration error of .05, milliseconds and parameters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from training import metrics, trust
from training.bootstrap import Difference, Estimate, estimate, estimate_error
from training.markdown import table
from training.scored import Scored
from training.steps import limited, worst

AUC_FALL, SPECIFICITY_FALL = 0.02, 0.10
CALIBRATION_ERROR = 0.05
MILLISECONDS, PARAMETERS = 3.0, 3_000_000
WANTED = {"AUC": 0.93, "balanced accuracy": 0.85}
DREAMT_OF = {"AUC": 0.956, "balanced accuracy": 0.917}
"""What pretrained networks of 25 million parameters and a vote over all cells of a test set reached."""

REPORTING = (3, 4, 13, 14, 15, 16, 17, 18)
"""The partitions that nothing was to be chosen by. On 3 and 4 something was in the end, on the others nothing."""
ALONE = "every person left out alone"

MET = ("no", "by value", "shown")
"""How far a target is met, from worst to best."""

EARLIER = ("anastasio", "anna", "carpenter", "sagemaker", "schneider", "transfer")
"""What the recipes of earlier projects' networks begin with."""

HEAD = """\
## `{ours}` against its targets

*Shown* means that the interval lies on that side of the limit; *by value* that the figure does and the interval does
not. Each interval is a 95 % one by itself: of fifty against which ours were no better, one or two would be *shown* by
chance. So it is also told in what share of draws ours is above all of them at once. All earlier networks were run on
partition 0, some of the best on others, and each was trained once: the intervals are over people, not over trainings.
Ours was chosen on partitions 0 to 4 and with every person left out alone, earlier networks' settings on none: the gains
on 0 and 3 are kind to ours by what choosing brings. Most earlier networks are on a budget and might do better with the
cells that their sources gave them; rows that have those end in `_as_published`.

*Within folds* only cells that one network scored are held against each other. One network is served, and what logits
of the networks of several folds mean beside each other is no property of it: ours are made to mean the same, those of
earlier networks were not, so pooled gains over them are larger.

With *every person left out alone* each is scored by a network that learned from all others, which is what the served
one is to a new person; on a partition by one that learned from two thirds of them.

*As served* is a calibration on all other subject groups, not only on those of the other folds; *an exact one* is what
probabilities that err in nothing would show by chance on as many groups. Drawing people again adds chance to a
calibration error: what it adds on the mean is taken off its interval, which still holds what chance adds once.
"""


@dataclass(frozen=True)
class Gain:
    """What ours gains over one other, paired over the same drawn subject groups."""

    auc: Difference
    floor_matched: Difference
    area_matched: Difference
    auc_within: Difference
    """Within folds, as `floor_matched_within`: no cell is held against one that another network scored."""
    floor_matched_within: Difference
    learned: bool = True
    """Whether the other ranks cells above chance itself, beyond its interval."""

    @property
    def each(self) -> tuple[Difference, ...]:
        return self.auc, self.floor_matched, self.area_matched, self.auc_within, self.floor_matched_within


def lines(
    ours: str,
    gains: Mapping[str, Gain],
    on: Mapping[int, Scored],
    *,
    alone: Scored | None = None,
    record: Mapping[str, Any],
    shifts: Sequence[Mapping[str, Any]],
    shifts_elsewhere: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    gains_on: Mapping[int, Mapping[str, Gain]] | None = None,
) -> list[str]:
    """One row for each target, as Markdown.

    `on` has ours' scores by partition, `alone` those with every person left out alone, `record` is its results' JSON,
    `shifts` is the shift test of the partitions that its last step was chosen by, `shifts_elsewhere` those of networks
    that learned otherwise, by what they are called, each of them nothing where it was not run; `gains_on` has gains
    over what was run on other partitions than that of `gains`.
    """
    earlier = _earlier(gains)
    scored_on = {called(seed): scored for seed, scored in sorted(on.items())}
    reported = {called(seed): on[seed] for seed in REPORTING if seed in on}
    if alone is not None:
        scored_on[ALONE] = reported[ALONE] = alone
    rows = [
        ("floor-matched AUC above every earlier network", *_against(earlier, lambda gain: gain.floor_matched)),
        ("area-matched AUC, beside it", *_against(earlier, lambda gain: gain.area_matched)),
        ("floor-matched AUC, within folds", *_against(earlier, lambda gain: gain.floor_matched_within)),
        ("AUC, pooled, not below any earlier network", *_against(earlier, lambda gain: gain.auc)),
        ("AUC, within folds", *_against(earlier, lambda gain: gain.auc_within)),
        *(row for seed, there in (gains_on or {}).items() for row in _against_on(seed, _earlier(there))),
        *(_shifted(shifts) or [("shift test", "-", "was not run")]),
        *(row for where, tried in (shifts_elsewhere or {}).items() for row in _shifted(tried, where=f", {where}")),
        *(_calibrated(where, scored) for where, scored in scored_on.items()),
        *(row for where, scored in reported.items() for row in _wanted(where, scored)),
        *_small_and_quick(record),
    ]
    return [HEAD.format(ours=ours), *table(("target", "met", "where it stands"), rows), ""]


def called(seed: int) -> str:
    """What a partition is called here."""
    return f"partition {seed}"


def _earlier(gains: Mapping[str, Gain]) -> dict[str, Gain]:
    """Those over earlier networks."""
    return {name: gain for name, gain in gains.items() if name.startswith(EARLIER)}


def _against_on(seed: int, earlier: Mapping[str, Gain]) -> list[tuple[str, str, str]]:
    """Rows on one more partition; none where no earlier network was run there."""
    if not earlier:
        return []
    return [
        (
            f"floor-matched AUC above the earlier ones, {called(seed)}",
            *_against(earlier, lambda gain: gain.floor_matched),
        ),
        (f"AUC, pooled, not below them, {called(seed)}", *_against(earlier, lambda gain: gain.auc)),
    ]


def _against(earlier: Mapping[str, Gain], of: Callable[[Gain], Difference]) -> tuple[str, str]:
    if not earlier:
        return "-", "no earlier network has been run"
    gains = {name: of(gain) for name, gain in earlier.items()}
    least, gain = min(gains.items(), key=lambda one: one[1].value)
    open_ones = sorted(name for name, one in gains.items() if one.low <= 0)
    met = "no" if gain.value < 0 else "by value" if open_ones else "shown"
    against = f" Not shown against: {', '.join(open_ones)}." if open_ones else ""
    shown = [name for name in gains if name not in open_ones]
    learned = [name for name in gains if earlier[name].learned]
    told = f"least gain {gain.signed()}, over {least}; shown against {len(shown)} of {len(gains)}"
    at_once = np.mean(np.all([gain.draws > 0 for gain in gains.values()], axis=0)) * 100
    of_these = f", and of the {len(learned)} that rank above chance themselves against {len({*shown} & {*learned})}"
    return met, f"{told}{of_these}; above all at once in {at_once:.0f} % of draws.{against}"


def _shifted(tried: Sequence[Mapping[str, Any]], *, where: str = "") -> list[tuple[str, str, str]]:
    """A row for each limit on what a shift may cost; `where` says of which networks, if not of several partitions'."""
    if not tried:
        return []
    return [
        (
            f"{told} falls by at most {limit} under a shift{where}",
            min((_above(Estimate(*one[key]), -limit) for one in limited(tried)), key=MET.index),
            f"{change.signed()} at worst: {case['shift']}" + ("" if where else f", partition {case['seed']}"),
        )
        for told, key, limit in (
            ("AUC", "auc_change", AUC_FALL),
            ("specificity at the fixed threshold", "specificity_change", SPECIFICITY_FALL),
        )
        for case in [worst(tried, key)]
        for change in [Estimate(*case[key])]
    ]


def _calibrated(where: str, scored: Scored) -> tuple[str, str, str]:
    error = metrics.macro(metrics.calibration_error)
    found = estimate_error(error, scored)
    served = estimate_error(error, replace(scored, probabilities=trust.cross_calibrated(scored, apart=scored.groups)))
    met = _below(found, CALIBRATION_ERROR)
    told = f"{found}; as served {served}; an exact one {trust.error_of_an_exact_one(scored)}"
    return f"calibration error at most {CALIBRATION_ERROR}, {where}", met, told


def _wanted(where: str, scored: Scored) -> list[tuple[str, str, str]]:
    reached = {"AUC": estimate(metrics.auc, scored), "balanced accuracy": estimate(metrics.balanced_accuracy, scored)}
    return [
        (f"{word}: {figure} {limit}, {where}", _above(reached[figure], limit), str(reached[figure]))
        for word, limits in (("wanted", WANTED), ("dreamt of", DREAMT_OF))
        for figure, limit in limits.items()
    ]


def _small_and_quick(record: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    parameters, taken = record["folds"][0]["parameters"], record.get("road_milliseconds")
    size = (f"under {PARAMETERS:,} parameters", "yes" if parameters < PARAMETERS else "no", f"{parameters:,}")
    if taken is None:
        return [size]
    told = f"{taken:.2f} ms from RGB pixels to logit, the median; of that {record['milliseconds']:.2f} from the crop on"
    return [size, (f"at most {MILLISECONDS} ms", "yes" if taken <= MILLISECONDS else "no", told)]


def _below(found: Estimate, limit: float) -> str:
    return "shown" if found.high <= limit else "by value" if found.value <= limit else "no"


def _above(found: Estimate, limit: float) -> str:
    return "shown" if found.low >= limit else "by value" if found.value >= limit else "no"
