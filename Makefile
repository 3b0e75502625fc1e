# make install   the environment (.venv) from a bare Python 3.11 to 3.13
# make run       that, then the app in the browser
# make test      that and the test tools, then the tests, two files at a time; ARGS="-m 'not slow'" passes options to pytest
# make fuzz      files with wrong bytes, without end; MINUTES=30 says for how long
# make lint      format, lint, types, import rules, the Dockerfile
# make lock      pin the newest versions anew (needs uv)
# PYTHON=python3.12 chooses the interpreter; without it the first of python3, python3.13, ... that fits is taken.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
MINUTES ?= 10
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c '$(FITS)' 2>/dev/null && { echo "$$p"; break; }; done)
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --only-binary :all: --no-emit-index-url --upgrade

.PHONY: install run test fuzz lint lock

install: $(VENV)/installed

run: install
	$(BIN)/streamlit run app.py

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

fuzz: $(VENV)/installed-dev
	FUZZ_MINUTES=$(MINUTES) $(BIN)/python -m pytest -s tests/intake/test_fuzz.py $(ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

lock:
	$(LOCK) -o requirements.txt
	$(LOCK) --group dev -c requirements.txt -o requirements-dev.txt

$(VENV)/bin/python:
	@"$(PYTHON)" -c '$(FITS)' 2>/dev/null || { \
		echo "This needs Python 3.11, 3.12 or 3.13; \"$(PYTHON)\" is $$("$(PYTHON)" --version 2>/dev/null || echo none)." >&2; \
		echo "Say which one to use: make install PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -r requirements-dev.txt
	@touch $@
