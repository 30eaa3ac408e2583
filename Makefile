# Dutybook's verbs. `make` alone explains them. Needs git, make and Python 3.11 or newer.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
VENDOR := admin_app/static/vendor
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_update_notifier := false

# Machines without npm get one from PyPI, into .venv.
ifeq ($(shell command -v npm 2>/dev/null),)
NPM := $(BIN)/npm
NODE := .venv/node.stamp
else
NPM := npm
NODE :=
endif

.PHONY: help run test nightly bench lint format assets assets-manifest screenshots lock reset clean

help: ## Explain the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@echo "Settings such as PORT=8001 or DEMO=0 go before or after the verb; docs/settings.md lists them."

run: .venv/product.stamp $(VENDOR)/icons.svg ## Install what is missing and serve at http://127.0.0.1:8000
	@$(BIN)/flask --app wsgi serve

test: .venv/test.stamp $(VENDOR)/icons.svg lint ## Run every check and every test, on SQLite, PostgreSQL and in Chromium
	@$(BIN)/python tools/chromium.py
	$(BIN)/pytest -n 2 --cov --cov-report=term

# 2,500 drawn companies on each database instead of the 150 of `make test`.
nightly: .venv/test.stamp ## Hold the rules of access against their second implementation, for some minutes
	$(BIN)/pytest -n 2 --hypothesis-profile=nightly tests/access

# The settings of bench/__main__.py: ROWS=100000 DB=sqlite PEERS=django,flask_admin; BENCH="--keep --rounds 4" for the rest.
bench: .venv-bench/stamp $(VENDOR)/icons.svg ## Measure what pages cost at a million rows, beside the peers
	@.venv-bench/bin/python -m bench --rows $(or $(ROWS),1000000) --db "$(DB)" --peers "$(PEERS)" $(BENCH)

lint: .venv/test.stamp ## Check style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/test.stamp ## Put the code into the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

assets: $(VENDOR)/icons.svg ## Fetch the browser assets and build the icon sprite

assets-manifest: node_modules/.stamp ## Accept changed browser packages into the manifest
	$(BIN)/python tools/assets.py --manifest

screenshots: .venv/test.stamp $(VENDOR)/icons.svg ## Take the pictures in docs/images anew
	@$(BIN)/python tools/chromium.py
	$(BIN)/python -m tools.screenshots

lock: .venv/product.stamp $(NODE) ## Compile the locks anew from requirements*.in and package.json
	$(BIN)/pip install --quiet pip-tools==7.6.2
	for name in requirements requirements-test requirements-node bench/requirements; do \
		CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe \
			--no-strip-extras --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
			--output-file=$$name.txt $$name.in || exit 1; \
	done
	$(NPM) install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund

reset: .venv/product.stamp ## Delete all data and load the starting data again (asks first)
	@$(BIN)/flask --app wsgi reset

clean: ## Remove what was installed and built; the data in var/ stays
	rm -rf .venv .venv-bench node_modules $(VENDOR) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "$(PYTHON) is not Python 3.11 or newer: install one and name it, like make run PYTHON=python3.12" >&2; exit 1; }
	@# Debian and Ubuntu pack the venv module apart.
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -q -y python3-venv; } || \
		{ echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/product.stamp: requirements.txt | .venv/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	@touch $@

.venv/test.stamp: requirements-test.txt .venv/product.stamp
	$(BIN)/pip install --quiet --require-hashes -r requirements-test.txt
	@touch $@

.venv-bench/stamp: bench/requirements.txt requirements.txt | .venv/bin/python
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --require-hashes -r requirements.txt -r bench/requirements.txt
	@touch $@

.venv/node.stamp: requirements-node.txt | .venv/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements-node.txt
	@touch $@

node_modules/.stamp: package-lock.json $(NODE) | .venv/bin/python
	$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(VENDOR)/icons.svg: node_modules/.stamp admin_app/static/icons.txt admin_app/static/manifest.json tools/assets.py
	$(BIN)/python tools/assets.py
