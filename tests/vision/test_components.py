import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.vision.components import component_sizes, enclosed, largest_component

ndimage = pytest.importorskip("scipy.ndimage")

pytestmark = pytest.mark.tensorflow  # scipy, the judge here, is a training package

masks = arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14)))


@given(masks)
def test_the_largest_component_is_the_one_that_scipy_finds(mask):
    labelled, count = ndimage.label(mask, np.ones((3, 3)))

    found = largest_component(mask)

    assert found.sum() == max((int((labelled == one).sum()) for one in range(1, count + 1)), default=0)
    assert ndimage.label(found, np.ones((3, 3)))[1] <= 1
    assert not (found & ~mask).any()


@given(masks)
def test_the_sizes_are_those_of_all_components_that_scipy_finds(mask):
    labelled, count = ndimage.label(mask, np.ones((3, 3)))

    sizes = component_sizes(mask)

    assert sizes == sorted(((labelled == one).sum() for one in range(1, count + 1)), reverse=True)


@given(masks)
def test_the_holes_are_those_that_scipy_fills(mask):
    filled = ndimage.binary_fill_holes(mask)

    holes = enclosed(mask)

    assert np.array_equal(holes, filled & ~mask)
