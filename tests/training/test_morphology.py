import json
import subprocess
import sys

import numpy as np
import pytest

from app.errors import Invalid
from app.vision.drawn import Look, draw, save
from app.vision.morphology import MEASURES, measure
from training import cnmc
from training.__main__ import main
from training.morphology import QUANTILES, kept_for, percentiles


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six drawn cells of each class, five of them of one subject; and a speck, too small to measure."""
    root = tmp_path_factory.mktemp("cells")
    for number in range(6):
        for look, name, prefix in ((Look.BLAST, "all", ""), (Look.HEALTHY, "hem", "H")):
            subject = f"{prefix}{1 if number < 5 else 2}"
            save(root / f"UID_{subject}_{number}_1_{name}.png", draw(number, look), look=look)
    speck = np.zeros((450, 450, 3), np.uint8)
    speck[220:230, 220:230] = 90
    save(root / "UID_3_9_1_all.png", speck, look=Look.BLANK)
    return root


def test_the_command_writes_quantiles_of_every_measure_in_each_class(folder, tmp_path, capsys):
    where = ["--var", str(tmp_path / "var"), "--results", str(tmp_path / "results")]

    assert main(["morphology", str(folder), *where]) == 0

    path = tmp_path / "results" / "morphology.json"
    found = json.loads(path.read_text())
    assert capsys.readouterr().out.strip() == str(path)
    assert found["cells"] == {"HEM": 6, "ALL": 6}
    assert found["subjects"] == {"HEM": 2, "ALL": 2}
    for label in ("HEM", "ALL"):
        assert set(found[label]) == set(MEASURES)
        assert all(len(one) == len(QUANTILES) and one == sorted(one) for one in found[label].values())
    assert found["HEM"]["area_px"][6] < found["ALL"]["area_px"][6]


def test_a_subject_with_many_cells_weighs_no_more_than_another(folder):
    found = percentiles(cnmc.read(cnmc.find(folder)), folder)

    of_the_other = measure(draw(5, Look.BLAST)).measures["area_px"]
    assert found["ALL"]["area_px"].count(of_the_other) >= len(QUANTILES) // 3


def test_a_class_without_a_cell_is_told_of(folder):
    alone = [cell for cell in cnmc.read(cnmc.find(folder)) if cell.subject == "2"]

    with pytest.raises(Invalid, match="no cell of class HEM"):
        percentiles(alone, folder)


def test_percentiles_of_other_cells_are_not_taken_for_these(folder, tmp_path):
    path = tmp_path / "morphology.json"
    assert kept_for(path, fingerprint="a") is None
    path.write_text(json.dumps({"data_fingerprint": "a"}))

    assert kept_for(path, fingerprint="a") == {"data_fingerprint": "a"}
    assert kept_for(path, fingerprint="b") is None


def test_a_damaged_file_of_percentiles_is_told_of(tmp_path):
    path = tmp_path / "morphology.json"
    path.write_text('{"data_fingerprint": "a"')

    with pytest.raises(Invalid, match=r"morphology\.json is no JSON .* Take it from git again"):
        kept_for(path, fingerprint="a")


def test_measuring_asks_nothing_of_tensorflow():
    asked = "import sys, training.morphology; print([one for one in ('tensorflow', 'keras') if one in sys.modules])"

    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)

    assert told.stdout.strip() == "[]"
