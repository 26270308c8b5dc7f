"""Fisher's linear discriminant that is told what must not speak: the person, the cell at hand, and how it was varied.

Within-class scatter is split by where it comes from, and each part weighs as a recipe says. It is the within-class
covariance normalisation of speaker recognition (Hatch, Kajarekar and Stolcke 2006) with people for speakers, and with
the changes of variations beside it. With some fifty people and hundreds of features every training person's mean can be
told apart; what keeps people of one class together is what has a chance with the next one. A person is a subject group:
one in six by name would count six times, and have his own likeness for proof.

The stain is a covariate: what goes with it among cells of one class is taken off the other features, and how the
classes differ in it is told to be 0, for another laboratory's do not. What they differ in elsewhere because of it stays
told, unless the recipe wants the adjusted difference of an analysis of covariance (Cochran and Bliss 1948), that of
cells of one stain.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from training.recipe import Discriminant
from training.scored import Floats, subject_balance

SAME_SIZE = 1e-6
"""Cells whose shares of the picture deviate no more than so are all of one size, which then says nothing."""


def discriminant(
    plain: Floats,
    varied: Sequence[Floats],
    *,
    tinted: Sequence[Floats] = (),
    is_all: NDArray[np.bool_],
    persons: NDArray[np.str_],
    weighed: Discriminant,
    constant: int | None = None,
) -> tuple[Floats, float]:
    """Kernel (F) and bias of logits (ALL above 0) from N x F features of N cells, plain, varied and in other colours.

    Classes weigh the same, and within a class every person the same. Logits are in units of their own deviation, so
    that those of heads learned on other cells can be laid beside them. Features after so many `constant` ones are what
    varies (`training.varying`) and have a floor of their own. With `stain_floor` the last of the constant ones is the
    stain.
    """
    constant = plain.shape[1] if constant is None else constant
    floors = np.full(plain.shape[1], weighed.floor)
    floors[constant:] = weighed.varying_floor
    if weighed.stain_floor:
        floors[constant - 1] = weighed.stain_floor
    weights = subject_balance(is_all, persons)
    centre = weights @ plain
    deviation = np.sqrt(weights @ (plain - centre) ** 2) + 1e-9
    cells = (plain - centre) / deviation
    names, person_of = np.unique(persons, return_inverse=True)
    belongs = (person_of == np.arange(len(names))[:, None]) * weights
    share: Floats = belongs.sum(axis=1)
    means = belongs @ cells / share[:, None]
    sick = belongs @ is_all > 0
    of_class = {one: 2.0 * share[sick == one] @ means[sick == one] for one in (False, True)}
    among_persons = means - np.where(sick[:, None], of_class[True], of_class[False])
    within = (
        weighed.cells * scatter(cells - means[person_of], weights)
        + weighed.subjects * scatter(among_persons, share)
        + np.diag(floors)
    )
    for weight, ways in ((weighed.views, varied), (weighed.tints, tinted)):
        for one in ways:
            within += weight / len(ways) * scatter((one - plain) / deviation, weights)
    gap = of_class[True] - of_class[False]
    if weighed.stain_floor:
        stain = constant - 1
        if weighed.stain_adjusted:
            gap -= within[:, stain] / within[stain, stain] * gap[stain]
        gap[stain] = 0.0
    kernel = linalg.solve(within, gap, assume_a="pos")
    middle = kernel @ (of_class[True] + of_class[False]) / 2
    logits = cells @ kernel - middle
    unit = np.sqrt(weights @ (logits - weights @ logits) ** 2)
    raw = kernel / deviation / unit
    return raw, float(-raw @ centre - middle / unit)


def sized(
    head: tuple[Floats, float],
    covered: Floats,
    *,
    is_all: NDArray[np.bool_],
    persons: NDArray[np.str_],
    weight: float,
) -> tuple[Floats, float]:
    """The head with one more feature: how much of its picture each of N cells covers, in units of its own deviation
    times this weight. It is set and not learned: what a head leans on size must be known.
    """
    kernel, bias = head
    weights = subject_balance(is_all, persons)
    mean = weights @ covered
    deviation = np.sqrt(weights @ (covered - mean) ** 2)
    slope = weight / deviation if deviation > SAME_SIZE else 0.0
    return np.append(kernel, slope), float(bias - slope * mean)


def scatter(away: Floats, weights: Floats) -> Floats:
    """F x F, of N x F differences with N weights."""
    found: Floats = (away * weights[:, None]).T @ away
    return found
