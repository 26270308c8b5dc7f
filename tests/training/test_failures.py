"""A model card names what the evaluation found to be worst, and nothing that is only a little worse."""

from training import failures, provenance


def part(name, *, by="size", **figures):
    return {"by": by, "part": name, **{figure: [value, 0.0, 1.0] for figure, value in figures.items()}}


def person(subject, *, cells=100, not_suspected=0.0, suspected=0.0):
    label = "HEM" if subject.startswith("H") else "ALL"
    return {
        "subject": subject,
        "class": label,
        "cells": cells,
        "not_suspected": not_suspected,
        "suspected": suspected,
    }


def told(*, subgroups=(), by_subject=(), shifts=()):
    evaluation = {"report": {"subgroups": subgroups, "by_subject": by_subject}, "shifts": list(shifts)}
    card = {"for_demonstration": False, "training": {"data": provenance.C_NMC}, "evaluation": evaluation}
    return failures.text(card).removeprefix(failures.of_the_data(card) + failures.OF_ANY)


def test_parts_of_the_cells_that_fall_behind_are_named_with_the_best():
    small, large = part("small", sensitivity=0.80, specificity=0.82), part("large", sensitivity=0.84, specificity=0.52)

    found = told(subgroups=[small, large, part("only ALL", sensitivity=0.8, specificity=None)])

    assert found == '- By size: specificity is 0.52 in the part "large" and 0.82 in "small".\n'


def test_persons_whose_cells_lie_in_the_wrong_band_are_named_the_worst_first():
    people = [
        person("68", cells=75, not_suspected=0.3733),
        person("33", cells=181, not_suspected=0.5525),
        person("7", cells=2, not_suspected=1.0),
        person("H9", cells=46, suspected=0.4565),
        person("H4", suspected=0.1, not_suspected=0.9),
    ]

    missed, alarms = told(by_subject=people).splitlines()

    assert "55 % of the 181 cells of subject 33, 37 % of the 75 cells of subject 68 are `not_suspected`" in missed
    assert "single persons: 46 % of the 46 cells of subject H9 are `suspected`" in alarms


def test_where_nothing_is_notable_nothing_is_added():
    even = [part("small", sensitivity=0.8, specificity=0.8), part("large", sensitivity=0.85, specificity=0.75)]

    assert told(subgroups=even, by_subject=[person("1", not_suspected=0.1), person("H1")]) == ""
