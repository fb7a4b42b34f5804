# Set-up and checks. `make demo` and `make test` need only Python 3.11 to 3.14 and make; all else goes into .venv.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first usable Python on PATH; `make PYTHON=/some/python demo` takes another one. It must be able to make an environment
# (Debian keeps that in python3-venv), and networkx refuses 3.14.1.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11 python,\
	$(shell $(name) -c '$(usable)' >/dev/null 2>&1 && echo $(name))))
usable := import sys, venv, ensurepip; v = sys.version_info[:3]; sys.exit(not (3, 11) <= v < (3, 15) or v == (3, 14, 1))

BIN := .venv/bin
# The pins also hold for what pip installs to build the project. The paths stay relative: pip splits them at spaces.
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
	$(BIN)/python -m pip install --quiet
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 2
SIZES ?= 60 600 5k
DECLARED := pyproject.toml constraints.txt

.PHONY: help demo test test-slow mutation lint bench docs catalogues clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

demo: .venv/installed-run ## install, then run the bundled flagship instance end to end into out/
	$(BIN)/nichiiki demo --out out

test: .venv/installed-test ## install, then run the tests with the fixed sample of random examples
	$(PYTEST) -n $(WORKERS)

test-slow: .venv/installed-test ## run every test, slow ones too, with many new random examples
	NICHIIKI_FULL=1 $(PYTEST) -n $(WORKERS) -m "slow or not slow"

mutation: .venv/installed-test ## plant faults in the check and the tie-break, a sample; 95 % must be noticed
	$(BIN)/python tools/mutate.py

lint: .venv/installed-dev ## style, formatting, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: .venv/installed-test ## time the benchmarks; the figures go to benchmarks/results/
	mkdir -p benchmarks/results
	$(PYTEST) benchmarks --benchmark-enable --benchmark-only \
		--benchmark-json "benchmarks/results/$$(date -u +%Y%m%dT%H%M%SZ).json"
	$(BIN)/python -m benchmarks.scale $(SIZES)

docs: .venv/installed-docs ## build the documentation into docs/_build/html; a warning is an error
	$(BIN)/sphinx-build -E -W --keep-going -b html docs docs/_build/html

catalogues: .venv/installed-test ## compile the message catalogues
	$(BIN)/python tools/compile_catalogues.py

clean: ## remove the environment and everything built
	rm -rf .venv build dist out docs/_build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks
	find api instances models solver tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { \
		echo "nichiiki needs Python 3.11 to 3.14 with its venv module, and found none on PATH." >&2; \
		echo "Install one (Debian, Ubuntu: apt install python3-venv), or name it: make PYTHON=/path/to/python3 ..." >&2; \
		exit 1; }
	$(PYTHON) -m venv --clear .venv

# An environment is reinstalled when the declared dependencies, the pins or its Python change, and not otherwise.
.venv/installed-run: $(DECLARED) .venv/bin/python
	@echo "Installing nichiiki and its pinned dependencies into .venv (a minute or two) ..."
	$(PIP) --editable .
	@touch $@

.venv/installed-test: $(DECLARED) .venv/bin/python
	@echo "Installing nichiiki and what its tests need into .venv (a minute or two) ..."
	$(PIP) --editable '.[test]'
	@touch $@ .venv/installed-run

.venv/installed-dev: $(DECLARED) .venv/bin/python
	@echo "Installing nichiiki and the developer's tools into .venv (a minute or two) ..."
	$(PIP) --editable '.[dev]'
	@touch $@ .venv/installed-test .venv/installed-run

.venv/installed-docs: $(DECLARED) .venv/bin/python
	@echo "Installing nichiiki and what its documentation needs into .venv (a minute or two) ..."
	$(PIP) --editable '.[docs]'
	@touch $@ .venv/installed-run
