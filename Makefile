# Every target installs its prerequisites, prints the duration of its steps, and can be interrupted and run again.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export SD_TRITON_CACHE ?= $(HOME)/.cache/sd-triton
export UV_CACHE_DIR ?= $(SD_TRITON_CACHE)/uv
export UV_LINK_MODE ?= hardlink
# The engine starts twice as fast with compiled bytecode.
export UV_COMPILE_BYTECODE := 1
export KUBECONFIG := $(SD_TRITON_CACHE)/kubeconfig
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/e2e/kit:$(SD_TRITON_CACHE)/bin/current:$(PATH)

step := tools/step
e2e_tests := pytest -q e2e/tests --timeout 900
unit_tests := pytest -q -n 3 --dist loadfile --durations 5 -m "not slow"
slow_tests := pytest -q -n 3 --dist loadfile --durations 5 -m slow

.PHONY: help setup fmt check unit test test-phases images demo bench bench-engine bench-operator bench-supply clean

help: ## Print this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## Install uv, the Python environment and Debian's audio tools
	@$(step) "Debian packages" tools/debian-packages curl espeak-ng ffmpeg libpython3.11 openssl python3-venv
	@$(step) "uv" tools/install-uv
	@$(step) "Python environment" "$(SD_TRITON_CACHE)/uv-venv/bin/uv" sync --frozen --all-extras --quiet

fmt: setup ## Format the code and regenerate the generated files
	@ruff format --quiet .
	@ruff check --fix --quiet .
	@tools/generate

check: setup ## Lint, types, import contracts, generated files, chart and manifests
	@$(step) "ruff" ruff check --quiet .
	@$(step) "format" ruff format --check --quiet .
	@$(step) "pyright" pyright
	@$(step) "import contracts" lint-imports
	@$(step) "helm, kubeconform, kubectl, promtool" sd-kit tools helm kubeconform kubectl kube-apiserver etcd promtool
	@$(step) "documentation links" tools/check-links
	@$(step) "generated files" tools/generate --check
	@$(step) "chart and manifests" tools/check-manifests

unit: setup ## Unit tests: no cluster, no API server, no engine restarts (about 2 min)
	@$(step) "unit tests" $(unit_tests)

test: ## All tests, from pure functions to pods on a real cluster; this is what CI runs
	@tools/phases $(MAKE) --no-print-directory test-phases

test-phases: check
	@$(step) "unit tests" $(unit_tests)
	@$(step) "tests of engines and of the operator on a control plane" $(slow_tests)
	@$(step) "cluster" sd-kit up
	@$(step) "images" sd-kit images
	@$(step) "end-to-end tests" $(e2e_tests) -m "not timing" --keep-demo -n 3 --dist loadscope --durations 15
	@$(step) "end-to-end tests that assert durations" $(e2e_tests) -m timing

images: setup ## Build all images; REGISTRY=host:port/path pushes them there
	@sd-kit images $(if $(REGISTRY),--registry $(REGISTRY))

demo: setup ## Create a cluster, the operator and a service; print the timeline of a recording
	@python e2e/demo.py

bench: setup ## Run all benchmarks; write benchmarks/results and docs/performance.md
	@$(step) "benchmarks" python -m benchmarks

bench-engine: setup ## Benchmark the engine against stock pyannote.audio (about 80 min on two idle cores)
	@$(step) "engine benchmark" python -m benchmarks engine

bench-operator: setup ## Benchmark the operator on a control plane without nodes (about 20 min)
	@$(step) "operator benchmark" python -m benchmarks operator

bench-supply: setup ## Benchmark the model store, partly in a cluster (about 15 min)
	@$(step) "model store benchmark" python -m benchmarks supply

clean: ## Remove the cluster and the registry's container (docker and the caches stay)
	@[ ! -x .venv/bin/python ] || sd-kit down
