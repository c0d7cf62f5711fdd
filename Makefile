# Every target sets up what it needs in .venv; Python 3.11 or newer and make are all it takes.

PYTHON ?= python3
# pytest's workers (0: none) and whatever else it should be told: make test ARGS="-k members -x"
WORKERS ?= logical
ARGS ?=
# which benchmark: make bench BENCH=send ARGS="--members 2000"
BENCH ?= all

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint bench clean

help:
	@echo 'make demo   a digest from sample feeds to an inbox, in ./newsletter-demo'
	@echo 'make test   every test                  make test ARGS="-k members -x"'
	@echo 'make lint   ruff and mypy'
	@echo 'make bench  speed, memory, crashes, real relays    make bench BENCH=send    (see benchmarks/)'
	@echo 'make clean  remove .venv, caches and the demo'

demo: $(VENV)/.ready-package
	@$(BIN)/newsletter demo

test: $(VENV)/.ready-test
	@$(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 8 --dist worksteal $(ARGS)

lint: $(VENV)/.ready-lint
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary

bench: $(VENV)/.ready-bench
	@$(BIN)/python benchmarks/bench.py $(BENCH) $(ARGS)

clean:
	rm -rf $(VENV) newsletter-demo dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find newsletter tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# A stamp is as new as the pyproject.toml that it was made from, so that a second run installs nothing.
$(VENV)/.ready-package: pyproject.toml | $(BIN)/python
	@$(PIP) install --editable .
	@touch $@

# With PostgreSQL's driver, and dkimpy as a peer.
$(VENV)/.ready-bench: pyproject.toml | $(BIN)/python
	@$(PIP) install --editable '.[postgresql]' 'dkimpy>=1.1.8'
	@touch $@

# Dependency groups are known to pip from 25.1.
$(VENV)/.ready-test $(VENV)/.ready-lint: $(VENV)/.ready-%: pyproject.toml | $(BIN)/python
	@$(PIP) install 'pip>=25.1'
	@$(PIP) install --editable . --group $*
	@touch $@

$(BIN)/python:
	@$(PYTHON) -m venv $(VENV)
