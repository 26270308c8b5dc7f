"""The contracts of pyproject.toml name every file that they are meant for: import-linter takes no `*_rules`."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = {
    one["id"]: one for one in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}


@pytest.mark.parametrize(
    ("kind", "contract", "key"),
    [
        ("rules", "rules", "source_modules"),
        ("queries", "queries", "source_modules"),
        ("actions", "actions", "source_modules"),
        ("actions", "queries", "forbidden_modules"),
        ("pages", "doors", "protected_modules"),
    ],
)
def test_a_contract_names_every_file_of_its_kind(kind: str, contract: str, key: str) -> None:
    named = set(CONTRACTS[contract][key])
    files = list((ROOT / "app").glob(f"*/*_{kind}.py"))

    assert files
    assert [path for path in files if not named & {f"app.{path.parent.name}.{path.stem}", f"app.*.{path.stem}"}] == []


def test_every_door_stands_outside_the_tower() -> None:
    outside = {one.split(" -> ")[0] for one in CONTRACTS["tower"]["ignore_imports"]}

    assert set(CONTRACTS["doors"]["protected_modules"]) <= outside
