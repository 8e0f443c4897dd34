# make demo   see it work: builds an environment, runs the quickstart on the preview engine, leaves a page to open
# make lab    open copies of the notebooks in JupyterLab, on the preview engine
# make test   lint, types, and the tests; with CI=1 the slow ones, too
# make docs   the documentation as build/docs, with the notebooks as they run on the preview engine
# make bench  the benchmarks, as ratios against a peer in the same run

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
DEMO := build/demo
LAB := build/lab
# Colab's version, beside the newest one; what else it needs is there.
IPYWIDGETS7 := ipywidgets==7.7.1 ipython_genutils
# A demo must never spend money: it runs without any key, whatever the shell or the keyring hold.
NO_KEY := env -u SEGMIND_API_KEY -u PIXVERSE_NB_BASE_URL -u PIXVERSE_NB_HOME PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring

.PHONY: demo lab test lint docs bench clean

demo: $(VENV)/lab
	mkdir -p $(DEMO)
	cp notebooks/01_quickstart.ipynb $(DEMO)/
	$(NO_KEY) $(PY) -m nbconvert --to html --execute --log-level WARN $(DEMO)/01_quickstart.ipynb
	@echo
	@echo "Done. Open this page in a browser:"
	@echo "  $(abspath $(DEMO))/01_quickstart.html"

lab: $(VENV)/lab
	mkdir -p $(LAB)
	cp -n notebooks/*.ipynb $(LAB)/ || true
	$(NO_KEY) $(VENV)/bin/jupyter lab $(LAB)/01_quickstart.ipynb

test: lint
	$(NO_KEY) $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(if $(CI),--reruns 1 -rfER,-m "not slow")

lint: $(VENV)/dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

docs: $(VENV)/docs
	$(NO_KEY) $(PY) docs/make_docs.py
	@echo
	@echo "Done. Open this page in a browser:"
	@echo "  $(abspath build/docs)/index.html"

bench: $(VENV)/dev
	$(NO_KEY) $(PY) bench/run.py

# What is installed follows pyproject.toml; a stamp says that it was.
$(VENV)/lab: pyproject.toml | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[lab]'
	@touch $@

$(VENV)/dev: pyproject.toml Makefile | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(PY) -m pip install --quiet --disable-pip-version-check --upgrade --no-deps --target $(VENV)/ipywidgets7 $(IPYWIDGETS7)
	@touch $@ $(VENV)/lab $(VENV)/docs

$(VENV)/docs: pyproject.toml | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or newer is needed; say which: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python's venv module is missing; on Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
