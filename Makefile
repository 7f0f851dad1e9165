# make run    sets everything up and starts the app on this machine, at 127.0.0.1:8501
# make test   sets everything up, and what the tests need, and runs every check
# make setup  the set-up alone, into .venv (then .venv/bin/planner works)
# make check  format, lint, types, layers, tests; no set-up
# make wheel  packs all of it into one file in dist/
# make bench  what it costs by size of the map, beside others: docs/performance.md; CITY=county.osm.pbf for your own
# make lock   resolves requirements.lock anew from pyproject.toml
#
# Set-up leaves a stamp for each step, so that a second run has nothing to do and takes no time.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Which Python makes the environment; empty: the system's own 3.11 or 3.12, or else the first fit one on the path.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
STATIC := planner/ui/incident_map/static
PORT ?= 8501

.PHONY: help
help:
	@sed -n '1,9s/^# \{0,1\}//p' Makefile

# --- set-up -----------------------------------------------------------------------------------------------

.PHONY: setup
setup: app $(VENV)/.ready browser

# What the app itself needs.
.PHONY: app
app: $(VENV)/.project $(STATIC)/.built

$(VENV)/.created: | scripts/setup.sh
	@scripts/setup.sh venv "$(PYTHON)" $(VENV)
	@touch $@

$(VENV)/.packages: requirements.lock $(VENV)/.created
	@scripts/setup.sh packages $(VENV)
	@touch $@

$(VENV)/.project: pyproject.toml $(VENV)/.packages
	@scripts/setup.sh project $(VENV)
	@touch $@

# No stamp where npm is missing: the step is tried again next time.
$(STATIC)/.built: package-lock.json planner/ui/frontend.py | $(VENV)/.project
	@scripts/setup.sh frontend $(VENV) $@

# Once for each version of the code and the shipped maps; without a stamp, tried again next time.
$(VENV)/.ready: $(shell find planner data -name '*.py' -o -name '*.toml' -o -name '*.pbf') | $(VENV)/.project
	@scripts/setup.sh ready $(VENV) $@

# Looks each time, which takes no time: tests that need a browser say so where there is none, and fail in CI.
.PHONY: browser
browser:
	@scripts/setup.sh browser

# --- use --------------------------------------------------------------------------------------------------

.PHONY: run
run: app $(VENV)/.ready
	$(BIN)/planner app --port $(PORT)

# A wheel with the page, its scripts and the shipped areas in it, in dist/.
.PHONY: wheel
wheel: app
	$(BIN)/python -m hatchling build -t wheel

# --- checks -----------------------------------------------------------------------------------------------

# Getting ready and what needs no getting ready go on beside each other: either keeps one core busy for a minute or two.
.PHONY: test
test: app
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target $(VENV)/.ready browser static
	@$(MAKE) --no-print-directory tests

.PHONY: check
check: static tests

.PHONY: static
static: format lint types layers

.PHONY: format lint types layers tests
format:
	$(BIN)/ruff format --check .
lint:
	$(BIN)/ruff check .
types:
	$(BIN)/mypy
layers:
	$(BIN)/lint-imports --no-logo
# On all cores, a file's tests on one of them: what a file sets up is set up once. Who gets which: tests/dealing.py
tests:
	$(BIN)/python -m pytest -n auto --dist loadfile

# Outside the suite. Writes docs/performance.md: the shipped city and larger maps made of it, or of CITY, an extract of
# some 100,000 edges. OSRM and Valhalla take part where there is a python3.12. bench-each: every benchmark on AREAS.
AREAS ?= montevideo
CITY ?=
.PHONY: bench bench-each
bench: app
	$(BIN)/python -m benchmarks.scale $(CITY)
bench-each: app
	$(BIN)/python -m benchmarks $(AREAS)

# --- upkeep -----------------------------------------------------------------------------------------------

# The registry alone is asked, whatever this machine is told besides: no other index, no folder of wheels,
# and none of their names, can get into the lock. Pins already in the lock stay, unless UPGRADE=--upgrade.
.PHONY: lock
lock:
	env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL -u PIP_INDEX_URL -u UV_FIND_LINKS -u UV_EXTRA_INDEX_URL -u UV_INDEX \
		$(BIN)/uv pip compile pyproject.toml --group dev --no-config --generate-hashes --no-annotate \
		--python-version 3.11 --python-platform x86_64-manylinux_2_28 $(UPGRADE) \
		--custom-compile-command "make lock" --quiet --output-file requirements.lock
