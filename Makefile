# Every target prepares what it needs in .venv; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
# Installs the locked set in 20 s, where pip takes 160.
UV_VERSION := 0.13.9
LIBMF_VERSION := 0.9.2
UV := VIRTUAL_ENV=.venv $(BIN)/uv pip
COMPILE := $(UV) compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml
LATENTLENS := $(BIN)/latentlens
# Where bench-scale and bench-training write their ratings.
SCRATCH ?= /tmp/latentlens-scale
.DEFAULT_GOAL := help

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

.venv/ready: locks/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(UV) install --quiet --compile-bytecode --require-hashes -r locks/dev.txt
	$(UV) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

venv: .venv/ready ## make .venv with the locked dependencies

up: venv ## train if nothing is registered, then MLflow on :5000 and the API on :8000
	$(LATENTLENS) up

test: venv ## all tests but those that take minutes or need Docker or a browser
	$(BIN)/python -m pytest -m "not slow and not docker and not browser" -n 2 --dist loadfile

test-slow: venv ## the tests that take minutes, with what they say
	$(BIN)/python -m pytest -m "slow and not docker and not browser" -s

test-docker: venv ## the tests that need a Docker engine
	$(BIN)/python -m pytest -m docker

test-browser: venv ## the tests that need Chromium; they renew the pictures in docs/
	LATENTLENS_PICTURES=docs/pictures $(BIN)/python -m pytest -m browser

lint: venv ## ruff, mypy --strict and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## lint and test

notebook: venv ## run the guide's notebook from top to bottom, leaving its file as it is
	cd notebooks && ../$(BIN)/jupyter execute --output=/tmp/latentlens-notebook.ipynb 05-MLflow-Experiment-Tracking.ipynb

format: venv ## let ruff put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: venv .venv-peers/ready $(if $(shell command -v g++),.venv-peers/libmf.so) ## beside scikit-surprise, LIBMF, implicit and polars in one run; writes benchmarks/RESULTS.md
	$(BIN)/python benchmarks/side_by_side.py

bench-kernel: venv ## updates, lists and exact user steps a second on a set of ML-25M's shape
	$(BIN)/python benchmarks/kernel.py

bench-api: venv ## requests per second of the API beside FastAPI routes that do nothing
	$(BIN)/python benchmarks/api.py

bench-explanations: venv ## whether reasons are the reasons, what named axes carry, what an explanation costs
	$(BIN)/python benchmarks/explanations.py

.venv-peers/ready: benchmarks/peers.txt .venv/ready
	$(PYTHON) -m venv .venv-peers
	VIRTUAL_ENV=.venv-peers $(BIN)/uv pip install --quiet -r benchmarks/peers.txt
	@touch $@

# Built with AVX, as pip's package is not.
.venv-peers/libmf.so: .venv-peers/ready
	.venv-peers/bin/pip download --quiet --no-binary :all: --no-deps --dest .venv-peers libmf==$(LIBMF_VERSION)
	tar -xzf .venv-peers/libmf-$(LIBMF_VERSION).tar.gz -C .venv-peers
	g++ -O3 -march=native -DUSEAVX -include string -pthread -shared -fPIC \
		.venv-peers/libmf-$(LIBMF_VERSION)/src_cpp/mf.cpp -o $@

bench-ranking: venv .venv-peers/ready ## lists beside those of other packages, in an environment of their own; takes half an hour
	$(BIN)/python benchmarks/ranking_peers.py

bench-scale: venv ## time per rating and memory from 1 to 100 million ratings: SCRATCH=folder with 4 GB of room
	$(BIN)/python benchmarks/scale.py $(SCRATCH)

bench-training: venv ## seconds and memory of a whole training on 25 million ratings: SCRATCH=folder with 2 GB of room
	$(BIN)/python benchmarks/training.py $(SCRATCH)

bench-evaluation: venv ## the tables of docs/evaluation.md: every model on three splits of ml-latest-small
	$(BIN)/python benchmarks/evaluation_tables.py

lock: venv ## renew the lock files
	$(COMPILE) --extra dev -o locks/dev.txt
	$(COMPILE) --extra train --extra track -o locks/train.txt
	$(COMPILE) --extra serve -o locks/serve.txt

clean: ## remove .venv, caches and compiled kernels; never mlruns
	find src -name "*.nb[ci]" -delete
	rm -rf .venv .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help venv up test test-slow test-docker test-browser lint check notebook format bench bench-kernel \
	bench-api bench-explanations bench-evaluation bench-ranking bench-scale bench-training lock clean
