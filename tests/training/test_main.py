import pytest

from training.__main__ import main


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
