"""Ranking where size and colour say otherwise of the class than here: the same cells, weighed until they do.

Matched figures hold size and colour still. They do not show what a network that leans on them loses among people in
whom they are no sign of the class, or one of the other. Exponential tilting does: cells weigh e^(a colour + b size)
times what they did, with opposite signs in the two classes, a and b such that two regressions rank them as elsewhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import root

from training import metrics, targets
from training.bootstrap import Drawn, resampled
from training.cells import Cell
from training.floor import colour_scores, floor_scores, size_and_colour
from training.markdown import table
from training.metrics import Ranking
from training.recipe import HAND_MADE, HAND_MADE_SIZED
from training.scored import Floats, Scored, ones, subject_weights


@dataclass(frozen=True)
class Elsewhere:
    """The AUC of mean colour alone, and of area and mean colour, among some people."""

    colour: float
    area_and_colour: float
    deviation: float = 0.0
    """By how much each of them may be off: one standard deviation of an estimate."""

    def drawn(self, count: int, rng: np.random.Generator) -> Floats:
        """`count` x 2: both as they might be, each by itself."""
        return rng.normal((self.colour, self.area_and_colour), self.deviation, size=(count, 2))


OFFICIAL = Elsewhere(colour=0.29, area_and_colour=0.54, deviation=0.06)
"""As regressions that learned from the training folds were found to rank 129 cells of 22 subjects of the official
preliminary set, by which an AUC has an interval of some .12 to both sides."""

BETWEEN = Elsewhere(colour=0.50, area_and_colour=0.65)
"""Between those people and these: colour is no sign at all."""

TRIED = {"between": BETWEEN, "elsewhere": OFFICIAL}

FIGURES = {"auc": metrics.auc, "sensitivity": metrics.sensitivity, "specificity": metrics.specificity}
"""What a card tells of each: calls are at a probability of 0.5."""

SOLVED = 1e-3
"""So near the AUC of both regressions must come to what was asked for."""

HEAD = """\
## Where size and colour say otherwise

Among these people ALL cells are larger: on partition 0 size alone has an AUC of {size:.2f}, mean colour {colour:.2f},
both together {here:.2f}. Regressions that had learned so were found to have {official.area_and_colour} on cells of the
official preliminary set, whose healthy cells are larger and brighter, and mean colour alone {official.colour}: there it
points the other way. *Elsewhere* is the AUC of these cells, weighed until both regressions have just that here too:
e^(a colour + b size), with opposite signs in the two classes. *Between* is the same with {between.area_and_colour} for
area and mean colour, and colour no sign at all. *Here* is without such weights; every subject counts the same in all
three. Under the weights of *elsewhere* the cells are worth some {sick} persons with ALL and {healthy} without, and
about half as many in a draw of the bootstrap.

Both figures are of 129 cells of 22 people, so each may be off by {twice:.2f}: in every draw they are drawn anew as
well, each by itself though they are of the same cells, and the weights fitted to them. That widens *elsewhere*;
*between* is a supposition, and exact.

This is no forecast. It moves size and colour with whatever goes with them here. The one look at those people themselves
that is known of is at hand-made features in an SVM: .77, and without those of size and colour .815 (+.05, -.03 to
.15).{svm}

