import json
import os
import shutil
import subprocess
import sys
from argparse import Namespace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.errors import Misconfigured
from tests.shipped import SHIPPED
from tests.training.cells import write_cell
from training import drawn
from training.__main__ import WITHOUT_RESULTS, main, read
from training.asked import chosen, drawn_cells
from training.backend import ABLE, WITHOUT_KERAS
from training.recipe import Recipe


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["fit", "nothing", "."], "There is no recipe 'nothing'"),
        (["fit", "../smoke", "."], "There is no recipe"),
        (
            ["fit", "texture4", ".", "--tensorboard"],
            "learned at once, so there are no curves. Leave --tensorboard out.",
        ),
    ],
)
def test_a_command_that_cannot_be_done_says_why_and_fails(words, sentence, tmp_path, capsys):
    code = main([*words, "--var", str(tmp_path)])

    assert code == 1
    assert sentence in capsys.readouterr().err


def test_an_empty_folder_is_told_apart_from_a_training_set(tmp_path, capsys):
    code = main(["index", str(tmp_path), "--var", str(tmp_path)])

    assert code == 1
    assert "There is no BMP, PNG, TIFF or WebP image" in capsys.readouterr().err
    assert not (tmp_path / "index.csv").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["fit", "schneider", "cells", "--from-scratch"],
        ["fit", "schneider", "--from-scratch", "cells"],
        ["fit", "--from-scratch", "schneider", "cells"],
        ["fit", "--var", "kept", "schneider", "--from-scratch", "cells"],
    ],
    ids=" ".join,
)
def test_the_folder_may_be_named_before_and_after_options(words):
    told = read(words)

    assert (told.recipe, told.folder, told.from_scratch) == ("schneider", Path("cells"), True)


def test_folders_and_names_of_every_kind_may_come_after_options():
    assert read(["search", "schneider", "--draws", "2", "cells"]).folder == Path("cells")
    assert read(["export", "texture3", "--version", "4", "cells"]).folder == Path("cells")
    assert read(["evaluate", "smoke", "--shifts", "cells"]).folder == Path("cells")
    assert read(["time", "cnn1", "--var", "kept", "resnet"]).recipes == ["cnn1", "resnet"]


def test_what_need_not_be_named_is_still_left_out():
    assert read(["fit", "smoke", "--tensorboard"]).folder is None
    assert read(["evaluate", "smoke", "--shifts"]).folder is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["fit", "schneider", "--from-scratch", "cells", "others"],
            "training fit: error: unrecognized arguments: others",
        ),
        (["fit", "--from-scratch"], "the following arguments are required: recipe"),
        (["index", "--shifts", "cells"], "unrecognized arguments: --shifts"),
        (["fits", "schneider"], "invalid choice: 'fits'"),
        ([], "the following arguments are required: command"),
    ],
)
def test_words_that_no_command_knows_are_refused_by_name(words, sentence, capsys):
    with pytest.raises(SystemExit, match="2"):
        read(words)

    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"), [(["-h"], "command"), (["fit", "--help"], "fit [-h]"), (["fit", "-h"], "recipe [folder]")]
)
def test_help_names_what_a_command_is_about(words, told, capsys):
    with pytest.raises(SystemExit, match="0"):
        read(words)

    assert told in capsys.readouterr().out


@pytest.mark.parametrize("draws", ["-1", "0", "some"])
def test_a_search_is_not_asked_for_fewer_than_one_draw(draws, capsys):
    with pytest.raises(SystemExit, match="2"):
        read(["search", "schneider", "cells", "--draws", draws])

    assert "--draws: a number from 1 on" in capsys.readouterr().err


@pytest.mark.tensorflow
def test_only_who_says_so_trains_a_transfer_recipe_from_scratch_and_under_another_name():
    as_it_stands, told = (
        chosen(read(["fit", "transfer_vgg16", "cells", *words])) for words in ([], ["--from-scratch"])
    )

    assert "scratch" not in as_it_stands.network_options
    assert told.network_options == {"backbone": "VGG16", "scratch": True}
    assert told.name == "transfer_vgg16_scratch"
    assert told.epochs * told.cells_per_epoch < as_it_stands.epochs * as_it_stands.cells_per_epoch
    assert told.fingerprint() != as_it_stands.fingerprint()


@pytest.mark.tensorflow
def test_a_recipe_without_pretrained_weights_has_none_to_leave_out():
    with pytest.raises(Misconfigured, match="Recipe anna has no pretrained weights"):
        chosen(read(["fit", "anna", "cells", "--from-scratch"]))


