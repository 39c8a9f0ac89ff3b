# Needs Python 3.11 or newer (with venv), make and, for the first set-up, a package index. `make` alone lists the targets.

PYTHON ?= python3.11
WORKERS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
FOREIGN := swupdate cpio softhsm2 postgresql chromium
ASSETS := src/openinfusion/web/assets
VENDOR := src/openinfusion/web/design/static/vendor
NPM := PATH="$(CURDIR)/build/node/bin:$$PATH" PYTHONPATH=build/node build/node/bin/npm ci --silent --no-audit --no-fund
SOURCES := $(wildcard src tests tools benchmarks conformance)
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras --upgrade

.DEFAULT_GOAL := help
.PHONY: help demo test check coverage foreign bench bench-lake bench-fleet calibration currency kill-test gateway-kill-test bench-gateway bench-devices bench-web bench-insight bench-web-fleet screenshots pump-test reliability mutation generate format lock clean java

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.run-ready $(VENDOR)/.ready ## Show the system at work on example data
	@OPENINFUSION_SHARED_DATA=$${OPENINFUSION_SHARED_DATA:-../shared/data} $(BIN)/openinfusion demo

test: .venv/.spark-ready build/foreign/.ready $(VENDOR)/.ready ## Run every test, also on Spark; core must be covered in full, branches included
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup -p no:benchmark --cov --cov-report=term --durations=25

check: .venv/.ready ## Check style, types, import direction and generated documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports
	@$(BIN)/python tools/generate.py --check

coverage: .venv/.spark-ready build/foreign/.ready $(VENDOR)/.ready ## Run every test and show what of the whole package they cover (slow: it traces every line)
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup -p no:benchmark --cov=openinfusion --cov-report= --cov-fail-under=0
	@$(BIN)/coverage report --include='src/openinfusion/*' --fail-under=0

bench: .venv/.ready ## Measure speed
	@$(BIN)/pytest benchmarks --benchmark-only -p no:randomly

bench-lake: .venv/.spark-ready ## Measure replay and questions over 100 million rows (minutes, 10 GB of disk in build/)
	@test -d build/lake || { $(BIN)/openinfusion pump fleet build/year --pumps 60 && $(BIN)/openinfusion lake ingest build/lake build/year/events-*; }
	@$(BIN)/python -m benchmarks.replay_lake --work build/replay --out benchmarks/figures/replay.json
	@$(BIN)/python -m benchmarks.questions_lake --lake build/lake --work build/events --out benchmarks/figures/questions.json

bench-fleet: .venv/.ready ## Measure a trust on virtual pumps: 15, 150 and 1,500 pumps, and 1,500 for a year (minutes)
	@$(BIN)/python -m benchmarks.fleet --year --out benchmarks/figures/fleet.json

calibration: .venv/.ready ## Live through a year under ten seeds and keep the figures beside the published ones (minutes)
	@$(BIN)/python -m benchmarks.calibration --workers $(WORKERS)

currency: .venv/.ready ## Let a release go through simulated pumps under ten seeds: docs/explanation/time-to-currency.md
	@$(BIN)/python -m benchmarks.currency

kill-test: .venv/.ready ## End an ingest 200 times at any moment: nothing acknowledged is lost, nothing is kept twice
	@OPENINFUSION_KILLS=200 $(BIN)/pytest -p no:benchmark tests/integration/test_lake_kill.py

gateway-kill-test: .venv/.ready ## End a gateway under load 100 times: nothing acknowledged is lost, nothing is kept twice
	@OPENINFUSION_KILLS=100 $(BIN)/pytest -s -p no:benchmark tests/integration/test_gateway_kill.py
	@OPENINFUSION_POWER_CUTS=300 $(BIN)/pytest -p no:benchmark tests/integration/test_gateway_power_cut.py

bench-gateway: .venv/.ready ## Measure the gateway end to end, beside itself without a store and SQLite alone
	@$(BIN)/python -m benchmarks.gateway

bench-devices: .venv/.ready ## Measure the device API with 10,000 pumps over HTTP, beside a handler that does nothing (minutes)
	@$(BIN)/python -m benchmarks.devices --out benchmarks/figures/devices.json

bench-insight: .venv/.ready $(VENDOR)/.ready ## Measure the pages of figures over a year of 150 pumps, and counting it (minutes)
	@test -d build/insight-year || $(BIN)/openinfusion pump fleet build/insight-year --pumps 150
	@test -d build/insight-lake || $(BIN)/openinfusion lake ingest build/insight-lake build/insight-year/events-*.jsonl.zst
	@$(BIN)/python -m benchmarks.insight --lake build/insight-lake --registers build/insight-year

bench-web: .venv/.ready $(VENDOR)/.ready ## Measure the pages over 5,000 entries and ten years of versions, beside an empty view (minutes)
	@$(BIN)/python -m benchmarks.web
	@$(BIN)/python -m benchmarks.workbench --work build/workbench --out benchmarks/figures/workbench.json

