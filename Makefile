# Everything here works from a fresh clone with Python 3.11 or newer and make.
STACK ?= small
PYTHON ?= python3
TIER ?= bare
JOBS ?= 2
VENV := .venv
export LOADTEST_PULUMI ?= scripts/pulumi
RUN := $(VENV)/bin/python

define install
echo "installing $(1) into $(VENV)" >&2; start=$$(date +%s); \
$(RUN) -m pip install --quiet --disable-pip-version-check -r $(1) && touch $@ && \
echo "installed $(1) in $$(( $$(date +%s) - start )) s" >&2
endef

.DEFAULT_GOAL := help
.PHONY: help venv demo up report watch destroy sweep plan test prepare faults lint

help:  ## what there is to do
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

venv: $(VENV)/.made  ## the virtual environment that the program runs in

$(VENV)/.made: requirements.txt worker/requirements.txt
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(call install,requirements.txt)

$(VENV)/.made-dev: $(VENV)/.made requirements-dev.txt
	@$(call install,requirements-dev.txt)

demo: venv  ## the small preset on this machine, then its report
	@scripts/pulumi up --stack small --yes --skip-preview --suppress-outputs
	@$(RUN) -m aggregate --stack small

up: venv  ## run STACK (small, medium, large)
	@scripts/pulumi up --stack $(STACK) --yes

report: venv  ## the report of STACK's last run
	@$(RUN) -m aggregate --stack $(STACK)

watch: venv  ## follow STACK's run while it goes on
	@$(RUN) -m aggregate watch --stack $(STACK)

destroy: venv  ## remove everything of STACK
	@scripts/pulumi destroy --stack $(STACK) --yes

sweep: venv  ## what an interrupted engine left; with YES=--yes it is removed
	@$(RUN) -m infra.cli.cleanup $(if $(filter command line environment,$(origin STACK)),--stack $(STACK)) $(YES)

plan: venv  ## what STACK would do, without an engine or Docker
	@$(RUN) -m infra.cli.plan --stack $(STACK)

test: $(VENV)/.made-dev  ## the tests of TIER (bare, docker, kubernetes, all, campaign), two at a time; JOBS=3 for three
	@$(RUN) -m pytest --tier=$(TIER) --numprocesses=$(JOBS) $(PYTEST_ARGUMENTS)

prepare: $(VENV)/.made-dev  ## make what the tests of TIER need: engine, images, cluster
	@$(RUN) -m contrib.offline.prepare $(TIER)

faults: $(VENV)/.made-dev  ## the fault campaign on Docker; TRIALS=3 for so many of each, and not all
	@$(RUN) -m bench.faults $(if $(TRIALS),--trials $(TRIALS))

lint: $(VENV)/.made-dev  ## formatting, lint and types
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
