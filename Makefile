# `make` lists the targets. Each sets up .venv by itself, again when pyproject.toml has changed.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
TRAIN := .venv/.ready-train
PEERS := .venv/.ready-peers
RUN ?= build/run
# More arguments of `tlm-mlir recipe`: --list, --until STAGE, --pretrain 100000, ...
RECIPE ?=
DEMO := build/demo
LAVAPIPE := build/lavapipe/.ready
# The stock flags under which ResNet-50 was found to run fastest.
BEST_STOCK := '--iree-global-opt-use-im2col-for-convs;;--iree-opt-data-tiling'
CORPUS := model/corpus/training.jsonl.xz
# More arguments of benchmarks/peers.py: resnet50 --rounds 5 --threads 1, ...
PEER ?=
# What is measured where the GPU is: TARGET-ARCH, as `tlm-mlir bundle` knows them.
BUNDLES ?= cuda-sm_90 vulkan-ampere

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test pytest lit lavapipe lint model steps bundles bench peers clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) $(DEMO)/resnet50.irpa ## ResNet-50: stock IREE against the model's schedules, values checked
	$(BIN)/tlm-mlir bench examples/resnet50/resnet50.mlir \
	  --parameters=model=$(DEMO)/resnet50.irpa --baseline-arg=$(BEST_STOCK)

test: pytest lit ## all tests

pytest: $(READY) lavapipe ## the Python tests only
	$(BIN)/python -m pytest -q -n auto --dist loadfile tests/unit tests/e2e
	$(BIN)/python -m pytest -q tests/measure tests/train  # these time, with nothing beside them

lit: $(READY) ## the IR tests only
	$(BIN)/lit -v lit

lavapipe: $(LAVAPIPE) ## the software Vulkan driver that the tests run schedules on

lint: $(READY) ## style, imports, common mistakes, types
	$(BIN)/ruff check .
	$(BIN)/mypy

model: $(TRAIN) ## train the schedule model from the released records; RUN=DIR keeps the run there
	$(BIN)/tlm-mlir recipe $(RUN) $(RECIPE)

steps: $(READY) ## compile the released model's step for the CPUs that the package serves at once
	$(BIN)/python -m tlm_mlir.model.prebuilt

bundles: $(BUNDLES:%=build/bundles/%.zip) ## candidates for GPUs, to be measured there; BUNDLES="cuda-sm_90 .."

build/bundles/%.zip: | $(READY)
	@mkdir -p $(@D)
	$(BIN)/tlm-mlir bundle --corpus $(CORPUS) --dispatches 130 --proposer model --candidates 9 \
	  --target $(word 1,$(subst -, ,$*)) --arch $(word 2,$(subst -, ,$*)) -o $@

bench: $(READY) $(DEMO)/resnet50.irpa ## ResNet-50 against the best stock flags, more rounds
	$(BIN)/tlm-mlir bench examples/resnet50/resnet50.mlir \
	  --parameters=model=$(DEMO)/resnet50.irpa --rounds=50 \
	  --baseline-arg=--iree-global-opt-use-im2col-for-convs \
	  --baseline-arg=$(BEST_STOCK) \
	  --report-out=build/bench-resnet50.json

peers: $(PEERS) ## five networks beside torch, ONNX Runtime and OpenVINO, in one run; PEER="resnet50 .."
	$(BIN)/python benchmarks/peers.py --out build/peers.json $(PEER)

clean: ## remove all that make has made, .venv too
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find tlm_mlir tests lit examples \( -name __pycache__ -o -name Output \) -prune -exec rm -rf {} +

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(TRAIN): $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[train]'
	@touch $@

$(PEERS): $(TRAIN)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[peers]'
	@touch $@

$(LAVAPIPE): tests/e2e/lavapipe.sh
	sh $< $(@D)
	@test ! -d $(@D)/usr || touch $@

$(DEMO)/resnet50.irpa: examples/resnet50/resnet50.mlir examples/fill_parameters.py | $(READY)
	$(BIN)/python examples/fill_parameters.py $< $@
