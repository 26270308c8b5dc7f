# Needs Python 3.11 or newer, make and git. Everything it makes is in .venv/, and `make clean` takes it away again.

PORT ?= 8000
WORKERS ?= 2
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --require-hashes --only-binary :all:
# What is large: uv does by the same hashes what pip does, in half the time. It does not read pip's settings, so that pip
# does it where uv cannot (a mirror, a proxy).
UV_INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --only-binary :all: --compile-bytecode
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" --group build
# One core for each worker; the tests of a file stay together, so that what they share is made once.
PYTEST := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help environment serve demo test test-quick coverage check format bench lock lock-upgrade clean
.DELETE_ON_ERROR:
.NOTPARALLEL:

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: $(VENV)/.serving $(VENV)/.project ## Set up what serving needs, and serve http://127.0.0.1:8000 (PORT)
	@exec $(BIN)/blastscreen serve --host 127.0.0.1 --port $(PORT)

demo: $(VENV)/.serving $(VENV)/.project ## Serve a playground: drawn cells in every state, three people to sign in as (PORT)
	@exec $(BIN)/blastscreen demo --host 127.0.0.1 --port $(PORT)

test: $(VENV)/.development $(VENV)/.project ## Run every test (ARGS go to pytest)
	$(PYTEST) $(ARGS)

test-quick: $(VENV)/.testing $(VENV)/.project ## Run the tests that need neither TensorFlow nor a browser
	$(PYTEST) -m "not tensorflow and not browser" $(ARGS)

environment: $(VENV)/.development $(VENV)/.project ## Set up what everything needs, and run nothing

coverage: $(VENV)/.development $(VENV)/.project ## Run every test and say which lines none of them reached
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: $(VENV)/.testing $(VENV)/.project ## Run what judges the source without running it
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint app
	$(BIN)/deptry .

format: $(VENV)/.testing ## Format the source, and mend what ruff can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/.testing $(VENV)/.project ## Time what has a time to keep (tests/bench/bench_*.py)
	$(BIN)/python -m pytest tests/bench -o python_files="bench_*.py" -o python_functions="bench_*" --randomly-dont-reorganize -s $(ARGS)

# The development lock is the widest; the narrower ones take their versions from it, so that the three never disagree.
lock: $(VENV)/.testing ## Write the lock files anew from pyproject.toml, moving only what has to move
	$(COMPILE) pyproject.toml --all-extras $(UPGRADE) --output-file requirements-dev.lock
	$(COMPILE) pyproject.toml --extra test --extra check --extra oidc --constraint requirements-dev.lock --upgrade --output-file requirements-test.lock
	$(COMPILE) pyproject.toml --extra oidc --constraint requirements-dev.lock --upgrade --output-file requirements-oidc.lock
	$(COMPILE) pyproject.toml --constraint requirements-dev.lock --upgrade --output-file requirements.lock

lock-upgrade: UPGRADE := --upgrade
lock-upgrade: lock ## Write the lock files anew with the newest versions that pyproject.toml allows

clean: ## Remove the environment and every cache; leaves var/, where the records are
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find app training tests migrations -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is one folder with a stamp for each lock. A wider lock holds the narrower ones at the same versions,
# so it stamps them too, and no target ever uninstalls what another one needs.

# Python 3.11 to 3.13 first: TensorFlow, which only training and its tests need, has no build for later ones yet.
$(BIN)/pip:
	@for below in 14 99; do for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    if $$python -c "import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, $$below))" 2>/dev/null; \
	    then echo "Making $(VENV) with $$python"; exec $$python -m venv $(VENV); fi; \
	done; done; \
	echo "Blastscreen needs Python 3.11 or newer with its venv module, and found none." >&2; \
	echo "Install one (Debian: apt-get install python3 python3-venv) or name one: make PYTHON=/path/to/python3 serve" >&2; \
	exit 1

$(BIN)/uv: | $(BIN)/pip
	@sed -n '/^uv==/,/^    # via/p' requirements-test.lock > $(VENV)/uv.lock
	@$(INSTALL) -r $(VENV)/uv.lock

$(VENV)/.serving: requirements.lock | $(BIN)/pip
	@echo "Installing what serving needs (requirements.lock)"
	@$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/.testing: requirements-test.lock requirements.lock | $(BIN)/uv
	@echo "Installing what the checks and quick tests need (requirements-test.lock)"
	@$(UV_INSTALL) -r requirements-test.lock || $(INSTALL) -r requirements-test.lock
	@touch $(VENV)/.serving $@

$(VENV)/.development: requirements-dev.lock requirements-test.lock requirements.lock | $(BIN)/uv
	@$(BIN)/python -c "import sys; sys.exit(sys.version_info[:2] > (3, 13))" || { \
	    echo "TensorFlow has no build for this Python yet: make clean, then make PYTHON=python3.13 test" >&2; exit 1; }
	@echo "Installing what every test needs, TensorFlow too (requirements-dev.lock)"
	@$(UV_INSTALL) -r requirements-dev.lock || $(INSTALL) -r requirements-dev.lock
	@touch $(VENV)/.serving $(VENV)/.testing $@

$(VENV)/.project: pyproject.toml | $(VENV)/.serving
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
