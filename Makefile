# Weir's build. `make` alone lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# Arguments for the program that a target runs: make demo ARGS='--for 30s'.
ARGS ?=
# The Go packages that are tested and linted.
PKGS ?= ./...

export PKGS

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\n%s\n' "Variables: ARGS (of the program or go test), PKGS (of test and lint), VERSION"

.PHONY: build
build: ## Build bin/weir (needs Go and gcc)
	CGO_ENABLED=1 go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/weir ./cmd/weir

.PHONY: demo
demo: build ## Run everything in one process (ARGS='--for 30s')
	bin/weir demo $(ARGS)

.PHONY: bench
bench: build ## Measure throughput, latency and size on real servers (ARGS='--profile cpu.pprof')
	scripts/bench $(ARGS)

.PHONY: services
services: ## Install and start the servers that the tests use, and install Chromium
	scripts/services start
	scripts/chromium

.PHONY: services-stop
services-stop: ## Stop them
	scripts/services stop

.PHONY: test
test: ## Run the Go tests with -race and the Python tests, starting the services if needed
	scripts/test $(ARGS)

.PHONY: chaos
chaos: ## Kill workers and harm Redis for minutes on end, then with each safeguard switched off (WEIR_CHAOS_ROWS, …)
	WEIR_CHAOS_ROWS=$${WEIR_CHAOS_ROWS:-200000} WEIR_CHAOS_KILLS=$${WEIR_CHAOS_KILLS:-20} PKGS=./app scripts/test -run 'TestChaos$$' -v
	WEIR_CHAOS_SABOTAGE=1 PKGS=./app scripts/test -run TestChaosNoticesSabotage -v

.PHONY: lint
lint: ## Check formatting, go vet, golangci-lint, ruff, mypy, shellcheck
	scripts/lint

.PHONY: fmt
fmt: ## Format the Go and Python code
	scripts/lint --fix

.PHONY: train
train: build ## Make the shipped model again, from seeds (a few minutes)
	scripts/train $(ARGS)

.PHONY: accuracy
accuracy: build ## Measure what models find in the public data of WEIR_TEST_DATA, against targets (about 15 minutes)
	scripts/accuracy $(ARGS)

.PHONY: accuracy-unlabelled
accuracy-unlabelled: build ## The same for models that are trained without labels (about 10 minutes)
	scripts/accuracy unlabelled

.PHONY: clean
clean: ## Stop the services; delete everything built, installed or stored in this folder
	if [[ -d .services ]]; then env -u WEIR_SERVICES_DIR scripts/services stop; fi
	rm -rf bin .services .venv .cache
