# make demo    train, export, serve, ask for 64 curves, draw them
# make test    every test
# make soak    attacks on a server, minutes long (needs h2load)
# make page    the page at the server's HTTP port; needs node and npm, which nothing else does
# make lint    format, lint, types, contract
# make parity  every runtime against PyTorch, into docs/parity.md
# make stubs   the Python stubs of proto/
#
# Each sets up .venv first, with the versions of constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test page soak lint parity stubs clean

# Tests and lint see to the page where there is node for it.
NPM := $(shell command -v npm)
PAGE := serve/web/page/index.html.gz
PAGE_PACKAGES := page/node_modules/.package-lock.json

demo: $(VENV)/.train
	$(BIN)/python -m demo

test: $(VENV)/.dev $(if $(NPM),$(PAGE))
	$(BIN)/python -m pytest

soak: $(VENV)/.dev
	$(BIN)/python -m tests.soak

page: $(PAGE)

lint: $(VENV)/.dev $(if $(NPM)$(CI),$(PAGE_PACKAGES))
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/buf lint proto
	$(if $(NPM)$(CI),npm --prefix page run --silent types)

parity: $(VENV)/.dev
	$(BIN)/python -m bench.parity

stubs: $(VENV)/.dev
	$(BIN)/python proto/generate.py

clean:
	rm -rf $(VENV) dist build serve/web/page page/node_modules

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

$(PAGE_PACKAGES): page/package.json page/package-lock.json
	@echo "Installing what the page is built from into page/node_modules ..."
	npm --prefix page ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(PAGE): $(PAGE_PACKAGES) page/index.html page/icon.svg page/build.mjs $(wildcard page/src/* page/src/*/*)
	npm --prefix page run --silent build
	@touch $@
