# Everything a developer, a tester or a newcomer types. `make help` lists it.

SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
# Stamps: what running needs is in .venv; and what developing needs besides.
RUNS := .venv/.runs
READY := .venv/.ready
LOCK_FLAGS ?=
PYTEST_FLAGS ?=
# A file's tests stay in one process, so that what they share (a filled archive, a browser) is made once; the files come as
# tests/tiers.py puts them, the longest first.
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder
PYTEST = $(BIN)/python -m pytest
FAST = $(PYTEST) $(PARALLEL) -m fast --without-servers tests/unit tests/contract
# Which tenth of the nightly tests `make test` runs: another one each day.
SEED ?= $(shell date -u +%F)
# Where each run leaves its durations, for `make durations`.
REPORTS := .venv/reports

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ── making ready ────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: setup
setup: $(READY) ## Make .venv from the lock, with the command .venv/bin/jianzheng, and all that developing needs
	@:

# A stamp is newer than its lock as long as neither lock nor pyproject changed: then there is nothing to do.
$(RUNS): requirements.lock requirements-build.lock pyproject.toml
	@bash .ci/system ensure python
	@[ -x $(BIN)/python ] && $(BIN)/python -c 'import pip' 2>/dev/null || "$$(bash .ci/system python)" -m venv --clear .venv
	@bash .ci/packages "what running needs" requirements-build.lock requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@bash .ci/packages check
	@touch $@

$(READY): requirements-dev.lock $(RUNS)
	@bash .ci/packages "what developing needs" requirements-dev.lock
	@bash .ci/packages check
	@touch $@

.PHONY: setup-system
setup-system: ## Install the Debian packages: Python, Chinese fonts, Chromium, PDF tools, servers for tests (sudo where not root)
	@bash .ci/system install

# ── using it ────────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: demo
demo: $(RUNS) ## Fill a demonstration archive and serve it on 127.0.0.1:8000
	@bash .ci/system ensure fonts || echo "Going on; but Chinese text in PDF files will be missing."
	@$(BIN)/python -m examples.demo

# ── checking it ─────────────────────────────────────────────────────────────────────────────────────────────────

.PHONY: test
test: setup ## Run the tests, with coverage of the domain; of the nightly ones a tenth, the same again with SEED=…
	@bash .ci/system ensure python fonts browser pdf
	@bash .ci/system ensure servers || { [ "$${CI:-}" != true ] && echo "Going on; but what needs servers will be skipped."; }
	@# The fast tier needs no servers: what they are made of is fetched and built meanwhile.
	@$(BIN)/python -m tests.servers fetch >.venv/programs.log 2>&1 & programs=$$!; \
	$(FAST) --cov --cov-report=term --junit-xml=$(REPORTS)/fast.xml $(PYTEST_FLAGS) || exit; \
	wait $$programs || { cat .venv/programs.log; [ "$${CI:-}" != true ]; }
	@$(PYTEST) $(PARALLEL) -m "not fast and not browser" --nightly=tenth --nightly-seed=$(SEED) --junit-xml=$(REPORTS)/others.xml $(PYTEST_FLAGS)
	@# A browser, the server it speaks to and the indexers need the machine for themselves: people wait for them.
	@$(PYTEST) -m browser --junit-xml=$(REPORTS)/browser.xml tests/e2e $(PYTEST_FLAGS)

.PHONY: test-fast
test-fast: setup ## Run the unit and contract tests that need no server: an answer within 45 seconds
	@$(FAST) $(PYTEST_FLAGS)

PART ?=

.PHONY: test-all
test-all: programs ## Run every test, the nightly ones too, in parts that are not done twice: make test-all PART=others-1
	@bash .ci/system ensure fonts browser pdf
	@$(BIN)/python -m tests.parts $(addprefix --part ,$(PART)) -- $(PYTEST_FLAGS)

.PHONY: programs
programs: setup ## Fetch and build what tests run besides: servers, and other people's programs
	@bash .ci/system ensure python servers
	@$(BIN)/python -m tests.servers fetch

.PHONY: durations
durations: setup ## Write tests/durations.json again from the reports of the last runs
	@$(BIN)/python -m tests.durations

SECONDS ?= 1800
SOAK_FLAGS ?=

.PHONY: soak
soak: programs ## Kill every process again and again under load, then look for losses: make soak SECONDS=600
	@$(BIN)/python -m tests.faults.soak $(SECONDS) $(SOAK_FLAGS)

DRILL_FLAGS ?= --servers

.PHONY: drill
drill: programs ## Tamper with an archive in every way, verify each time, and write docs/TAMPER-DRILL.md
	@$(BIN)/python -m tests.drill $(DRILL_FLAGS)

.PHONY: lint
lint: setup ## Check style, types and layers
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "These files are not formatted; run: make format"; $(BIN)/ruff format --check .; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }

.PHONY: format
format: setup ## Format the code and mend what can be mended by machine
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format .

.PHONY: bench
bench: setup ## Run the benchmarks of docs/PERFORMANCE.md
	@$(BIN)/python -m benchmarks.run

# ── keeping it in order ─────────────────────────────────────────────────────────────────────────────────────────

.PHONY: docs
docs: setup ## Write the reference pages again from the code
	@$(BIN)/python -m docs.generate

.PHONY: lock
lock: setup ## Resolve the dependencies again (newest ones: make lock LOCK_FLAGS=--upgrade)
	@$(BIN)/uv pip compile pyproject.toml $(UV_FLAGS) --extra servers -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml $(UV_FLAGS) --extra servers --extra dev -c requirements.lock -o requirements-dev.lock
	@echo setuptools | $(BIN)/uv pip compile - $(UV_FLAGS) -c requirements-dev.lock -o requirements-build.lock

# One lock for every platform and every Python from the oldest supported one; what is installed is checked by hash.
UV_FLAGS = --quiet --universal --python-version 3.11 --generate-hashes --no-header $(LOCK_FLAGS)

.PHONY: clean
clean: ## Remove everything that was made, except archives (demo-data too stays)
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
