import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from training.discriminant import discriminant, sized
from training.recipe import Discriminant


def drawn(*, person=0.0, cells=40, persons=8, seed=0):
    """Features of which the first tells the class, the second the person as well (`person`), the third nothing."""
    rng = np.random.default_rng(seed)
    subjects = np.repeat([f"S{number:02}" for number in range(2 * persons)], cells)
    is_all = np.repeat(np.arange(2 * persons) >= persons, cells)
    of_person = np.repeat(rng.normal(0, person, 2 * persons), cells)
    noise = rng.normal(size=(len(subjects), 3))
    told = np.stack([is_all + noise[:, 0], 2 * is_all + of_person + noise[:, 1], noise[:, 2]], axis=1)
    return told, is_all, subjects


def test_with_cells_alone_it_is_the_textbooks_discriminant():
    told, is_all, subjects = drawn()

    kernel, bias = discriminant(told, [], is_all=is_all, persons=subjects, weighed=Discriminant(1.0, 1.0, 0.0, 0.0))

    textbook = LinearDiscriminantAnalysis().fit(told, is_all)
    own, other = kernel / np.linalg.norm(kernel), textbook.coef_[0] / np.linalg.norm(textbook.coef_[0])
    np.testing.assert_allclose(own, other, atol=1e-6)
    logits = told @ kernel + bias
    assert logits.std() == pytest.approx(1.0)
    np.testing.assert_array_equal(logits > 0, textbook.predict(told))


def test_a_feature_that_differs_from_person_to_person_speaks_less():
    told, is_all, subjects = drawn(person=3.0)

    def share(**weights):
        kernel, _ = discriminant(told, [], is_all=is_all, persons=subjects, weighed=Discriminant(**weights))
        return abs(kernel[1]) / abs(kernel).sum()

    assert share(cells=1.0, subjects=1.0) < 0.5 * share(cells=1.0, subjects=0.0)


def test_a_feature_that_variations_move_speaks_less():
    told, is_all, subjects = drawn()
    varied = told + np.array([0.0, 5.0, 0.0]) * np.random.default_rng(1).normal(size=(len(told), 1))

    def share(varied):
        kernel, _ = discriminant(told, varied, is_all=is_all, persons=subjects, weighed=Discriminant())
        return abs(kernel[1]) / abs(kernel).sum()

    assert share([varied]) < 0.5 * share([told])


def test_a_feature_that_other_colours_move_speaks_less_the_more_they_weigh():
    told, is_all, subjects = drawn()
    tinted = told + np.array([0.0, 5.0, 0.0]) * np.random.default_rng(1).normal(size=(len(told), 1))

    def share(weight):
        weighed = Discriminant(tints=weight)
        kernel, _ = discriminant(told, [told], tinted=[tinted], is_all=is_all, persons=subjects, weighed=weighed)
        return abs(kernel[1]) / abs(kernel).sum()

    assert share(2.0) < share(0.5) < share(0.0)


def stained(told):
    """What `drawn` gives, its first feature moved by a stain, which is the last feature."""
    stain = np.random.default_rng(2).normal(size=len(told))
    return np.column_stack([told[:, 0] + 2 * stain, told[:, 1:], stain])


def test_how_the_classes_differ_in_the_stain_itself_is_not_read():
    told, is_all, subjects = drawn()
    options = {"is_all": is_all, "persons": subjects, "weighed": Discriminant(stain_floor=1e-3)}
    only_stain = np.column_stack([told[:, 2], is_all + told[:, 0]])

    kernel, _ = discriminant(only_stain, [], **options)
    read, _ = discriminant(only_stain, [], **{**options, "weighed": Discriminant()})

    assert abs(kernel[1]) < 0.1 * abs(read[1])


def test_what_the_stain_does_to_all_else_is_taken_off_and_less_the_higher_its_floor():
    told, is_all, subjects = drawn()
    seen = stained(told)

    def moved(floor):
        weighed = Discriminant(stain_floor=floor)
        kernel, _ = discriminant(seen, [], is_all=is_all, persons=subjects, weighed=weighed)
        return abs(2 * kernel[0] + kernel[3])

    assert moved(1e-6) < 0.1 * moved(1e6)
    assert moved(1e-6) < moved(1.0) < moved(1e6)


def test_what_the_classes_differ_in_only_because_their_stain_differs_is_read_unless_the_difference_is_adjusted():
    told, is_all, subjects = drawn(cells=400)
    stain = told[:, 2] + 2.0 * is_all
    by_stain = 2 * stain + np.random.default_rng(3).normal(size=len(stain))
    seen = np.column_stack([told[:, 0], by_stain, stain])

    def read(**options):
        weighed = Discriminant(stain_floor=1e-6, views=0.0, **options)
        kernel, _ = discriminant(seen, [], is_all=is_all, persons=subjects, weighed=weighed)
        return abs(kernel[1]) / abs(kernel[0])

    assert read(stain_adjusted=True) < 0.1
    assert read() > 0.5


def test_of_features_that_vary_none_is_taken_for_the_stain():
    told, is_all, subjects = drawn()
    seen = stained(told)
    options = {"is_all": is_all, "persons": subjects, "weighed": Discriminant(stain_floor=0.5, varying_floor=1e9)}

    kernel, _ = discriminant(np.column_stack([seen, seen[:, 0]]), [], constant=4, **options)
    alone, _ = discriminant(seen, [], **options)

    np.testing.assert_allclose(kernel, [*alone, 0], atol=1e-6)


def test_a_person_of_a_thousand_cells_weighs_as_much_as_one_of_ten():
    told, is_all, subjects = drawn(person=1.0, cells=10)
    first = subjects == "S00"
    often = np.concatenate([np.flatnonzero(~first), np.tile(np.flatnonzero(first), 100)])

    once = discriminant(told, [], is_all=is_all, persons=subjects, weighed=Discriminant())
    many = discriminant(told[often], [], is_all=is_all[often], persons=subjects[often], weighed=Discriminant())

    np.testing.assert_allclose(many[0], once[0], rtol=1e-6)
    assert many[1] == pytest.approx(once[1])


def test_where_all_cells_are_of_one_size_it_says_nothing():
    told, is_all, subjects = drawn()
    head = discriminant(told, [], is_all=is_all, persons=subjects, weighed=Discriminant())
    covered = np.full(len(told), 0.3) + np.linspace(0, 1e-9, len(told))

    kernel, bias = sized(head, covered, is_all=is_all, persons=subjects, weight=0.2)

    assert kernel[-1] == 0
    assert bias == head[1]