`{ours}` was chosen with a look at this figure, on partitions 3 and 4 and with every person left out alone.
"""

SVM = """ Here the like pair goes the other way, and to lower figures: {sized:.3f} elsewhere with size and colour
(`features_svm_sized`), {unsized:.3f} without (`features_svm`). So this is harder than those people were, and says
rather who leans on size than what is reached there."""

SIZED, UNSIZED = HAND_MADE_SIZED, HAND_MADE

COLUMNS = ("recipe", "here", "between", "elsewhere", "`{ours}` more: between", "elsewhere")


class Tilt:
    """Weights of N cells under which mean colour, and area and mean colour, rank them as elsewhere."""

    def __init__(self, scored: Scored, cells: Sequence[Cell], *, to: Elsewhere) -> None:
        """`scored` are any scores of these cells, in the folds that the regressions are fitted in."""
        self.scored, self._to = scored, to
        colour = colour_scores(cells, scored.folds)
        floor = floor_scores(cells, scored.folds)
        self._rankings = Ranking(scored.is_all, colour), Ranking(scored.is_all, floor)
        toward = np.where(scored.is_all, -1.0, 1.0)[:, None]
        standing = subject_weights(scored)
        features = np.stack([colour, size_and_colour(cells)[:, 0]], axis=-1)
        centred = features - standing @ features
        self._exponents = toward * centred / np.sqrt(np.maximum(standing @ centred**2, np.finfo(float).tiny))
        self._whole = self._solved(standing, np.array([to.colour, to.area_and_colour]), start=np.zeros(2))

    def __call__(self, weights: Floats, *, rng: np.random.Generator | None = None) -> Floats:
        """What N or D x N weights are under it, every subject counting the same before; nan where it cannot be had.

        With `rng` for each row both regressions' AUC is drawn anew as well.
        """
        standing = np.atleast_2d(metrics.subject_macro(self.scored, weights))
        exact = np.tile((self._to.colour, self._to.area_and_colour), (len(standing), 1))
        wanted = exact if rng is None else self._to.drawn(len(standing), rng)
        found = np.full(standing.shape, np.nan)
        if not np.isnan(self._whole).any():
            for row, own, ranks in zip(found, standing, wanted, strict=True):
                row[:] = self._tilted(own, self._solved(own, ranks, start=self._whole))
        return found.reshape(weights.shape)

    def _solved(self, standing: Floats, wanted: Floats, *, start: Floats) -> Floats:
        """a and b under these weights, by which the regressions rank as wanted; nan where none do."""

        def missed(exponents: Floats) -> Floats:
            tilted = self._tilted(standing, exponents)
            return np.nan_to_num([ranking.auc(tilted) for ranking in self._rankings], nan=1.0) - wanted

        found = root(missed, start)
        return np.asarray(found.x) if np.abs(found.fun).max() < SOLVED else np.full(2, np.nan)

    def _tilted(self, standing: Floats, exponents: Floats) -> Floats:
        power = self._exponents @ exponents
        return np.asarray(standing * np.exp(power - power.max()))


def aucs(scored: Mapping[str, Scored], cells: Sequence[Cell], *, to: Elsewhere) -> dict[str, Drawn]:
    """The tilted AUC of each of several scores of the same cells in the same folds, with its value in every draw."""
    rankings = [Ranking(one.is_all, one.logits) for one in scored.values()]
    tilt = Tilt(next(iter(scored.values())), cells, to=to)
    found = _drawn(lambda tilted: np.stack([ranking.auc(tilted) for ranking in rankings]), tilt)
    return dict(zip(scored, found, strict=True))


def _drawn(figures: Callable[[Floats], Floats], tilt: Tilt) -> list[Drawn]:
    """What these figures of N tilted weights are, each with its value in every draw."""
    rng = np.random.default_rng(0)
    values = figures(tilt(ones(tilt.scored)))
    draws = resampled(lambda weights: figures(tilt(weights, rng=rng)), tilt.scored)
    return [Drawn.of(value, own) for value, own in zip(values, draws, strict=True)]


def report(scored: Scored, cells: Sequence[Cell]) -> dict[str, Any]:
    """For a card: each of TRIED with FIGURES under its tilt, each [value, low, high], what the regressions are to have
    there, and how many persons of each class the tilted cells are worth.
    """
    found = {}
    for name, to in TRIED.items():
        tilt = Tilt(scored, cells, to=to)
        told = _drawn(lambda tilted: np.stack([figure(scored, tilted) for figure in FIGURES.values()]), tilt)
        found[name] = {
            **{figure: one.as_json() for figure, one in zip(FIGURES, told, strict=True)},
            "colour_auc": to.colour,
            "floor_auc": to.area_and_colour,
            "persons": persons(tilt(ones(scored)), scored),
        }
    return found


def persons(weights: Floats, scored: Scored) -> dict[str, float | None]:
    """How many persons of each class these weights are worth, by Kish: (sum w)^2 / sum w^2 of what each weighs."""
    found: dict[str, float | None] = {}
    for name, own in (("HEM", ~scored.is_all), ("ALL", scored.is_all)):
        _, place = np.unique(scored.groups[own], return_inverse=True)
        each = np.bincount(place, weights=weights[own])
        worth = each.sum() ** 2 / (each**2).sum()
        found[name] = None if np.isnan(worth) else round(float(worth), 1)
    return found


def lines(
    ours: str, on_partition: Mapping[str, Scored], alone: Mapping[str, Scored], cells: Sequence[Cell]
) -> list[str]:
    """Ours beside all others on the contest's partition, and with every person left out alone, as Markdown; nothing
    where ours was not run there.
    """
    if ours not in on_partition:
        return []
    scored = on_partition[ours]
    worth = persons(Tilt(scored, cells, to=OFFICIAL)(ones(scored)), scored)
    size, colour, floor = (
        float(metrics.macro(metrics.auc)(scored.with_logits(values), ones(scored)))
        for values in (scored.areas, colour_scores(cells, scored.folds), floor_scores(cells, scored.folds))
    )
    sick, healthy = ("-" if worth[name] is None else f"{worth[name]:.0f}" for name in ("ALL", "HEM"))
    there, there_alone = (
        {name: aucs(ran, cells, to=to) for name, to in TRIED.items()} if ours in ran else {}
        for ran in (on_partition, alone)
    )
    head = HEAD.format(
        ours=ours,
        size=size,
        colour=colour,
        here=floor,
        official=OFFICIAL,
        between=BETWEEN,
        sick=sick,
        healthy=healthy,
        twice=2 * OFFICIAL.deviation,
        svm=_of_hand_made(there["elsewhere"]),
    )
    found = [head, *_table(ours, on_partition, there)]
    if there_alone:
        found += ["With every person left out alone:", "", *_table(ours, alone, there_alone)]
    return found


def _of_hand_made(elsewhere: Mapping[str, Drawn]) -> str:
    """How the yardsticks of hand-made features stand to the one outside figure; nothing where they were not run."""
    if not {SIZED, UNSIZED} <= set(elsewhere) or elsewhere[SIZED].value <= elsewhere[UNSIZED].value:
        return ""
    return SVM.format(sized=elsewhere[SIZED].value, unsized=elsewhere[UNSIZED].value)


def _table(ours: str, scored: Mapping[str, Scored], there: Mapping[str, Mapping[str, Drawn]]) -> list[str]:
    """A row for each, the best elsewhere first, and a sentence on earlier networks where there are any."""
    here = {name: float(metrics.macro(metrics.auc)(one, ones(one))) for name, one in scored.items()}
    ranked = sorted(scored, key=lambda name: (name != ours, -np.nan_to_num(there["elsewhere"][name].value)))
    columns = [column.format(ours=ours) for column in COLUMNS]
    rows = []
    for name in ranked:
        own = [one[name] for one in there.values()]
        more = [one[ours].less(one[name]).signed() if name != ours else "" for one in there.values()]
        rows.append([name, f"{here[name]:.3f}", *own, *more])
    return [*table(columns, rows), "", *_against_earlier(ours, there["elsewhere"])]


def _against_earlier(ours: str, elsewhere: Mapping[str, Drawn]) -> list[str]:
    earlier = [name for name in elsewhere if name.startswith(targets.EARLIER)]
    if not earlier:
        return []
    above = [name for name in earlier if elsewhere[ours].less(elsewhere[name]).low > 0]
    return [f"Elsewhere `{ours}` is above {len(above)} of {len(earlier)} earlier networks beyond its interval.", ""]
