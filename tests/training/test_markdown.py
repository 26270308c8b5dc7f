import pytest

from training.markdown import table


def test_a_table_has_its_head_a_rule_and_a_line_for_each_row():
    assert table(("recipe", "cells"), [("one", 7), ("other", "")]) == [
        "| recipe | cells |",
        "|---|---|",
        "| one | 7 |",
        "| other |  |",
    ]


@pytest.mark.parametrize("row", [("one",), ("one", 7, 8)])
def test_a_row_that_does_not_fill_the_columns_is_no_row(row):
    with pytest.raises(ValueError, match="zip"):
        table(("recipe", "cells"), [row])
