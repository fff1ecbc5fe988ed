# Everything a newcomer needs: `make` lists it. A fresh machine wants only Python >= 3.11 (with venv) and make;
# the first `make run` or `make test` builds .venv from the hashed lock, later ones start at once.
# Ports of `make run`: TIPLINE_INTAKE_PORT, TIPLINE_CONSOLE_PORT, TIPLINE_PHONES_PORT in the environment move them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UP := var/run/up.lock
ARGS ?=
WORDS := .portal.pot
# Comes with the judges of `make conformance`; one contract test reads it, and is skipped where it is not there.
OPENAPI := $(wildcard tests/conformance/node_modules/@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json)
CODE := channels exports gateway responders tests triage .ci

.DEFAULT_GOAL := help
.PHONY: help run test check format words conformance faults bench encoder train triage-report pictures lock reset clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run ## Start the demo: public side :8000, console :8001, two phones :8002 (Ctrl-C stops it)
	@exec $(BIN)/tipline demo $(ARGS)

test: $(VENV)/.dev ## Run the tests; ARGS="-k word -x" goes to pytest
	$(if $(OPENAPI),TWILIO_OPENAPI=$(OPENAPI)) $(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.dev ## Format, lint, types, layers, tidiness: what a commit must pass
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo
	$(BIN)/python .ci/tidy.py

format: $(VENV)/.dev ## Rewrite the code the way `make check` wants it
	$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .

words: $(VENV)/.dev ## Bring the portal's catalogues up to date with its pages; then translate what is new
	$(BIN)/pybabel --quiet extract --mapping pyproject.toml --no-location --sort-output --no-wrap \
		--output-file $(WORDS) channels/portal
	$(BIN)/pybabel --quiet update --input-file $(WORDS) --output-dir channels/portal/locale --domain portal \
		--no-fuzzy-matching --ignore-obsolete --no-wrap --omit-header
	rm $(WORDS)

conformance: $(VENV)/.dev ## Let independent judges check us (wants node >= 20, npm and xmlsec1)
	@command -v xmlsec1 >/dev/null || { echo "make conformance needs xmlsec1 (Debian: apt install xmlsec1)." >&2; exit 1; }
	@command -v npm >/dev/null || { echo "make conformance needs node >= 20 and npm: its judges are npm packages." >&2; exit 1; }
	npm --prefix tests/conformance ci --silent
	$(BIN)/python -m pytest tests/conformance $(ARGS)

faults: $(VENV)/.dev ## Kill, lock, fill and cut everything while texts come in; ARGS=--short is what CI runs
	$(BIN)/python -m pytest tests/faults $(ARGS)

bench: $(VENV)/.dev ## Measure this machine and our path on it
	$(BIN)/python -m tests.bench $(ARGS)

encoder: $(VENV)/.encoder ## Tune the network of triage to the corpus, some hours; then: make train
	$(BIN)/python -m tests.encoder $(ARGS)

train: $(VENV)/.dev ## Fit the statistical layer of triage to the corpus; ships it only where it buys something
	$(BIN)/python -m tests.triage_report.learn

triage-report: $(VENV)/.dev ## How good triage is: var/triage-report.html; ARGS="--ratchet" tightens what CI holds
	$(BIN)/python -m tests.triage_report $(ARGS)

pictures: $(VENV)/.dev ## Take the README's pictures anew from a running house (wants a Chromium)
	$(BIN)/python -m tests.pictures

lock: $(VENV)/.dev ## Resolve the newest versions that fit together into all locks
	$(BIN)/uv $(COMPILE) --upgrade --extra chat --extra build --extra dev -o requirements-dev.lock pyproject.toml
	$(BIN)/uv $(COMPILE) --extra build -c requirements-dev.lock -o requirements.lock pyproject.toml
	$(BIN)/uv $(COMPILE) --extra build --extra dev --extra encoder -c requirements-dev.lock -o requirements-encoder.lock pyproject.toml

reset: ## Clear the demo's data and keys (var/)
	@test ! -e $(UP) || $(PYTHON) -c 'import fcntl; fcntl.flock(open("$(UP)"), fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null \
		|| { echo "Tipline runs from var/ just now. Stop it first (Ctrl-C)." >&2; exit 1; }
	rm -rf var

clean: reset ## Clear what tools leave behind as well, .venv included
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov
	rm -rf tests/conformance/node_modules

# Hashes, one file for every platform, and no index address: whose mirror it came from is nobody's business.
# Extras stay in it: without them pip 23 looks at the newest release of `coverage[toml]` and misses its hash.
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-strip-extras --annotation-style line --custom-compile-command "make lock"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Tipline needs Python 3.11 or newer; point to one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "This Python cannot make environments. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

# The other locks hold the same versions as the runtime lock and more, so all can fill one environment.
$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing $< into $(VENV) ..."
	@$(PIP) install --require-hashes -r $<
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev $(VENV)/.encoder: $(VENV)/.%: requirements-%.lock pyproject.toml | $(BIN)/python
	@echo "Installing $< into $(VENV) ..."
	@$(PIP) install --require-hashes -r $<
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@
