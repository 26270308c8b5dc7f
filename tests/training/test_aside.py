"""What was written before stays whole until what takes its place is: whoever is stopped in between loses nothing."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from training import aside, kept_shifts


def held(path):
    """The file that is at `path` now, under a name of its own, by which a change of it would be seen."""
    kept = path.with_name(f"held-{path.name}")
    os.link(path, kept)
    return kept


def test_a_text_takes_the_place_of_the_earlier_one_as_a_whole_and_leaves_nothing_beside_it(tmp_path):
    aside.write(tmp_path / "done.json", "earlier")
    earlier = held(tmp_path / "done.json")

    aside.write(tmp_path / "done.json", "later")

    assert earlier.read_text() == "earlier"
    assert (tmp_path / "done.json").read_text() == "later"
    assert {path.name for path in tmp_path.iterdir()} == {"done.json", "held-done.json"}


def test_the_folder_of_a_text_is_made_where_it_is_missing(tmp_path):
    aside.write(tmp_path / "results" / "gate.json", "tried")

    assert (tmp_path / "results" / "gate.json").read_text() == "tried"


def test_a_text_that_is_broken_off_leaves_the_earlier_one_and_nothing_beside_it(tmp_path):
    def broken_off():
        yield "half of a"
        raise KeyboardInterrupt

    aside.write(tmp_path / "table.csv", "earlier")

    with pytest.raises(KeyboardInterrupt), aside.written_aside(tmp_path / "table.csv") as file:
        file.writelines(broken_off())

    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert (tmp_path / "table.csv").read_text() == "earlier"


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of TensorFlow
def test_results_shifts_and_times_are_replaced_as_a_whole(crops, tmp_path):
    from training import results
    from training.recipe import Recipe
    from training.stopwatch import Milliseconds

    recipe = Recipe(name="tried", network=dict)
    table, record, shifts = (tmp_path / f"tried{ending}" for ending in (".csv", ".json", ".shifts.json"))
    first = results.Fold(0, 0, np.arange(2), np.zeros(2, np.float32), {})
    results.write(recipe, crops.cells, [first], folder=tmp_path)
    kept_shifts.write([], shifts, made_from={})
    earlier = {path: (held(path), path.read_text()) for path in (table, record, shifts)}

    results.write(recipe, crops.cells, [first, first], folder=tmp_path)
    results.record_milliseconds(record, Milliseconds(1.5, 2.0))
    kept_shifts.write([{"shift": "red x .9"}], shifts, made_from={})

    for path, (kept, text) in earlier.items():
        assert kept.read_text() == text != path.read_text()


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of TensorFlow
def test_what_a_stopped_fit_goes_on_from_is_replaced_as_a_whole(crops, tmp_path):
    import keras

    from training import learner, stopping

    pixels = keras.Input((64, 64, 3))
    answer = {"logit": keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(pixels))}
    model, watched = keras.Model(pixels, answer), np.arange(len(crops.cells))
    names = ("checkpoint.json", "watched.json", "best.npz")

    def after(epoch, *, slope):
        model.set_weights([np.full((3, 1), slope), np.zeros(1)])
        stopping.watch(model, crops, watched, size=64, folder=tmp_path, epoch=epoch)
        learner.checkpoint(model, folder=tmp_path, epoch=epoch)

    after(1, slope=0.0)
    earlier = {name: (held(tmp_path / name), (tmp_path / name).read_bytes()) for name in names}
    after(2, slope=1.0)
    after(3, slope=-1.0)  # which tells the classes apart, if the other way round did not

    for name, (kept, content) in earlier.items():
        assert kept.read_bytes() == content != (tmp_path / name).read_bytes()
    assert json.loads((tmp_path / "checkpoint.json").read_text())["epochs"] == 3
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == ["checkpoint-3.weights.h5"]


def test_of_two_processes_one_is_in_the_block_and_the_other_says_that_it_waits_and_does(tmp_path):
    waits = (
        "import sys\n"
        "from pathlib import Path\n"
        "from training.aside import alone_in\n"
        "folder = Path(sys.argv[1])\n"
        "with alone_in(folder):\n"
        "    print((folder / 'crops').read_text(), flush=True)\n"
    )
    with aside.alone_in(tmp_path / "place"):
        other = subprocess.Popen(
            [sys.executable, "-c", waits, str(tmp_path / "place")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert other.stderr
        assert other.stderr.readline() == f"waiting for another process, which is writing {tmp_path / 'place'}\n"
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(0.5)
        (tmp_path / "place" / "crops").write_text("whole")

    assert other.communicate(timeout=60)[0] == "whole\n"
    assert other.returncode == 0


def test_who_ends_ill_in_the_block_lets_the_next_one_in(tmp_path):
    with pytest.raises(KeyboardInterrupt), aside.alone_in(tmp_path):
        raise KeyboardInterrupt

    with aside.alone_in(tmp_path):
        pass
