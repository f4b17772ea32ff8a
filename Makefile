# The one door. `make` prints this.

VENV := .venv
BIN := $(VENV)/bin
PIP := -m pip install --quiet --disable-pip-version-check
STAMP := $(VENV)/.installed
# The quick bench compares with nothing that `make setup` does not install.
BENCH_VENV := $(if $(filter-out 0,$(BENCH_QUICK)),$(VENV),.venv-bench)
# Tried in this order; evaluated only when an environment is made.
PYTHON = $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$python && break; done)
# Two processes, each with servers of its own: a file's tests stay together, and the files keep their order.
PARALLEL := --numprocesses=2 --dist=loadfile --no-loadscope-reorder
LOCK := --quiet $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup check test pythons coverage docs demo bench chaos findings lock

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## the environment in .venv, exactly as locked

.venv/.installed: requirements-dev.lock
.venv-bench/.installed: requirements-bench.lock
%/.installed: pyproject.toml
	@test -x $*/bin/pip || { python="$(PYTHON)"; \
	test -n "$$python" || { echo "Python 3.11, 3.12, 3.13 or 3.14 is needed: install it, for example as python3.12." >&2; exit 1; }; \
	$$python -m venv --clear $* || { echo "$$python cannot make an environment: install its venv module" \
		"(Debian: apt install python3-venv)." >&2; exit 1; }; }
	$*/bin/python $(PIP) --require-hashes -r $(filter %.lock,$^)
	$*/bin/python $(PIP) --no-deps --no-build-isolation -e .
	@touch $@

check: setup ## style, types, and who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: check pythons ## all checks, then all tests, on a real Kafka
	$(BIN)/python -m pytest $(PARALLEL) --durations=20

pythons: setup ## a slice of the tests on every other supported Python of this machine
	$(BIN)/python -m tests.pythons

coverage: setup ## which lines and branches no test reaches, into docs/coverage.md (twice as slow as the tests alone)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PARALLEL) $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --sort=miss
	$(BIN)/python -m tests.gaps $(TESTS)

docs: setup ## write what documents show of the code: the alert in README.md, the table of settings, the list of findings
	$(BIN)/python -m tests.documents
	$(BIN)/python -m tests.findings

demo: setup ## everything on this machine, with simulated traffic (DEMO_SECONDS=60 stops by itself)
	$(BIN)/lakay demo $(if $(DEMO_SECONDS),--seconds $(DEMO_SECONDS))

bench: $(BENCH_VENV)/.installed ## events per second against what else one could use (BENCH_QUICK=1 takes two minutes)
	$(BENCH_VENV)/bin/python -m benchmarks
	$(BENCH_VENV)/bin/python -m benchmarks.measurements $(if $(filter-out 0,$(BENCH_QUICK)),latency)

chaos: setup ## 40 faults, then everything compared (10 minutes; CHAOS_FAULTS=200 is long, CHAOS_SEED deals others)
	$(BIN)/python -m tests.chaos

findings: ## what surprised us in other people's software, tried again (NAME=... one; needs the network)
	@PYTHON="$(PYTHON)" findings/run $(NAME)

lock: setup ## pin every dependency with its hash (UPGRADE=1 moves to the newest)
	$(BIN)/uv pip compile $(LOCK) --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile $(LOCK) --output-file requirements-dev.lock --all-extras --group dev pyproject.toml
	$(BIN)/uv pip compile $(LOCK) --output-file requirements-bench.lock --all-extras --group bench pyproject.toml
	$(BIN)/uv pip compile $(LOCK) --constraints requirements-dev.lock --output-file deploy/lakay.lock --extra lake --extra api pyproject.toml
	$(BIN)/uv pip compile $(LOCK) --constraints requirements-dev.lock --output-file deploy/build.lock --group pyproject.toml:build
	$(BIN)/uv pip compile $(LOCK) --output-file deploy/mlflow.lock --group pyproject.toml:mlflow
