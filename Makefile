# Set-up and checks. `make demo` and `make test` need only Python 3.11 to 3.14 and make; all else goes into .venv.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first usable Python on PATH; `make PYTHON=/some/python demo` takes another one. It must be able to make an environment
# (Debian keeps that in python3-venv), and networkx refuses 3.14.1.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11 python,\
	$(shell $(name) -c '$(usable)' >/dev/null 2>&1 && echo $(name))))
usable := import sys, venv, ensurepip; v = sys.version_info[:3]; sys.exit(not (3, 11) <= v < (3, 15) or v == (3, 14, 1))

BIN := .venv/bin
# A lock is complete and its hashes are checked, so nothing is resolved; what builds the project is in it, so nothing else is fetched.
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet --no-deps
LOCKED := $(PIP) --only-binary :all: --require-hashes --requirement requirements
OWN := $(PIP) --no-build-isolation --editable .
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 2
SIZES ?= 60 600 5k
DECLARED := pyproject.toml $(wildcard requirements/*.lock)

.PHONY: help demo test test-slow mutation fuzz fuzz-solver lint audit bench docs catalogues lock sbom wheelhouse clean

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

fuzz: .venv/installed-test ## change files at random and read them, a minute for each reader; faults are kept as test cases (Linux)
	$(LOCKED)/fuzz.lock
	$(BIN)/python tools/fuzz.py $(FUZZ)

fuzz-solver: .venv/installed-test ## solve new random instances in every way there is, ten minutes; for every night
	$(BIN)/python tools/differential.py $(FUZZ)

lint: .venv/installed-dev ## style, formatting, types, the direction of imports, known vulnerabilities
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/audit.py

audit: .venv/installed-dev ## ask for known vulnerabilities; fail where nobody can be asked, too
	$(BIN)/python tools/audit.py --required

bench: .venv/installed-test ## time the benchmarks; the figures go to benchmarks/results/
	mkdir -p benchmarks/results
	$(PYTEST) benchmarks --benchmark-enable --benchmark-only \
		--benchmark-json "benchmarks/results/$$(date -u +%Y%m%dT%H%M%SZ).json"
	$(BIN)/python -m benchmarks.scale $(SIZES)
	$(BIN)/python -m benchmarks.families $(FAMILIES)

docs: .venv/installed-docs ## build the documentation into docs/_build/html; a warning is an error
	$(BIN)/sphinx-build -E -W --keep-going -b html docs docs/_build/html

catalogues: .venv/installed-test ## compile the message catalogues
	$(BIN)/python tools/compile_catalogues.py

lock: .venv/installed-dev ## write requirements/*.lock anew from pyproject.toml and constraints.txt; needs the network
	$(BIN)/python tools/lock.py

sbom: .venv/installed-dev ## write the bill of materials (CycloneDX) to dist/sbom.cdx.json
	$(BIN)/python tools/sbom.py dist/sbom.cdx.json

wheelhouse: .venv/installed-test ## pack an offline installation for this kind of machine into dist/wheelhouse
	$(BIN)/python tools/wheelhouse.py dist/wheelhouse

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
	$(LOCKED)/run.lock
	$(OWN)
	@touch $@

.venv/installed-test: $(DECLARED) .venv/bin/python
	@echo "Installing nichiiki and what its tests need into .venv (a minute or two) ..."
	$(LOCKED)/test.lock
	$(OWN)
	@touch $@ .venv/installed-run

.venv/installed-dev: $(DECLARED) .venv/bin/python
	@echo "Installing nichiiki and the developer's tools into .venv (a minute or two) ..."
	$(LOCKED)/dev.lock
	$(OWN)
	@touch $@ .venv/installed-test .venv/installed-run

.venv/installed-docs: $(DECLARED) .venv/bin/python
	@echo "Installing nichiiki and what its documentation needs into .venv (a minute or two) ..."
	$(LOCKED)/docs.lock
	$(OWN)
	@touch $@ .venv/installed-run
