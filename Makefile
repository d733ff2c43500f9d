# make demo    train, export, serve, ask for 64 curves, draw them
# make demo-data  the same for a table of curves
# make test    the tests; with CI=true, those too that install other software, or start Ray
# make soak    attacks on a server, minutes long (needs h2load)
# make page    the page at the server's HTTP port; needs node and npm, which nothing else does
# make lint    format, lint, types, contract
# make parity  every runtime against PyTorch, into docs/parity.md
# make stubs   the Python stubs of proto/
# make lock    the versions of locks/ for what pyproject.toml asks; newer ones with UPGRADE=--upgrade
#
# Each sets up .venv first, with the versions of locks/, whose files pip compares with their hashes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Whole sets are locked, so that nothing is left for pip to resolve; but PyTorch has many builds.
define install
	$(PIP_INSTALL) --no-deps --require-hashes --requirement $<
	$(PIP_INSTALL) --requirement locks/torch.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
endef

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-package torch --constraint locks/torch.txt $(UPGRADE) --group build pyproject.toml

.PHONY: demo demo-data test page soak lint types parity stubs lock clean

# Tests and lint see to the page where there is node for it.
NPM := $(shell command -v npm)
PAGE := serve/web/page/index.html.gz
PAGE_PACKAGES := page/node_modules/.package-lock.json

demo: $(VENV)/.demo
	$(BIN)/python -m demo

demo-data: $(VENV)/.demo
	$(BIN)/python -m demo data

test: $(VENV)/.dev $(if $(NPM),$(PAGE))
	$(BIN)/python -m pytest

soak: $(VENV)/.dev
	$(BIN)/python -m tests.soak

page: $(PAGE)

lint: $(VENV)/.dev
	$(BIN)/pre-commit run --all-files

types: $(if $(NPM)$(CI),$(PAGE_PACKAGES))
	$(if $(NPM)$(CI),npm --prefix page run --silent types)

parity: $(VENV)/.dev
	$(BIN)/python -m bench.parity

stubs: $(VENV)/.dev
	$$($(BIN)/python -m bench.environment protoc proto/requirements.txt)/python proto/generate.py

lock: $(VENV)/.dev
	$(LOCK) --extra dev --output-file locks/dev.txt
	$(LOCK) --extra serve --extra train --extra data --constraint locks/dev.txt --output-file locks/demo.txt
	$(LOCK) --extra serve --constraint locks/dev.txt --output-file locks/serve.txt

clean:
	rm -rf $(VENV) dist build serve/web/page page/node_modules

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: locks/demo.txt locks/torch.txt pyproject.toml | $(BIN)/python
	@echo "Installing what training and serving need into $(VENV) ..."
	$(install)
	@touch $@

$(VENV)/.dev: locks/dev.txt locks/torch.txt pyproject.toml | $(BIN)/python
	@echo "Installing what training, serving and testing need into $(VENV) ..."
	$(install)
	@touch $@ $(VENV)/.demo

$(PAGE_PACKAGES): page/package.json page/package-lock.json
	@echo "Installing what the page is built from into page/node_modules ..."
	npm --prefix page ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(PAGE): $(PAGE_PACKAGES) page/index.html page/icon.svg page/build.mjs $(wildcard page/src/* page/src/*/*)
	npm --prefix page run --silent build
	@touch $@
