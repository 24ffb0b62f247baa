.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH := .venv-bench
# Tests wait for brokers and engines a quarter of the time: one process more than cores, and five at most.
PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(min(5, (os.cpu_count() or 1) + 1))')

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "mediasieve needs Python 3.11 to 3.13; say: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

install: $(READY) ## .venv with everything

demo: $(READY) ## see it work; the first time it also compiles, on two cores for half a minute
	$(BIN)/mediasieve demo

test: $(READY) ## lint, types, import contracts and all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@echo 'Compiling kernels for half a minute, unless an earlier run has …' && $(BIN)/python -m streams.stages.kernels
	$(BIN)/pytest --numprocesses $(PROCESSES) --dist worksteal

$(BENCH)/.ready: tests/bench/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check --requirement tests/bench/requirements.txt
	@touch $@

bench: $(READY) $(BENCH)/.ready ## figures beside Faust, Quix Streams and imagehash, on Apache Kafka (needs Java 17, Maven)
	$(BIN)/python -m tests.bench --json bench.json

bench-quick: $(READY) ## little of each benchmark, to see that they run
	$(BIN)/python -m tests.bench --quick

chaos: $(READY) ## kill and restart workers under traffic, count every submission (needs Java 17, Maven)
	$(BIN)/python -m tests.bench.chaos

sbom: $(READY) ## dist/sbom.json (CycloneDX) and dist/licences.md, of what requirements.lock installs
	$(BIN)/python deploy/sbom/generate.py dist

screenshots: $(READY) ## the console's pictures in the docs, from the demo's data (needs Chromium)
	$(BIN)/python -m tests.console.screenshots

lock: $(READY) ## resolve the dependencies anew
	$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip install --quiet uv
	$(VENV)-lock/bin/uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --extra api --extra embedded --extra heif --extra onnx --extra pdq --extra redis --group dev pyproject.toml --output-file requirements.lock

clean: ## remove what was made here
	rm -rf $(VENV) $(VENV)-lock $(BENCH) bench.json .mypy_cache .ruff_cache .mediasieve dist build

.PHONY: help install demo test screenshots lock sbom clean bench bench-quick chaos
