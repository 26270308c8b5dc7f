"""The shipped model on real images; they are not in the repository."""

import numpy as np
import pytest
from PIL import Image

from app.vision.classifier import OnnxClassifier
from app.vision.decode import Limits, decode
from app.vision.quality import gate
from app.vision.resampling import was_resampled
from tests.shipped import SHIPPED

pytestmark = pytest.mark.cells


@pytest.fixture(scope="module")
def shipped():
    return OnnxClassifier(SHIPPED)


def some(folder, pattern, *, count):
    paths = sorted(folder.rglob(pattern))
    return [decode(path.read_bytes(), limits=Limits()) for path in paths[:: max(1, len(paths) // count)]]


def test_the_gate_passes_nearly_all_real_cells_and_their_scores_tell_the_classes_apart(shipped, real_cells):
    healthy = some(real_cells / "cnmc2019", "*_hem.webp", count=100)
    leukaemic = some(real_cells / "cnmc2019", "*_all.webp", count=100)

    refused = [gate(pixels, limits=shipped.card.gate) for pixels in [*healthy, *leukaemic]]
    low = sorted(shipped.score(pixels).probability for pixels in healthy)
    high = sorted(shipped.score(pixels).probability for pixels in leukaemic)

    assert sum(reason is not None for reason in refused) <= 0.02 * len(refused)
    assert low[len(low) // 2] < 0.5 < high[len(high) // 2]


def test_real_cells_are_known_as_never_scaled_and_scaled_ones_as_scaled(real_cells):
    cells = some(real_cells / "cnmc2019", "*.webp", count=150)

    def smaller(pixels):
        return np.asarray(Image.fromarray(pixels).resize((405, 405), Image.Resampling.LANCZOS))

    assert not [1 for pixels in cells if was_resampled(pixels)]
    assert all(was_resampled(smaller(pixels)) for pixels in cells)


def test_the_gate_refuses_whole_smear_fields(shipped, real_cells):
    fields = some(real_cells / "not_cells", "*.jpg", count=61)

    refused = [gate(pixels, limits=shipped.card.gate) for pixels in fields]

    assert len(fields) >= 60
    assert sum(reason is not None for reason in refused) >= 0.95 * len(refused)
