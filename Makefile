# Commonweave: what a person types. `make` alone lists it.
#
#   make run    a node of your own on http://127.0.0.1:8420, from nothing
#   make test   the tests
#
# Variables: DATA (the node's folder), LISTEN (host:port), ORIGIN (its address), NAME (the coalition's), ARGS.

DATA   ?= data
LISTEN ?=
ORIGIN ?=
NAME   ?= Our coalition
ARGS   ?=
PYTHON ?=

# Handed to the shell through its environment and not expanded by make, so that a name may contain any character.
override DATA := $(value DATA)
override LISTEN := $(value LISTEN)
override ORIGIN := $(value ORIGIN)
override NAME := $(value NAME)
override PYTHON := $(value PYTHON)
export DATA LISTEN ORIGIN NAME PYTHON

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check --require-virtualenv

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run setup demo test check words bench clean

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-7s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo "  Variables, with make run: DATA=folder LISTEN=host:port ORIGIN=https://… NAME='…'; with the others: ARGS=…"

run: $(VENV)/.run-ready ## set up this machine if need be, then run a node on http://127.0.0.1:8420
	@if [ ! -e "$$DATA/config.toml" ]; then \
	  $(BIN)/python -m node init --data "$$DATA" --origin "$${ORIGIN:-http://$${LISTEN:-127.0.0.1:8420}}" --name "$$NAME"; \
	fi
	@exec $(BIN)/python -m node run --data "$$DATA" $${LISTEN:+--listen "$$LISTEN"} $(ARGS)

setup: $(VENV)/.run-ready ## set up this machine only; the command is then .venv/bin/commonweave

demo: $(VENV)/.run-ready ## three nodes that adapt each other's method; ARGS=--once to see it and leave
	@exec $(BIN)/python -m node demo $(ARGS)

test: $(VENV)/.dev-ready ## run the tests; ARGS='-k words' for some
	@exec $(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.dev-ready ## style, types, floors, dependencies and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m pytest tests/house

words: $(VENV)/.dev-ready ## bring new messages of the source into the catalogues of node/web/locale, and name those without words
	@exec $(BIN)/python -m tests.translations

bench: $(VENV)/.dev-ready ## measure on this machine
	@exec $(BIN)/python -m tests.bench $(ARGS)

clean: ## remove what make made; never the node's data
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# One virtual environment for both locks; a stamp is newer than its lock when what it names is installed.
$(VENV)/.run-ready: requirements.lock | $(BIN)/commonweave
	@echo "Installing what a node needs, about half a minute …"
	@$(PIP) install --quiet --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev-ready: requirements-dev.lock | $(BIN)/commonweave
	@echo "Installing what tests and checks need, about a minute …"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.run-ready

# The command, usable from any folder. -P: a folder called node beside the caller is not ours.
$(BIN)/commonweave: | $(BIN)/python
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s" -P -m node "$$@"\n' "$(CURDIR)" "$(CURDIR)/$(BIN)/python" > $@
	@chmod 755 $@

$(BIN)/python:
	@python=""; for each in $$PYTHON python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$each; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Commonweave needs Python 3.11 or newer, and none was found here." >&2; \
	  echo "On Debian 12 or Ubuntu 24.04:  sudo apt install python3 python3-venv" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "Python is here, but it cannot make virtual environments." >&2; \
	  echo "On Debian or Ubuntu:  sudo apt install python3-venv" >&2; exit 1; \
	fi; \
	echo "Setting up with $$("$$python" --version) in $(VENV) …"; \
	"$$python" -m venv $(VENV)
