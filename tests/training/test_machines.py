import json
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from app.errors import Invalid
from app.vision.drawn import Look, draw
from app.vision.preprocess import crop
from tests.shipped import SHIPPED
from training import contest, evaluate, features, results, trust
from training.cells import Cell, write_index
from training.dataset import Crops
from training.machines import Machine, machines, on_partition, write
from training.out_of_fold import scored_of
from training.recipe import EACH_PERSON
from training.recipes import OURS
from training.scored import Floats
from training.splits import partition
from training.stopwatch import Milliseconds

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

SHADES = np.random.default_rng(7).uniform(50, 90, 200)


def cell(number, *, subject, label):
    area = 30_000 + 3_000 * (label == "ALL") + 700 * (number % 7)
    red, green, blue = SHADES[number], SHADES[-number - 1], 80.0
    return Cell(f"{number}.bmp", subject, subject, label, "fold_0", f"{number:064x}", area, red, green, blue)


@pytest.fixture(scope="module")
def crops():
    cells = tuple(
        cell(number, subject=f"{'' if label == 'ALL' else 'H'}{number % 9}", label=label)
        for number, label in enumerate(["HEM", "ALL"] * 54)
    )
    return Crops(cells, np.zeros((0, 288, 288, 3), np.uint8), np.zeros((0, 288, 288), np.uint8))


def table_for(crops, *, skill):
    noise = np.random.default_rng(0).normal(size=(len(crops.cells), 4))
    return noise + skill * crops.labels[:, None]


def auc_of(name, crops, folder):
    scored = scored_of(results.read(folder / f"{name}.csv"), crops.cells, seed=0)
    return evaluate.figures(scored, trust.as_served(scored), crops.cells)["auc"].value


def test_the_machines_are_scored_on_the_folds_of_the_networks(crops, tmp_path):
    write(Machine("svm"), crops, table_for(crops, skill=2.0), folder=tmp_path)

    rows = results.read(tmp_path / "svm.csv")

    fold_of = dict(zip([one.sha256 for one in crops.cells], partition(crops.cells, folds=3, seed=0), strict=True))
    assert {row.image_sha256: row.fold for row in rows} == fold_of
    assert auc_of("svm", crops, tmp_path) > 0.8


def test_size_and_colour_help_only_the_machine_that_is_given_them(crops, tmp_path):
    noise = table_for(crops, skill=0.0)
    for machine in (Machine("svm"), Machine("sized", sized=True)):
        write(machine, crops, noise, folder=tmp_path)

    assert auc_of("sized", crops, tmp_path) > auc_of("svm", crops, tmp_path) + 0.2


def test_a_machine_beside_a_network_adds_what_the_network_knows(crops, tmp_path):
    write(Machine("network"), crops, table_for(crops, skill=2.0), folder=tmp_path)
    noise = table_for(crops, skill=0.0)
    for machine in (Machine("alone"), Machine("both", beside="network")):
        write(machine, crops, noise, folder=tmp_path)

    assert auc_of("both", crops, tmp_path) > auc_of("alone", crops, tmp_path) + 0.2
    costs = [results.cost(tmp_path / f"{name}.json") for name in ("network", "alone", "both")]
    assert costs[2] == (costs[0][0] + costs[1][0], costs[0][1] + costs[1][1])


def test_a_machine_beside_a_network_that_has_no_results_says_so(crops, tmp_path):
    with pytest.raises(Invalid, match=r"There are no results at .*cnn1\.csv"):
        write(machines(network="cnn1")[-1], crops, table_for(crops, skill=0.0), folder=tmp_path)


def test_scores_of_other_folds_do_not_add_up(crops, tmp_path):
    write(Machine("network", folds=2), crops, table_for(crops, skill=1.0), folder=tmp_path)

    with pytest.raises(Invalid, match="are of other folds"):
        write(Machine("both", beside="network"), crops, table_for(crops, skill=1.0), folder=tmp_path)


