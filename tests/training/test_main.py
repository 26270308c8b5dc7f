import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.errors import Misconfigured
from tests.training.cells import write_cell
from training.__main__ import main, read
from training.asked import chosen
from training.backend import ABLE, WITHOUT_KERAS


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


def test_what_is_said_to_need_no_keras_loads_none():
    loads = f"from training import __main__, asked, {', '.join(WITHOUT_KERAS)}"
    asks = "import sys; sys.exit('keras' in sys.modules)"

    subprocess.run([sys.executable, "-c", f"{loads}; {asks}"], cwd=Path(__file__).parents[2], check=True)
