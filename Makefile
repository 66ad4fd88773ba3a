# Every target works in a fresh clone with Python 3.11 or newer and make.
STACK ?= small
PYTHON ?= python3
TIER ?= bare
JOBS ?= 3
VENV := .venv
RUN := $(VENV)/bin/python
PIP_INSTALL ?= $(RUN) -m pip install --quiet --disable-pip-version-check

define install
echo "installing $(1) into $(VENV)" >&2; start=$$(date +%s); \
$(PIP_INSTALL) -r $(1) && touch $@ && \
echo "installed $(1) in $$(( $$(date +%s) - start )) s" >&2
endef

.DEFAULT_GOAL := help
.PHONY: help venv demo up report watch destroy cleanup sweep plan test prepare faults lint

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

venv: $(VENV)/.made  ## create the virtual environment that the program runs in

$(VENV)/.made: requirements.txt worker/requirements.txt
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(call install,requirements.txt)

$(VENV)/.made-dev: $(VENV)/.made requirements-dev.txt
	@$(call install,requirements-dev.txt)

demo: venv  ## run the small preset on this machine and print its report
	@./loadtest up --stack small

up: venv  ## run STACK (small, medium, large) and print its report; AGAIN=1 repeats an unchanged run
	@./loadtest up --stack $(STACK) $(if $(AGAIN),--again)

report: venv  ## print the report of STACK's last run
	@./loadtest report --stack $(STACK)

watch: venv  ## follow STACK's run while it is in progress
	@./loadtest watch --stack $(STACK)

destroy: venv  ## remove everything that STACK created
	@./loadtest destroy --stack $(STACK)

cleanup: venv  ## list what an interrupted run left behind; YES=--yes removes it
	@./loadtest cleanup $(if $(filter command line environment,$(origin STACK)),--stack $(STACK)) $(YES)

sweep: cleanup

plan: venv  ## print what STACK would do, without Pulumi or Docker
	@./loadtest plan --stack $(STACK)

test: $(VENV)/.made-dev  ## run the tests of TIER (bare, docker, kubernetes, all, campaign) in JOBS processes
	@$(RUN) -m pytest --tier=$(TIER) --numprocesses=$(JOBS) $(PYTEST_ARGUMENTS)

prepare: $(VENV)/.made-dev  ## build what the tests of TIER need: engine, images, cluster
	@$(RUN) -m contrib.offline.prepare $(TIER)

faults: $(VENV)/.made-dev  ## run the fault campaign on Docker; TRIALS=3 limits the trials of each fault
	@$(RUN) -m bench.faults $(if $(TRIALS),--trials $(TRIALS))

lint: $(VENV)/.made-dev  ## check formatting, lint rules, types, unused code and requirements
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@$(RUN) -m vulture
	@$(RUN) -m scripts.requirements --check
