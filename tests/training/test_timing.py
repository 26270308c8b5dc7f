import json

import pytest

from app.errors import Invalid
from training import results, timing
from training.networks import anastasio
from training.stopwatch import Milliseconds

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


def test_a_larger_network_takes_longer_for_one_image():
    small, large = anastasio.baseline_dense(size=32), anastasio.cnn_aug(size=128)

    taken = [timing.milliseconds(one, size=size).from_crop for one, size in ((small, 32), (large, 128))]

    assert 0 < taken[0] < taken[1]


def test_the_whole_road_takes_longer_than_the_part_from_the_crop_on():
    network = anastasio.baseline_dense(size=32)

    taken = timing.milliseconds(network, size=32)

    assert taken.from_crop < taken.whole


def test_the_time_is_kept_beside_what_the_results_say_already(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps({"cells": 7}))

    results.record_milliseconds(tmp_path / "x.json", Milliseconds(1.25, 1.75))
    kept = json.loads((tmp_path / "x.json").read_text())
    assert kept == {"cells": 7, "milliseconds": 1.25, "road_milliseconds": 1.75}

    results.record_milliseconds(tmp_path / "x.json", Milliseconds(1.5, 2.0))
    kept = json.loads((tmp_path / "x.json").read_text())
    assert kept == {"cells": 7, "milliseconds": 1.5, "road_milliseconds": 2.0}


def test_a_network_without_results_has_nowhere_to_keep_its_time(tmp_path):
    with pytest.raises(Invalid, match=r"There are no results at .*x\.json"):
        results.record_milliseconds(tmp_path / "x.json", Milliseconds(1.25, 1.75))
