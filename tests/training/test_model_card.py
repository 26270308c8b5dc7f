"""What README and model card tell a reader to type is what the program takes, and is enough."""

import copy
import json
import re
import shlex
from pathlib import Path

import pytest

from tests.shipped import SHIPPED
from training import model_card
from training.__main__ import read
from training.card_tables import FigureMissing

pytestmark = pytest.mark.tensorflow

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DRAWN = ROOT / "models" / "drawn-1"


def typed(text):
    """The words after `python -m training` of every such line."""
    return [
        shlex.split(line, comments=True) for line in re.findall(r"^\S*python -m training (.+)$", text, re.MULTILINE)
    ]


def card(bundle):
    return model_card.text(json.loads((bundle / "card.json").read_text()))


@pytest.mark.parametrize("text", [README.read_text(), card(SHIPPED), card(DRAWN)], ids=["README", "real", "drawn"])
def test_every_command_that_is_told_is_one_that_the_program_takes(text):
    commands = [words[0] for words in typed(text)]

    assert list(dict.fromkeys(commands))[:3] == ["fit", "evaluate", "export"]
    for words in typed(text):
        read(words)


@pytest.mark.parametrize("text", [README.read_text(), card(SHIPPED)], ids=["README", "real"])
def test_who_does_as_told_has_the_shift_test_and_the_smear_fields_that_an_export_asks_for(text):
    evaluate = read(next(words for words in typed(text) if words[0] == "evaluate"))

    assert evaluate.shifts
    assert "smear fields (JPEG)" in text
    assert "`--not-cells`" in text
    assert "`not_cells` beside" in text


def test_a_model_of_drawn_cells_needs_no_folder_of_any_kind():
    told = card(DRAWN).split("## To reproduce")[1]

    assert "FOLDER" not in told
    assert "SMEARS" not in told


def test_the_card_tells_what_the_model_is_and_where_it_is_worst():
    told = card(SHIPPED)

    assert "one network of 2,241 parameters, one image at a time" in told.lower()
    assert "Nothing is learned but the weights of its last, linear layer, at once, as a linear discriminant" in told
    assert "by gradient" in card(DRAWN)
    assert "| size: largest third, from 37,566 pixels on |" in told
    assert "54 % of the 46 cells of subject H9" in told.split("## Known failures")[1].split("## By subject")[0]


def test_the_card_tells_how_it_ranks_where_size_and_colour_say_less_and_of_how_many_people_that_is():
    raw = json.loads((SHIPPED / "card.json").read_text())
    elsewhere = raw["evaluation"]["tilted"]["elsewhere"]
    here = raw["evaluation"]["report"]["figures"]

    section = model_card.text(raw).split("## Where size and colour say otherwise")[1].split("## ")[0]

    value, low, high = elsewhere["auc"]
    assert f"| 0.29 | 0.54 | 16 and 26 | {value:.3f} ({low:.3f} to {high:.3f}) |" in section
    assert f"{here['floor_subject_macro_auc'][0]:.3f}" in section
    assert value < here["subject_macro_auc"][0]
    assert "was not looked at" in card(DRAWN).split("## Where size and colour say otherwise")[1].split("## ")[0]


def test_a_tilt_that_has_no_solution_is_told_by_dashes():
    raw = json.loads((SHIPPED / "card.json").read_text())
    none = {figure: [None, None, None] for figure in ("auc", "sensitivity", "specificity")}
    raw["evaluation"]["tilted"]["elsewhere"] |= {**none, "persons": {"HEM": None, "ALL": None}}

    section = model_card.text(raw).split("## Where size and colour say otherwise")[1].split("## ")[0]

    assert "| 0.29 | 0.54 | - and - | - | - | - |" in section


@pytest.mark.parametrize("bundle", [SHIPPED, DRAWN])
def test_subjects_are_listed_the_healthy_first_and_by_their_numbers(bundle):
    listed = re.findall(r"^\| (H?)(\d+) \| (?:HEM|ALL) \|", card(bundle), re.MULTILINE)

    assert len(listed) > 50
    assert listed == sorted(listed, key=lambda one: (one[0] != "H", int(one[1])))


def test_of_networks_with_one_person_left_out_the_shift_test_names_no_partition():
    raw = json.loads((SHIPPED / "card.json").read_text())
    raw["evaluation"]["shifts"] = [{**one, "seed": 3} for one in raw["evaluation"]["shifts"]]

    def section(text):
        return text.split("## What moves it")[1].split("## ")[0]

    alone = section(model_card.text(raw))
    raw["training"]["each_person"] = False
    of_folds = section(model_card.text(raw))

    assert "| partition |" not in alone
    assert "Each network had learned from all other people." in alone
    assert "of 3 folds each network had learned from all but one" in of_folds
    assert "| partition |" in of_folds
    assert "| nothing changed | 3 |" in of_folds


@pytest.mark.parametrize(
    ("devices", "told"),
    [([], ""), (["cpu"], " on a CPU"), (["cpu", "gpu"], " on a CPU and a GPU")],
)
def test_the_card_says_on_what_its_networks_were_trained_where_that_was_recorded_and_else_nothing(devices, told):
    raw = json.loads((SHIPPED / "card.json").read_text())
    raw["training"] |= {"seconds": 115, "devices": devices}
    earlier = copy.deepcopy(raw)
    del earlier["training"]["devices"]

    assert ", 2 minutes of training; out-of-fold logits" in model_card.text(earlier)
    assert f", 2 minutes of training{told}; out-of-fold logits" in model_card.text(raw)


OF_A_CARD = ["figures", "predictive_values", "bands", "sets", "by_subject", "far", "milliseconds", "aims", "shifts"]


@pytest.mark.parametrize("missing", ["cut", "subgroups", "tilted", *OF_A_CARD])
def test_a_card_of_an_earlier_evaluation_is_not_told_in_the_words_of_a_later_one(missing):
    raw = json.loads((SHIPPED / "card.json").read_text())
    raw["evaluation"].pop(missing, None)
    raw["evaluation"]["report"].pop(missing, None)

    with pytest.raises(FigureMissing):
        model_card.text(raw)
