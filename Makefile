# `make` lists the targets. Each sets up .venv by itself, again when pyproject.toml has changed.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
TRAIN := .venv/.ready-train
RUN ?= build/run
DEMO := build/demo
LAVAPIPE := build/lavapipe/.ready
# The stock flags under which ResNet-50 was found to run fastest.
BEST_STOCK := '--iree-global-opt-use-im2col-for-convs;;--iree-opt-data-tiling'
PRETRAIN ?= 600000
PRETRAIN_STEPS ?= 2250
FIRST_RECORDS := model/records/dispatch.jsonl.xz model/records/graph.jsonl.xz
FIRST_STEPS ?= 2600
# Later than what the second and third training see.
LATER := $(addprefix model/records/,dispatch_zen3.jsonl.xz dispatch_zen5.jsonl.xz graph_zen5.jsonl.xz)
RECORDS := $(wildcard model/records/*.jsonl.xz)
EARLIER := $(filter-out $(LATER),$(RECORDS))
CORPUS := model/corpus/training.jsonl.xz
MORE ?= 25000
STEPS ?= 500
THIRD_STEPS ?= 600
GPUS := --gpu cuda:sm_80,sm_86,sm_89,sm_90 \
  --gpu vulkan:llvmpipe,ampere,ada,rdna3,valhall,adreno
LAST_STEPS ?= 2200
# What is measured where the GPU is: TARGET-ARCH, as `tlm-mlir bundle` knows them.
BUNDLES ?= cuda-sm_90 vulkan-ampere
JUDGE := --corpus $(CORPUS) --records model/records/dispatch*.jsonl.xz

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test pytest lit lavapipe lint model bundles bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) $(DEMO)/resnet50.irpa ## ResNet-50: stock IREE against the model's schedules, values checked
	$(BIN)/tlm-mlir bench examples/resnet50/resnet50.mlir \
	  --parameters=model=$(DEMO)/resnet50.irpa --baseline-arg=$(BEST_STOCK)

test: pytest lit ## all tests

pytest: $(READY) lavapipe ## the Python tests only
	$(BIN)/python -m pytest -q

lit: $(READY) ## the IR tests only
	$(BIN)/lit -v lit

lavapipe: $(LAVAPIPE) ## the software Vulkan driver that the tests run schedules on

lint: $(READY) ## style, imports, common mistakes, types
	$(BIN)/ruff check .
	$(BIN)/mypy

model: $(TRAIN) ## train the schedule model from the released records; RUN=DIR keeps the run there
	@mkdir -p $(RUN)
	test -f $(RUN)/unmeasured.jsonl.xz || $(BIN)/tlm-mlir unmeasured \
	  $(CORPUS) $(RUN)/unmeasured.jsonl.xz --count $(PRETRAIN)
	test -d $(RUN)/pretrain/checkpoint || $(BIN)/tlm-mlir train $(RUN)/pretrain \
	  --records $(RUN)/unmeasured.jsonl.xz --validation 0.08 --final-rate 0.3 --steps $(PRETRAIN_STEPS)
	test -d $(RUN)/first/checkpoint || $(BIN)/tlm-mlir train $(RUN)/first \
	  --records $(FIRST_RECORDS) --from $(RUN)/pretrain/checkpoint --validation 0.08 \
	  --learning-rate 8e-4 --steps $(FIRST_STEPS)
	test -f $(RUN)/more.jsonl.xz || $(BIN)/tlm-mlir unmeasured \
	  $(CORPUS) $(RUN)/more.jsonl.xz --count $(MORE) --seed 1
	test -d $(RUN)/second/checkpoint || $(BIN)/tlm-mlir train $(RUN)/second \
	  --records $(EARLIER) $(RUN)/more.jsonl.xz --from $(RUN)/first/checkpoint \
	  --validation 0.08 --learning-rate 4e-4 --steps $(STEPS)
	test -d $(RUN)/third/checkpoint || $(BIN)/tlm-mlir train $(RUN)/third \
	  --records $(EARLIER) --from $(RUN)/second/checkpoint \
	  --validation 0.08 --learning-rate 4e-4 --repeat graph=16 strided=15 --steps $(THIRD_STEPS)
	test -f $(RUN)/foretold.jsonl.xz || ( \
	  $(BIN)/tlm-mlir cost-model $(RUN)/third/checkpoint $(JUDGE) && \
	  $(BIN)/tlm-mlir distill $(RUN)/third/checkpoint $(RUN)/foretold.jsonl.xz \
	    $(JUDGE) $(GPUS) )
	$(BIN)/tlm-mlir train $(RUN)/train \
	  --records $(RECORDS) $(RUN)/foretold.jsonl.xz --from $(RUN)/third/checkpoint \
	  --validation 0.08 --learning-rate 4e-4 --repeat graph=16 --steps $(LAST_STEPS)
	$(BIN)/tlm-mlir cost-model $(RUN)/train/checkpoint $(JUDGE)
	@echo "trained: $(RUN)/train/checkpoint; try it with --model, release it as model/checkpoint"

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

$(LAVAPIPE): tests/e2e/lavapipe.sh
	sh $< $(@D)
	@test ! -d $(@D)/usr || touch $@

$(DEMO)/resnet50.irpa: examples/resnet50/resnet50.mlir examples/fill_parameters.py | $(READY)
	$(BIN)/python examples/fill_parameters.py $< $@