def test_features_know_neither_how_large_nor_how_bright_a_cell_is():
    square = crop(draw(3, Look.BLAST), size=288)
    brighter = np.clip(square.astype(int) * 5 // 4, 0, 255).astype(np.uint8)

    assert features.of_crop(brighter) == pytest.approx(features.of_crop(square), abs=0.35)
    assert features.of_crop(crop(draw(4, Look.HEALTHY), size=288)) != pytest.approx(features.of_crop(square), abs=0.35)


def test_of_two_that_ask_at_once_for_the_features_of_the_same_cells_one_computes_them(crops, tmp_path, monkeypatch):
    began: list[int] = []
    second_began = Event()

    def computed(_):
        began.append(len(began))
        if len(began) == 2:
            second_began.set()
        else:
            asked.append(pool.submit(features.stored, crops, folder=tmp_path))
            second_began.wait(0.5)
        return table_for(crops, skill=1.0)

    asked: list[Future[Floats]] = []
    monkeypatch.setattr(features, "features", computed)
    with ThreadPoolExecutor(1) as pool:
        first = features.stored(crops, folder=tmp_path)

    assert began == [0]
    assert np.array_equal(asked[0].result(), first)
    assert len(list(tmp_path.glob("*.npz"))) == 1


def test_the_page_has_every_row_its_folds_its_time_and_what_ours_gains_on_it(crops, tmp_path):
    write_index(crops.cells, tmp_path / "cells.csv")
    for name, skill in ((OURS, 1.0), ("other", 0.5)):
        write(Machine(name), crops, table_for(crops, skill=skill), folder=tmp_path)
    results.record_milliseconds(tmp_path / "other.json", Milliseconds(2.3, 2.8))

    page = contest.text(tmp_path)

    contest_table, gains = page.split(f"## `{OURS}` less each other")
    rows = {line.split(" | ")[0].strip("| "): line for line in contest_table.splitlines() if line.startswith("| ")}
    assert "partition 0, whose folds test 36 + 36 + 36 cells" in page
    assert " | 72 | 0 | 2.30 |" in rows["other"]
    assert " | 72 | 0 | - |" in rows[OURS]
    assert "| other | +" in gains
    assert "| floor-matched AUC above every earlier network | - | no earlier network has been run |" in gains
    assert "| *area and mean colour only* |" in gains


@pytest.mark.parametrize(
    ("scored", "lacks"),
    [
        ({0: 108, 3: 50}, "58 of 108 cells have no score under seed 3"),
        ({0: 108}, "108 of 108 cells have no score under seed 3"),
        ({0: 70, 3: 108}, "38 of 108 cells have no score under seed 0"),
    ],
)
def test_the_page_says_what_ours_lacks_while_it_is_half_fitted_and_has_all_else(crops, tmp_path, scored, lacks):
    write_index(crops.cells, tmp_path / "cells.csv")
    write(Machine("other"), crops, table_for(crops, skill=0.5), folder=tmp_path)
    write(Machine(OURS, seeds=(0, 3)), crops, table_for(crops, skill=1.0), folder=tmp_path)
    with (tmp_path / f"{OURS}.csv").open("w") as file:
        file.write("image_sha256,seed,fold,logit\n")
        for seed, count in scored.items():
            folds = partition(crops.cells, folds=3, seed=seed)
            rows = list(zip(crops.cells, folds, crops.labels + SHADES[:108] / 50, strict=True))[:count]
            file.writelines(f"{cell.sha256},{seed},{fold},{logit:.3f}\n" for cell, fold, logit in rows)

    page = contest.text(tmp_path)

    (told,) = (line for line in page.splitlines() if "not finished" in line)
    assert told == f"- `{OURS}` is not finished: {lacks}. Run `fit` to the end."
    assert "| other | " in page
    assert (f"## `{OURS}` less each other" in page) == (scored[0] == 108)


def test_the_machines_on_another_partition_are_scored_in_its_folds_and_bear_its_number(crops, tmp_path):
    for machine in on_partition(3):
        write(machine, crops, table_for(crops, skill=2.0), folder=tmp_path)

    assert sorted(path.name for path in tmp_path.glob("*.csv")) == [
        "features_svm_on_3.csv",
        "features_svm_sized_on_3.csv",
    ]
    rows = results.read(tmp_path / "features_svm_sized_on_3.csv")
    fold_of = dict(zip([one.sha256 for one in crops.cells], partition(crops.cells, folds=3, seed=3), strict=True))
    assert {row.image_sha256: row.fold for row in rows} == fold_of
    assert {row.seed for row in rows} == {3}


def test_the_page_tells_ours_with_every_person_left_out_alone_apart_from_the_contest(crops, tmp_path):
    write_index(crops.cells, tmp_path / "cells.csv")
    write(Machine(OURS), crops, table_for(crops, skill=1.0), folder=tmp_path)
    without = contest.text(tmp_path)
    for name, skill in ((OURS, 1.5), ("other", 0.5)):
        alone = Machine(f"{name}_each_person", folds=EACH_PERSON)
        write(alone, crops, table_for(crops, skill=skill), folder=tmp_path)

    page = contest.text(tmp_path)
    (tmp_path / f"{OURS}_each_person.csv").write_text("image_sha256,seed,fold,logit\n")
    begun = contest.text(tmp_path)

    told = f"## `{OURS}` with every person left out alone"
    table, section = page.split(told)
    assert (told in without, told in begun) == (False, False)
    assert f"- `{OURS}_each_person` is not finished." in begun
    assert "is not finished" not in without + page
    assert "_each_person |" not in page
    assert "Of 18 networks each has learned from all people but one" in section
    assert [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| ")][1:3] == [
        f"| {OURS}",
        "| other",
    ]
    assert "| wanted: AUC 0.93, every person left out alone |" in table
    assert "| calibration error at most 0.05, every person left out alone |" in table


def test_results_of_other_folds_are_refused_with_the_command_that_makes_them_anew(crops, tmp_path):
    write_index(crops.cells, tmp_path / "cells.csv")
    write(Machine("before"), crops, table_for(crops, skill=0.5), folder=tmp_path)
    path = tmp_path / "before.csv"
    moved = str.maketrans("012", "120")
    lines = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("\n".join(",".join([sha, seed, fold.translate(moved), logit]) for sha, seed, fold, logit in lines))

    with pytest.raises(
        results.ResultsDoNotFit, match=r"before.csv was run in other folds .* `python -m training fit before`"
    ):
        contest.text(tmp_path)


def test_ours_is_what_is_shipped():
    card = json.loads((SHIPPED / "card.json").read_text())

    assert card["training"]["recipe"]["name"] == OURS


def test_a_time_stays_when_the_same_experiment_is_written_again_and_goes_with_another(crops, tmp_path):
    table = table_for(crops, skill=1.0)
    write(Machine("svm"), crops, table, folder=tmp_path)
    results.record_milliseconds(tmp_path / "svm.json", Milliseconds(1.5, 2.0))

    write(Machine("svm"), crops, table, folder=tmp_path)
    kept = json.loads((tmp_path / "svm.json").read_text())
    write(Machine("svm", sized=True), crops, table, folder=tmp_path)
    gone = json.loads((tmp_path / "svm.json").read_text())

    assert kept["milliseconds"] == 1.5
    assert "milliseconds" not in gone