@pytest.mark.parametrize(
    ("backend", "words", "sentence"),
    [
        ("jaxx", ["fit", "smoke"], "KERAS_BACKEND is jaxx, under which Keras trains nothing. Unset it, or name one of"),
        ("numpy", ["search", "schneider"], "KERAS_BACKEND is numpy, under which Keras trains nothing"),
        ("nonsense", ["gate", "."], "KERAS_BACKEND is nonsense, under which Keras trains nothing"),
        ("jax", ["export", "smoke"], "`export` runs under TensorFlow, and KERAS_BACKEND is jax. Unset it."),
        ("torch", ["time", "cnn1"], "`time` runs under TensorFlow, and KERAS_BACKEND is torch. Unset it."),
    ],
)
def test_a_backend_that_cannot_serve_a_command_is_told_before_anything_is_loaded(
    backend, words, sentence, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("KERAS_BACKEND", backend)

    code = main([*words, "--var", str(tmp_path)])

    assert code == 1
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [name for name in ABLE if find_spec(name) is None])
def test_a_backend_that_is_not_installed_is_named(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", name)

    code = main(["fit", "smoke", "--var", str(tmp_path)])

    assert code == 1
    assert f"KERAS_BACKEND is {name}, which is not installed." in capsys.readouterr().err


def test_a_command_that_needs_no_keras_runs_whatever_the_backend_is(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jaxx")
    write_cell(tmp_path / "cells" / "UID_1_1_1_all.png")

    code = main(["index", str(tmp_path / "cells"), "--var", str(tmp_path)])

    assert code == 0
    assert (tmp_path / "index.csv").exists()


@pytest.mark.parametrize("command", WITHOUT_KERAS)
def test_what_is_said_to_need_no_keras_loads_none_when_it_runs(command, tmp_path):
    drawn.write_cells(tmp_path / "cells", count=2)
    runs = "import sys; from training.__main__ import main; sys.exit(main(sys.argv[1:]) or 'keras' in sys.modules)"
    results = [] if command in WITHOUT_RESULTS else ["--results", str(tmp_path / "results")]
    words = [command, str(tmp_path / "cells"), "--var", str(tmp_path / "var"), *results]
    nonsense = {**os.environ, "KERAS_BACKEND": "nonsense"}

    subprocess.run([sys.executable, "-c", runs, *words], cwd=Path(__file__).parents[2], env=nonsense, check=True)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["fit", "smoke", "--results", "FILE"], "--results"),
        (["export", "smoke", "--models", "FILE"], "--models"),
        (["gate", ".", "--results", "FILE"], "--results"),
        (["morphology", ".", "--results", "FILE"], "--results"),
        (["retakes", ".", "--results", "FILE"], "--results"),
        (["features", ".", "--results", "FILE"], "--results"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_any_work(words, option, tmp_path, capsys):
    there = tmp_path / "a file"
    there.touch()

    code = main([str(there) if word == "FILE" else word for word in words] + ["--var", str(tmp_path / "var")])

    assert code == 1
    assert f"{there} cannot be written (File exists). Name another folder with {option}." in capsys.readouterr().err
    assert not list((tmp_path / "var").glob("drawn*"))


def test_what_the_system_refuses_is_a_sentence_and_so_is_a_stop(tmp_path, monkeypatch, capsys):
    write_cell(tmp_path / "UID_1_1_1_all.bmp")

    def fails(error):
        def find(*_):
            raise error

        monkeypatch.setattr("training.cnmc.find", find)
        return main(["index", str(tmp_path), "--var", str(tmp_path / "var")]), capsys.readouterr().err

    code, told = fails(OSError(28, "No space left on device", "/there/it"))
    assert code == 1
    assert told.startswith("training: /there/it cannot be read or written (No space left on device). See to that and")
    assert fails(KeyboardInterrupt()) == (
        130,
        "training: stopped. What was finished is kept: the same command goes on from there.\n",
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["export", "smoke", "--version", "../evil"], "it ends the folder's name"),
        (["export", "smoke", "--version", ""], "it ends the folder's name"),
        (["fit", "smoke", "--partition", "9" * 20], "a number from 0 to 1,000,000"),
        (["search", "smoke", "--results", "x"], "unrecognized arguments"),
        (["results", "--var", "x"], "unrecognized arguments"),
    ],
)
def test_a_word_that_cannot_be_meant_ends_with_what_can(words, told, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.tensorflow
def test_who_names_images_for_a_recipe_that_draws_its_own_is_told_so(tmp_path, capsys):
    assert main(["fit", "smoke", str(tmp_path), "--var", str(tmp_path)]) == 1

    assert "learns from cells that it draws itself" in capsys.readouterr().err


def test_recipes_that_draw_other_numbers_of_cells_do_not_share_them(tmp_path):
    six, three = (Recipe(name="drawing", network=dict, drawn_cells=count) for count in (6, 3))

    drawn = [len(drawn_cells(Namespace(var=tmp_path), recipe)[0]) for recipe in (six, three, six)]

    assert drawn == [12, 6, 12]


@pytest.mark.tensorflow
def test_crops_that_would_fill_the_disk_are_refused_before_they_do(tmp_path, monkeypatch, capsys):
    for name in ("UID_1_1_1_all.bmp", "UID_H1_1_1_hem.bmp"):
        write_cell(tmp_path / name, grey=90 + len(name))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))

    assert main(["explore", str(tmp_path), "--var", str(tmp_path / "var")]) == 1

    told = capsys.readouterr().err
    assert "needs 2 MB for the crops of 2 cells, and 0 MB are free. Make room, or name another folder" in told


@pytest.mark.tensorflow
def test_a_card_that_does_not_say_what_it_is_of_is_told_so(tmp_path, capsys):
    bundle = Path(shutil.copytree(SHIPPED, tmp_path / "bundle"))
    card = json.loads((bundle / "card.json").read_text())
    del card["training"]["recipe"]
    (bundle / "card.json").write_text(json.dumps(card))

    assert main(["card", str(bundle)]) == 1

    assert "does not say of which recipe and cells it is" in capsys.readouterr().err
