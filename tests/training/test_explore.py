import numpy as np
import pytest

from app.vision.drawn import Look, draw, save
from training import cnmc, dataset, explore

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    root = tmp_path_factory.mktemp("cells")
    for number in range(16):
        look, name, subject = (Look.BLAST, "all", "") if number % 2 else (Look.HEALTHY, "hem", "H")
        path = root / f"UID_{subject}{number // 2}_{number}_1_{name}.png"
        save(path, draw(number, look), look=look)
    cells = cnmc.read(root)
    return dataset.stored(cells, root, folder=root / "crops"), root


def test_the_report_stands_alone_and_names_what_there_is(drawn, tmp_path):
    crops, root = drawn

    explore.write(crops, root, path=tmp_path / "explore.html")

    page = (tmp_path / "explore.html").read_text()
    assert "16 cells before any training" in page
    assert "AUC" in page
    assert "src=" in page
    assert 'src="http' not in page


def test_two_people_with_nearly_the_same_image_are_listed(drawn):
    crops, _ = drawn
    pixels = np.array(crops.pixels)
    pixels[3] = np.where(pixels[1] > 0, pixels[1] - 1, 0)
    doubled = dataset.Crops(crops.cells, pixels, crops.outlines)

    found = explore.near_duplicates(doubled)

    assert {crops.cells[1].path, crops.cells[3].path} in [set(pair[:2]) for pair in found]
