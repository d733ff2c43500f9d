# make demo    train, export, serve, ask for 64 curves, draw them
# make test    every test
# make soak    attacks on a server, minutes long (needs h2load)
# make lint    format, lint, types, contract
# make parity  every runtime against PyTorch, into docs/parity.md
# make stubs   the Python stubs of proto/
#
# Each sets up .venv first, with the versions of constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test soak lint parity stubs clean

demo: $(VENV)/.train
	$(BIN)/python -m demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest

soak: $(VENV)/.dev
	$(BIN)/python -m tests.soak

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/buf lint proto

parity: $(VENV)/.dev
	$(BIN)/python -m bench.parity

stubs: $(VENV)/.dev
	$(BIN)/python proto/generate.py

clean:
	rm -rf $(VENV) dist build

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.train: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what training and serving need into $(VENV) ..."
	$(INSTALL) --editable '.[train]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what training, serving and testing need into $(VENV) ..."
	$(INSTALL) --editable '.[train,dev]'
	@touch $@ $(VENV)/.train
