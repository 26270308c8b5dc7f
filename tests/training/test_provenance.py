"""A card claims of its data only what the images themselves are known to be."""

import json
from dataclasses import replace
from pathlib import Path

from training import failures, model_card, provenance
from training.asked import RESULTS
from training.cells import read_index
from training.results import CELLS


def shipped(name):
    return json.loads((Path(__file__).parents[2] / "models" / name / "card.json").read_text())


def test_images_are_those_of_c_nmc_only_where_every_one_is_known_to_be_of_it():
    known = read_index(RESULTS / CELLS)[:20]
    ours = [*known, replace(known[0], sha256="0" * 64)]

    assert provenance.source_of(known, Path("data")) == provenance.C_NMC
    assert provenance.source_of(ours, Path("blood")) == {
        "title": "Images in blood",
        "attribution": "Source not stated",
        "licence": "No licence stated",
        "changes": "cropped to the cell for training",
    }


def test_a_model_of_a_hospital_s_own_images_is_said_to_know_nothing_of_c_nmc():
    card = shipped("blastscreen-cnn-19")
    of_c_nmc = model_card.text(card)
    card["training"]["data"] = provenance.source_of([replace(read_index(RESULTS / CELLS)[0], sha256="")], Path("blood"))

    told = model_card.text(card)

    for said in ("CC BY", "Archive", "450 x 450", "one hospital's", "15 degrees towards red"):
        assert said in of_c_nmc
        assert said not in told
    assert "Images in blood. Source not stated. Licence: No licence stated." in told


def test_a_model_of_drawn_cells_is_not_said_to_know_a_hospital_or_people():
    told = model_card.text(shipped("drawn-1"))

    assert failures.OF_DRAWN in told
    for said in ("hospital", "Healthy people", "count people, not cells", "Real cells", "thirds of the people"):
        assert said not in told.split("## Gate")[1]


def test_cells_that_were_never_compressed_have_a_table_of_their_own():
    section = model_card.text(shipped("blastscreen-cnn-19")).split("## Compressed with loss")[1].split("## ")[0]

    through_one, through_none = section.split("Cells that went through none")

    assert "never compressed" not in through_one
    assert through_none.count("| never compressed, ") == 3
    assert "| JPEG" not in through_none
