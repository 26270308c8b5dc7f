import re
from hashlib import sha256
from pathlib import Path

import app

VENDOR = Path(app.__file__).parent / "web" / "static" / "vendor"
LIST = VENDOR / "VENDORED.md"


def test_every_file_of_others_is_the_one_that_its_authors_published():
    listed = dict(re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", LIST.read_text(encoding="utf-8"), re.MULTILINE))

    found = {
        path.relative_to(VENDOR).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path != LIST
    }

    assert found == listed


def test_every_package_of_others_comes_with_its_licence():
    packages = [folder for folder in VENDOR.iterdir() if folder.is_dir()]

    assert packages
    assert [folder.name for folder in packages if not (folder / "LICENSE").is_file()] == []


def test_no_style_sheet_of_others_loads_anything_from_elsewhere():
    style_sheets = list(VENDOR.rglob("*.css"))

    loads = [
        load for sheet in style_sheets for load in re.findall(r"@import.*|url\([\"']?([^\"')]{5})", sheet.read_text())
    ]

    assert style_sheets
    assert set(loads) <= {"data:"}