bench-web-fleet: .venv/.ready $(VENDOR)/.ready ## Measure the fleet page over 10,000 pumps, and how soon 50 viewers see a report (minutes)
	@$(BIN)/python -m benchmarks.web_fleet

screenshots: build/foreign/.ready $(VENDOR)/.ready ## Take the pictures of every page of the web application: docs/images/web
	@$(BIN)/python tools/screenshots.py

pump-test: .venv/.ready ## Do 100,000 things to virtual pumps, in any order (minutes)
	@OPENINFUSION_PUMP_STEPS=100000 $(BIN)/pytest -p no:benchmark tests/generative/test_pump_machine.py

reliability: .venv/.ready build/foreign/.ready ## Run the tests of reliability long, and keep what they measured (an hour or more)
	@OPENINFUSION_RELIABILITY=1 $(BIN)/pytest -n $(WORKERS) --dist loadgroup -p no:benchmark -m reliability
	@$(BIN)/python tools/generate.py

mutation: .venv/.ready ## Change core in small ways and count the changes that no test notices (slow)
	@$(BIN)/python tools/mutate.py --jobs $(WORKERS)

generate: .venv/.ready ## Write the generated documents again
	@$(BIN)/python tools/generate.py

format: .venv/.ready ## Lay out the code and mend what can be mended safely
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

foreign: build/foreign/.ready ## Set up the clients, servers and key modules of others that the tests talk to

lock: $(BIN)/uv ## Choose the newest versions again and write requirements/*.txt
	@$(LOCK) --extra build --output-file requirements/run.txt pyproject.toml >/dev/null
	@$(LOCK) --extra build --extra dev --constraint requirements/run.txt --output-file requirements/dev.txt pyproject.toml >/dev/null
	@$(LOCK) --extra build --extra dev --extra spark --constraint requirements/dev.txt --output-file requirements/spark.txt pyproject.toml >/dev/null

clean: ## Remove everything that can be made again
	@rm -rf .venv build dist mutants htmlcov .coverage .coverage.* .benchmarks .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed and '$(PYTHON)' is not one. Debian: apt install python3. Another name: make PYTHON=python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module. Debian: apt install python3-venv (or python3.11-venv)"; exit 1; }
	@$(PYTHON) -m venv .venv

# Only what runs, so that the demo starts soon; .ready adds what developers need to the same environment.
.venv/.run-ready: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Setting up .venv to run ..."
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.ready: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Setting up .venv to develop ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ .venv/.run-ready

# Spark comes as source (434 MB), so that what builds it must be there before: .ready installs setuptools.
.venv/.spark-ready: requirements/spark.txt .venv/.ready | java
	@echo "Adding Spark to .venv (434 MB, some minutes) ..."
	@$(PIP) install --require-hashes --no-build-isolation --use-pep517 -r requirements/spark.txt
	@touch $@

# Only tests need these: an update client and a key module of Debian, PostgreSQL, and what others wrote of TUF and DDI.
# Their dependencies stay out (--no-deps): of rauc-hawkbit the tests use the part that speaks to a server.
build/foreign/.ready: requirements/foreign.txt tests/foreign/package-lock.json build/node/.ready .venv/.ready
	@for tool in swupdate cpio softhsm2-util psql chromium; do command -v $$tool >/dev/null || missing=yes; done; \
		test -z "$$missing" || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing $(FOREIGN) for the tests ..." && \
		  apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
		  apt-get -qq install --yes --no-install-recommends $(FOREIGN) >/dev/null 2>&1; } || \
		{ echo "The tests need $(FOREIGN). Debian: apt install $(FOREIGN)"; exit 1; }
	@rm -rf build/foreign && mkdir -p build/foreign/tuf && cp tests/foreign/package*.json build/foreign/tuf/
	@$(PIP) install --no-deps --require-hashes --target build/foreign -r requirements/foreign.txt
	@$(NPM) --prefix build/foreign/tuf
	@touch $@

# Node is needed once, to fetch what npm keeps: the design system of the web application, and what the tests use.
build/node/.ready: requirements/node.txt | $(BIN)/python
	@rm -rf build/node
	@$(PIP) install --no-deps --require-hashes --target build/node -r requirements/node.txt
	@touch $@

$(VENDOR)/.ready: $(ASSETS)/package.json $(ASSETS)/package-lock.json tools/web_assets.py build/node/.ready
	@echo "Fetching the design system and the charts of the web application ..."
	@rm -rf build/web && mkdir -p build/web && cp $(ASSETS)/package*.json build/web/
	@$(NPM) --prefix build/web
	@$(BIN)/python tools/web_assets.py build/web/node_modules
	@touch $@

java:
	@command -v java >/dev/null || test -n "$$JAVA_HOME" || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing Java 17 for Spark ..." && \
		  apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
		  apt-get -qq install --yes --no-install-recommends openjdk-17-jre-headless >/dev/null; } || \
		{ echo "Spark needs Java 17. Debian: apt install openjdk-17-jre-headless"; exit 1; }

$(BIN)/uv: | $(BIN)/python
	@$(PIP) install uv
