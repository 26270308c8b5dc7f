import pytest

from app.vision.drawn import CELLS, Look, draw, save


@pytest.fixture(scope="session")
def crops(tmp_path_factory):
    """Sixteen drawn cells of each class, of four people each, as crops."""
    from training import cnmc, dataset

    root = tmp_path_factory.mktemp("cells")
    for number in range(32):
        look = CELLS[number % 2]
        prefix, label = ("H", "hem") if look is Look.HEALTHY else ("", "all")
        save(root / f"UID_{prefix}{number // 2 % 4}_{number}_1_{label}.png", draw(number, look), look=look)
    return dataset.stored(cnmc.read(cnmc.find(root)), root, folder=root / "crops")
