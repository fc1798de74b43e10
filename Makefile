# Everything needed is set up in .venv on first use; only Python >= 3.11 and make have to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROFILE ?= quick
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: check test lint prove asv bench peers clean

check: $(VENV)/.installed  ## verify the catalogue and write reports/latest/index.html
	$(BIN)/rates check --profile $(PROFILE) --out reports/latest

test: $(VENV)/.installed  ## run the tests
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2

lint: $(VENV)/.installed-lint  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

prove: $(VENV)/.installed-bench  ## the workflows end to end, as many minutes as it takes: asv, compare, the gate
	$(ONE_THREAD) $(BIN)/python -m pytest -m workflow tests/workflows -s

BASE ?= HEAD~1
HEAD ?= HEAD
FACTOR ?= 2
asv: $(VENV)/.installed-bench  ## time, memory and verdicts of two commits: make asv BASE=main HEAD=my-branch
	$(BIN)/asv machine --yes
	@echo "The environment of a commit takes two minutes the first time, a comparison about five."
	$(BIN)/asv continuous --factor $(FACTOR) --show-stderr $(BASE) $(HEAD)

bench: $(VENV)/.installed-bench  ## one quick asv run of the working tree
	$(BIN)/asv machine --yes
	$(ONE_THREAD) $(BIN)/asv run --quick --python=same --show-stderr

peers: $(VENV)/.installed-bench  ## side by side with what a user would pick instead
	mkdir -p .benchmarks
	$(ONE_THREAD) $(BIN)/python -m pytest benchmarks/peers --benchmark-only --benchmark-columns=min,median,rounds \
		--benchmark-json=.benchmarks/peers.json -p no:xdist

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

$(VENV)/.installed-lint: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,lint]'
	touch $@

$(VENV)/.installed-bench: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,bench]'
	touch $@

clean:  ## remove the environment and everything generated
	rm -rf $(VENV) reports/latest .rates .asv .benchmarks .pytest_cache .mypy_cache .ruff_cache
