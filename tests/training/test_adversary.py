import numpy as np
import pytest
import tensorflow as tf

from training import adversary
from training.cells import Cell

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


def cell(*, label, subject):
    return Cell("x", subject, subject, label, "fold_0", "0" * 64, 1000, 1.0, 1.0, 1.0)


def test_what_is_reversed_passes_on_as_it_is_and_its_gradient_comes_back_turned():
    reversed_ = adversary.Reversed(0.25)
    x = tf.Variable([1.0, -2.0])

    with tf.GradientTape() as tape:
        passed = reversed_(x)
        height = tf.reduce_sum(passed * [3.0, 5.0])

    assert passed.numpy() == pytest.approx([1.0, -2.0])
    assert tape.gradient(height, x).numpy() == pytest.approx([-0.75, -1.25])


def test_each_cell_has_its_subject_and_only_subjects_of_one_class_are_compared():
    cells = [cell(label="HEM", subject="H1"), cell(label="ALL", subject="7"), cell(label="ALL", subject="5")]

    number_of, same_class = adversary.subjects_of([*cells, cells[0]])

    assert number_of.tolist() == [2, 1, 0, 2]
    assert same_class.tolist() == [[True, True, False], [True, True, False], [False, False, True]]


def test_the_adversary_is_not_asked_about_the_class():
    _, same_class = adversary.subjects_of(
        [cell(label="HEM", subject="H1"), cell(label="ALL", subject="7"), cell(label="ALL", subject="5")]
    )
    loss = adversary.loss_among(same_class)
    own_class_only = np.array([[1.0, 3.0, -50.0]], np.float32)
    sure_of_the_other_class = np.array([[1.0, 3.0, 50.0]], np.float32)

    one, other = (np.asarray(loss(np.array([[1.0]]), scores)) for scores in (own_class_only, sure_of_the_other_class))

    assert one == pytest.approx(np.log1p(np.exp(-2.0)), abs=1e-5)
    assert other == pytest.approx(one)
