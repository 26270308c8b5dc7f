import pytest

from app.errors import Misconfigured
from training.__main__ import main, parser
from training.asked import chosen


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["fit", "nothing", "."], "There is no recipe 'nothing'"),
        (["fit", "../smoke", "."], "There is no recipe"),
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


@pytest.mark.parametrize("draws", ["-1", "0", "some"])
def test_a_search_is_not_asked_for_fewer_than_one_draw(draws, capsys):
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args(["search", "schneider", "cells", "--draws", draws])

    assert "--draws: a number from 1 on" in capsys.readouterr().err


@pytest.mark.tensorflow
def test_only_who_says_so_trains_a_transfer_recipe_from_scratch_and_under_another_name():
    as_it_stands, told = (
        chosen(parser().parse_args(["fit", "transfer_vgg16", "cells", *words])) for words in ([], ["--from-scratch"])
    )

    assert "scratch" not in as_it_stands.network_options
    assert told.network_options == {"backbone": "VGG16", "scratch": True}
    assert told.name == "transfer_vgg16_scratch"
    assert told.epochs * told.cells_per_epoch < as_it_stands.epochs * as_it_stands.cells_per_epoch
    assert told.fingerprint() != as_it_stands.fingerprint()


@pytest.mark.tensorflow
def test_a_recipe_without_pretrained_weights_has_none_to_leave_out():
    with pytest.raises(Misconfigured, match="Recipe anna has no pretrained weights"):
        chosen(parser().parse_args(["fit", "anna", "cells", "--from-scratch"]))
