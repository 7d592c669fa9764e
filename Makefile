# The two commands are `make train` and `make test`. Each sets up .venv by itself.
# ARGS are passed on: make train ARGS='model=gpt data=stdlib_text'

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: setup train test test-slow lint types bench chaos

setup: .venv/.ready

.venv/.ready: pyproject.toml
	@echo "Setting up .venv; torch is several GB, so this takes some minutes the first time."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

train: setup
	@$(BIN)/leyden train $(ARGS)

test: setup
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow" $(ARGS)

test-slow: setup
	$(BIN)/pytest -n 2 --dist worksteal -m slow $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

types: setup
	$(BIN)/mypy

chaos: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.chaos.rounds $(ARGS)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.chaos.moments --every 3

bench: setup
	@$(BIN)/python -m tests.bench $(ARGS)
